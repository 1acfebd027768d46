"""A recording in the microphone's place, at the speed of real time."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge.capture import RATE_HZ
from edge.capture.recording import read_blocks
from edge.capture.signal import SignalHealth
from edge.health.faults import Fault

log = logging.getLogger(__name__)


class PacedRecording:
    """The same calls as `Microphone`, played once; `finished` when the last block has been read."""

    dropped_blocks = 0
    restarts = 0

    def __init__(
        self,
        path: Path,
        *,
        speed: float = 1.0,
        block_s: float = 0.1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """speed: 2.0 plays twice as fast. Raises what `read_blocks` raises."""
        self._path = path
        self._blocks = read_blocks(path, block_s)
        self._next: NDArray[np.float32] | None = next(self._blocks)
        self._speed, self._clock, self._sleep = speed, clock, sleep
        self._played_s = 0.0
        self._start_s: float | None = None
        self._health = SignalHealth()
        self._faults: frozenset[Fault] = frozenset()

    @property
    def finished(self) -> bool:
        """True when there is nothing left to read."""
        return self._next is None

    def read(self, timeout_s: float) -> NDArray[np.float32] | None:
        """The next block once its last sample would have been heard; None at the end, or where that is later than `timeout_s`."""
        now_s = self._clock()
        if self._start_s is None:
            self._start_s = now_s
            log.info("recording.start file=%s monotonic_s=%.3f", self._path, now_s)
        if self._next is None:
            self._sleep(timeout_s)
            return None
        played_s = self._played_s + len(self._next) / RATE_HZ
        wait_s = self._start_s + played_s / self._speed - now_s
        self._sleep(max(0.0, min(wait_s, timeout_s)))
        if wait_s > timeout_s:
            return None
        block, self._next, self._played_s = self._next, next(self._blocks, None), played_s
        self._health, self._faults = self._health.advance(block, played_s)
        return block

    def faults(self) -> frozenset[Fault]:
        """What is wrong with the signal."""
        return self._faults

    def close(self) -> None:
        """Let go of the file."""
        self._next = None
        self._blocks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()
