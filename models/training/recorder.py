"""What a recorder makes of a sound, on log-mel frames: the band that it lets through.

Most kinds of sound come from one or two corpora, each with a recorder of its own. What the recorder did must not tell what was recorded.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Rng = np.random.Generator
Frames = TypeVar("Frames", NDArray[np.float16], NDArray[np.float32])

CUT_DB, CUT_BANDS, CUT_AT = 24.0, 5, range(26, 52)
"""A recorder's cut falls by so much over so few bands, at 1.4 to 5 kHz, and nothing comes back above it; voices, rooms and capsules fall more gently."""


def without_above(frames: Frames, first: int, fall_db: float) -> Frames:
    """Frames (..., bands) in dB of which each band from `first` on is lower than the one before by fall_db more, up to 70 dB."""
    frames = frames.copy()
    frames[..., first:] -= np.minimum(70, fall_db * np.arange(1, frames.shape[-1] - first + 1)).astype(frames.dtype)
    return frames


def narrowed(frames: Array, rng: Rng) -> Array:
    """Frames (n, bands) in dB as a recorder with a low rate would have them: nothing above 2 to 6 kHz."""
    return without_above(frames, int(rng.integers(34, 58)), rng.uniform(6, 14))


def widened(frames: Array, rng: Rng) -> Array:
    """Frames (n, bands) in dB of a voice with what a recorder cut off: the band below the cut folded upwards, falling. As they are where nothing was cut."""
    loud = frames[frames.max(axis=1) > frames.max() - 20]
    profile = 10 * np.log10(np.mean(10 ** (loud / 10), axis=0) + 1e-20)
    falls = [profile[i] - profile[i + CUT_BANDS :].max() for i in CUT_AT]
    last = CUT_AT[int(np.argmax(falls))]
    if max(falls) < CUT_DB:
        return frames
    above = np.arange(1, frames.shape[1] - last)
    missing = frames[:, last - (above - 1) % 12] - (rng.uniform(0, 8) + rng.uniform(0.3, 1.8) * above).astype(np.float32)
    frames = frames.copy()
    np.maximum(frames[:, last + 1 :], missing, out=frames[:, last + 1 :])
    return frames
