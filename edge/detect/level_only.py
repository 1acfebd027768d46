"""In the place of a detector that cannot be used: levels and no scores, so that a terminal with a key goes on with what it has."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge.detect.detector import DB_SPL_AT_SENSITIVITY, Scores
from edge.detect.manifest import Manifest
from edge.features import RATE_HZ
from edge.features.level import BLOCK, LevelStream
from edge.features.logmel import LogMelSettings

Array = NDArray[np.float32]

STEP_FRAMES = 20  # 0.2 s, as the detector's

NO_MODEL = Manifest(
    name="",
    sha256="0" * 64,
    labels=(),
    step_frames=STEP_FRAMES,
    sensitivity_dbfs=-26.0,
    features=LogMelSettings(),
    rules={},
    licence="",
    date="",
)


class LevelOnly:
    """The same calls as `Detector`."""

    manifest = NO_MODEL

    def stream(self, sensitivity_dbfs: float = -26.0) -> "LevelOnlyStream":
        """A stream from fresh state. sensitivity_dbfs: what the microphone gives at 94 dB SPL."""
        return LevelOnlyStream(sensitivity_dbfs)


class LevelOnlyStream:
    """Levels of one stream of sound."""

    def __init__(self, sensitivity_dbfs: float) -> None:
        self._level = LevelStream()
        self._to_dba = DB_SPL_AT_SENSITIVITY - sensitivity_dbfs
        self._blocks = 0  # that were heard so far

    def feed(self, samples: Array) -> list[Scores]:
        """(n,) more samples -> the steps that are complete by now, without scores."""
        no_scores: Mapping[str, float] = {}
        no_frames = np.zeros((0, 0), np.float32)
        found = []
        for level in self._level.feed(samples) + self._to_dba:
            self._blocks += 1
            if self._blocks % STEP_FRAMES == 0:
                found.append(Scores(self._blocks * BLOCK / RATE_HZ, float(level), no_scores, no_frames))
        return found
