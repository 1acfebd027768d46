"""From the corpus to a phrase model: speech, a teacher's labels, training, scenes of the bench, curves, ONNX file and manifest.

    python -m models.training.phrases --speaker ../shared/tools/speak.py --assets ASSETS --work build/phrases

Each step is a command that can be given by hand as well, and is left out where its result is in the folder already: after an end in the middle the same
command goes on. Options that are not known here are handed to the training. Without --speaker no further speech is made than the corpus has.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from models.training.__main__ import module, same_options, step, trained_steps

SEED = 11
"""Of the scenes that the curves are taken from; they are of the corpus's training part, not of the part that figures are made with."""


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.training.phrases", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    shared = Path("../shared")
    parser.add_argument("--corpus", type=Path, default=shared / "corpus")
    parser.add_argument("--teachers", type=Path, default=shared / "teachers")
    parser.add_argument("--bench", type=Path, default=shared / "bench" / "bench.py")
    parser.add_argument("--phrases", type=Path, default=shared / "phrases.toml", help="list whose phrases are spoken more often than other words")
    parser.add_argument("--speaker", type=Path, help="speak.py, a synthesizer; it runs in this Python")
    parser.add_argument("--assets", type=Path, help="its folder, as its --prepare fills it")
    parser.add_argument(
        "--texts", type=Path, nargs="*", default=[], help="files of running text that it reads from, such as reviews or diaries; never the list"
    )
    parser.add_argument("--hours", type=float, default=4.0, help="of speech that is made")
    parser.add_argument("--made", type=Path, nargs="*", default=[], help="further folders that `speech` has filled, whose names begin with speech")
    parser.add_argument("--work", type=Path, default=Path("build/phrases"))
    parser.add_argument("--steps", type=int, default=4000, help="of the training, 24 scenes of 8 s each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args, more = parser.parse_known_args()
    if args.speaker and not args.assets:
        raise SystemExit("--speaker needs --assets, its folder")
    needed = (args.corpus / "manifest.csv", args.teachers / "teachers.py", args.bench, args.phrases, args.speaker, args.assets, *args.texts, *args.made)
    for path in filter(None, needed):
        if not path.exists():
            raise SystemExit(f"{path} is not there; name the right one (see --help)")
    recipe = shlex.join(["python", "-m", "models.training.phrases", "--hours", str(args.hours if args.speaker else 0), "--steps", str(args.steps),
                         "--seed", str(args.seed), *_named("--texts", args.texts), *_named("--made", args.made), *more])  # fmt: skip
    same_options(args.work, {"recipe": recipe})
    make(args, recipe, more)


def _named(option: str, paths: Sequence[Path]) -> list[str]:
    """An option as the manifest names it: by files' names, since folders differ from machine to machine."""
    return [option, *(path.name for path in paths)] if paths else []


def make(args: argparse.Namespace, recipe: str, more: Sequence[str]) -> None:
    """Make what is missing of a phrase model. recipe: the command as the manifest will name it. more: options of the training."""
    work, spoken, phrases = args.work, args.work / "speech1", "phrases."
    if args.speaker:
        step(module(f"{phrases}speech", "--speaker", args.speaker, "--assets", args.assets, "--corpus", args.corpus, "--phrases", args.phrases,
                    "--texts", *args.texts, "--out", spoken, "--hours", args.hours, "--seed", args.seed))  # fmt: skip
    store, beds, run = work / "store", work / "beds", work / "run"
    if not store.exists():
        made, unfinished = [*([spoken] if args.speaker else []), *args.made], work / "store.unfinished"
        step(module(f"{phrases}data", "--teachers", args.teachers, "--corpus", args.corpus, "--out", unfinished, "--speech", *made))
        step(module(f"{phrases}calls", "--store", unfinished, "--jobs", args.jobs))
        unfinished.rename(store)
    if not (beds / "index00.csv").exists():
        step(module("render", "--corpus", args.corpus, "--out", beds, "--rounds", 1, "--jobs", args.jobs, "--kinds", *BEDS))
    if trained_steps(run) < args.steps:
        step(module(f"{phrases}train", "--store", store, "--beds", beds, "--corpus", args.corpus, "--out", run,
                    "--steps", args.steps, "--seed", args.seed, *more))  # fmt: skip
    if not (work / "phrases.onnx").exists():
        step(module(f"{phrases}export", run, "--store", store, "--beds", beds, "--corpus", args.corpus, "--out", work))
    scenes, fits, curves = work / "scenes", work / "fits.npz", work / "curves.json"
    if not scenes.exists():
        unfinished = work / "scenes.unfinished"
        step([sys.executable, args.bench, "phrases", "--corpus", args.corpus, "--split", "train", "--seed", SEED, "--jobs", args.jobs, "--out", unfinished])
        unfinished.rename(scenes)
    model = ("--model", work / "phrases.onnx", "--units", store / "units.json")
    if not fits.exists():
        step(module(f"{phrases}fits", *model, "--scenes", scenes, "--out", fits, "--jobs", args.jobs))
    if not curves.exists():
        step(module(f"{phrases}curves", "--fits", fits, "--scenes", scenes, "--out", curves))
    if not (work / "phrases-background.npz").exists():
        step(module(f"{phrases}background", *model, "--scenes", scenes, "--out", work))
    today = datetime.now(UTC).date().isoformat()
    step(module(f"{phrases}manifest", run, "--curves", curves, "--out", work, "--date", today, "--training", recipe))
    print(f"\nTo ship it: cp {work}/phrases.onnx {work}/phrases-background.npz {work}/phrases-model.toml models/")


BEDS = ("ambience", "babble", "rain", "wind", "music", "playground", "engine", "water", "footsteps", "bird", "scream", "laugh", "cry_baby", "sob",
        "yell_joy", "cough", "slam", "bell", "dog", "sneeze", "knock")  # fmt: skip
"""Ambience, and loud sounds that are no speech."""


if __name__ == "__main__":
    main()
