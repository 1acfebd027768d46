"""A network to go on training from, out of a `detector.onnx` that was exported: each release stands on the one before.

Export folds every batch normalisation into its convolution. Here each is put back, fitted to scenes, so that the network gives what the file gives.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from models.training.networks import Detector

LAYERS = len(Detector.STRIDES)
LEVEL_PROPERTY = "odds_per_db"
"""Under this name a file says what the level is worth in it, as JSON of `Level.odds_per_db`; a file without it goes by the network alone."""


def begun(path: Path, outputs: int, kept: int, frames: Tensor) -> Detector:
    """The network in an ONNX file (of convolutions and a GRU), in training mode; of a pair the first one.

    outputs: how many it shall have. They are the file's where it has as many; else the first `kept` of them, and the others begin anew (a teacher's
    classes are other ones then).
    frames (batch, T, bands): scenes by which normalisation is fitted.
    """
    model = onnx.load(path)
    arrays, of = weights(model)
    own = "network.first." if "network.first.squeeze.weight" in arrays else "network."
    convs, head, (w, r, b) = of("Conv")[:LAYERS], of("MatMul")[0][0], of("GRU")[0]
    hidden = len(arrays[f"{own}squeeze.bias"])
    network = Detector(outputs, frames.shape[2], [len(bias) for _, bias in convs], hidden)
    properties = {p.key: p.value for p in model.metadata_props}
    with torch.no_grad():
        network.level.odds_per_db.copy_(torch.tensor(json.loads(properties.get(LEVEL_PROPERTY, "[[0, 0], [0, 0]]"))))
        set_lines(network, arrays, own, head, outputs if head.shape[1] == outputs else kept)
        assert network.gru
        set_gru(network.gru, w, r, b)
        x, _ = network.with_before(frames, network.silence(len(frames)))
        for conv, (weight, bias) in zip(network.convs, convs, strict=True):
            x = torch.relu(normalised_as(conv.conv, conv.norm, weight, bias, x))
    return network.train()


def begun_second(path: Path, frames: Tensor) -> Detector:
    """The second network in an ONNX file of a pair (depthwise convolutions and a window), in training mode; frames as for `begun`.

    Raises ValueError where the file holds one network alone.
    """
    model = onnx.load(path)
    arrays, of = weights(model)
    if "network.second.squeeze.weight" not in arrays:
        raise ValueError(f"{path} holds one network, not a pair: name the folder of another training in its place")
    whole, *parts = of("Conv")[LAYERS:-2]
    depth, point = parts[::2], parts[1::2]
    head = of("MatMul")[-1][0]
    widths = [len(bias) for _, bias in (whole, *point)]
    network = Detector(head.shape[1], frames.shape[2], widths, len(arrays["network.second.squeeze.bias"]), "window", depthwise=True)
    with torch.no_grad():
        set_lines(network, arrays, "network.second.", head, head.shape[1])
        x, _ = network.with_before(frames, network.silence(len(frames)))
        x = torch.relu(normalised_as(network.convs[0].conv, network.convs[0].norm, *whole, x))
        for conv, one, other in zip(network.convs[1:], depth, point, strict=True):
            x = torch.relu(normalised_as(conv.conv[0], conv.conv[1], *one, x))
            x = torch.relu(normalised_as(conv.conv[3], conv.norm, *other, x))
    return network.train()


def weights(model: onnx.ModelProto) -> tuple[dict[str, Tensor], Callable[[str], list[list[Tensor]]]]:
    """The weights of an ONNX file under the names they are used by, as floats however they are stored; and those that each operation of a kind takes."""
    graph = model.graph
    stored = {i.name: torch.from_numpy(numpy_helper.to_array(i).astype(np.float32)) for i in graph.initializer}
    whole = {}  # of `models.training.export.filters_in_integers`
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in stored:
            values, scale = (stored[name] for name in node.input[:2])
            values *= scale.reshape(-1, *[1] * (values.ndim - 1))
            whole |= {node.output[0]: values, node.input[0].removesuffix("_quantized"): values}
    scales = {name: stored.pop(name) for name in list(stored) if f"{name.removesuffix('_scale')}_eighth" in stored}
    arrays = {name.removesuffix("_half"): values for name, values in stored.items() if not name.endswith("_eighth")}
    arrays |= whole | {name.removesuffix("_scale"): stored[name.removesuffix("_scale") + "_eighth"] * scale for name, scale in scales.items()}
    for name in [name for name in arrays if name.endswith("_even")]:  # see `models.training.export.in_integers`
        matrix = name.removesuffix("_even")
        arrays[matrix] *= arrays.pop(name)[:, None] / arrays[f"{matrix}_step"]

    def of(kind: str) -> list[list[Tensor]]:
        kinds = (kind, "MatMulInteger") if kind == "MatMul" else (kind,)
        nodes = [node for node in graph.node if node.op_type in kinds]
        if kind == "Conv":  # in the order of the numbers that tracing gave their weights, then what has a name: each network's squeeze
            nodes.sort(key=lambda node: [int(number) for number in re.findall(r"::Conv_(\d+)", node.input[1])] or [sys.maxsize])
        named = [[name.removesuffix("_eighth") for name in node.input] for node in nodes]
        return [found for names in named if (found := [arrays[name] for name in names if name in arrays])]

    return arrays, of


def set_lines(network: Detector, arrays: dict[str, Tensor], own: str, head: Tensor, kept: int) -> None:
    """Set the squeeze and the first `kept` outputs to what an ONNX file has of them under names that begin with `own`; head (inputs, outputs)."""
    network.squeeze.weight.copy_(arrays[f"{own}squeeze.weight"].view_as(network.squeeze.weight))
    network.squeeze.bias.copy_(arrays[f"{own}squeeze.bias"])
    network.head.weight[:kept].copy_(head.T[:kept])
    network.head.bias[:kept].copy_(arrays[f"{own}head.bias"][:kept])


def set_gru(gru: nn.GRU, w: Tensor, r: Tensor, b: Tensor) -> None:
    """Set a GRU to what an ONNX file has of one: w, r (1, 3 hidden, inputs), b (1, 6 hidden)."""
    hidden = gru.hidden_size
    order = torch.cat([torch.arange(hidden, 2 * hidden), torch.arange(hidden), torch.arange(2 * hidden, 3 * hidden)])  # ONNX: update, reset, new
    for target, given in ((gru.weight_ih_l0, w[0]), (gru.weight_hh_l0, r[0]), (gru.bias_ih_l0, b[0, : 3 * hidden]), (gru.bias_hh_l0, b[0, 3 * hidden :])):
        target.copy_(given[order])


def normalised_as(conv: nn.Module, norm: nn.Module, weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    """Set a convolution without bias and its normalisation to be one with this bias, for inputs like x. Returns what it gives for x."""
    conv.weight.copy_(weight)
    y = conv(x)
    dims = (0, *range(2, y.ndim))
    mean, variance = y.mean(dims), y.var(dims, unbiased=False)
    norm.running_mean.copy_(mean)  # type: ignore[union-attr]
    norm.running_var.copy_(variance)  # type: ignore[union-attr]
    norm.weight.copy_(torch.sqrt(variance + norm.eps))
    norm.bias.copy_(bias + mean)
    return y + bias.reshape(-1, *(1,) * (y.ndim - 2))
