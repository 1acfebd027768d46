r"""What a phrase model reaches on scenes of the bench, as Markdown; and of each phrase alone, as the terminal's `phrases check` shows it.

    python -m models.training.phrases.report --truth TRUTH.csv --scores SCORES.csv --bench bench.py \
        [--list LIST.toml] [--fits FITS.npz --models models --evidence models/phrases-evidence.toml]

SCORES: of `xiaoan replay SCENES --scores`. With --fits (of the same scenes) each phrase's recall and false alarms at its threshold are written to --evidence.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from edge.config.phrases import list_in_use
from edge.config.schema import PhraseSettings
from edge.decide.evidence import logit, score_of
from edge.detect.background import STRETCH_S
from edge.detect.phrases import PHRASE_MANIFEST, read_phrase_manifest
from edge.detect.search import scores
from models.training.bench import bench_module
from models.training.phrases.curves import STEP_S, alike

Row = Mapping[str, str]
CUTS: Mapping[str, Callable[[Row], str]] = {
    "syllables": lambda row: str(min(len(row["text"]), 7)),
    "voice": lambda row: row["group"] or "unknown",
    "distance": lambda row: next(name for most, name in ((1.5, "0.7 to 1.5 m"), (3, "1.5 to 3 m"), (99, "3 to 5 m")) if float(row["distance_m"]) <= most),
    "signal over ambience": lambda row: next(
        name for most, name in ((5, "under 5 dB"), (15, "5 to 15 dB"), (25, "15 to 25 dB"), (999, "over 25 dB")) if float(row["snr_db"]) < most
    ),
}
THRESHOLDS = (0.5, 0.9, 0.95, 0.97, 0.99, 0.999)
NEAR_SHARES = (0.03, 0.05, 0.1)
"""Of scenes with near misses: at the threshold that raises so many of them recall is asked for."""
AFTER_S = 1.5  # an event's scores count for so long after its end, as the bench has it


def table(label: str, events: Sequence[tuple[float, Row]], summary: Mapping[str, float]) -> list[str]:
    """Lines of Markdown."""
    lines = [f"| {label} | {len(events)} | {summary['ap']:.3f} | {summary['recall@1/h']:.2f} | {summary['recall@10/h']:.2f} |"]
    for name, cut in CUTS.items():
        cells: dict[str, list[float]] = {}
        for score, row in events:
            cells.setdefault(cut(row), []).append(score)
        for cell, found in sorted(cells.items()):
            recalls = (float(np.mean(np.array(found) > summary[f"threshold@{rate}/h"])) for rate in (1, 10))
            lines.append(f"| {label}, {name}: {cell} | {len(found)} | | " + " | ".join(f"{r:.2f}" for r in recalls) + " |")
    return lines


def costs(label: str, events: Sequence[float], alarms: Sequence[float], hours: float, near: Sequence[float], over: float = 0.0) -> list[str]:
    """Lines of Markdown: what a threshold, the same for each phrase, brings and costs, by scores of the group.

    near: the highest of each scene with near misses. over: by how many logits the phrases' thresholds are over the group's, as which they come out.
    """
    wanted = {f"{threshold:g}": score_of(logit(threshold) - over) for threshold in THRESHOLDS}
    if near:
        highest = np.sort(near)[::-1]
        wanted |= {f"{share:.0%} of near misses": float(np.nextafter(highest[int(share * len(highest))], 2.0)) for share in NEAR_SHARES}
    lines = []
    for name, least in wanted.items():
        raised = f"{np.mean(np.asarray(near) >= least):.2f}" if near else ""
        lines.append(f"| {label}, {name} | {np.mean(np.asarray(events) >= least):.2f} | {np.sum(np.asarray(alarms) >= least) / hours:.1f} | {raised} |")
    return lines


def of_each(thresholds: Mapping[str, float], values: np.ndarray, truth: Sequence[Row]) -> list[dict[str, object]]:
    """Recall and false alarms of each phrase at its threshold. values: (scenes, steps, phrases) scores; a false alarm at most each STRETCH_S."""
    times = (np.arange(values.shape[1]) + 1) * STEP_S
    size = round(STRETCH_S / STEP_S)
    found: list[dict[str, object]] = []
    for i, (phrase, threshold) in enumerate(thresholds.items()):
        heard = [
            float(values[n, (times >= float(row["start"])) & (times <= float(row["end"]) + AFTER_S), i].max(initial=0)) >= threshold
            for n, row in enumerate(truth) if row["label"] and row["text"] == phrase
        ]  # fmt: skip
        without = [n for n, row in enumerate(truth) if not (row["label"] and alike(row["text"], phrase)) and row["kind"] != "near_miss"]
        peaks = values[without, : values.shape[1] // size * size, i].reshape(-1, size).max(axis=1)
        hours = len(peaks) * STRETCH_S / 3600
        if heard:
            found.append({"text": phrase, "threshold": threshold, "recall": round(float(np.mean(heard)), 3), "recall_n": len(heard),
                          "false_alarms_per_h": round(float(np.sum(peaks >= threshold)) / hours, 3), "hours": round(hours, 2)})  # fmt: skip
    return found


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--truth", "--scores", "--bench"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--fits", type=Path)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--list", type=Path, help="list of phrases of which the scores are (default: the shipped one)")
    parser.add_argument("--evidence", type=Path)
    parser.add_argument("--source", default="", help="what sound it was, in a sentence")
    args = parser.parse_args()
    bench = bench_module(args.bench)
    truth, files = bench.read_truth(args.truth), bench.read_scores(args.scores)
    manifest, listed = read_phrase_manifest(args.models / PHRASE_MANIFEST), list_in_use(PhraseSettings(), args.models, args.list).phrases
    print("| | events | average precision | recall at 1 false alarm an hour | at 10 |\n|---|---|---|---|---|")
    priced = []
    for label in ("help", "insult"):
        events, alarms, hours = bench.evaluate(truth, files, label)
        if events:
            print("\n".join(table(label, events, bench.summary(events, alarms, hours))))
            near = [float(files[row["file"]][1][label].max()) for row in truth if row["kind"] == "near_miss"]
            over = logit(median(p.threshold for p in listed if p.group == label)) - logit(manifest.rules[label].threshold)
            priced += costs(label, [score for score, _ in events], [score for score, _ in alarms], hours, near, over)
    print("\n| threshold of each phrase | recall | false alarms of the group an hour | scenes with near misses raised |\n|---|---|---|---|")
    print("\n".join(priced))
    if args.fits:
        kept = np.load(args.fits)
        phrases = [str(p) for p in kept["phrases"]]
        curves = np.array([manifest.curve(p, len(p)) for p in phrases], np.float32)
        own = {p.text: p.threshold for p in listed}
        rows = of_each({p: own[p] for p in phrases}, scores(kept["closeness"].astype(np.float32), curves), truth)
        lines = [f'scale = "{manifest.scale_sha256}"', f"source = {json.dumps(args.source, ensure_ascii=False)}"]
        for row in rows:
            lines += ["", "[[phrases]]", *(f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in row.items())]
        args.evidence.write_text("\n".join(lines) + "\n", encoding="utf-8")
        for row in sorted(rows, key=lambda r: float(str(r["recall"]))):
            print(f"{row['text']}: recall {row['recall']} of {row['recall_n']}, {row['false_alarms_per_h']} false alarms an hour in {row['hours']} h")


if __name__ == "__main__":
    main()
