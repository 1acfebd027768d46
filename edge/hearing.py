"""The running terminal's chain, which goes on without a model that fails while a key is to be answered for."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.chain import Listening
from edge.decide.types import Step
from edge.detect.detector import Detector
from edge.detect.level_only import LevelOnly
from edge.detect.manifest import RuleDefaults
from edge.health.faults import Fault

AGAIN_S = 60.0
"""After a failure, so long until the models are tried again; twice as long after each further one."""
LONGEST_AGAIN_S = 3600.0
PROVEN_S = 30.0
"""So long a model must have worked again before its fault is over."""

_log = logging.getLogger(__name__)


class Hears(Protocol):
    """A chain from sound to steps."""

    def feed(self, samples: NDArray[np.float32]) -> Sequence[Step]:
        """More samples -> the steps that are complete by now."""

    def listen(self, listening: Listening | None) -> None:
        """Listen for these phrases from now on."""


Made = Callable[[Detector | LevelOnly, Listening | None], Hears]


class Hearing:
    """Sound to steps, with as much of the models as works. `feed` belongs to the sound thread; the rest may be called from others.

    With a key, a model that fails takes the models down a rung (all of them; those of sounds; levels alone), and is tried again later, from fresh state.
    Without one it ends the terminal, which the service starts anew: one that hears nothing has nothing else to do.
    """

    def __init__(self, make: Made, detector: Detector | LevelOnly, listening: Listening | None, clock_s: Callable[[], float], *, goes_on: bool) -> None:
        """goes_on: whether there is a key, for which the terminal must live. clock_s: monotonic. Raises what `make` raises."""
        self._make, self._clock_s, self._goes_on = make, clock_s, goes_on
        self._detector, self._listening = detector, listening
        self._rung = self._lowest = 0  # on which it is, and below which it has been since it was last proven
        self._again_s: float | None = None  # when the models are tried again
        self._pause_s = AGAIN_S
        self._proven_s: float | None = None  # when a model that is tried again has worked for long enough
        self._time_s = self._before_s = 0.0  # of the last step, and of the last one of the chain before
        self._chain = make(*self._parts)
        self.changes = 0
        """How often what it listens for has changed by itself."""

    @property
    def _parts(self) -> tuple[Detector | LevelOnly, Listening | None]:
        if self._rung == 0:
            return self._detector, self._listening
        return (self._detector, None) if self._rung == 1 else (LevelOnly(), None)

    @property
    def rules(self) -> Mapping[str, RuleDefaults]:
        """Those of the labels that have scores now."""
        detector, listening = self._parts
        return {**detector.manifest.rules, **(listening.rules if listening and isinstance(detector, Detector) else {})}

    def faults(self) -> frozenset[Fault]:
        """Which of the models does not work."""
        if isinstance(self._detector, LevelOnly):
            return frozenset({Fault.MODEL})
        return frozenset([Fault.MODEL] * (self._lowest == 2) + [Fault.PHRASES] * (self._lowest == 1))

    def listen(self, listening: Listening | None) -> None:
        """Listen for these phrases from now on. Raises ModelError where the two models do not hear the same frames, and nothing has changed."""
        if self._rung == 0:
            self._chain.listen(listening)
        elif self._again_s is not None:
            self._again_s = self._clock_s()  # somebody has done something about it
        self._listening = listening

    def feed(self, block: NDArray[np.float32]) -> list[Step]:
        """(n,) more samples, 16 kHz mono in -1..1 -> the steps that are complete by now; their time goes on whatever fails."""
        now_s = self._clock_s()
        if self._again_s is not None and now_s >= self._again_s:
            self._again_s, self._proven_s = None, now_s + PROVEN_S
            self._climb()
        elif self._proven_s is not None and now_s >= self._proven_s:
            _log.warning("model.works_again")
            self._proven_s, self._lowest, self._pause_s = None, 0, AGAIN_S
        while True:
            try:
                steps = self._chain.feed(block)
                break
            except Exception as error:
                if not self._goes_on or self._rung == 2:
                    raise
                self._fall(error)
        steps = [replace(step, time_s=self._before_s + step.time_s) for step in steps] if self._before_s else list(steps)
        self._time_s = steps[-1].time_s if steps else self._time_s
        return steps

    def _fall(self, error: Exception) -> None:
        """The next rung that there is, at once, so that nothing of this block is lost."""
        now_s = self._clock_s()
        _log.error("model.failed rung=%d again_s=%.0f reason=%r", self._rung, self._pause_s, f"{type(error).__name__}: {error}")
        self._rung = 2 if self._rung or self._listening is None else 1
        self._lowest = max(self._lowest, self._rung)
        if self._again_s is None:  # one failure of all models is one
            self._again_s, self._proven_s = now_s + self._pause_s, None
            self._pause_s = min(LONGEST_AGAIN_S, 2 * self._pause_s)
        self._begin()

    def _climb(self) -> None:
        self._rung = 0
        try:
            self._begin()
        except Exception as error:  # noqa: BLE001 - whatever a model raises, the key must go on
            self._fall(error)

    def _begin(self) -> None:
        self._before_s = self._time_s
        self._chain = self._make(*self._parts)
        self.changes += 1
