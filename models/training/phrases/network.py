"""The phrase network: log-mel in, toneless syllables out; causal, and some steps late, which is all that it sees of what follows."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.networks import Convolutions, States
from models.training.phrases.operations import depthwise, recurrent

DELAY = 8
"""Steps of 40 ms: 0.32 s, about what the teacher looks ahead; each block's taps ahead come on top. A model that ships with some asks for as much
more of `edge.decide.evidence`, where `behind_s` tells when a phrase was said."""
TAPS = 7
"""Of a block, without those ahead."""


class Block(nn.Module):
    """Residual: depthwise convolution over time, then a small perceptron for each step. State (batch, keep, width): the inputs that it still needs."""

    def __init__(self, width: int, inner: int, dilation: int, ahead: int) -> None:
        """ahead: taps on what follows; what goes around the block is as late as they need."""
        super().__init__()
        self.depth = nn.Conv1d(width, width, TAPS + ahead, dilation=dilation, groups=width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.widen, self.narrow = nn.Conv1d(width, inner, 1), nn.Conv1d(inner, width, 1)
        self.keep, self.late = dilation * (TAPS + ahead - 1), dilation * ahead

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """x (batch, T, width)."""
        y = torch.cat([state, x], 1)
        after = y[:, -self.keep :]
        x = self.around(y, x.shape[1]) if self.late else x  # else a file would have a needless node
        if torch.onnx.is_in_onnx_export():
            return x + self._plain(y[0], x.shape[1]), after
        z = depthwise(self.depth, y)
        z = self.norm(z.flatten(0, 1)).view_as(z)
        z = torch.relu(functional.linear(z, self.widen.weight[:, :, 0], self.widen.bias))
        return x + functional.linear(z, self.narrow.weight[:, :, 0], self.narrow.bias), after

    def around(self, y: Tensor, steps: int) -> Tensor:
        """Of y (batch, keep + steps, width) what the block adds to."""
        return y[:, self.keep - self.late :][:, :steps]

    def _plain(self, y: Tensor, steps: int) -> Tensor:
        """The same of y (keep + steps, width) as few products: for the few steps of a stream less than a third of what onnxruntime's convolutions cost."""
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)  # type: ignore[operator, arg-type]
        taps = (self.depth.weight[:, 0] * scale[:, None]).T
        at = torch.arange(steps)[:, None] + self.depth.dilation[0] * torch.arange(len(taps))
        depth = (y[at] * taps).sum(1)
        z = depth + (self.norm.bias - self.norm.running_mean * scale)[None]  # type: ignore[operator]
        return torch.relu(z @ self.widen.weight[:, :, 0].T + self.widen.bias) @ self.narrow.weight[:, :, 0].T + self.narrow.bias  # type: ignore[operator]


class Syllables(Convolutions):
    """Convolutions over time and bands, blocks over time, a GRU."""

    STRIDES = ((2, 2), (2, 2), (1, 2), (1, 2))  # (time, bands)
    DILATIONS = (1, 1, 2, 1, 2, 1, 4)  # of the blocks

    def __init__(
        self, units: int, bands: int = 64, widths: Sequence[int] = (16, 32, 48, 64), width: int = 224, inner: int = 448, blocks: int = 3, memory: int = 224,
        tones: int = 0, ahead: int = 0,
    ) -> None:  # fmt: skip
        """units: syllables and what is none. tones: how many, for which there are outputs behind those of the units.

        ahead: taps of each block on what follows.
        """
        super().__init__(bands, widths, self.STRIDES)
        sizes = {"width": width, "inner": inner, "blocks": blocks, "memory": memory, "ahead": ahead}
        self.config = {"units": units, "tones": tones, "bands": bands, "widths": list(widths), **sizes}
        self.squeeze = nn.Linear(widths[-1] * self.bands_left, width)
        self.blocks = nn.ModuleList(Block(width, inner, self.DILATIONS[i], ahead) for i in range(blocks))
        self.drop = nn.Dropout(0.1)
        self.gru = nn.GRU(width, memory, batch_first=True) if memory else None
        self.head = nn.Linear(width + memory, units + tones)

    @property
    def delay(self) -> int:
        """Steps from a sound to what is said of it."""
        return DELAY + sum(block.late for block in self.blocks)

    def start(self, batch: int = 1) -> States:
        """The state before any sound."""
        states = [self.silence(batch), *(torch.zeros(batch, b.keep, b.depth.in_channels) for b in self.blocks)]
        return [*states, torch.zeros(1, batch, self.gru.hidden_size)] if self.gru else states

    def forward(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """Frames (batch, T, bands) in dB, T a multiple of 4 -> logits (batch, T / 4, units + tones), states after."""
        y, frames = self.shrunk(x, states[0])
        after = [frames]
        y = torch.relu(self.squeeze(y.permute(0, 2, 1, 3).flatten(2)))
        for block, state in zip(self.blocks, states[1:], strict=False):
            y, s = block(y, state)
            after.append(s)
        y = self.drop(y)
        if self.gru:
            z, s = self.gru(y, states[-1]) if torch.onnx.is_in_onnx_export() else recurrent(self.gru, y, states[-1])
            after.append(s)
            y = torch.cat([y, z], 2)
        return self.head(y), after

    def posteriors(self, logits: Tensor) -> Tensor:
        """Logits -> log-posteriors, of the units and of the tones each for itself."""
        parts = logits.split([part for part in (self.config["units"], self.config["tones"]) if part], -1)
        return torch.cat([functional.log_softmax(part, -1) for part in parts], -1)
