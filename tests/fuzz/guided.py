"""The doors of `tests.fuzz` by coverage: what reaches new code in `edge` is changed further (atheris, libFuzzer).

    python -m tests.fuzz.guided --seconds 60

Each door begins with cases that hypothesis makes for it. Needs atheris, which `make fuzz` installs where there is a wheel of it.
"""

import argparse
import logging
import re
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings

from tests.command import ROOT

FIRST = 200  # cases that each door begins with
HANG_S, MOST_MB = 10, 900  # of one case; of the process
COUNTS = re.compile(r"^#(\d+)\tDONE\s+cov: (\d+)", re.MULTILINE)
MEMORY = re.compile(r"rss: (\d+)Mb")


def fuzz(door: str, folder: Path, seconds: int, seed_: int) -> None:
    """Feed one door in this process, which libFuzzer ends. folder: where cases are kept."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["edge"]):
        targets: Any = import_module("tests.fuzz.cases").TARGETS
    target, first = targets[door], [b""]

    @seed(seed_)
    @settings(max_examples=FIRST, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(target.with_)
    def collect(data: bytes) -> None:
        first.append(data)

    collect()
    for number, case in enumerate(first):
        (folder / f"first{number}").write_bytes(case)
    logging.disable(logging.CRITICAL)
    limits = [f"-max_total_time={seconds}", f"-seed={seed_}", f"-timeout={HANG_S}", f"-rss_limit_mb={MOST_MB}", "-max_len=5000"]
    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={folder}/bad-", str(folder)], target.feed)
    atheris.Fuzz()


def told(door: str, seconds: int, seed_: int) -> tuple[bool, str]:
    """Whether nothing bad was found at a door, and a line of it; the whole report where something was."""
    with tempfile.TemporaryDirectory(prefix="guided-") as folder:
        command = [sys.executable, "-m", "tests.fuzz.guided", "--door", door, "--folder", folder, "--seconds", str(seconds), "--seed", str(seed_)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        report = done.stdout.decode(errors="replace")
        counts, memory = COUNTS.search(report), [int(mb) for mb in MEMORY.findall(report)]
        bad = [f"{file.name}: {file.read_bytes()!r}" for file in sorted(Path(folder).glob("bad-*"))]
    if done.returncode or bad or not counts:
        return False, "\n".join([report, *bad, f"{door}: ended with {done.returncode}"])
    return True, f"{door:16}{int(counts[1]):9} cases   {counts[2]:>5} branches reached   memory {memory[0]} to {memory[-1]} MB"


def main() -> int:
    """Returns 1 where a case was found that must not be."""
    parser = argparse.ArgumentParser(prog="tests.fuzz.guided", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each door")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--door", help="this one only, in this process")
    parser.add_argument("--folder", type=Path, help="with --door: an empty folder for its cases")
    args = parser.parse_args()
    if args.door and args.folder:
        fuzz(args.door, args.folder, args.seconds, args.seed)
    good = True
    for door in [args.door] if args.door else list(import_module("tests.fuzz.cases").TARGETS):
        fine, line = told(door, args.seconds, args.seed)
        print(line, flush=True)
        good = good and fine
    return not good


if __name__ == "__main__":
    sys.exit(main())
