"""One short training on equal terms, judged on corpora that it left out, its figures added to the table of what was tried.

    python -m models.training.compare --name tcn --without emogator emodb esc50 --seed 2 -- --memory tcn

Needs the pool (and tags) of `python -m models.training` in --work. What follows `--` is handed to `train`. Goes on where it ended; a run whose rows are
in the table is not made again. Scenes are built once for each set of corpora left out; without any, the scenes are those of the split dev.
"""

import argparse
import csv
import os
import sys
from pathlib import Path

from models.training.__main__ import DEV_SEED, module, step

STEPS = 1000
"""Of 32 scenes: a quarter of an hour of one core where bfloat16 is fast, twice that elsewhere; half of it for 16 scenes."""

FOLD_SEED, FOLD_SCALE = 3, 0.6


def scenes_of(without: list[str], corpus: Path, bench: Path, work: Path, jobs: int) -> Path:
    """Folder of the scenes of these corpora, which are built where they are not there."""
    scenes = work / ("-".join(["scenes", *without]) if without else "dev")
    if not scenes.exists():
        unfinished = scenes.with_suffix(".unfinished")
        split = ["--corpus", corpus, "--split", "dev", "--seed", DEV_SEED]
        if without:
            fold = work / "-".join(["fold", *without])
            step(module("fold", "--corpus", corpus, "--left-out", *without, "--out", fold))
            split = ["--corpus", fold, "--scale", FOLD_SCALE, "--seed", FOLD_SEED]
        step([sys.executable, bench, "build", *split, "--jobs", jobs, "--out", unfinished])
        unfinished.rename(scenes)
    return scenes


def done(table: Path, run: str) -> bool:
    """Whether the table has rows of a run."""
    if not table.exists():
        return False
    with table.open(newline="", encoding="utf-8") as file:
        return any(row["run"] == run for row in csv.DictReader(file))


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True, help="of what is tried")
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--bench", type=Path, default=Path("../shared/bench/bench.py"))
    parser.add_argument("--work", type=Path, default=Path("build/training"))
    parser.add_argument("--without", nargs="*", default=[], metavar="CORPUS", help="corpora left out, on which it is judged")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--table", type=Path, default=Path("models/training/tried.csv"))
    parser.add_argument("options", nargs="*", help="of the training, after --")
    args = parser.parse_args()
    run = "-".join([args.name, *(args.without or ["all"]), str(args.seed)])
    if done(args.table, run):
        print(f"{run} is in {args.table} already")
        return
    without, tags, folder = sorted(args.without), args.work / "tags.npz", args.work / "compare" / run
    scenes = scenes_of(without, args.corpus, args.bench, args.work, args.jobs)
    less = ["--without", *without] if without else []
    taught = ["--tags", tags] if tags.exists() else []
    step(module("train", "--pool", args.work / "pool", "--out", folder, "--steps", args.steps, "--seed", args.seed, "--threads", args.threads,
                *less, *taught, *args.options))  # fmt: skip
    step(module("evaluate", folder, "--scenes", scenes, "--bench", args.bench, "--append", args.table), folder / "report.txt")


if __name__ == "__main__":
    main()
