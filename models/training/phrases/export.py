"""Writes `phrases.onnx` from a run, its matrices in 8 bits (the session makes 32-bit floats of them once, when it loads).

    python -m models.training.phrases.export RUN --out FOLDER
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.training.export import streamed, traced
from models.training.phrases.network import Syllables
from models.training.phrases.train import load_network


class Posteriors(nn.Module):
    """Log-posteriors of frames."""

    def __init__(self, network: Syllables) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Frames (1, T, bands) and states before -> (1, T / 4, units + tones) and states after."""
        logits, after = self.network(frames, list(states))
        return self.network.posteriors(logits), *after


def write_onnx(run: Path, path: Path) -> float:
    """The network of a run; the largest difference of a posterior between it, step by step, and the whole-recording network on noise."""
    network = load_network(run)
    states, bands = network.start(), network.config["bands"]
    names = traced(Posteriors(network), states, bands, "posteriors", network.config["units"] + network.config["tones"], path, eighth=True)
    x = torch.randn(1, 1000, bands) * 10 - 60
    with torch.no_grad():
        whole = network.posteriors(network(x, network.start())[0][0]).numpy()
    return float(np.abs(np.exp(streamed(path, x[0].numpy(), states, names)) - np.exp(whole)).max())


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    print(f"stream and whole differ by at most {write_onnx(args.run, args.out / 'phrases.onnx'):.1e}")


if __name__ == "__main__":
    main()
