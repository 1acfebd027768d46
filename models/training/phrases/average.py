"""The mean of a training and of the phrase model that it began at: one network, no larger.

    python -m models.training.phrases.average RUN models/phrases.onnx --store STORE --beds POOL --corpus ../shared/corpus --out RUN

As with the detector (`models.training.average`): weights are averaged, the statistics of normalisation are taken anew from scenes.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch

from models.training.average import normalised
from models.training.begin import weights
from models.training.phrases.begin import begun
from models.training.phrases.mix import drawn
from models.training.phrases.network import Syllables
from models.training.phrases.train import load_network
from models.training.train import saved_average

BATCHES, BATCH = 60, 24
"""Scenes from which the statistics of normalisation are taken."""


def averaged(new: Syllables, old: Syllables, known: int) -> Syllables:
    """The mean of both; outputs beyond the first `known`, which the old one did not learn, are the new one's. Normalisation is not yet right."""
    mean, theirs = Syllables(**new.config), old.state_dict()
    state = {name: (value + theirs[name]) / 2 if value.is_floating_point() else value for name, value in new.state_dict().items()}
    for name in ("head.weight", "head.bias"):
        state[name][known:] = new.state_dict()[name][known:]
    mean.load_state_dict(state)
    return mean


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("model", type=Path, help="an exported phrase model of the same sizes")
    for name in ("--store", "--beds", "--corpus", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--seed", type=int, default=9)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(args.seed)
    batches = list(torch.from_numpy(drawn(args.store, args.beds, args.corpus, BATCHES * BATCH, rng)).split(BATCH))
    new = load_network(args.run)
    old = begun(args.model, new.config["units"], new.config["tones"], batches[0], new.config["ahead"])
    network = normalised(averaged(new, old, len(weights(onnx.load(args.model))[0]["network.head.bias"])), batches)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.save({"average": saved_average(network)}, args.out / "checkpoint.pt")
    (args.out / "network.json").write_text((args.run / "network.json").read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    main()
