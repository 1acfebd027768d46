"""From sound to decision steps."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.chain import Chain, Listening, wanted
from edge.config.phrases import list_in_use
from edge.config.schema import PhraseSettings
from edge.decide.types import Step
from edge.demo import sounds
from edge.detect.detector import Detector
from edge.shipped import models_folder


@pytest.fixture(scope="module")
def detector() -> Detector:
    """The shipped one."""
    return Detector.load(models_folder())


@pytest.fixture(scope="module")
def listening() -> Listening:
    """The shipped phrases."""
    found = Listening.load(models_folder(), wanted(list_in_use(PhraseSettings(), models_folder()), {}))
    assert found
    return found


def test_sound_in_any_pieces_gives_the_same_steps(detector: Detector, listening: Listening) -> None:
    """A microphone's blocks and a recording's are the same sound: whatever the chunking, the steps are the same."""
    sound = sounds.at_level(sounds.scream(np.random.default_rng(1)), 85)
    cuts = np.sort(np.random.default_rng(2).integers(0, len(sound), 30))
    whole, chain = Chain(detector, -26.0, listening).feed(sound), Chain(detector, -26.0, listening)
    pieces: list[Step] = [step for piece in np.split(sound, cuts) for step in chain.feed(piece)]
    assert len(whole) >= 4 * int(len(sound) / 16_000)
    assert [s.time_s for s in pieces] == [s.time_s for s in whole]
    for a, b in zip(pieces, whole, strict=True):
        assert a.scores == pytest.approx(b.scores, abs=1e-4)
        assert set(a.scores) == {"shouting", "crying", "insult", "help"}
        assert a.phrase == b.phrase is not None
        assert a.level_dba == pytest.approx(b.level_dba, abs=0.01)


def test_phrases_are_as_the_last_whole_run_of_their_model_has_them(detector: Detector, listening: Listening) -> None:
    """A run takes two steps: the first has nothing yet, and each later one without a run of its own has what the step before had."""
    sound = sounds.at_level(sounds.scream(np.random.default_rng(1)), 85)
    told: list[NDArray[np.float32]] = []
    chain = Chain(detector, -26.0, listening, told.append)
    for piece in np.split(sound, np.sort(np.random.default_rng(3).integers(0, len(sound), 20))):
        chain.feed(piece)
    scores = np.concatenate(told)
    assert listening.model.manifest.step_frames == 2 * detector.manifest.step_frames
    assert not scores[0].any()
    np.testing.assert_array_equal(scores[2::2], scores[1:-1:2])
    assert (scores[1::2].max(axis=1) > 0).all()
    assert np.abs(np.diff(scores[1::2], axis=0)).max(axis=1).min() > 0


def test_the_sensitivity_turns_full_scale_into_sound_pressure(detector: Detector) -> None:
    """A 1 kHz sine at -26 dBFS is 94 dBA for a microphone of -26 dBFS, and 84 dBA for one that gives 10 dB more."""
    sine = np.sin(2 * np.pi * 1000 * np.arange(32_000) / 16_000).astype(np.float32) * np.float32(10 ** (-26 / 20))
    assert Chain(detector, -26.0).feed(sine)[-1].level_dba == pytest.approx(94.0, abs=0.3)
    assert Chain(detector, -16.0).feed(sine)[-1].level_dba == pytest.approx(84.0, abs=0.3)
