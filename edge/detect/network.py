"""An ONNX network on a small terminal: how its session is made, and how it is run step by step with its state carried along."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from edge.detect.manifest import ModelError
from edge.words import N_

Array = NDArray[np.float32]


def session(model: bytes, path: Path, frames: int | None = None) -> onnxruntime.InferenceSession:
    """An ONNX session for a small terminal: one thread, no spinning, no arena that keeps memory. Raises ModelError.

    frames: fixes the model's free time axis, so that all its shapes are known when it is loaded. None: it stays free, for recordings; many steps
    at once need large pieces of memory, which an arena keeps between two runs.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = frames is None
    options.log_severity_level = 3
    if frames is not None:
        options.add_free_dimension_override_by_name("frames", frames)
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as e:  # onnxruntime raises its own kinds, without a common base
        raise ModelError(N_("model {path} cannot be loaded: {reason}"), path=path, reason=str(e).splitlines()[0]) from e


class Network:
    """Takes `frames` (1, n, bands) and the states before them, gives its result (1, m, outputs) and the states after. n is a free axis in the file."""

    def __init__(self, model: bytes, path: Path, step_frames: int, bands: int, outputs: int, *, at_once: bool) -> None:
        """at_once: any number of steps in one run, as recordings have them; otherwise one step a run, with fixed shapes. Raises ModelError."""
        self._path, self._at_once, self._step_frames = path, at_once, step_frames
        self._net = session(model, path, None if at_once else step_frames)
        taken, *states = self._net.get_inputs()
        given, *after = self._net.get_outputs()
        frames, wanted = "frames" if at_once else step_frames, [1, step_frames, bands]
        fits = len(given.shape) == 3 and given.shape[0] == 1 and given.shape[2] == outputs  # axes, as said above
        if taken.shape != [1, frames, bands] or not fits or [s.shape for s in states] != [s.shape for s in after]:
            raise ModelError(
                N_("model {path} has the wrong shape: takes {got} and gives {given}, its manifest says {wanted} and {labels} labels"),
                path=path, got=taken.shape, given=given.shape, wanted=wanted, labels=outputs,
            )  # fmt: skip
        self._names = [s.name for s in states]
        self._start = {s.name: np.zeros(s.shape, np.float32) for s in states}

    def start(self) -> dict[str, Array]:
        """The state before any sound."""
        return dict(self._start)

    def run(self, frames: Array, state: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        """Whole steps of frames (steps * step_frames, bands) and the state before -> results (m, outputs) of all steps, and the state after.

        Raises ModelError where a result is no number.
        """
        results = []
        whole = self._at_once or len(frames) == self._step_frames  # the terminal's way, where splitting would cost as much as some of the network
        for piece in [frames] if whole else np.split(frames, len(frames) // self._step_frames):
            result, *after = self._net.run(None, {"frames": piece[None], **state})
            if np.isnan(result).any():  # and would be for ever, as the state is: nothing would be heard any more, and nothing said of it
                raise ModelError(N_("model {path} gives what is no number"), path=self._path)
            results.append(result[0])
            state = dict(zip(self._names, after, strict=True))
        return results[0] if whole else np.concatenate(results), state
