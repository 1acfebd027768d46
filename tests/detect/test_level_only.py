"""What is heard without a model."""

import numpy as np

from edge.chain import Chain
from edge.detect.level_only import LevelOnly
from edge.features import RATE_HZ


def test_levels_are_those_of_the_sound_and_there_are_no_scores() -> None:
    """Five steps a second in pieces of any length; a full-scale sine at 1 kHz is 120 dBA for a microphone of -26 dBFS."""
    sine = np.sin(2 * np.pi * 1000 * np.arange(2 * RATE_HZ) / RATE_HZ).astype(np.float32)
    chain = Chain(LevelOnly(), -26.0)
    steps = [step for piece in np.array_split(sine, 37) for step in chain.feed(piece)]
    assert [round(step.time_s, 3) for step in steps] == [round(0.2 * (i + 1), 3) for i in range(10)]
    assert all(step.scores == {} for step in steps)
    assert abs(steps[-1].level_dba - 120.0) < 0.5
