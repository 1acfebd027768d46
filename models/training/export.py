"""Writes `detector.onnx` and `detector.toml` from a run.

    python -m models.training.export RUN --scenes TRAIN --rules RULES --date DATE --training COMMAND --out models
"""

import argparse
import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from torch import Tensor, nn

from edge.detect.detector import LABELS
from models.training.begin import LEVEL_PROPERTY
from models.training.evaluate import STEP, scene_features, step_scores, whole_steps
from models.training.networks import SENSITIVITY_DBFS, Detector, Pair, States
from models.training.render import SETTINGS
from models.training.train import load_network

STEP_FRAMES = STEP * 4
TIME_AXIS = "frames"
"""By this name the terminal fixes the axis to one step; recordings are heard many steps at once."""
LEAST = 256  # values of a weight that is worth storing in fewer bits
LEAST_ROW = 64  # values that are worth a scale of their own, and rows that make a matrix
HIGHEST = 63
"""Of a matrix's 8-bit integers: processors without dot products of bytes (AVX2) add two products in 16 bits, which 127 would overflow."""
FEW, NEARLY_ALL = 60, 99.999
"""Scenes by which filters get their scales, all values of which are kept meanwhile; and per cent of the values that a scale has room for."""
JUDGED = 20
"""Scenes by which it is said how far what is exported is from what was trained."""
POWERS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""What an input is evened by: its highest value to this power, its row of the matrix to the rest. Which is best differs from product to product."""
CLIPS = (1.0, 0.8, 0.63, 0.5, 0.4, 0.32, 0.25, 0.2, 0.16, 0.12)
"""Shares of the highest value that integers have room for: what is seldom higher is worth less than finer steps."""
SHOWN = 3000
"""Rows of a product by which these are chosen."""


class Steps(nn.Module):
    """Steps of the terminal: the highest score of each label in each."""

    def __init__(self, network: Detector | Pair) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Frames (1, steps * STEP_FRAMES, bands) and states before -> scores (1, steps, labels) and states after."""
        logits, after = self.network(frames, list(states))
        return torch.sigmoid(logits[..., : len(LABELS)].reshape(1, -1, STEP, len(LABELS)).amax(2)), *after


def compacted(model: onnx.ModelProto, *, eighth: bool = False) -> None:
    """Store large weights as 16-bit floats, or, with `eighth`, matrices as 8-bit integers with a scale for each row.

    Behind each is what makes 32-bit floats of it. Casts and products of constants are worked out once, when a session loads; DequantizeLinear, which is made
    for this, would be at each step (onnxruntime 1.32), nearly twice the cost of the phrase network.
    """
    graph = model.graph
    nodes, scales = [], []
    kept = {i.name.removesuffix("_eighth") + "_scale" for i in graph.initializer if i.name.endswith("_eighth")}  # of `in_integers`
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < LEAST or weight.name in kept:
            continue
        name = weight.name
        if eighth and values.ndim > 1 and min(values.shape[-2:]) >= LEAST_ROW:  # not biases and filters, whose values differ by far
            scale = np.maximum(np.abs(values).max(-1, keepdims=True), np.finfo(np.float32).tiny) / 127
            weight.CopyFrom(numpy_helper.from_array(np.rint(values / scale).astype(np.int8), f"{name}_eighth"))
            scales.append(numpy_helper.from_array(scale, f"{name}_scale"))
            nodes.append(helper.make_node("Cast", [f"{name}_eighth"], [f"{name}_whole"], to=TensorProto.FLOAT))
            nodes.append(helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [name]))
        else:
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    graph.initializer.extend(scales)
    for node in reversed(nodes):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)


def in_integers(model: onnx.ModelProto, states: Mapping[str, NDArray[np.float32]], scenes: NDArray[np.float32]) -> None:
    """Make products with matrices products of 8-bit integers, of what scenes (n, T, bands) of frames lead one to expect: the scales are fixed.

    So a step is the same alone and in a recording. Before, each input is evened, as an input that is seldom high would leave few steps to the others (Xiao
    et al., SmoothQuant, 2022), by as much as serves each product best.
    """
    import onnxruntime

    graph = model.graph
    matrices = {i.name: i for i in graph.initializer if len(i.dims) == 2 and min(i.dims) >= LEAST_ROW}
    products = [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in matrices]
    if not products:
        return
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    shown.graph.output.extend(helper.make_tensor_value_info(node.input[0], TensorProto.FLOAT, None) for node in products)
    heard = onnxruntime.InferenceSession(shown.SerializeToString(), providers=["CPUExecutionProvider"])
    taken = [node.input[0] for node in products]
    given = [heard.run(taken, {"frames": frames[None], **states}) for frames in scenes]
    for node, values in zip(products, zip(*given, strict=True), strict=True):
        input_, name = node.input
        rows = np.concatenate([part.reshape(-1, part.shape[-1]) for part in values])
        even, step, zero, scale, whole = rounded(rows, numpy_helper.to_array(matrices[name]))
        matrices[name].CopyFrom(numpy_helper.from_array(whole, f"{name}_eighth"))
        parts = {"even": even, "scale": scale * step, "step": step, "zero": zero}
        graph.initializer.extend(numpy_helper.from_array(np.asarray(value), f"{name}_{part}") for part, value in parts.items())
        at = list(graph.node).index(node)
        graph.node.remove(node)
        for i, (kind, inputs, output) in enumerate((
            ("Mul", ["", "even"], "evened"),
            ("QuantizeLinear", ["evened", "step", "zero"], "integers"),
            ("MatMulInteger", ["integers", "eighth", "zero"], "sums"),
            ("Cast", ["sums"], "floats"),
            ("Mul", ["floats", "scale"], ""),
        )):  # fmt: skip
            names = [f"{name}_{part}" if part else input_ for part in inputs]
            more = {"to": TensorProto.FLOAT} if kind == "Cast" else {}
            graph.node.insert(at + i, helper.make_node(kind, names, [f"{name}_{output}" if output else node.output[0]], **more))


def rounded(
    rows: NDArray[np.float32], matrix: NDArray[np.float32]
) -> tuple[NDArray[np.float32], np.float32, np.uint8, NDArray[np.float32], NDArray[np.int8]]:
    """By what inputs are evened, the step and the zero of their integers, the scale of each column of the matrix, and its integers, (inputs, outputs).

    rows (n, inputs): what is multiplied with it. Of all that POWERS and CLIPS offer what keeps the products of some rows nearest to what they are.
    """
    high, large = np.maximum(np.abs(rows).max(0), 1e-3), np.maximum(np.abs(matrix).max(1), 1e-6)
    some = rows[:: -(-len(rows) // SHOWN)]
    exact, zero = some @ matrix, 128 if rows.min() < 0 else 0
    best, least = None, np.inf
    for power in POWERS:
        even = (large ** (1 - power) / high**power).astype(np.float16).astype(np.float32)  # as it is stored
        evened, others = some * even, matrix / even[:, None]
        scale = np.maximum(np.abs(others).max(0), np.finfo(np.float32).tiny) / HIGHEST
        whole = np.rint(others / scale)
        for clip in CLIPS:
            step = np.float32(clip * (high * even).max() / (127 if zero else 255))
            integers = np.clip(np.rint(evened / step), -zero, 255 - zero)
            error = float(np.square((integers @ whole) * (scale * step) - exact).mean())
            if error < least:
                best, least = (even, step, np.uint8(zero), scale, whole.astype(np.int8)), error
    assert best
    return best


class _Shown(CalibrationDataReader):
    """Scenes, one at a time, each from fresh state."""

    def __init__(self, states: Mapping[str, NDArray[np.float32]], scenes: NDArray[np.float32]) -> None:
        self._each = ({"frames": frames[None], **states} for frames in scenes)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._each, None)


def filters_in_integers(model: onnx.ModelProto, states: Mapping[str, NDArray[np.float32]], scenes: NDArray[np.float32]) -> onnx.ModelProto:
    """The model with its convolutions in 8-bit integers, by scales fixed on what some of these scenes (n, T, bands) of frames make of it.

    The first ones stay as they are: of one channel there is nothing to gain.
    """
    some = scenes[:: -(-len(scenes) // FEW)]
    channels = {i.name: i.dims[1] for i in model.graph.initializer if len(i.dims) == 4}
    convolutions = [n for n in model.graph.node if n.op_type == "Conv"]
    first = [n.name for n in convolutions if channels[n.input[1]] == {a.name: a.i for a in n.attribute}["group"] == 1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "integers.onnx"
        quantize_static(model, path, _Shown(states, some), quant_format=QuantFormat.QDQ, op_types_to_quantize=["Conv", "Relu"], nodes_to_exclude=first,
                        per_channel=True, reduce_range=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                        calibrate_method=CalibrationMethod.Percentile, extra_options={"CalibPercentile": NEARLY_ALL})  # fmt: skip
        return onnx.load(path)


def traced(
    module: nn.Module, states: States, bands: int, result: str, outputs: int, path: Path, properties: dict[str, str] | None = None, *, eighth: bool = False,
    scenes: NDArray[np.float32] | None = None,
) -> list[str]:  # fmt: skip
    """Write a network of frames (1, T, bands) and states as ONNX to `path`, T its only free axis, with these properties. Returns the states' names.

    Its weights are stored in 16 bits, or in 8 (`compacted`), and multiplied so where scenes are given (`in_integers`, `filters_in_integers`).
    """
    names = [f"state{i}" for i in range(len(states))]
    after = [f"{n}_after" for n in names]
    torch.onnx.export(module.eval(), (torch.zeros(1, STEP_FRAMES, bands), *states), str(path), dynamo=False, opset_version=17,
                      dynamic_axes={"frames": {1: TIME_AXIS}, result: {1: "steps"}}, input_names=["frames", *names], output_names=[result, *after])  # fmt: skip
    model = onnx.load(path)
    for output, shape in zip(model.graph.output, [(1, "steps", outputs), *(s.shape for s in states)], strict=True):  # which tracing leaves open
        given = output.type.tensor_type.shape
        given.Clear()
        for size in shape:
            given.dim.add(**({"dim_param": size} if isinstance(size, str) else {"dim_value": size}))
    if scenes is not None:
        before = {name: state.numpy() for name, state in zip(names, states, strict=True)}
        in_integers(model, before, scenes)
        model = filters_in_integers(model, before, scenes)
    compacted(model, eighth=eighth)
    onnx.helper.set_model_props(model, properties or {})
    onnx.save(model, path)
    return names


def streamed(path: Path, x: NDArray[np.float32], states: States, names: Sequence[str]) -> NDArray[np.float32]:
    """What the ONNX file at `path` gives for frames (T, bands), one step of the terminal after the other: (steps, outputs)."""
    import onnxruntime

    net = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    state, steps = {n: s.numpy() for n, s in zip(names, states, strict=True)}, []
    for piece in x.reshape(-1, 1, STEP_FRAMES, x.shape[-1]):
        given, *after = net.run(None, {"frames": piece, **state})
        state = dict(zip(names, after, strict=True))
        steps.append(given[0])
    return np.concatenate(steps)


def write_onnx(run: Path, path: Path, scenes: NDArray[np.float32]) -> float:
    """The network of a run as ONNX, by scales fixed on scenes (n, T, bands) of frames.

    Returns how far its scores, step by step, are from those of the trained network on some of these: the mean difference.
    """
    network = load_network(run)
    states, properties = network.start(), {LEVEL_PROPERTY: json.dumps(network.level.odds_per_db.tolist())}
    names = traced(Steps(network), states, scenes.shape[2], "scores", len(LABELS), path, properties, scenes=scenes)
    some = scenes[:JUDGED]
    with torch.no_grad():
        whole = step_scores(network(torch.from_numpy(some), network.start(len(some)))[0][..., : len(LABELS)].numpy())[1]
    return float(np.abs(np.stack([streamed(path, frames, states, names) for frames in some]) - whole).mean())


def write_manifest(path: Path, onnx: Path, rules: dict[str, dict[str, float]], date: str, training: str, data: list[str], licence: str) -> None:
    """The manifest beside the ONNX file (strings are written as JSON ones, which TOML reads alike)."""
    head = {"name": "detector", "date": date, "licence": licence, "data": data, "training": training,
            "sha256": hashlib.sha256(onnx.read_bytes()).hexdigest(), "labels": list(LABELS), "step_frames": STEP_FRAMES,
            "sensitivity_dbfs": SENSITIVITY_DBFS}  # fmt: skip
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
    parser.add_argument("--scenes", type=Path, required=True, help="of the training part, as bench.py builds them: by these the scales of 8 bits are fixed")
    parser.add_argument("--rules", type=Path, required=True, help="JSON of the rules, as `calibrate` writes it")
    parser.add_argument("--date", required=True)
    parser.add_argument("--training", required=True, help="the command that made the run")
    args = parser.parse_args()
    onnx = args.out / "detector.onnx"
    scenes = whole_steps(scene_features(args.scenes)[1]).astype(np.float32)
    print(f"8 bits and a step at a time move the scores by {write_onnx(args.run, onnx, scenes):.1e} in the mean")
    data = json.loads((args.run / "network.json").read_text())["data"]
    rules, licence = json.loads(args.rules.read_text()), "Apache-2.0 (weights); data in models/README.md"
    write_manifest(args.out / "detector.toml", onnx, rules, args.date, args.training, data, licence)


if __name__ == "__main__":
    main()
