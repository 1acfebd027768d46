"""Writes `phrases.onnx` from a run, its weights as 16-bit floats (the session makes 32-bit ones of them once, when it loads).

    python -m models.training.phrases.export RUN --out FOLDER
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from models.training.phrases.network import Syllables
from models.training.phrases.train import load_network

STEP_FRAMES = 20
LEAST = 256  # values of a weight that is worth storing in half


class Step(nn.Module):
    """One step of the terminal: log-posteriors."""

    def __init__(self, network: Syllables) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Frames (1, T, bands) and states before -> (1, T / 4, units) and states after."""
        logits, after = self.network(frames, list(states))
        return functional.log_softmax(logits, -1), *after


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
    """The network of a run with fixed shapes; the largest difference of a posterior between the stream and the whole-recording network on noise."""
    network = load_network(run)
    states = network.start()
    frames = torch.randn(1, STEP_FRAMES, network.config["bands"]) * 10 - 60
    names = [f"state{i}" for i in range(len(states))]
    torch.onnx.export(Step(network).eval(), (frames, *states), str(path), dynamo=False, opset_version=17,
                      input_names=["frames", *names], output_names=["posteriors", *(f"{n}_after" for n in names)])  # fmt: skip
    model = onnx.load(path)
    halved(model)
    onnx.save(model, path)
    x = torch.randn(1, STEP_FRAMES * 50, network.config["bands"]) * 10 - 60
    with torch.no_grad():
        whole = functional.softmax(network(x, network.start())[0][0], -1).numpy()
    net = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    state, steps = {n: s.numpy() for n, s in zip(names, states, strict=True)}, []
    for piece in x.numpy().reshape(1, 50, STEP_FRAMES, -1).swapaxes(0, 1):
        given, *after = net.run(None, {"frames": piece, **state})
        state = dict(zip(names, after, strict=True))
        steps.append(np.exp(given[0]))
    return float(np.abs(np.concatenate(steps) - whole).max())


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
