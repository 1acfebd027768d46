"""Writes `phrases.onnx` from a run, its matrices in 8 bits; what they are multiplied with is made 8 bits wide by scales fixed on scenes.

    python -m models.training.phrases.export RUN --store STORE --beds POOL --corpus ../shared/corpus --out FOLDER
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.training.export import streamed, traced
from models.training.phrases.mix import drawn
from models.training.phrases.network import Syllables
from models.training.phrases.train import load_network

SCENES, SEED, JUDGED = 150, 4, 20
"""Of 8 s, by which the scales are fixed, and how many of them show what that costs."""


class Posteriors(nn.Module):
    """Log-posteriors of frames."""

    def __init__(self, network: Syllables) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Frames (1, T, bands) and states before -> (1, T / 4, units + tones) and states after."""
        logits, after = self.network(frames, list(states))
        return self.network.posteriors(logits), *after


def write_onnx(run: Path, path: Path, scenes: NDArray[np.float32]) -> float:
    """The network of a run. scenes (n, T, bands): frames as training hears them.

    Returns how far its posteriors, a step at a time, are from those of the trained network: the mean divergence (Kullback and Leibler) of the units' in nats.
    """
    network = load_network(run)
    states, units = network.start(), network.config["units"]
    names = traced(Posteriors(network), states, scenes.shape[2], "posteriors", units + network.config["tones"], path, eighth=True, scenes=scenes)
    with torch.no_grad():
        whole = network.posteriors(network(torch.from_numpy(scenes[:JUDGED]), network.start(JUDGED))[0])[..., :units].double().numpy()
    stream = np.stack([streamed(path, frames, states, names) for frames in scenes[:JUDGED]])[..., :units]
    return float((np.exp(whole) * (whole - stream)).sum(-1).mean())


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    for name in ("--store", "--beds", "--corpus", "--out"):
        parser.add_argument(name, type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    scenes = drawn(args.store, args.beds, args.corpus, SCENES, np.random.default_rng(SEED))
    print(f"8 bits and a step at a time move the posteriors by {write_onnx(args.run, args.out / 'phrases.onnx', scenes):.1e} nats")


if __name__ == "__main__":
    main()
