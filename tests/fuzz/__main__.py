"""`make fuzz`: the long form. Prints cases and seconds, the longest single one, and how much memory is kept."""

import argparse
import logging
import os
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings

from tests.fuzz.cases import TARGETS, Target

HANG_S = 10.0  # a single case that takes longer
GROWTH_MB = 100.0  # hypothesis itself keeps what it has tried


def memory_mb() -> float:
    """Resident, now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def run(target: Target, cases: int, seed_: int) -> tuple[int, float]:
    """Feed so many. Returns how many it were and the seconds of the longest. Raises whatever a case raises, made small."""
    count, longest_s = 0, 0.0

    @seed(seed_)
    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(target.with_)
    def one(data: bytes) -> None:
        nonlocal count, longest_s
        begin_s = time.monotonic()
        target.feed(data)
        count, longest_s = count + 1, max(longest_s, time.monotonic() - begin_s)
        assert longest_s < HANG_S

    one()
    return count, longest_s


def main() -> int:
    """Returns 1 where memory grew; a case that fails ends in its traceback."""
    parser = argparse.ArgumentParser(prog="tests.fuzz")
    parser.add_argument("--cases", type=int, default=1_000_000, help="over all doors together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=list(TARGETS))
    args = parser.parse_args()
    chosen = [args.only] if args.only else list(TARGETS)
    sys.stderr = os.fdopen(os.dup(2), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders say a line to each damaged file
    logging.disable(logging.CRITICAL)
    grown = False
    for name in chosen:
        before_mb, begin_s = memory_mb(), time.monotonic()
        count, longest_s = run(TARGETS[name], args.cases // len(chosen), args.seed)
        growth_mb = memory_mb() - before_mb
        grown = grown or growth_mb > GROWTH_MB
        print(f"{name:16}{count:9} cases {time.monotonic() - begin_s:7.0f} s   longest {longest_s * 1000:6.0f} ms   memory {growth_mb:+6.1f} MB", flush=True)
    return int(grown)


if __name__ == "__main__":
    sys.exit(main())
