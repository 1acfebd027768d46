"""Hard-negative mining: which harmless sounds of the pool a network in training takes for shouting or crying; `train --mistaken` shows those more often.

    python -m models.training.mine RUN --pool POOL --out mistaken.npz

`mistaken.npz` holds sorts (n,), see `Entry.sort`, and scores (n,): the mean over a sort's guises of the highest score of either label
in a scene with it alone in front.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from models.training.mix import CRYING, SHOUTING, Mixer
from models.training.render import load_pool
from models.training.train import load_network

UNASKED = (*SHOUTING, *CRYING, "raised", "syllable", "word")
"""Events; what nobody can say of; and short words, of which there are thousands that nothing takes for shouting."""


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=8000, help="sounds that are heard, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    shards, entries = load_pool(args.pool)
    network, mixer, rng = load_network(args.run), Mixer(shards, entries), np.random.default_rng(args.seed)
    harmless = [i for i, e in enumerate(entries) if e.kind not in UNASKED and e.length >= 8]
    chosen = rng.permutation(harmless)[: args.most]
    found: dict[str, list[float]] = {}
    for at in range(0, len(chosen), 32):
        some = chosen[at : at + 32]
        with torch.no_grad():
            logits, _ = network(torch.from_numpy(np.stack([mixer.scene(rng, i).frames for i in some])), network.start(len(some)))
        for i, score in zip(some, torch.sigmoid(logits[..., :2]).amax((1, 2)).tolist(), strict=True):
            found.setdefault(entries[i].sort, []).append(score)
    scores = {sort: float(np.mean(values)) for sort, values in found.items()}
    np.savez(args.out, sorts=np.array(list(scores)), scores=np.array(list(scores.values())))
    by_kind: dict[str, list[float]] = {}
    for sort, score in scores.items():
        by_kind.setdefault(sort.split()[0], []).append(score)
    for kind, values in sorted(by_kind.items(), key=lambda pair: -float(np.mean(pair[1]))):
        print(f"{kind:12} {np.mean(values):.3f} mean of {len(values)}, {np.mean(np.array(values) > 0.5):.3f} above 0.5")


if __name__ == "__main__":
    main()
