"""The meter's figures, against sounds whose level is known."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.calibrate.meter import FastLevel, Meter
from edge.decide.types import Step
from edge.features import RATE_HZ

BLOCK = RATE_HZ // 10


class Scored:
    """A step a block, with the scores and levels of a script."""

    def __init__(self, levels_dba: Sequence[float], scores: Sequence[float]) -> None:
        self._script = list(zip(levels_dba, scores, strict=True))
        self._steps = 0

    def __call__(self, samples: NDArray[np.float32]) -> list[Step]:
        """The next one."""
        level_dba, score = self._script[self._steps]
        self._steps += 1
        return [Step(self._steps * len(samples) / RATE_HZ, level_dba, {"shouting": score})]


def sine(amplitude: float, seconds: float, hz: float = 1000.0) -> NDArray[np.float32]:
    """A tone."""
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def test_the_unweighted_level_is_zero_for_a_full_scale_sine_and_finite_for_silence() -> None:
    """At 1 kHz as at 50 Hz, where the A-weighted level would be 30 dB lower."""
    assert FastLevel().feed(sine(1.0, 2.0)) == pytest.approx(0.0, abs=0.05)
    assert FastLevel().feed(sine(0.1, 2.0, 50.0)) == pytest.approx(-20.0, abs=0.2)
    assert FastLevel().feed(np.zeros(RATE_HZ, np.float32)) == -160.0


def test_it_falls_by_the_time_constant() -> None:
    """35 dB a second after the end of a tone (IEC 61672-1, 5.8.2: 34.7 dB/s), in whatever pieces it comes."""
    level = FastLevel()
    level.feed(sine(1.0, 2.0))
    fallen = [level.feed(np.zeros(BLOCK - 7, np.float32)) for _ in range(10)][-1]
    assert fallen == pytest.approx(-34.7, abs=0.5)


def test_the_minute_is_the_last_one() -> None:
    """70 s of sound: levels and peaks of the first 10 s are gone."""
    meter = Meter(Scored([100.0] * 100 + [50.0] * 300 + [60.0] * 300, [0.9] * 100 + [0.1] * 599 + [0.2]), -26.0)
    for _ in range(700):
        meter.feed(np.zeros(BLOCK, np.float32))
    now = meter.reading()
    assert (now.minute_dba, now.level_dba, now.scores, now.peaks) == ((60.0, 50.0, 50.0), 60.0, {"shouting": 0.2}, {"shouting": 0.2})
    assert now.heard_s == pytest.approx(70.0)


def test_the_sensitivity_turns_dbfs_into_sound_pressure() -> None:
    """A sine of -26 dBFS is 94 dB SPL for a microphone of -26 dBFS."""
    meter = Meter(Scored([94.0] * 20, [0.0] * 20), -26.0)
    for block in np.split(sine(10 ** (-26 / 20), 2.0), 20):
        meter.feed(block)
    assert meter.reading().level_spl == pytest.approx(94.0, abs=0.1)


def test_clipped_samples_are_counted() -> None:
    """One block of ten at full scale, half of its samples: 5 %."""
    meter = Meter(Scored([0.0] * 10, [0.0] * 10), -26.0)
    for i in range(10):
        meter.feed(np.repeat(np.array([1.0 if i == 4 else 0.5, -0.5], np.float32), BLOCK // 2))
    assert meter.reading().clipped == pytest.approx(0.05)


def test_before_any_sound_there_are_no_levels() -> None:
    """None instead of a number that nobody measured."""
    now = Meter(Scored([], []), -26.0).reading()
    assert (now.level_dba, now.level_spl, now.minute_dba, now.clipped, now.scores) == (None, None, None, 0.0, {})
