"""The detector: sound in pieces of any length to scores of shouting and crying, with the network's state carried along."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.detect.manifest import Manifest, checked_model, read_manifest
from edge.detect.network import Network
from edge.features import RATE_HZ
from edge.features.level import BLOCK, LevelStream
from edge.features.logmel import LogMelStream

Array = NDArray[np.float32]

LABELS = ("shouting", "crying")
"""What a detector must know."""

DB_SPL_AT_SENSITIVITY = 94.0
"""Sound pressure level of 1 Pa, at which a microphone's sensitivity is given."""


@dataclass(frozen=True, slots=True)
class Scores:
    """One step of the detector."""

    time_s: float  # since the stream's start, of the last sample heard in this step
    level_dba: float  # fast, at that time
    values: Mapping[str, float]  # label -> 0..1
    frames: Array  # (step_frames, bands) that the network heard, at the manifest's sensitivity


class Detector:
    """A loaded detector; `stream()` begins a recording or a microphone's stream."""

    def __init__(self, manifest: Manifest, network: Network) -> None:
        self.manifest = manifest
        self.start = network.start
        self.run = network.run

    @classmethod
    def load(cls, folder: Path, *, at_once: bool = False) -> "Detector":
        """The detector of a models folder (`detector.onnx`, `detector.toml`). Raises ModelError.

        at_once: hear all steps that a piece of sound completes in one run, as recordings can: half the cost of a run for each.
        """
        manifest = read_manifest(folder / "detector.toml", LABELS)
        path = folder / "detector.onnx"
        shapes = manifest.step_frames, manifest.features.bands, len(manifest.labels)
        return cls(manifest, Network(checked_model(path, manifest.sha256), path, *shapes, at_once=at_once))

    def stream(self, sensitivity_dbfs: float = -26.0) -> "DetectorStream":
        """A stream from fresh state. sensitivity_dbfs: what the microphone gives at 94 dB SPL."""
        return DetectorStream(self, sensitivity_dbfs)


class DetectorStream:
    """Scores of one stream of sound."""

    def __init__(self, detector: Detector, sensitivity_dbfs: float) -> None:
        self._detector = detector
        self._log_mel = LogMelStream(detector.manifest.features)
        self._level = LevelStream()
        self._to_dba = DB_SPL_AT_SENSITIVITY - sensitivity_dbfs
        self._gain_db = np.float32(detector.manifest.sensitivity_dbfs - sensitivity_dbfs)
        self._state = detector.start()
        self._waiting = np.zeros(0, np.float32)  # heard, but not yet of a whole step
        self._done = 0  # samples before those
        self._steps = 0

    def feed(self, samples: Array) -> list[Scores]:
        """(n,) more samples -> the steps that are complete by now."""
        manifest = self._detector.manifest
        step, more = manifest.step_frames * manifest.features.hop, manifest.features.window - manifest.features.hop
        self._waiting = np.concatenate([self._waiting, samples])
        count = (self._done + len(self._waiting) - more) // step - self._steps
        if count <= 0:
            return []
        end = (self._steps + count) * step + more
        sound, self._waiting = np.split(self._waiting, [end - self._done])
        levels = self._level.feed(sound) + self._to_dba
        found = []
        frames = self._log_mel.feed(sound) + self._gain_db
        scores, self._state = self._detector.run(frames, self._state)
        for values, heard in zip(scores, np.split(frames, count), strict=True):
            self._steps += 1
            time = self._steps * step + more
            level = levels[time // BLOCK - 1 - self._done // BLOCK]
            found.append(Scores(time / RATE_HZ, float(level), dict(zip(manifest.labels, map(float, values), strict=True)), heard))
        self._done = end
        return found
