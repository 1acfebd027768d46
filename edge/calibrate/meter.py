"""What a sound level meter shows, and what the detector made of the same sound."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
from numpy.typing import NDArray

from edge.capture.signal import FULL_SCALE
from edge.decide.types import Step
from edge.features import RATE_HZ
from edge.features.level import FAST_S, SILENCE_DBFS
from edge.health.levels import exceeded

MINUTE_S = 60.0
PHRASE_S = 2.0
"""For so long the best phrase is shown: it is there for a step or two only."""
_PIECE = RATE_HZ // 100  # 10 ms, short against the time constant


@dataclass(frozen=True, slots=True)
class Reading:
    """The meter's face. Levels are fast; those of the last minute are exceeded 10, 50 and 90 % of it. None: nothing was heard yet."""

    heard_s: float
    level_dba: float | None
    level_spl: float | None  # unweighted
    minute_dba: tuple[float, float, float] | None
    minute_spl: tuple[float, float, float] | None
    clipped: float  # share of the last minute's samples at full scale, 0..1
    scores: Mapping[str, float]  # now
    peaks: Mapping[str, float]  # highest of the last minute
    phrase: str | None  # best-ranked of the last PHRASE_S; None: none is listened for
    phrase_score: float


class FastLevel:
    """Unweighted level with the time weighting F (IEC 61672-1, 5.8.1), in dBFS: 0 is the RMS of a full-scale sine."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._mean_square = 0.0
        self._keep = float(np.exp(-_PIECE / RATE_HZ / FAST_S))

    def feed(self, samples: NDArray[np.float32]) -> float:
        """(n,) more samples -> the level at their end."""
        sound = np.concatenate([self._rest, samples])
        whole = len(sound) // _PIECE * _PIECE
        self._rest = sound[whole:]
        for square in np.mean(sound[:whole].reshape(-1, _PIECE).astype(np.float64) ** 2, axis=1):
            self._mean_square = self._keep * self._mean_square + (1.0 - self._keep) * float(square)
        return max(10.0 * log10(2.0 * self._mean_square + 1e-30), SILENCE_DBFS)


class Meter:
    """Takes sound, gives readings. Its clock is the sound itself."""

    def __init__(self, score: Callable[[NDArray[np.float32]], Sequence[Step]], sensitivity_dbfs: float) -> None:
        """score: of one more block, the steps that are complete by now. sensitivity_dbfs: what the microphone gives at 94 dB SPL."""
        self._score = score
        self._to_spl = 94.0 - sensitivity_dbfs
        self._level = FastLevel()
        self._samples = 0
        self._blocks: deque[tuple[float, float, int, int]] = deque()  # end_s, dB SPL, clipped samples, samples
        self._steps: deque[Step] = deque()

    def feed(self, samples: NDArray[np.float32]) -> None:
        """(n,) more samples at 16 kHz, n > 0, in blocks of some tenths of a second."""
        self._samples += len(samples)
        now_s = self._samples / RATE_HZ
        clipped = int(np.count_nonzero(np.abs(samples) >= FULL_SCALE))
        self._blocks.append((now_s, self._level.feed(samples) + self._to_spl, clipped, len(samples)))
        self._steps += self._score(samples)
        while self._blocks[0][0] <= now_s - MINUTE_S:
            self._blocks.popleft()
        while self._steps and self._steps[0].time_s <= now_s - MINUTE_S:
            self._steps.popleft()

    def reading(self) -> Reading:
        """What it shows now."""
        last = self._steps[-1] if self._steps else None
        scores = last.scores if last else {}
        recent = [step for step in self._steps if last and step.time_s > last.time_s - PHRASE_S]
        best = max(recent, key=lambda step: step.phrase_score, default=None)
        return Reading(
            heard_s=self._samples / RATE_HZ,
            level_dba=last.level_dba if last else None,
            level_spl=self._blocks[-1][1] if self._blocks else None,
            minute_dba=exceeded([step.level_dba for step in self._steps]),
            minute_spl=exceeded([level for _, level, _, _ in self._blocks]),
            clipped=sum(clipped for _, _, clipped, _ in self._blocks) / max(1, sum(count for _, _, _, count in self._blocks)),
            scores=scores,
            peaks={label: max(step.scores[label] for step in self._steps) for label in scores},
            phrase=best.phrase if best else None,
            phrase_score=best.phrase_score if best else 0.0,
        )
