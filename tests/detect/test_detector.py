"""The detector as a stream: any chunking, any microphone, the right times and levels."""

import numpy as np
import pytest

from edge.detect.detector import Detector, Scores
from edge.features import RATE_HZ
from edge.shipped import models_folder


@pytest.fixture(scope="module")
def detector() -> Detector:
    """The shipped detector."""
    return Detector.load(models_folder())


def sound(seconds: float) -> np.ndarray:
    """A rising harmonic tone in noise, 60 to 90 dB SPL."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    tone = sum(np.sin(2 * np.pi * k * (400 + 60 * t) * t) / k for k in range(1, 9))
    noise = np.random.default_rng(5).standard_normal(len(t))
    return ((0.003 * tone * (1 + np.sin(3 * t))) + 0.0005 * noise).astype(np.float32)


def values(steps: list[Scores]) -> np.ndarray:
    """A row a step: time, level, scores."""
    return np.array([[s.time_s, s.level_dba, *s.values.values()] for s in steps])


def test_any_chunking_gives_the_same_scores(detector: Detector) -> None:
    """Pieces of 1 to 9,000 samples give the times, levels and scores of the whole."""
    x = sound(6.0)
    cuts = np.sort(np.random.default_rng(6).integers(0, len(x), 40))
    stream = detector.stream()
    pieces = [step for piece in np.split(x, cuts) for step in stream.feed(piece)]
    np.testing.assert_allclose(values(pieces), values(detector.stream().feed(x)), atol=2e-3)


def test_a_step_says_when_its_last_sample_was_heard(detector: Detector) -> None:
    """A step comes with the sample that completes it, not earlier and not later, and its time is that sample's."""
    first = detector.stream().feed(sound(2.0))[0].time_s
    n = round(first * RATE_HZ)
    assert detector.stream().feed(sound(2.0)[: n - 1]) == []
    assert len(detector.stream().feed(sound(2.0)[:n])) == 1


def test_two_streams_share_nothing(detector: Detector) -> None:
    """Each recording starts from fresh state, whatever was heard before."""
    alone = values(detector.stream().feed(sound(3.0)))
    other = detector.stream()
    other.feed(np.random.default_rng(7).standard_normal(5 * RATE_HZ).astype(np.float32))
    np.testing.assert_allclose(values(detector.stream().feed(sound(3.0))), alone, atol=1e-6)


def test_a_louder_microphone_with_its_sensitivity_scores_alike(detector: Detector) -> None:
    """The same sound through a microphone 12 dB more sensitive, told so, gives the same levels and scores."""
    x = sound(4.0)
    usual = values(detector.stream(-26.0).feed(x))
    hot = values(detector.stream(-14.0).feed(x * np.float32(10 ** (12 / 20))))
    np.testing.assert_allclose(hot, usual, atol=0.02)


def test_the_level_is_in_dba(detector: Detector) -> None:
    """A 1 kHz tone that the microphone gives at its sensitivity is 94 dBA."""
    amplitude = 10 ** (-26 / 20)
    tone = (amplitude * np.sin(2 * np.pi * 1000 * np.arange(2 * RATE_HZ) / RATE_HZ)).astype(np.float32)
    assert detector.stream(-26.0).feed(tone)[-1].level_dba == pytest.approx(94.0, abs=0.1)
