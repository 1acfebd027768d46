"""Scenes of students whom no training has heard: the words of two syllables that they say are the list, readers who say none of these the rest.

    python -m models.training.phrases.students --corpus ../shared/corpus --bench ../shared/bench/bench.py --out SCENES

As `bench.py phrases` makes scenes, at the level of calls for help; the list is written to SCENES/phrases.toml.
"""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.training.bench import bench_module, development_clips, render_phrases

SPOKEN_BY = "dspspeech"
READ_BY = ("aishell_bits", "magicdata_cs")
SAID, OTHER = 150, 450
"""Scenes with a word, and without any."""


def pools(clips: Sequence[Mapping[str, str]]) -> tuple[list[str], dict[str, list[Mapping[str, str]]]]:
    """The words, and clips for the bench's kinds of scenes. clips: rows of the corpus's manifest."""
    said = [clip for clip in clips if clip["corpus"] == SPOKEN_BY and clip["lang"] == "cmn" and len(clip["text"]) == 2]
    words = sorted({clip["text"] for clip in said})
    others = [clip for clip in clips if clip["corpus"] in READ_BY and not any(word in clip["text"] for word in words)]
    return words, {"help": said, "sentence": others}


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--corpus", "--bench", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    bench = bench_module(args.bench)
    corpus = development_clips(bench, args.corpus, args.out)
    words, of_kinds = pools([clip for kind in ("word", "sentence", "speech") for clip in corpus.by_kind.get(kind, [])])
    (args.out / "phrases.toml").write_text(f"[help]\nphrases = {json.dumps(words, ensure_ascii=False)}\n", encoding="utf-8")
    render_phrases(bench, args.out, of_kinds, ["help"] * SAID + ["sentence"] * OTHER, args.seed, args.jobs)


if __name__ == "__main__":
    main()
