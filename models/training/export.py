"""Writes `detector.onnx` and `detector.toml` from a run.

    python -m models.training.export RUN --out models
"""

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.training.evaluate import STEP
from models.training.networks import Detector
from models.training.render import SETTINGS
from models.training.train import load_network

LABELS = ("shouting", "crying")


class Step(nn.Module):
    """One step of the terminal: the highest score of each label in it."""

    def __init__(self, network: Detector) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Frames (1, T, bands) and states before -> scores (1, labels) and states after."""
        logits, after = self.network(frames, list(states))
        return torch.sigmoid(logits[..., : len(LABELS)].amax(1)), *after


def write_onnx(run: Path, path: Path) -> float:
    """The network of a run as ONNX with fixed shapes; the largest difference between it and the whole-recording network on noise."""
    import onnxruntime

    network = load_network(run)
    states = network.start()
    frames = torch.randn(1, STEP * 4, network.config["bands"]) * 10 - 60
    names = [f"state{i}" for i in range(len(states))]
    torch.onnx.export(Step(network).eval(), (frames, *states), str(path), dynamo=False, opset_version=17,
                      input_names=["frames", *names], output_names=["scores", *(f"{n}_after" for n in names)])  # fmt: skip
    x = torch.randn(1, STEP * 4 * 50, network.config["bands"]) * 10 - 60
    with torch.no_grad():
        whole = torch.sigmoid(network(x, network.start())[0][0, :, : len(LABELS)]).reshape(50, STEP, -1).amax(1).numpy()
    net = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    state, steps = {n: s.numpy() for n, s in zip(names, states, strict=True)}, []
    for piece in x.numpy().reshape(1, 50, STEP * 4, -1).swapaxes(0, 1):
        scores, *after = net.run(None, {"frames": piece, **state})
        state = dict(zip(names, after, strict=True))
        steps.append(scores[0])
    return float(np.abs(np.array(steps) - whole).max())


def write_manifest(path: Path, onnx: Path, rules: dict[str, dict[str, float]], date: str, training: str, data: list[str], licence: str) -> None:
    """The manifest beside the ONNX file (strings are written as JSON ones, which TOML reads alike)."""
    head = {"name": "detector", "date": date, "licence": licence, "data": data, "training": training,
            "sha256": hashlib.sha256(onnx.read_bytes()).hexdigest(), "labels": list(LABELS), "step_frames": STEP * 4, "sensitivity_dbfs": -26.0}  # fmt: skip
    lines = [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in head.items()] + ["", "[features]"]
    lines += [f"{k} = {v}" for k, v in asdict(SETTINGS).items()]
    for label, rule in rules.items():
        lines += ["", f"[rules.{label}]", *(f"{k} = {v}" for k, v in rule.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument("--rules", type=Path, required=True, help="JSON of the rules, as `calibrate` writes it")
    parser.add_argument("--date", required=True)
    parser.add_argument("--training", required=True, help="the command that made the run")
    args = parser.parse_args()
    onnx = args.out / "detector.onnx"
    print(f"stream and whole differ by at most {write_onnx(args.run, onnx):.1e}")
    data = json.loads((args.run / "network.json").read_text())["data"]
    rules, licence = json.loads(args.rules.read_text()), "Apache-2.0 (weights); data in models/README.md"
    write_manifest(args.out / "detector.toml", onnx, rules, args.date, args.training, data, licence)


if __name__ == "__main__":
    main()
