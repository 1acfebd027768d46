"""Writes `phrases.onnx` from a run, its weights as 16-bit floats (the session makes 32-bit ones of them once, when it loads).

    python -m models.training.phrases.export RUN --out FOLDER
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from models.training.export import streamed, traced
from models.training.phrases.network import Syllables
from models.training.phrases.train import load_network

LEAST = 256  # values of a weight that is worth storing in half


class Posteriors(nn.Module):
    """Log-posteriors of frames."""

    def __init__(self, network: Syllables) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Frames (1, T, bands) and states before -> (1, T / 4, units + tones) and states after."""
        logits, after = self.network(frames, list(states))
        return self.network.posteriors(logits), *after


def halved(model: onnx.ModelProto) -> None:
    """Store large weights as 16-bit floats, each with a cast behind it."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type == TensorProto.FLOAT and values.size >= LEAST:
            name = weight.name
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    onnx.checker.check_model(model)


def write_onnx(run: Path, path: Path) -> float:
    """The network of a run; the largest difference of a posterior between it, step by step, and the whole-recording network on noise."""
    network = load_network(run)
    states, bands = network.start(), network.config["bands"]
    names = traced(Posteriors(network), states, bands, "posteriors", network.config["units"] + network.config["tones"], path)
    model = onnx.load(path)
    halved(model)
    onnx.save(model, path)
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
