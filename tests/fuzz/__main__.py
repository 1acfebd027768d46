"""`make fuzz`: the long form. Prints cases and seconds, the longest single one, and how much memory is kept."""

import argparse
import json
import math
import selectors
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Self

from hypothesis import HealthCheck, given, seed, settings

from tests.command import ROOT
from tests.fuzz.cases import TARGETS, Target
from tests.fuzz.feeder import LENGTH, READY

HANG_S = 10.0  # a single case that takes longer
START_S = 120.0  # until the process that is fed is ready for the first
WARM = 1000  # cases before memory is compared: caches are filled, pools are made
GROWTH_MB = 20.0  # of the process that is fed, after those
BATCH = 1000  # cases that are looked for at a time: hypothesis keeps what it has tried, and must forget it now and then


class Failed(Exception):
    """A case that must not be."""


@dataclass(slots=True)
class Feeder:
    """The process that is fed. A context manager; it is started again after a case that ended it."""

    name: str
    count: int = 0
    longest_s: float = 0.0
    growth_mb: float = 0.0
    _process: "subprocess.Popen[bytes] | None" = None
    _fed: int = 0  # by this process
    _warm_mb: float = field(default=0.0)

    def feed(self, data: bytes) -> None:
        """One case. Raises Failed."""
        process = self._process or self._started()
        assert process.stdin
        process.stdin.write(LENGTH.pack(len(data)) + data)
        process.stdin.flush()
        told = json.loads(self._line(process, data, HANG_S))
        self.count, self._fed = self.count + 1, self._fed + 1
        self.longest_s = max(self.longest_s, told["seconds"])
        if self._fed == WARM:
            self._warm_mb = told["memory_mb"]
        elif self._fed > WARM:
            self.growth_mb = told["memory_mb"] - self._warm_mb
        if told["raised"]:
            raise Failed(told["raised"])

    def _line(self, process: "subprocess.Popen[bytes]", data: bytes, patience_s: float) -> bytes:
        """The next line that it says. data: what it is fed with, for the error."""
        assert process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(patience_s):
                self._end()
                raise Failed(f"no end after {patience_s:.0f} s: {data!r}")
        line = process.stdout.readline()
        if not line:
            status = process.wait()
            self._end()
            raise Failed(f"the process ended with {status}: {data!r}")
        return line

    def _started(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen([sys.executable, "-m", "tests.fuzz.feeder", self.name], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._process, self._fed = process, 0
        if self._line(process, b"", START_S) != READY:
            raise Failed("the process that is fed says something else at its begin")
        return process

    def _end(self) -> None:
        if process := self._process:
            self._process = None
            process.kill()
            process.communicate()

    def __enter__(self) -> Self:
        self._started()  # before cases are searched: a slow machine is no case
        return self

    def __exit__(self, *_: object) -> None:
        self._end()


def run(target: Target, feeder: Feeder, cases: int, seed_: int, most_s: float = math.inf) -> None:
    """Feed so many; after most_s no new thousand is begun. Raises Failed for the smallest case that fails."""
    begin_s = time.monotonic()
    for batch in range(-(-cases // BATCH)):
        if time.monotonic() - begin_s > most_s:
            return

        @seed(seed_ + batch)
        @settings(max_examples=min(BATCH, cases - batch * BATCH), deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(target.with_)
        def one(data: bytes) -> None:
            feeder.feed(data)

        one()


def main() -> int:
    """Returns 1 where memory grew; a case that fails ends in its traceback."""
    parser = argparse.ArgumentParser(prog="tests.fuzz")
    parser.add_argument("--cases", type=int, default=1_000_000, help="over all doors together")
    parser.add_argument("--minutes", type=float, default=math.inf, help="over all doors together; then each has as many cases as it has got")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=list(TARGETS))
    args = parser.parse_args()
    chosen = [args.only] if args.only else list(TARGETS)
    grown = False
    for name in chosen:
        begin_s = time.monotonic()
        with Feeder(name) as feeder:
            run(TARGETS[name], feeder, args.cases // len(chosen), args.seed, args.minutes * 60 / len(chosen))
        took_s = time.monotonic() - begin_s
        grown = grown or feeder.growth_mb > GROWTH_MB
        longest_ms, growth_mb = feeder.longest_s * 1000, feeder.growth_mb
        print(f"{name:16}{feeder.count:9} cases {took_s:7.0f} s   longest {longest_ms:6.0f} ms   memory {growth_mb:+6.1f} MB after {WARM}", flush=True)
    return int(grown)


if __name__ == "__main__":
    sys.exit(main())
