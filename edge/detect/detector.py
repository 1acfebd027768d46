"""The detector: sound in pieces of any length to scores of shouting and crying, with the network's state carried along."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from edge.detect.manifest import Manifest, ModelError, checked_model, read_manifest
from edge.features import RATE_HZ
from edge.features.level import BLOCK, LevelStream
from edge.features.logmel import LogMelStream
from edge.words import N_

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


def session(model: bytes, path: Path) -> onnxruntime.InferenceSession:
    """An ONNX session for a small terminal: one thread, no spinning, no arena that keeps memory. Raises ModelError."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as e:  # onnxruntime raises its own kinds, without a common base
        raise ModelError(N_("model {path} cannot be loaded: {reason}"), path=path, reason=str(e).splitlines()[0]) from e


class Detector:
    """A loaded detector; `stream()` begins a recording or a microphone's stream."""

    def __init__(self, manifest: Manifest, net: onnxruntime.InferenceSession, path: Path) -> None:
        self.manifest = manifest
        self._net = net
        frames, *states = net.get_inputs()
        scores, *after = net.get_outputs()
        wanted = [1, manifest.step_frames, manifest.features.bands]
        if frames.shape != wanted or scores.shape != [1, len(manifest.labels)] or [s.shape for s in states] != [s.shape for s in after]:
            raise ModelError(
                N_("model {path} has the wrong shape: takes {got} and gives {given}, its manifest says {wanted} and {labels} labels"),
                path=path, got=frames.shape, given=scores.shape, wanted=wanted, labels=len(manifest.labels),
            )  # fmt: skip
        self._state_names = [s.name for s in states]
        self._start = {s.name: np.zeros(s.shape, np.float32) for s in states}

    @classmethod
    def load(cls, folder: Path) -> "Detector":
        """The detector of a models folder (`detector.onnx`, `detector.toml`). Raises ModelError."""
        manifest = read_manifest(folder / "detector.toml", LABELS)
        path = folder / "detector.onnx"
        return cls(manifest, session(checked_model(path, manifest.sha256), path), path)

    def stream(self, sensitivity_dbfs: float = -26.0) -> "DetectorStream":
        """A stream from fresh state. sensitivity_dbfs: what the microphone gives at 94 dB SPL."""
        return DetectorStream(self, sensitivity_dbfs)

    def start(self) -> dict[str, Array]:
        """The network's state before any sound."""
        return dict(self._start)

    def run(self, frames: Array, state: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        """One step: frames (step_frames, bands) and the state before -> scores (labels,) and the state after."""
        scores, *after = self._net.run(None, {"frames": frames[None], **state})
        return scores[0], dict(zip(self._state_names, after, strict=True))


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
        for frames in np.split(self._log_mel.feed(sound) + self._gain_db, count):
            values, self._state = self._detector.run(frames, self._state)
            self._steps += 1
            time = self._steps * step + more
            level = levels[time // BLOCK - 1 - self._done // BLOCK]
            found.append(Scores(time / RATE_HZ, float(level), dict(zip(manifest.labels, map(float, values), strict=True)), frames))
        self._done = end
        return found
