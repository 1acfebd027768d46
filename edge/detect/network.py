"""An ONNX network on a small terminal: how its session is made, and how it is run step by step with its state carried along."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from edge.detect.manifest import ModelError
from edge.words import N_

Array = NDArray[np.float32]


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


class Network:
    """Takes `frames` and the states before them, gives its result and the states after."""

    def __init__(self, model: bytes, path: Path, frames: Sequence[int], result: Sequence[int | None]) -> None:
        """frames, result: the shapes that the manifest calls for; None: any size, the last is the number of labels. Raises ModelError."""
        self._net = session(model, path)
        taken, *states = self._net.get_inputs()
        given, *after = self._net.get_outputs()
        fits = len(given.shape) == len(result) and all(want in (None, is_) for want, is_ in zip(result, given.shape, strict=True))
        if taken.shape != list(frames) or not fits or [s.shape for s in states] != [s.shape for s in after]:
            raise ModelError(
                N_("model {path} has the wrong shape: takes {got} and gives {given}, its manifest says {wanted} and {labels} labels"),
                path=path, got=taken.shape, given=given.shape, wanted=list(frames), labels=result[-1],
            )  # fmt: skip
        self._names = [s.name for s in states]
        self._start = {s.name: np.zeros(s.shape, np.float32) for s in states}

    def start(self) -> dict[str, Array]:
        """The state before any sound."""
        return dict(self._start)

    def run(self, frames: Array, state: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        """One step: frames (step_frames, bands) and the state before -> the result and the state after."""
        result, *after = self._net.run(None, {"frames": frames[None], **state})
        return result[0], dict(zip(self._names, after, strict=True))
