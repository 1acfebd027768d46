"""How many phrases are still found where their vowels are drawn out, as who calls for help draws them.

    python -m models.training.phrases.drawn --corpus ../shared/corpus --bench ../shared/bench/bench.py --models models --work build/drawn

Phrases of the development voices in scenes as `bench.py phrases` makes them, 200 for each length; each phrase's own score, without evidence. Scenes and what
was heard of them stay in the folder, for the next model.
"""

import argparse
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.config.phrases import GROUPS, Phrase
from models.training.bench import bench_module, development_clips, render_phrases
from models.training.phrases.calls import called_out
from models.training.phrases.evidence import Heard, Row, of_scenes

LONGER = (1, 2, 3, 4)
"""How many times as long the steadiest vowels are; 1: as they were said."""
SAID = 100
"""Scenes of each group."""
SEED = 1
THRESHOLDS = (0.97, 0.9)


def make(corpus: Path, bench: Path, out: Path, longer: int, jobs: int) -> None:
    """Scenes with phrases so drawn out, and their truth.csv."""
    tool = bench_module(bench)
    clips = development_clips(tool, corpus, out)
    said = clips.audio

    def audio(row: Mapping[str, str]) -> NDArray[np.float32]:
        x: NDArray[np.float32] = said(row)
        drawn = row["kind"] == "phrase" and longer > 1
        return called_out(x, longer, 0.0, np.random.default_rng(zlib.crc32(row["file"].encode())))[0] if drawn else x

    clips.audio = audio
    pools = {group: [r for r in clips.by_kind["phrase"] if r["phrase_group"] == group] for group in GROUPS}
    render_phrases(tool, out, pools, [group for group in GROUPS for _ in range(SAID)], SEED, jobs)


def line(longer: int, truth: Sequence[Row], heard: Heard, phrases: Sequence[Phrase]) -> str:
    """A row of Markdown: how long the phrases last, and of how many the score reaches each of THRESHOLDS."""
    places = {phrase.text: i for i, phrase in enumerate(phrases)}
    best = np.array([heard.scores[i, :, places[row["text"]]].max() for i, row in enumerate(truth)])
    lasts_s = np.mean([float(row["end"]) - float(row["start"]) for row in truth])
    return f"| {longer} | {lasts_s:.2f} | " + " | ".join(f"{100 * np.mean(best >= threshold):.0f}" for threshold in THRESHOLDS) + " |"


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--corpus", "--bench", "--work"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with both models and their manifests")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    print("| vowels, times as long | mean length, s | " + " | ".join(f"of 100 reach {t:g}" for t in THRESHOLDS) + " |\n|---|---|---|---|")
    for longer in LONGER:
        scenes = args.work / f"longer{longer}"
        if not scenes.exists():
            unfinished = args.work / f"longer{longer}.unfinished"
            make(args.corpus, args.bench, unfinished, longer, args.jobs)
            unfinished.rename(scenes)
        truth, phrases, heard, _ = of_scenes(scenes, args.models, args.jobs)
        print(line(longer, truth, heard, phrases), flush=True)


if __name__ == "__main__":
    main()
