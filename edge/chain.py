"""From sound to decision steps: the one way that replay and the terminal share."""

import numpy as np
from numpy.typing import NDArray

from edge.decide.types import Step
from edge.detect.detector import Detector


class Chain:
    """The models' scores of one stream of sound, from fresh state."""

    def __init__(self, detector: Detector, sensitivity_dbfs: float) -> None:
        """sensitivity_dbfs: what the microphone gives at 94 dB SPL."""
        self._stream = detector.stream(sensitivity_dbfs)

    def feed(self, samples: NDArray[np.float32]) -> list[Step]:
        """(n,) more samples, 16 kHz mono in -1..1 -> the steps that are complete by now. Pieces may have any length."""
        return [Step(s.time_s, s.level_dba, s.values) for s in self._stream.feed(samples)]
