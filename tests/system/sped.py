"""The real terminal in a time that goes faster: `python -m tests.system.sped CONFIG SPEED`. It hears a quiet room.

Every fourth hour somebody screams, and every sixth its microphone gives nothing but zeros for five minutes.
"""

import logging
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.capture import RATE_HZ
from edge.config.load import load
from edge.daemon import Daemon
from edge.demo import sounds
from edge.health.clock import Moment
from edge.health.faults import Fault

BLOCK_S = 0.5
LOUD_EVERY_S, LOUD_DBA = 4 * 3600.0, 102.0
SILENT_EVERY_S, SILENT_S = 6 * 3600.0, 300.0


class FastClock:
    """Monotonic time times a number; what time of day it is nobody knows."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._start_s = time.monotonic()

    def now_s(self) -> float:
        """Since the start."""
        return (time.monotonic() - self._start_s) * self.speed

    def __call__(self) -> Moment:
        """Now."""
        return Moment(self.now_s(), time.time_ns() // 1_000_000, synchronised=False)


class Room:
    """Blocks at the pace of that clock."""

    dropped_blocks = 0

    def __init__(self, clock: FastClock) -> None:
        self._clock = clock
        self._heard_s = 0.0
        rng = np.random.default_rng(1)
        self._noise = 0.001 * rng.standard_normal(20 * RATE_HZ).astype(np.float32)
        self._screams = sounds.at_level(np.concatenate([sounds.scream(rng) for _ in range(4)]), LOUD_DBA).astype(np.float32)
        self._loud_s = len(self._screams) / RATE_HZ

    def read(self, timeout_s: float) -> NDArray[np.float32] | None:
        """The next one, when its time has come."""
        wait_s = (self._heard_s + BLOCK_S - self._clock.now_s()) / self._clock.speed
        time.sleep(max(0.0, min(wait_s, timeout_s)))
        if wait_s > timeout_s:
            return None
        size = round(BLOCK_S * RATE_HZ)
        at = int(self._heard_s * 7919 * 16) % (len(self._noise) - size)
        block = self._noise[at : at + size].copy()
        since_s = self._heard_s % LOUD_EVERY_S - (LOUD_EVERY_S - self._loud_s)
        if since_s >= 0:
            piece = self._screams[round(since_s * RATE_HZ) :][:size]
            block[: len(piece)] += piece
        self._heard_s += BLOCK_S
        return np.zeros(size, np.float32) if self.faults() else block.clip(-1, 1)

    def faults(self) -> frozenset[Fault]:
        """What the capture child's watcher would say."""
        return frozenset({Fault.SILENCE} if self._heard_s % SILENT_EVERY_S >= SILENT_EVERY_S - SILENT_S else ())

    def close(self) -> None:
        """Nothing to let go of."""


def main() -> None:
    """Run until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    clock = FastClock(float(sys.argv[2]))
    daemon = Daemon(load(Path(sys.argv[1])), lambda: Room(clock), os.environ, clock)
    signal.signal(signal.SIGTERM, lambda *_: daemon.stop())
    daemon.run()


if __name__ == "__main__":
    main()
