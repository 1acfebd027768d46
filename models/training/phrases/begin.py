"""A phrase network to go on training from, out of a `phrases.onnx` that was exported, with outputs for tones where it had none.

As with the detector (`models.training.begin`): each batch normalisation, folded away by the export, is put back, fitted to scenes.
"""

from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor
from torch.nn import functional

from models.training.begin import normalised_as, set_gru, weights
from models.training.phrases.network import TAPS, Syllables


def begun(path: Path, units: int, tones: int, frames: Tensor, ahead: int = 0) -> Syllables:
    """The network in a file of these units, in training mode. frames (batch, T, bands): scenes by which normalisation is fitted.

    ahead: taps of its blocks on what follows, where the file has fewer; those are nothing yet, so that the network hears what it heard, later.
    """
    arrays, of = weights(onnx.load(path))
    convs, products, taps = of("Conv"), [given[0] for given in of("MatMul")], [given[0] for given in of("Mul")]
    shifts = [given[0] for given in of("Add") if given[0].ndim == 2]
    width, blocks = products[0].shape[1], len(shifts)
    w, r, b = of("GRU")[0]
    memory = r.shape[2]
    ahead = max(ahead, len(taps[0]) - TAPS)
    network = Syllables(units, frames.shape[2], [len(bias) for _, bias in convs], width, products[1].shape[1], blocks, memory, tones, ahead)
    assert network.gru
    with torch.no_grad():
        set_gru(network.gru, w, r, b)
        network.squeeze.weight.copy_(products[0].T)
        network.squeeze.bias.copy_(arrays["network.squeeze.bias"])
        known = len(arrays["network.head.bias"])
        network.head.weight[:known].copy_(products[-1].T)
        network.head.bias[:known].copy_(arrays["network.head.bias"])
        states = network.start(len(frames))
        x, _ = network.with_before(frames, states[0])
        for conv, (weight, bias) in zip(network.convs, convs, strict=True):
            x = torch.relu(normalised_as(conv.conv, conv.norm, weight, bias, x))
        y = torch.relu(network.squeeze(x.permute(0, 2, 1, 3).flatten(2)))
        for i, (block, state) in enumerate(zip(network.blocks, states[1:], strict=False)):
            for linear, product in ((block.widen, products[1 + 2 * i]), (block.narrow, products[2 + 2 * i])):
                linear.weight.copy_(product.T[:, :, None])
            block.widen.bias.copy_(arrays[f"network.blocks.{i}.widen.bias"])
            block.narrow.bias.copy_(arrays[f"network.blocks.{i}.narrow.bias"])
            weight = functional.pad(taps[i].T[:, None], (0, TAPS + ahead - len(taps[i])))
            joined = torch.cat([state, y], 1)
            z = normalised_as(block.depth, block.norm, weight, shifts[i][0], joined.transpose(1, 2))
            y = block.around(joined, y.shape[1]) + block.narrow(torch.relu(block.widen(z))).transpose(1, 2)
    return network.train()


@torch.no_grad()
def grown(small: Syllables, widths: Sequence[int], width: int, inner: int, blocks: int, memory: int) -> Syllables:
    """A larger network that hears the same: what is new feeds what was there with nothing, and begins as any new part does. Sizes as of `Syllables`."""
    assert small.gru
    large = Syllables(small.config["units"], small.config["bands"], widths, width, inner, blocks, memory, small.config["tones"], small.config["ahead"])
    before, was = small.state_dict(), small.config["width"]
    for name, new in large.state_dict().items():
        if name not in before:
            if ".narrow." in name:  # a further block adds nothing yet
                new.zero_()
            continue
        old = before[name]
        if not old.ndim:  # a count
            new.copy_(old)
            continue
        rows = torch.arange(len(old))
        if name.startswith("gru."):  # three gates, one after another
            rows = torch.cat([torch.arange(small.gru.hidden_size) + gate * memory for gate in range(3)])
        if old.ndim == 1 or old.shape[1] == new.shape[1]:
            new[rows] = old
            continue
        columns = torch.arange(old.shape[1])
        if name == "head.weight":  # what the blocks say, then what is remembered
            columns[was:] += width - was
        new[rows] = 0
        new[rows[:, None], columns] = old
    return large.train()
