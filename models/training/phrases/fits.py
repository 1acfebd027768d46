"""How close each phrase comes in each step of scenes of the bench, by the same model and search as the terminal's; kept on disk, for thresholds and figures.

Every step is heard again in other voices (`LOOKS`), where the terminal does so for what nearly fits alone: the curves begin lower.

    python -m models.training.phrases.fits --models FOLDER --list LIST.toml --scenes SCENES --out FITS.npz

FITS: `phrases` (phrases,) texts, `closeness` (scenes, steps, phrases) float16, the mean of all looks, of each the best in this step and the one
before, `files`. A scene's row in truth.csv says what is in it.
"""

import argparse
import csv
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import soundfile

from edge.detect.looks import Look, heard_as
from edge.detect.network import session
from edge.detect.search import closeness, costs, paths, start, walk
from edge.detect.units import Units
from edge.features.logmel import log_mel
from models.training.export import STEP_FRAMES
from models.training.phrases.manifest import LOOKS
from models.training.render import SETTINGS


def of_scene(path: Path, model: bytes, units: Sequence[str], phrases: Sequence[Units]) -> np.ndarray:
    """(steps, phrases) closeness in one scene."""
    net = session(model, path)
    state = {i.name: np.zeros(i.shape, np.float32) for i in net.get_inputs()[1:]}
    whole = log_mel(soundfile.read(path, dtype="float32")[0], SETTINGS)
    steps = len(whole) // STEP_FRAMES
    whole = whole[: steps * STEP_FRAMES]
    found = []
    for look in (Look(1.0, 1.0), *(Look(*look) for look in LOOKS)):
        frames = heard_as(whole, look, round(steps / look.pace) * STEP_FRAMES)
        posteriors = net.run(["posteriors"], {"frames": frames[None], **state})[0][0]
        tones = posteriors.shape[1] - len(units)
        walked = paths(tuple(phrases), tuple(units), tones)
        fits = walk(start(walked), costs(posteriors, tones), walked)[1]
        before_end = np.arange(len(fits) * steps * STEP_FRAMES // len(frames))[::-1] / look.pace  # of all looks the same moments, as all end at the same
        near = closeness(fits[np.maximum(len(fits) - 1 - before_end.round().astype(int), 0)]).reshape(steps, -1, len(phrases)).max(axis=1)
        found.append(np.maximum(near, np.concatenate([near[:1], near[:-1]])))
    return np.mean(found, axis=0).astype(np.float16)


def main() -> None:
    """Run it from the command line."""
    from edge.config.phrases import list_in_use
    from edge.config.schema import PhraseSettings
    from edge.detect.units import units_of
    from edge.shipped import models_folder

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="phrases.onnx")
    parser.add_argument("--units", type=Path, required=True, help="units.json of the store")
    parser.add_argument("--list", type=Path, help="list of phrases (default: the shipped one)")
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    import json

    texts = [p.text for p in list_in_use(PhraseSettings(), models_folder(), args.list).phrases]
    phrases = list(units_of(texts, toned=True).values())
    with (args.scenes / "truth.csv").open(newline="", encoding="utf-8") as file:
        files = [row["file"] for row in csv.DictReader(file)]
    model, units = args.model.read_bytes(), json.loads(args.units.read_text(encoding="utf-8"))
    with ProcessPoolExecutor(args.jobs) as pool:
        found = list(pool.map(of_scene, [args.scenes / f for f in files], [model] * len(files), [units] * len(files), [phrases] * len(files), chunksize=16))
    np.savez_compressed(args.out, phrases=np.array(texts), files=np.array(files), closeness=np.stack(found))
    print(f"{args.out}: {len(files)} scenes, {len(texts)} phrases")


if __name__ == "__main__":
    main()
