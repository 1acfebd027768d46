"""Any rate and channel count to mono at 16 kHz, as a stream."""

import numpy as np
import soxr
from numpy.typing import NDArray

from edge.capture import RATE_HZ

Array = NDArray[np.float32]


def downmix(frames: Array) -> Array:
    """(n, channels) -> (n,): the mean of the channels, in -1..1 whatever a driver or a float recording holds.

    What is not a number becomes 0: one NaN would stay in every running mean for ever.
    """
    channels = frames.shape[1]
    with np.errstate(invalid="ignore", over="ignore"):
        mono = frames[:, 0] if channels == 1 else frames @ np.full(channels, 1.0 / channels, np.float32)
        if not np.isfinite(mono).all():
            mono = np.nan_to_num(mono, nan=0.0, posinf=1.0, neginf=-1.0)
        return np.clip(mono, -1.0, 1.0)


class Resampler:
    """Mono sound of one rate to 16 kHz; what comes out lags the input by 6 to 40 ms."""

    def __init__(self, rate_hz: int) -> None:
        self._stream = None if rate_hz == RATE_HZ else soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32")

    def feed(self, mono: Array, *, last: bool = False) -> Array:
        """(n,) more samples -> (m,) samples at 16 kHz in -1..1; `last` gives what is still inside."""
        sound = mono if self._stream is None else self._stream.resample_chunk(np.ascontiguousarray(mono, np.float32), last=last)
        return np.clip(sound, -1.0, 1.0)
