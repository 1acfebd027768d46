"""Chooses how scores become alerts: agreement of steps, threshold, release, hold; by the reliability of the scores on bench scenes, with margin.

    python -m models.training.rules RUN --scenes DIR --out rules.json

A threshold is the lowest score from which on `--believed` of the peaks are events, fitted so that a higher score is never believed less; and, where that
would let more than `--per-hour` false alarms through, counted `--margin` times for places that were never heard, or more than SEVEN_SHARE of the scenes of
any of the kinds SEVEN, as high as keeps them out.
"""

import argparse
import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from edge.detect.detector import LABELS
from models.training.bench import bench_module
from models.training.evaluate import scene_features, scores_of
from models.training.heard import SEVEN_SHARE, agreed, of_seven

AGREEMENTS = ((2, 2), (2, 3), (3, 4), (3, 5))
"""(agree, of): so many of the last so many steps; never one alone, which is a fifth of a second.

More of them find as much at a lower threshold here, which singing and dogs never heard reach: 5 of 8 at 0.242 would bring them 3.9 and 4.9 false alarms
of crying an hour (two draws of scenes), 2 of 3 at 0.391 1.5 and 3.8.
"""

HOLD_S = {"shouting": 6.0, "crying": 12.0}
"""A quarrel has pauses of a few seconds, crying of several breaths; within them it is one incident."""

MARGINS = (2.0, 5.0)
"""How many times more false alarms of shouting and of crying scenes of sounds never heard brought than development scenes did (models/README.md)."""


def believed_from(scores: NDArray[np.float64], events: NDArray[np.bool_], share: float) -> float:
    """The lowest of the peaks' scores (n,) from which on at least this share of them are events (n,), by isotonic regression; 1 where none is."""
    order = np.argsort(scores, kind="stable")
    fitted = isotonic_regression(events[order].astype(float)).x
    at = int(np.searchsorted(fitted, share))
    return float(scores[order][at]) if at < len(order) else 1.0


def quiet_from(highest: Mapping[str, NDArray[np.float64]], share: float) -> float:
    """The lowest threshold, in thousandths, that at most this share of the scenes of each kind reach; highest: kind -> the highest score of each scene (n,)."""
    reached = [np.sort(scores)[::-1][int(share * len(scores))] for scores in highest.values() if len(scores)]
    return math.floor(max(reached, default=0.0) * 1000 + 1) / 1000


def main() -> None:
    """Print what each agreement would give and write the best one's rules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--bench", type=Path, default=Path("../shared/bench/bench.py"))
    parser.add_argument("--believed", type=float, default=0.7, help="share of the peaks at the threshold that are events, in these scenes")
    parser.add_argument("--per-hour", type=float, default=3.0, help="false alarms an hour at most, where nearly each scene holds what provokes one")
    parser.add_argument("--margin", type=float, nargs=len(MARGINS), default=MARGINS, metavar=tuple(map(str.upper, LABELS)),
                        help="how many times more false alarms are expected in a place that was never heard")  # fmt: skip
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    bench = bench_module(args.bench)
    truth = bench.read_truth(args.scenes / "truth.csv")
    names, frames = scene_features(args.scenes)
    times, scores = scores_of(args.run, frames)
    rules = {}
    for k, (label, margin) in enumerate(zip(LABELS, args.margin, strict=True)):
        best: tuple[float, ...] = (-1.0,)
        for agree, of in AGREEMENTS:
            files = {n: (times, {label: agreed(scores[i, :, k].astype(float), agree, of)}) for i, n in enumerate(names)}
            events, alarms, hours = bench.evaluate(truth, files, label)
            worst = np.sort([a for a, _ in alarms])[::-1]
            few = float(worst[int(args.per_hour / margin * hours)])
            true = np.array([value for value, _ in events])
            believed = believed_from(np.concatenate([true, worst]), np.arange(len(true) + len(worst)) < len(true), args.believed)
            quiet = quiet_from(of_seven(truth, files, label), SEVEN_SHARE)
            threshold = float(np.clip(max(few, believed, quiet), 0.05, 0.99))
            recall = float(np.mean([e > threshold for e, _ in events]))
            delays = []
            for value, row in events:
                if value > threshold:
                    t, by_label = files[row["file"]]
                    after = (by_label[label] > threshold) & (t >= float(row["start"]))
                    delays.append(t[after][0] - float(row["start"]))
            ap = bench.summary(events, alarms, hours)["ap"]
            delay_s = float(np.median(delays)) if delays else 0.0
            print(f"{label}: {agree} of {of}: AP {ap:.3f}, "
                  f"threshold {threshold:.3f} (few false alarms: {few:.3f}, believed: {believed:.3f}, quiet: {quiet:.3f}), "
                  f"recall {recall:.3f}, {np.sum(worst > threshold) / hours:.2f} false alarms an hour, delay {delay_s:.2f} s")  # fmt: skip
            # A tenth of recall is worth a second of delay.
            if recall - 0.1 * delay_s > best[0]:
                best = (recall - 0.1 * delay_s, agree, of, threshold)
        _, agree, of, threshold = best
        rules[label] = {
            "threshold": round(threshold, 3), "release": round(threshold / 2, 3), "agree": int(agree), "of": int(of),
            "shortest_s": 0.0, "hold_s": HOLD_S[label],
        }  # fmt: skip
    args.out.write_text(json.dumps(rules, indent=1))
    print(json.dumps(rules))


if __name__ == "__main__":
    main()
