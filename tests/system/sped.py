"""The real terminal in a time that goes faster: `python -m tests.system.sped CONFIG SPEED`. It hears a quiet room, and every fourth hour a shout."""

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
from edge.health.clock import Moment
from edge.health.faults import Fault

BLOCK_S = 0.5
LOUD_EVERY_S, LOUD_S = 4 * 3600.0, 3.0


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
        self._noise = np.random.default_rng(1).standard_normal(20 * RATE_HZ).astype(np.float32)

    def read(self, timeout_s: float) -> NDArray[np.float32] | None:
        """The next one, when its time has come."""
        wait_s = (self._heard_s + BLOCK_S - self._clock.now_s()) / self._clock.speed
        time.sleep(max(0.0, min(wait_s, timeout_s)))
        if wait_s > timeout_s:
            return None
        size = round(BLOCK_S * RATE_HZ)
        at = int(self._heard_s * 7919 * 16) % (len(self._noise) - size)
        loud = self._heard_s % LOUD_EVERY_S >= LOUD_EVERY_S - LOUD_S
        self._heard_s += BLOCK_S
        return np.asarray(np.clip((0.3 if loud else 0.001) * self._noise[at : at + size], -1, 1), np.float32)

    def faults(self) -> frozenset[Fault]:
        """None."""
        return frozenset()

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
