"""The sound thread: from the microphone, or a recording in its place, to decisions."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.capture import RATE_HZ
from edge.decide.gate import Gates, advance, finish
from edge.decide.trace import AFTER_S, around
from edge.decide.types import Closed, Opened, Rule, Step, TracePoint
from edge.health.faults import Fault
from edge.health.pace import Pace

READ_S = 0.5  # longest wait for a block; also how late `stop` may be heard
SILENT_S = 3.0  # without a block for so long, an incident is over: nobody knows what was in between
LEVELS_S = 60.0

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Where sound comes from: a microphone, or a recording at its pace."""

    @property
    def dropped_blocks(self) -> int:
        """Lost since the beginning."""

    def read(self, timeout_s: float) -> NDArray[np.float32] | None:
        """The next block, None where it does not come in time."""

    def faults(self) -> frozenset[Fault]:
        """What is wrong with it now."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True)
class Traced:
    """The ten seconds around an onset are complete."""

    label: str
    onset_s: float
    trace: tuple[TracePoint, ...]


SoundEvent = Opened | Closed | Traced


class Sound:
    """Reads, scores, decides. `run` is the body of a thread; the rest may be asked from others."""

    def __init__(
        self,
        source: Source,
        score: Callable[[NDArray[np.float32]], Sequence[Step]],
        rules: Callable[[], Mapping[str, Rule]],
        put: Callable[[SoundEvent], None],
        clock_s: Callable[[], float],
        deaf: Callable[[], bool] = lambda: False,
    ) -> None:
        """score: of one more block, the steps that are complete by now. rules: those that hold now, asked at each block. put: may block. clock_s: monotonic.

        deaf: whether what is heard now is the terminal itself: no decision is taken on it, and an incident goes on as it was.
        """
        self._source = source
        self._score = score
        self._rules = rules
        self._put = put
        self._clock_s = clock_s
        self._deaf = deaf
        self._stopping = threading.Event()
        self._gates = Gates()
        self._traces: list[Opened] = []  # whose traces are not complete
        self._levels: deque[tuple[float, float]] = deque()  # (monotonic, dBA)
        self._lock = threading.Lock()  # of the levels
        self._pace = Pace()
        self._lately: tuple[float, Gates] | None = None  # when its last step was heard, monotonic; set at once, for other threads
        self.heard_s: float | None = None
        """When the last block that has been analysed was heard, monotonic; None: nothing yet."""
        self.turned_s = clock_s()
        """When the thread last came round, monotonic."""

    @property
    def dropped_blocks(self) -> int:
        """Blocks lost since the beginning."""
        return self._source.dropped_blocks

    def faults(self) -> frozenset[Fault]:
        """What is wrong with the source."""
        return self._source.faults()

    @property
    def late(self) -> bool:
        """Whether sound is analysed later than it is heard."""
        return self._pace.late

    def stream_s(self, at_s: float) -> float | None:
        """A moment, monotonic, in seconds of the stream as its steps count them; None where nothing was heard yet."""
        if self._lately is None:
            return None
        heard_s, gates = self._lately
        return gates.time_s + at_s - heard_s

    def around(self, label: str, at_s: float) -> tuple[TracePoint, ...]:
        """Scores and levels around a moment, monotonic, as far as they are known by now; none where no sound came then."""
        onset_s, lately = self.stream_s(at_s), self._lately
        return () if onset_s is None or lately is None else around(label, onset_s, lately[1].recent)

    def levels_dba(self) -> list[float]:
        """The level of each step of the last minute."""
        since_s = self._clock_s() - LEVELS_S
        with self._lock:
            return [level for at_s, level in self._levels if at_s > since_s]

    def run(self) -> None:
        """Listen until `stop`."""
        try:
            while not self._stopping.is_set():
                block = self._source.read(READ_S)
                now_s = self._clock_s()
                self.turned_s = now_s
                if block is not None:
                    self._hear(block, now_s)
                    self.heard_s = now_s
                    self._pace = self._pace.advance(len(block) / RATE_HZ, self._clock_s())
                    continue
                self._pace = Pace()  # we wait for sound, so it does not wait for us
                if self.heard_s is not None and now_s - self.heard_s > SILENT_S:
                    self._interrupted()
        finally:
            self._source.close()

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping.set()

    def _hear(self, block: NDArray[np.float32], now_s: float) -> None:
        rules = self._rules()
        for step in self._score(block):
            if self._deaf():
                self._gates = replace(self._gates, time_s=step.time_s)
            else:
                self._decide(step, rules)
                self._remember_level(step.level_dba, now_s)
            self._complete(step.time_s)
            self._lately = now_s, self._gates

    def _decide(self, step: Step, rules: Mapping[str, Rule]) -> None:
        self._gates, decisions = advance(self._gates, step, rules)
        for decision in decisions:
            self._put(decision)
        self._traces += [d for d in decisions if isinstance(d, Opened)]

    def _interrupted(self) -> None:
        for closed in finish(self._gates):
            self._put(closed)
        self._complete(inf)
        self._gates = Gates(time_s=self._gates.time_s)

    def _complete(self, time_s: float) -> None:
        for opened in [opened for opened in self._traces if time_s >= opened.onset_s + AFTER_S]:
            self._put(Traced(opened.label, opened.onset_s, around(opened.label, opened.onset_s, self._gates.recent)))
            self._traces.remove(opened)

    def _remember_level(self, level_dba: float, now_s: float) -> None:
        with self._lock:
            self._levels.append((now_s, level_dba))
            while self._levels[0][0] <= now_s - LEVELS_S:
                self._levels.popleft()
