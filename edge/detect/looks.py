"""Hearing again what nearly held a phrase, as if another voice had said it. Pure.

Whoever said a phrase, it is still there in a shorter throat or a little faster; what a phrase fitted by chance mostly is not. And a network that has not heard
a voice may have heard one that it becomes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    """Another voice: a vocal tract so many times as long (in mel bands), so many times as fast."""

    tract: float
    pace: float


def heard_as(frames: Array, look: Look, count: int) -> Array:
    """Log-mel frames (n, bands) -> the last `count` of them (count, bands) in another voice; both end at the same moment.

    Where sound from before the first frame, or from beyond the last band, is wanted, these stand for it.
    """
    rows = between(frames, len(frames) - 1 - look.pace * np.arange(count)[::-1])
    return np.ascontiguousarray(between(rows.T, look.tract * np.arange(frames.shape[1])).T)


def between(rows: Array, at: NDArray[np.floating[Any]]) -> Array:
    """(n, columns) at places (m,) between its rows -> (m, columns), by straight lines; beyond an end it is the row at the end."""
    at = np.clip(at, 0, len(rows) - 1)
    below = at.astype(np.intp)
    above = np.minimum(below + 1, len(rows) - 1)
    return rows[below] + (at - below)[:, None].astype(np.float32) * (rows[above] - rows[below])
