"""What a larger network of others (YAMNet) hears in the clips: further targets, which teach ours what sounds there are.

    python -m models.training.tag --corpus ../shared/corpus --teachers ../shared/teachers --out tags.npz

`tags.npz` holds keys (clips,), names (classes,) and values (clips, classes) float16, the highest score of each class in the clip.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

import numpy as np

from models.training.corpus import Corpus
from models.training.render import active_level_dbfs

USUAL_DBFS = -22.0
"""Level of what YAMNet was trained on, roughly."""

HOP_S = 0.48
UNTAGGED = ("syllable", "word", "phrase", "near_miss", "homophone")
"""Kinds of which there are thousands of short clips, and which it only calls speech."""

HEARD, CLIPS = 0.3, 25
"""A class is kept if it has this score in so many clips."""


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--teachers", type=Path, required=True, help="folder with teachers.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--commercial-only", action="store_true", help="only clips whose licence allows commercial use")
    args = parser.parse_args()
    sys.path.insert(0, str(args.teachers))
    teachers = import_module("teachers")
    corpus = Corpus(args.corpus)
    clips = [c for c in corpus.clips(("train", "dev"), commercial_only=args.commercial_only) if c.kind not in UNTAGGED]
    values, names = [], []
    for i, clip in enumerate(clips):
        sound = corpus.sound(clip)
        gain = np.float32(10 ** ((USUAL_DBFS - active_level_dbfs(sound)) / 20))
        scores, names = teachers.yamnet(np.clip(sound * gain, -1, 1), HOP_S)
        values.append(scores.max(axis=0).astype(np.float16))
        if i % 500 == 0:
            print(f"{i} of {len(clips)} clips", flush=True)
    table = np.array(values)
    kept = np.flatnonzero((table > HEARD).sum(axis=0) >= CLIPS)
    np.savez(args.out, keys=np.array([c.key for c in clips]), names=np.array(names)[kept], values=table[:, kept])
    print(f"{len(clips)} clips, {len(kept)} classes")


if __name__ == "__main__":
    main()
