"""Scores trained networks on bench scenes.

    python -m models.training.evaluate RUN... --scenes DIR [--bench bench.py] [--cut [HZ]]     or detector.onnx, beside its manifest, in place of RUN
    python -m models.training.evaluate RUN... --beside WINDOW_RUN... --scenes DIR              each RUN heard together with each WINDOW_RUN, as `pair` does

Of several, seeds of one recipe for instance, the lowest and the highest figures follow.
With --cut nothing above 4 kHz, or HZ, reaches the network, as a narrow recorder or codec would have it: a network whose figures
change much goes by the recorder. With --only scenes of other corpora than these are left out: what a training has heard is not for judging it by.
"""

import argparse
import ast
import csv
import itertools
import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from edge.detect.detector import LABELS, Detector
from edge.features import RATE_HZ
from edge.features.logmel import log_mel, mel_bank
from models.training.bench import bench_module
from models.training.pair import SHARE
from models.training.recorder import without_above
from models.training.render import SETTINGS
from models.training.train import load_network

Row = Mapping[str, str]
Found = tuple[float, Row]
Figures = Mapping[str, float]

STEP = 5  # outputs in a step: 0.2 s
CUT_HZ, CUT_DB = 4000.0, 12.0  # where most recordings of babies end; and by how much each band from there on is below the one under it


def scene_features(folder: Path) -> tuple[list[str], NDArray[np.float16]]:
    """Names and log-mel (scenes, frames, bands) of a folder of scenes of equal length; kept beside them."""
    kept = folder / "logmel.npz"
    names = sorted(p.name for p in folder.glob("*.flac"))
    if kept.exists():
        saved = np.load(kept)
        if list(saved["names"]) == names:
            return names, saved["frames"]
    frames = np.stack([log_mel(soundfile.read(folder / n, dtype="float32")[0], SETTINGS).astype(np.float16) for n in names])
    np.savez(kept, names=np.array(names), frames=frames)
    return names, frames


def scenes_of(truth: Sequence[Row], corpora: Collection[str]) -> list[str]:
    """Files of the scenes in whose rows of truth these corpora alone are named."""
    return sorted({row["file"] for row in truth} - {row["file"] for row in truth if row["corpus"] not in corpora})


def cut(frames: NDArray[np.float16], hz: float = CUT_HZ) -> NDArray[np.float16]:
    """Frames (scenes, frames, bands) in dB without the bands that reach above `hz`."""
    reaches = (mel_bank(SETTINGS)[np.fft.rfftfreq(SETTINGS.window, 1 / RATE_HZ) > hz] > 0).any(axis=0)
    return np.maximum(without_above(frames, int(reaches.argmax()), CUT_DB), np.float16(10 * math.log10(SETTINGS.floor)))


@torch.no_grad()
def logits_of(run: Path, frames: NDArray[np.float16]) -> NDArray[np.float32]:
    """(scenes, outputs a second * seconds, outputs) of every scene, by the network of a run."""
    network = load_network(run)
    out = []
    for i in range(0, len(frames), 32):
        x = torch.from_numpy(frames[i : i + 32].astype(np.float32))
        out.append(network(x, network.start(len(x)))[0].numpy())
    return np.concatenate(out)


def scores_of(run: Path, frames: NDArray[np.float16]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Times (steps,) and scores (scenes, steps, outputs) of scenes, by the network of a run or by an exported detector."""
    frames = whole_steps(frames)
    if run.is_dir():
        return step_scores(logits_of(run, frames))
    if run.name != "detector.onnx":  # lest another one that lies beside it be heard in its place
        raise SystemExit(f"{run} is neither the folder of a training nor a detector.onnx with its detector.toml beside it")
    network = Detector.load(run.parent, at_once=True)
    return step_times(frames.shape[1] // (4 * STEP)), np.stack([network.run(x.astype(np.float32), network.start())[0] for x in frames])


def whole_steps(frames: NDArray[np.float16]) -> NDArray[np.float16]:
    """Frames (scenes, frames, bands) without those at the end that fill no step."""
    return frames[:, : frames.shape[1] // (4 * STEP) * 4 * STEP]


def step_times(steps: int) -> NDArray[np.float64]:
    """When each step has been heard."""
    return (np.arange(1, steps + 1) * STEP * 4 * SETTINGS.hop + SETTINGS.window - SETTINGS.hop) / RATE_HZ


def step_scores(logits: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Times (steps,) and scores (scenes, steps, outputs): the highest of each step's five outputs."""
    n = logits.shape[1] // STEP
    highest = logits[:, : n * STEP].reshape(len(logits), n, STEP, -1).max(axis=2)
    return step_times(n), 1 / (1 + np.exp(-highest))


def append(table: Path, run: Path, scenes: str, label: str, events: int, hours: float, figures: Figures) -> None:
    """One more row of the table of what was tried; the head too where the table is new."""
    about = json.loads((run / "network.json").read_text())
    asked, network = about["args"], load_network(run)
    row = {
        "run": run.name, "steps": about["step"], "batch": asked["batch"], "seed": asked["seed"], "parameters": sum(p.numel() for p in network.parameters()),
        "memory": asked["memory"], "depthwise": asked["depthwise"],
        "tags": asked["tags"] != "None", "level": bool(network.level.odds_per_db.any()),
        "without": " ".join(ast.literal_eval(asked["without"])), "scenes": scenes,
        "label": label, "events": events,
        "hours": round(hours, 1), "ap": round(figures["ap"], 3), "recall_1": round(figures["recall@1/h"], 3), "recall_10": round(figures["recall@10/h"], 3),
    }  # fmt: skip
    new = not table.exists()
    with table.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, row)
        if new:
            writer.writeheader()
        writer.writerow(row)


def details(
    label: str,
    truth: Sequence[Row],
    events: Sequence[Found],
    alarms: Sequence[Found],
    figures: Mapping[str, Figures],
    highest: Mapping[str, float],
) -> Iterator[str]:
    """Lines by kind and corpus. events, alarms: peaks and their rows, as the bench finds them; figures: as `figures_of`; highest: score of each file."""
    yield from (f"  {kind} alone: {spread([of_kind])}" for kind, of_kind in figures.items() if kind)
    for key in ("kind", "corpus") if events else ():
        for limit in ("1/h", "10/h"):
            yield f"  {limit} by {key}: " + shares((row[key], value > figures[""][f"threshold@{limit}"]) for value, row in events)
    of_corpus = ((f"{row['kind']} of {row['corpus']}" if row["label"] == label else row["kind"], highest[row["file"]] > 0.5) for row in truth)
    yield "  scenes with a score above 0.5: " + shares(of_corpus)
    worst = Counter(row["kind"] for value, row in alarms if value > figures[""]["threshold@10/h"])
    yield "  false at 10/h: " + ", ".join(f"{kind} {n}" for kind, n in worst.most_common(12))


def shares(named: Iterable[tuple[str, bool]]) -> str:
    """Of each name, how many are true, and of how many."""
    cells: dict[str, list[bool]] = {}
    for name, true in named:
        cells.setdefault(name, []).append(true)
    return ", ".join(f"{name} {np.mean(v):.2f} ({len(v)})" for name, v in sorted(cells.items()))


def figures_of(bench: ModuleType, events: Sequence[Found], alarms: Sequence[Found], hours: float) -> dict[str, Figures]:
    """Figures of all events, by "", and where they are of several kinds those of each kind, as if it were all there is."""
    kinds = sorted({row["kind"] for _, row in events})
    of_kinds = {kind: bench.summary([e for e in events if e[1]["kind"] == kind], alarms, hours) for kind in kinds if len(kinds) > 1}
    return {"": bench.summary(events, alarms, hours), **of_kinds}


def spread(figures: Sequence[Figures]) -> str:
    """One network's figures, or the lowest and the highest of several."""
    names = {"ap": "AP", "recall@1/h": "at 1/h", "recall@10/h": "at 10/h"}
    ends = {name: sorted({f"{f[key]:.3f}" for f in figures}) for key, name in names.items()}
    return " ".join(f"{name} {' to '.join(dict.fromkeys((values[0], values[-1])))}" for name, values in ends.items())


def arguments() -> argparse.Namespace:
    """What was asked for. Ends the program where that does not go together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folder of a training, or an exported detector.onnx beside its manifest")
    parser.add_argument("--beside", type=Path, nargs="+", default=[], metavar="RUN", help="folders of trainings with which each of them is heard together")
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--bench", type=Path, default=Path("../shared/bench/bench.py"))
    parser.add_argument("--cut", type=float, nargs="?", const=CUT_HZ, metavar="HZ", help="without what is above (4 kHz where no other is given)")
    parser.add_argument("--only", nargs="+", metavar="CORPUS", help="only scenes of sounds of these corpora")
    parser.add_argument("--short", action="store_true", help="without the figures by kind and corpus")
    parser.add_argument("--append", type=Path, metavar="CSV", help="add the figures to a table of what was tried")
    args = parser.parse_args()
    if args.cut is not None and not SETTINGS.low_hz < args.cut < SETTINGS.high_hz:
        parser.error(f"--cut is between {SETTINGS.low_hz:g} and {SETTINGS.high_hz:g} Hz")
    for run in (*args.runs, *args.beside):
        if run.is_dir() and not (run / "network.json").is_file():
            parser.error(f"{run} is no folder of a training, or its training has written nothing yet: there is no network.json in it")
    if not (args.scenes / "truth.csv").is_file():
        parser.error(f"{args.scenes} holds no scenes, as there is no truth.csv in it: bench.py build --out makes some")
    if args.beside and not all(run.is_dir() for run in (*args.runs, *args.beside)):
        parser.error("--beside needs folders of trainings on both sides: an exported detector is a pair already")
    if args.append and (args.beside or not all(run.is_dir() and json.loads((run / "network.json").read_text())["args"] for run in args.runs)):
        parser.error("--append needs the folder of a training, which says how it was made")  # a pair out of a file has none
    return args


def main() -> None:
    """Run it from the command line."""
    args = arguments()
    torch.set_num_threads(1)
    bench = bench_module(args.bench)
    truth = bench.read_truth(args.scenes / "truth.csv")
    names, frames = scene_features(args.scenes)
    if args.only:
        chosen = scenes_of(truth, args.only)
        if not chosen:
            raise SystemExit(f"no scene of {args.scenes} is of {', '.join(args.only)} alone")
        kept = set(chosen)
        names, frames, truth = chosen, frames[np.searchsorted(names, chosen)], [row for row in truth if row["file"] in kept]
    frames = cut(frames, args.cut) if args.cut else frames
    how = f" cut at {args.cut / 1000:g} kHz" if args.cut else ""
    scenes = args.scenes.name + (f" of {' '.join(args.only)}" if args.only else "") + how
    logits = {run: logits_of(run, whole_steps(frames))[..., : len(LABELS)] for run in {*args.runs, *args.beside}} if args.beside else {}  # each once
    seen: dict[str, list[Figures]] = {}
    for run, beside in itertools.product(args.runs, args.beside or [None]):
        times, scores = step_scores((1 - SHARE) * logits[run] + SHARE * logits[beside]) if beside else scores_of(run, frames)
        files = {n: (times, {label: scores[i, :, k].astype(float) for k, label in enumerate(LABELS)}) for i, n in enumerate(names)}
        name = run.name + (f" + {beside.name}" if beside else "") + how
        for k, label in enumerate(LABELS):
            events, alarms, hours = bench.evaluate(truth, files, label)
            figures = figures_of(bench, events, alarms, hours)
            print(f"{name} {label}: {spread([figures['']]) if events else 'no event in these scenes'}", flush=True)
            for kind, of_kind in figures.items() if events else ():
                seen.setdefault(f"{label} {kind}".strip(), []).append(of_kind)
            if args.append and events:
                append(args.append, run, scenes, label, len(events), hours, figures[""])
            if not args.short:
                highest = {n: float(scores[i, :, k].max()) for i, n in enumerate(names)}
                print("\n".join(details(label, truth, events, alarms, figures, highest)))
    for what, of_all in seen.items():
        if len(of_all) > 1:
            print(f"lowest to highest of {len(of_all)}, {what}: {spread(of_all)}")


if __name__ == "__main__":
    main()
