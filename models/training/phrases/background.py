"""Writes `phrases-background.npz`: a network's posteriors of ordinary speech in rooms, by which the terminal gives phrases of a school's own their curves.

    python -m models.training.phrases.background --model phrases.onnx --units units.json --scenes SCENES --out FOLDER

SCENES: of the bench; those of the training part that hold neither a phrase of the list nor a near miss are taken, in their order. There is no sound in it, and
what was said is in no text; the speech is that of the corpus.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import soundfile

from edge.detect.background import kept
from edge.detect.network import session
from edge.detect.phrases import BACKGROUND
from edge.features.logmel import log_mel
from models.training.export import STEP_FRAMES
from models.training.render import SETTINGS


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="phrases.onnx")
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--units", type=Path, required=True, help="units.json of the store; what the network gives besides are tones")
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    with (args.scenes / "truth.csv").open(newline="", encoding="utf-8") as file:
        files = [row["file"] for row in csv.DictReader(file) if not row["label"] and row["kind"] != "near_miss"]
    net = session(args.model.read_bytes(), args.model)
    start = {i.name: np.zeros(i.shape, np.float32) for i in net.get_inputs()[1:]}
    found, heard_s = [], 0.0
    for name in files:
        frames = log_mel(soundfile.read(args.scenes / name, dtype="float32")[0], SETTINGS)
        frames = frames[: len(frames) // STEP_FRAMES * STEP_FRAMES]
        found.append(net.run(["posteriors"], {"frames": frames[None], **start})[0][0])
        heard_s += len(frames) * SETTINGS.hop / 16_000
        if heard_s >= args.minutes * 60:
            break
    posteriors = np.concatenate(found)
    part = kept(posteriors, posteriors.shape[1] - len(json.loads(args.units.read_text(encoding="utf-8"))))
    path = args.out / BACKGROUND
    np.savez_compressed(path, counts=part.counts, units=part.units, below=part.below, tones=part.tones)
    print(f"{path}: {heard_s / 60:.0f} minutes, {len(part.units) / len(part.counts):.1f} units a step, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
