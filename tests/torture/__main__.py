"""`make torture`: the long form."""

import argparse
import math
import signal
import sys
import tempfile
from pathlib import Path

from tests.torture.torture import Outcome, torture


def table(outcome: Outcome) -> str:
    """A line for each thing that went wrong; an alert stands in the line of each that was wrong when it was raised."""
    lines = [f"{'while':26}{'raised':>8}{'delivered':>11}{'by repeat':>11}{'duplicates':>12}{'lost':>6}"]
    lines += [f"{kind:26}{r.raised:8}{r.delivered:11}{r.by_repeat:11}{r.duplicates:12}{r.lost:6}" for kind, r in outcome.rows.items()]
    return "\n".join(lines)


def main() -> int:
    """Returns 1 where an alert was lost or something else must not be."""
    parser = argparse.ArgumentParser(prog="tests.torture")
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf, help="no new round begins after so long; then the table has what there is")
    parser.add_argument("--keep", type=Path, help="an empty folder for logs that stays")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaves nothing running and nothing mounted
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        outcome = torture(args.keep or Path(folder), args.alerts, args.seed, most_s=args.minutes * 60, told=print)
    print(f"\nseed {args.seed}, {outcome.took_s:.0f} s, {outcome.starts} starts of the terminal\n{table(outcome)}")
    for sentence in outcome.wrong:
        print(f"WRONG: {sentence}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
