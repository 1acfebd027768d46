"""The curve of each phrase: what its fits are on speech that does not contain it, so that equal scores mean equally rare false alarms.

    python -m models.training.phrases.curves --fits FITS.npz ... --scenes SCENES ... --out curves.json

Above some closeness of fit, peaks get rarer by a constant factor for each further step (an exponential tail). With that slope the closeness is found at
which a phrase would raise RATE_PER_H false alarms an hour: there its score is 0.5, and one logit more means e times rarer. The slope is one for all phrases:
that of each alone rests on too few peaks.
"""

import argparse
import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.detect.background import STRETCH_S, above_tail

TAIL = 40
"""Highest peaks that the slope is taken from."""
STEP_S = 0.2


def tail(peaks: NDArray[np.float32]) -> tuple[float, float]:
    """(base, slope): the (TAIL + 1)-th highest peak, and the mean of what the higher ones are above it, the slope's maximum-likelihood estimate."""
    top = np.sort(peaks)[::-1][: TAIL + 1].astype(float)
    return float(top[-1]), float(np.mean(top[:-1] - top[-1]))


def peaks_of(near: NDArray[np.float16]) -> NDArray[np.float32]:
    """(scenes, steps, phrases) -> (stretches, phrases) the highest closeness in each STRETCH_S."""
    size = round(STRETCH_S / STEP_S)
    whole = near[:, : near.shape[1] // size * size].astype(np.float32)
    return whole.reshape(-1, size, near.shape[2]).max(axis=1)


def curves(phrases: Sequence[str], near: NDArray[np.float16], truth: Sequence[Mapping[str, str]]) -> dict[str, object]:
    """(centre, width) of each phrase, and of each length for phrases that nobody has measured.

    near: closeness (scenes, steps, phrases) in the scenes in truth.
    """
    tails, hours = {}, {}
    for i, phrase in enumerate(phrases):
        without = np.array([row["kind"] != "near_miss" and not (row["label"] and alike(row["text"], phrase)) for row in truth])
        peaks = peaks_of(near[without][:, :, i : i + 1])[:, 0]
        tails[phrase], hours[phrase] = tail(peaks), len(peaks) * STRETCH_S / 3600
    width = max(0.001, float(np.median([slope for _, slope in tails.values()])))  # so that a network that has hardly learnt gets a curve as well
    centres = {p: base + above_tail(width, TAIL, hours[p]) for p, (base, _) in tails.items()}
    line = np.polyfit(np.log([len(p) for p in phrases]), list(centres.values()), 1)
    by_length = [(round(float(np.polyval(line, math.log(n))), 3), round(width, 3)) for n in range(1, 13)]
    return {"curve_by_length": by_length, "curves": {p: (round(c, 3), round(width, 3)) for p, c in centres.items()}}


def alike(said: str, phrase: str) -> bool:
    """Whether one is part of the other, so that what was said is no fair negative."""
    return said in phrase or phrase in said


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fits", type=Path, nargs="+", required=True)
    parser.add_argument("--scenes", type=Path, nargs="+", required=True, help="folders with truth.csv, in the order of --fits")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    tables = [np.load(path) for path in args.fits]
    phrases = [str(p) for p in tables[0]["phrases"]]
    truth = []
    for folder in args.scenes:
        with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
            truth += list(csv.DictReader(file))
    made = curves(phrases, np.concatenate([t["closeness"] for t in tables]), truth)
    args.out.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{args.out}: {len(phrases)} phrases, {sum(len(t['closeness']) for t in tables)} scenes")


if __name__ == "__main__":
    main()
