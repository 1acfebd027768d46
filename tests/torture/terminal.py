"""The real terminal with scripted sound, scores and wall clock: `python -m tests.torture.terminal CONFIG CLOCK`.

Each line on its standard input is a number of incidents. CLOCK is a file of CLOCK bytes: by how much the wall clock is wrong.
"""

import logging
import mmap
import os
import queue
import signal
import struct
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import edge.daemon
from edge.capture import RATE_HZ
from edge.config.load import load
from edge.decide.types import Step
from edge.health.clock import Moment
from edge.health.faults import Fault

CLOCK = struct.Struct("<q?")
"""Milliseconds that the wall clock is ahead, and whether it says that it is synchronised."""

STEP_S = 0.2
QUIET, LOUD = np.zeros(round(STEP_S * RATE_HZ), np.float32), np.ones(round(STEP_S * RATE_HZ), np.float32)


class Script:
    """A source in which it is loud once for each incident that was asked for."""

    dropped_blocks = 0

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._loud = False
        threading.Thread(target=self._ask, daemon=True).start()

    def _ask(self) -> None:
        for line in sys.stdin:
            for _ in range(int(line)):
                self._wanted.put(None)

    def read(self, timeout_s: float) -> NDArray[np.float32] | None:
        """Loud, then quiet again; quiet at the pace of real sound where nothing is wanted."""
        if self._loud:
            self._loud = False
            return QUIET
        try:
            self._wanted.get(timeout=min(timeout_s, STEP_S))
        except queue.Empty:
            return QUIET
        self._loud = True
        return LOUD

    def faults(self) -> frozenset[Fault]:
        """None."""
        return frozenset()

    def close(self) -> None:
        """Nothing to let go of."""


class Scores:
    """In the chain's place: a shout where it is loud."""

    def __init__(self, *_: object) -> None:
        self._steps = 0

    def feed(self, block: NDArray[np.float32]) -> Sequence[Step]:
        """One step a block."""
        self._steps += 1
        loud = float(block[0])
        return [Step(self._steps * STEP_S, 50.0 + 40.0 * loud, {"shouting": loud})]


class WallClock:
    """The machine's clocks, the wall clock wrong by what the file says."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as opened:
            self._wrong = mmap.mmap(opened.fileno(), CLOCK.size, prot=mmap.PROT_READ)

    def __call__(self) -> Moment:
        """Now."""
        ahead_ms, synchronised = CLOCK.unpack(self._wrong[: CLOCK.size])
        return Moment(time.monotonic(), time.time_ns() // 1_000_000 + ahead_ms, synchronised)


def main() -> None:
    """Run until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    config, clock = map(Path, sys.argv[1:])
    setattr(edge.daemon, "Chain", Scores)  # noqa: B010 - the one part that is not the product's
    daemon = edge.daemon.Daemon(load(config), Script, os.environ, WallClock(clock))
    signal.signal(signal.SIGTERM, lambda *_: daemon.stop())
    daemon.run()


if __name__ == "__main__":
    main()
