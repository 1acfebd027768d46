"""What ordinary speech is to the phrase network: its posteriors of some of it, without any sound. By them a phrase that nobody has measured gets its curve.

Above some closeness of fit, peaks get rarer by a constant factor for each further step (an exponential tail). With that slope the closeness is found at
which a phrase would raise RATE_PER_H false alarms an hour: there its score is 0.5.
"""

import io
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.detect.manifest import ModelError, checked_model
from edge.detect.search import FLOOR, Paths, closeness, costs, start, walk
from edge.words import N_

Array = NDArray[np.float32]

RATE_PER_H = 0.05
"""Of one phrase in speech without pause; some sixty phrases then come to 3 an hour of it."""
STRETCH_S = 10.0
"""Of which the highest fit counts: false alarms are counted once in so long."""
STRETCH = round(STRETCH_S / 0.04)  # steps
TAIL_PER_H = 20
"""So many highest peaks for each hour of it; at the lowest of them the tail begins."""
LEVELS = 31
LEAST = -5.0
"""Log-posterior against the best unit's up to which a unit is kept; what is worse counts as FLOOR."""


@dataclass(frozen=True, slots=True)
class Background:
    """Of each step of 40 ms the units that are not much worse than the best one, and how much worse they are."""

    counts: NDArray[np.uint8]  # (steps,)
    units: NDArray[np.uint16]  # one after another
    below: NDArray[np.uint8]  # 0: the best; LEVELS: LEAST
    tones: NDArray[np.uint8]  # (steps, tones) likewise; no columns where the network hears no tones

    def stretches(self, units: int) -> Iterator[Array]:
        """Costs (STRETCH, units) of one whole stretch after another."""
        ends = np.cumsum(self.counts, dtype=np.int64)
        for first in range(0, len(ends) - STRETCH + 1, STRETCH):
            low, high = (int(ends[i - 1]) if i else 0 for i in (first, first + STRETCH))
            tones = self.tones.shape[1]
            posteriors = np.full((STRETCH, units + tones), FLOOR, np.float32)
            rows = np.repeat(np.arange(STRETCH), self.counts[first : first + STRETCH])
            posteriors[rows, self.units[low:high]] = self.below[low:high] * np.float32(LEAST / LEVELS)
            posteriors[:, units:] = self.tones[first : first + STRETCH] * np.float32(LEAST / LEVELS)
            yield costs(posteriors, tones)


def kept(posteriors: Array, tones: int = 0) -> Background:
    """What is kept of log-posteriors (steps, units + tones)."""
    units = posteriors.shape[1] - tones
    below = posteriors[:, :units] - posteriors[:, :units].max(axis=1, keepdims=True)
    rows, columns = np.nonzero(below > LEAST)
    counts = np.bincount(rows, minlength=len(below)).clip(max=255).astype(np.uint8)
    worse = posteriors[:, units:] - posteriors[:, units:].max(axis=1, keepdims=True, initial=-np.inf)
    return Background(counts, columns.astype(np.uint16), _levels(below[rows, columns]), _levels(worse))


def _levels(below: Array) -> NDArray[np.uint8]:
    return np.round(np.maximum(below, LEAST) / LEAST * LEVELS).astype(np.uint8)


def read_background(path: Path, sha256: str) -> Background:
    """The file at `path`. Raises ModelError where it is missing, another one, or none."""
    data = checked_model(path, sha256)
    try:
        with np.load(io.BytesIO(data)) as file:
            counts = file["counts"]
            tones = file["tones"] if "tones" in file else np.zeros((len(counts), 0), np.uint8)
            return Background(counts, file["units"], file["below"], tones)
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as e:
        raise ModelError(N_("model {path} cannot be loaded: {reason}"), path=path, reason=e) from None


def centres(background: Background, walked: Paths, units: int, width: float) -> Array:
    """(phrases,) the closeness at which each would raise RATE_PER_H false alarms an hour. width: the tail's slope, in closeness."""
    totals, peaks = start(walked), []
    for cost in background.stretches(units):
        totals, fits = walk(totals, cost, walked)
        peaks.append(fits.max(axis=0))
    hours = len(peaks) * STRETCH_S / 3600
    tail = max(1, round(TAIL_PER_H * hours))
    base = np.partition(np.array(peaks), -tail - 1, axis=0)[-tail - 1]
    return closeness(base) + np.float32(above_tail(width, tail, hours))


def above_tail(width: float, peaks: int, hours: float) -> float:
    """How far above the closeness that so many peaks reached in so many hours lies the one that RATE_PER_H would. width: the tail's slope."""
    return width * math.log(peaks / (RATE_PER_H * hours))
