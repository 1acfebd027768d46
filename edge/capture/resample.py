"""Any rate and channel count to mono at 16 kHz, as a stream."""

import numpy as np
import soxr
from numpy.typing import NDArray

from edge.capture import RATE_HZ

Array = NDArray[np.float32]


def downmix(frames: Array) -> Array:
    """(n, channels) -> (n,): the mean of the channels.

    What is not a number becomes 0: one NaN of a float recording would stay in every running mean for ever.
    """
    mono: Array = frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1, dtype=np.float32)
    return mono if np.isfinite(mono).all() else np.nan_to_num(mono, nan=0.0, posinf=1.0, neginf=-1.0)


class Resampler:
    """Mono sound of one rate to 16 kHz; what comes out lags the input by 6 to 40 ms."""

    def __init__(self, rate_hz: int) -> None:
        self._stream = None if rate_hz == RATE_HZ else soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32")

    def feed(self, mono: Array, *, last: bool = False) -> Array:
        """(n,) more samples -> (m,) samples at 16 kHz in -1..1; `last` gives what is still inside."""
        sound = mono if self._stream is None else self._stream.resample_chunk(np.ascontiguousarray(mono, np.float32), last=last)
        return np.clip(sound, -1.0, 1.0)
