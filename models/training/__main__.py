"""From the corpus to a detector: tags, sounds in many guises, training of two networks, scenes of the bench, rules, ONNX file, report and the card's figures.

    python -m models.training --corpus ../shared/corpus --work build/training --steps 3000

Each step is a command that can be given by hand as well, and is left out where its result is in the folder already: after an end in the
middle the same command goes on. Options that are not known here are handed to the training, such as --widths or --memory.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

DEV_SEED = 1
"""Of the scenes: the figures of different runs compare only on the same ones."""
SHOWN_SEED, SHOWN = 21, 0.3
"""Of the scenes of the training part by which the export fixes its scales, and how many, of those that the bench would make."""


def step(command: Sequence[object], out: Path | None = None) -> None:
    """Run a command, showing it; where `out` is given, what it prints goes there as well once it is whole. Ends the program where it fails."""
    words = list(map(str, command))
    print("\n$ " + shlex.join(["python", *words[1:]]), flush=True)
    lines = []
    with subprocess.Popen(words, stdout=subprocess.PIPE if out else None, text=True) as running:
        for line in running.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    if running.returncode:
        raise SystemExit(f"this step failed with exit status {running.returncode}; what is done stays, the same command goes on from there")
    if out:
        out.write_text("".join(lines), encoding="utf-8")


def module(name: str, *arguments: object) -> list[object]:
    """The command of a module beside this one."""
    return [sys.executable, "-m", f"models.training.{name}", *arguments]


def same_options(work: Path, options: dict[str, object]) -> None:
    """Hold a folder to the options it was begun with. Ends the program where they differ."""
    kept = work / "options.json"
    work.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        kept.write_text(json.dumps(options, indent=1) + "\n", encoding="utf-8")
    before = json.loads(kept.read_text(encoding="utf-8"))
    if before != options:
        different = [f"{name}: {before.get(name)} there, {value} now" for name, value in options.items() if before.get(name) != value]
        raise SystemExit(f"{work} was begun with other options ({'; '.join(different)}). Give those, or another folder with --work")


def trained_steps(run: Path) -> int:
    """Steps of the last checkpoint of a run."""
    settings = run / "network.json"
    return int(json.loads(settings.read_text())["step"]) if settings.exists() else 0


def of_the_machine(more: Sequence[str]) -> list[str]:
    """Those options of the training that are for the machine's sake, and hold for the second network as well; sizes and rates are the first one's."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("--batch", "--threads", "--workers"):
        parser.add_argument(name)
    return [word for name, value in vars(parser.parse_known_args(more)[0]).items() if value for word in (f"--{name}", value)]


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--bench", type=Path, default=Path("../shared/bench/bench.py"))
    parser.add_argument("--work", type=Path, default=Path("build/training"), help="folder for all that is made; the detector too")
    parser.add_argument("--steps", type=int, default=3000, help="of the training, 32 scenes of 10 s each")
    parser.add_argument("--rounds", type=int, default=5, help="of rendering; each makes every sound anew")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commercial-only", action="store_true", help="only clips whose licence allows commercial use")
    parser.add_argument("--without", nargs="+", default=[], metavar="CORPUS", help="corpora left out of the training")
    parser.add_argument("--teachers", type=Path, help="folder with teachers.py: YAMNet's tags become further targets of the training")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes for rendering and scenes")
    args, more = parser.parse_known_args()
    for path in filter(None, (args.corpus / "manifest.csv", args.bench, args.teachers)):
        if not path.exists():
            raise SystemExit(f"{path} is not there; name the right one (see --help)")
    chosen = ["--steps", args.steps, "--rounds", args.rounds, "--seed", args.seed, *(["--commercial-only"] if args.commercial_only else []),
              *(["--without", *args.without] if args.without else []), *more]  # fmt: skip
    recipe = shlex.join(["python", "-m", "models.training", *map(str, chosen), *(["--teachers", args.teachers.name] if args.teachers else [])])
    same_options(args.work, {"recipe": recipe})
    make(args, recipe, more)


def trained(args: argparse.Namespace, more: Sequence[str]) -> Path:
    """Train what is missing of two networks, and pair them. more: options of the training of the first. Returns the pair's folder."""
    work = args.work
    pool, run, window, pair, tags, mistaken = (work / name for name in ("pool", "run", "window", "pair", "tags.npz", "mistaken.npz"))
    asked = ["--pool", pool, "--steps", args.steps, "--seed", args.seed, *(["--without", *args.without] if args.without else [])]
    if trained_steps(run) < args.steps:
        training = module("train", "--out", run, *asked, *(["--tags", tags] if args.teachers else []), *more)
        if not mistaken.exists():
            step([*training, "--until", args.steps // 2])
            step(module("mine", run, "--pool", pool, "--out", mistaken, "--seed", args.seed))
        step([*training, "--mistaken", mistaken])
    if trained_steps(window) < args.steps:
        step(module("train", "--out", window, *asked, "--mistaken", mistaken, "--memory", "window", "--depthwise", *of_the_machine(more)))
    if not (pair / "network.json").exists():
        step(module("pair", run, window, "--out", pair))
    return pair


def make(args: argparse.Namespace, recipe: str, more: Sequence[str]) -> None:
    """Make what is missing of a detector. recipe: the command as the manifest will name it. more: options of the training."""
    work = args.work
    pool, scenes, shown, tags, rules, report, card = (work / name for name in ("pool", "dev", "shown", "tags.npz", "rules.json", "report.txt", "card.md"))
    free = ["--commercial-only"] if args.commercial_only else []
    if args.teachers and not tags.exists():
        step(module("tag", "--corpus", args.corpus, "--teachers", args.teachers, "--out", tags, *free))
    if not (pool / f"index{args.rounds - 1:02d}.csv").exists():
        step(module("render", "--corpus", args.corpus, "--out", pool, "--rounds", args.rounds, "--seed", args.seed, "--jobs", args.jobs, *free))
    pair = trained(args, more)
    for out, split, seed, scale in ((scenes, "dev", DEV_SEED, 1.0), (shown, "train", SHOWN_SEED, SHOWN)):
        if not out.exists():
            unfinished = out.with_suffix(".unfinished")
            asked = ["--split", split, "--seed", seed, "--scale", scale, "--jobs", args.jobs, "--out", unfinished]
            step([sys.executable, args.bench, "build", "--corpus", args.corpus, *asked])
            unfinished.rename(out)
    if not rules.exists():
        step(module("rules", pair, "--scenes", scenes, "--bench", args.bench, "--out", rules))
    if not (work / "detector.toml").exists():
        today = datetime.now(UTC).date().isoformat()
        step(module("export", pair, "--scenes", shown, "--rules", rules, "--out", work, "--date", today, "--training", recipe))
    if not report.exists():
        step(module("evaluate", pair, "--scenes", scenes, "--bench", args.bench), report)
    if not card.exists():
        step(module("card", "--scenes", scenes, "--models", work, "--bench", args.bench, "--jobs", args.jobs, "--plot", work / "reliability.png"), card)
    print(f"\n{report}, {card}: what it reaches. To ship it: cp {work}/detector.onnx {work}/detector.toml models/")


if __name__ == "__main__":
    main()
