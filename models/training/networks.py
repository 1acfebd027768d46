"""The networks: causal in time, so that a stream with carried state gives what the whole recording gives.

Input (batch, T, bands) log-mel in dB re full scale; T a multiple of 4. Output (batch, T / 4, outputs) logits, 25 a second.
`forward(x, states)` takes and gives the state of every layer: training starts from zeros, the terminal carries it on.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge.detect.detector import DB_SPL_AT_SENSITIVITY
from edge.features import RATE_HZ
from edge.features.level import a_weight_db
from edge.features.logmel import LogMelSettings, log_mel, mel_bank

States = list[Tensor]

SENSITIVITY_DBFS = -26.0
"""Of the microphone whose frames the detector takes."""
QUIET_DBA, LOUD_DBA, LOUDEST_DBA = 52.0, 78.0, 98.0
SCALED_FROM_DB = -60.0
BEFORE_DB = -90.0
"""What a network that remembers takes for the frames before the first: silence, so that a beginning is no outcry."""
ODDS_PER_DB = ((0.1, 0.04), (0.0, 0.05))
"""By how much a dB from QUIET to LOUD, and one from LOUD to LOUDEST, raises the log-odds of shouting and of crying, once training is over.

In training what is harmless is as loud as what is not, lest a network go by level alone; in a school it seldom is. What it therefore thinks too little of
is put back: on scenes with corpora left out and on sounds never heard (models/README.md).
"""


def scaled(frames: Tensor) -> Tensor:
    """Frames (batch, T, bands) in dB -> (batch, 1, T, bands) of about unit spread."""
    return (frames[:, None] - SCALED_FROM_DB) / 20.0


def level_weights(settings: LogMelSettings) -> NDArray[np.float32]:
    """(bands,) by which the power in each band counts for the A-weighted level in dBA, at SENSITIVITY_DBFS."""
    bank, hz = mel_bank(settings).astype(np.float64), np.fft.rfftfreq(settings.window, 1 / RATE_HZ)
    heard = (bank * 10 ** (a_weight_db(np.maximum(hz, 10.0)) / 10)[:, None]).sum(axis=0)
    weights = heard / (bank.sum(axis=0) * bank.max(axis=0))
    sine = np.sin(2 * np.pi * 1000 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)  # 0 dBFS, 0 dB of weighting
    power = float(np.mean(10 ** (log_mel(sine, settings) / 10) @ weights))
    return np.asarray(weights / power * 10 ** ((DB_SPL_AT_SENSITIVITY - SENSITIVITY_DBFS) / 10), np.float32)


class CausalConv(nn.Module):
    """Convolution over (time, frequency), batch normalisation, ReLU; what it gives begins `keep` frames late, where it has seen as many as it needs."""

    def __init__(self, inputs: int, outputs: int, time_stride: int, band_stride: int, kernel: int = 3, *, depthwise: bool = False) -> None:
        super().__init__()
        stride, pad = (time_stride, band_stride), (0, kernel // 2)
        if depthwise:
            self.conv: nn.Module = nn.Sequential(
                nn.Conv2d(inputs, inputs, kernel, stride, pad, groups=inputs, bias=False),
                nn.BatchNorm2d(inputs),
                nn.ReLU(),
                nn.Conv2d(inputs, outputs, 1, bias=False),
            )
        else:
            self.conv = nn.Conv2d(inputs, outputs, kernel, stride, pad, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.keep = kernel - time_stride

    def forward(self, x: Tensor) -> Tensor:
        """x (batch, inputs, keep + T, bands)."""
        return torch.relu(self.norm(self.conv(x)))


class Convolutions(nn.Module):
    """What a network begins with: convolutions shrink 100 frames a second to 25. State (batch, 1, context, bands): the frames before that they need.

    To work these out again costs the terminal less than to keep a state of each convolution.
    """

    def __init__(self, bands: int, widths: Sequence[int], strides: Sequence[tuple[int, int]], before_db: float = BEFORE_DB, *, depthwise: bool = False) -> None:
        """widths: channels of each; strides: (time, bands) of each; before_db: what stands for the frames before the first."""
        super().__init__()
        sizes = zip([1, *widths], widths, strides, strict=False)
        self.convs = nn.ModuleList(CausalConv(a, b, *s, depthwise=depthwise and i > 0) for i, (a, b, s) in enumerate(sizes))
        self.bands, self.bands_left = bands, bands
        for _, stride in strides:
            self.bands_left = (self.bands_left + stride - 1) // stride
        self.context = sum(c.keep * math.prod(t for t, _ in strides[:i]) for i, c in enumerate(self.convs))  # type: ignore[misc]
        self.before = scaled(torch.full((1, 1, 1), before_db)).item()

    def silence(self, batch: int) -> Tensor:
        """The state before any sound."""
        return torch.zeros(batch, 1, self.context, self.bands)

    def with_before(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (batch, T, bands) in dB and the state -> (batch, 1, context + T, bands) of about unit spread, and the state after."""
        y = torch.cat([state + self.before, scaled(x)], 2)
        return y, y[:, :, -self.context :] - self.before

    def shrunk(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (batch, T, bands) in dB and the state -> (batch, channels, T / 4, bands left), and the state after."""
        y, after = self.with_before(x, state)
        for conv in self.convs:
            y = conv(y)
        return y, after


class Dilated(nn.Module):
    """Residual depthwise-separable convolution over time with gaps of `dilation`. State: the inputs it still needs."""

    def __init__(self, width: int, dilation: int, kernel: int = 3) -> None:
        super().__init__()
        self.depth = nn.Conv1d(width, width, kernel, dilation=dilation, groups=width, bias=False)
        self.norm1, self.point, self.norm2 = nn.BatchNorm1d(width), nn.Conv1d(width, width, 1, bias=False), nn.BatchNorm1d(width)
        self.width, self.keep = width, dilation * (kernel - 1)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """x (batch, width, T)."""
        y = torch.cat([state, x], 2)
        z = torch.relu(self.norm1(self.depth(y)))
        return torch.relu(x + self.norm2(self.point(z))), y[:, :, -self.keep :]


class Window(nn.Module):
    """The mean of the last two seconds: a network that looks at a window and remembers nothing. State: the inputs it still needs."""

    def __init__(self, width: int, vectors: int = 50) -> None:
        super().__init__()
        self.width, self.keep = width, vectors - 1

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """x (batch, width, T)."""
        y = torch.cat([state, x], 2)
        return nn.functional.avg_pool1d(y, self.keep + 1, 1), y[:, :, -self.keep :]


class Level(nn.Module):
    """What the level alone adds to the log-odds of shouting and crying, as `odds_per_db` says (as ODDS_PER_DB); nothing as long as that is not set."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.register_buffer("weights", torch.from_numpy(level_weights(LogMelSettings(bands=bands))), persistent=False)
        self.register_buffer("odds_per_db", torch.zeros(2, 2), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """x (batch, T, bands) in dB -> (batch, T / 4, 2)."""
        e_db = 10 / math.log(10)  # dB of e times the power, in which levels are worked out: that costs the terminal a few operations less
        power = torch.exp(x.reshape(len(x), -1, 4 * x.shape[2]) * (1 / e_db)) @ (self.weights.repeat(4)[:, None] / 4)
        level = torch.log(power + 1e-3)
        quiet, loud, loudest = (dba / e_db for dba in (QUIET_DBA, LOUD_DBA, LOUDEST_DBA))
        above = torch.cat([level.clamp(quiet, loud), level.clamp(loud, loudest)], 2) - loud
        return above @ (self.odds_per_db.T * e_db)


class Detector(Convolutions):
    """Convolutions shrink 100 frames of 64 bands a second to 25 vectors; a GRU, dilated convolutions or a mean give them memory.

    widths: channels of the five convolutions.  memory: "gru" (without end), "tcn" (10 s) or "window" (2 s).  What it gives for shouting and crying goes by
    the level besides (`Level`), but not in training.
    """

    STRIDES = ((2, 2), (1, 2), (2, 1), (1, 2), (1, 2))  # (time, bands)

    def __init__(
        self, outputs: int, bands: int = 64, widths: Sequence[int] = (16, 32, 48, 64, 96), width: int = 128, memory: str = "gru", *, depthwise: bool = False
    ) -> None:
        super().__init__(bands, widths, self.STRIDES, *([SCALED_FROM_DB] if memory == "window" else []), depthwise=depthwise)
        self.config = {"outputs": outputs, "bands": bands, "widths": list(widths), "width": width, "memory": memory, "depthwise": depthwise}
        self.squeeze = nn.Conv2d(widths[-1], width, (1, self.bands_left))
        self.gru = nn.GRU(width, width, batch_first=True) if memory == "gru" else None
        blocks = {"gru": [], "tcn": [Dilated(width, 2**i) for i in range(7)], "window": [Window(width)]}[memory]
        self.blocks = nn.ModuleList(blocks)
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(width, outputs)
        self.level = Level(bands)

    def start(self, batch: int = 1) -> States:
        """The state before any sound."""
        states = [self.silence(batch)]
        if self.gru:
            return [*states, torch.zeros(1, batch, self.gru.hidden_size)]
        return states + [torch.zeros(batch, block.width, block.keep) for block in self.blocks]

    def heard(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """As `forward`, without what the level adds."""
        y, frames = self.shrunk(x, states[0])
        after = [frames]
        y = torch.relu(self.squeeze(y)).squeeze(3)
        if self.gru:
            y, s = self.gru(self.drop(y.transpose(1, 2)), states[-1])
            after.append(s)
        else:
            for block, state in zip(self.blocks, states[1:], strict=True):
                y, s = block(y, state)
                after.append(s)
            y = y.transpose(1, 2)
        return self.head(self.drop(y)), after

    def forward(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """Frames (batch, T, bands) in dB and the states before them -> logits and the states after."""
        logits, after = self.heard(x, states)
        if not self.training:
            logits = torch.cat([logits[..., :2] + self.level(x), logits[..., 2:]], 2)
        return logits, after


class Pair(nn.Module):
    """Two networks heard together, of which each is mistaken about other strangers: the log-odds of shouting and of crying are the mean of theirs.

    configs: of either.  share: of the second in the mean.  Not for training: each is trained by itself.
    """

    def __init__(self, configs: Sequence[Mapping[str, Any]], share: float) -> None:
        super().__init__()
        self.first, self.second = (Detector(**config) for config in configs)
        self.config = {"configs": [self.first.config, self.second.config], "share": share}
        self.level = Level(self.first.bands)
        self._states = len(self.first.start())

    def start(self, batch: int = 1) -> States:
        """The states before any sound, first those of the first."""
        return [*self.first.start(batch), *self.second.start(batch)]

    def forward(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """As `Detector.forward`; logits (batch, T / 4, 2) of shouting and crying."""
        (ours, after), (theirs, more) = self.first.heard(x, states[: self._states]), self.second.heard(x, states[self._states :])
        return ours[..., :2] + self.config["share"] * (theirs[..., :2] - ours[..., :2]) + self.level(x), after + more


def made(config: Mapping[str, Any]) -> "Detector | Pair":
    """A network of the shape that `config` of another says."""
    return Pair(**config) if "share" in config else Detector(**config)
