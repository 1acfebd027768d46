"""Is it a microphone that is heard, or a dead capsule, a stuck driver, a gain far too high? Pure."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.health.faults import Fault

LONG_S = 7.0
"""What lasts as long as this is a fault. A living capsule has noise of its own at every moment (-90 dBFS and more). The desk is to
know within ten seconds; a second is for finding a repetition, and one for telling it."""

KEY = 1024
"""Samples that must come again bit for bit: 21 ms at 48 kHz, shorter than any driver's buffer."""

KEY_CHANGES = 32
"""A key with fewer changes of value is no fingerprint: 16-bit sound of a very quiet room is nearly all zeros."""

KEY_S = 1.0
"""How long a key is looked for: longer than any driver's buffer."""

FULL_SCALE = 0.999
"""From here a sample counts as clipped: the last 33 steps of 16 bits, for converters that stop a little early."""

CLIPPING_S = 300.0
"""Time constant of the share of clipped samples: a scream may clip for seconds, a gain set wrong clips all day."""

CLIPPING_ON, CLIPPING_OFF = 0.02, 0.01
"""The share that begins and ends the fault; CLIPPING_OFF in every block of LONG_S begins it as well: nobody screams without taking breath."""


@dataclass(frozen=True, slots=True)
class SignalHealth:
    """What is known of a signal's past. Times are of the clock that `advance` is given."""

    last_s: float | None = None
    value: float | None = None  # of every sample of the last block; None where they differ
    same_since_s: float = 0.0  # and since when
    key: bytes = b""  # samples that are looked for in the sound after them
    key_s: float = 0.0  # when they were heard
    tail: bytes = b""  # the end of the sound searched so far
    repeating_since_s: float | None = None
    clipped: float = 0.0  # share of samples, 0..1, running mean over CLIPPING_S
    clipping: bool = False
    clipping_since_s: float | None = None  # every block since then has clipped

    def advance(self, block: NDArray[np.float32], now_s: float) -> tuple["SignalHealth", frozenset[Fault]]:
        """block: (n,) samples in -1..1, n > 0, best as the device gave them; now_s: when it ended. Returns the next state and what is wrong."""
        value = float(block[0]) if block.min() == block.max() else None
        state = _clipping(_repetition(self, block, now_s), block, now_s)
        state = replace(state, last_s=now_s, value=value, same_since_s=now_s if value != self.value else self.same_since_s)
        without_breath = state.clipping_since_s is not None and now_s - state.clipping_since_s >= LONG_S
        faults = {Fault.CLIPPING} if state.clipping or without_breath else set()
        if value is not None and now_s - state.same_since_s >= LONG_S:
            faults.add(Fault.CONSTANT if value else Fault.SILENCE)
        if state.repeating_since_s is not None and now_s - state.repeating_since_s >= LONG_S:
            faults.add(Fault.FROZEN)
        return state, frozenset(faults)


def _repetition(state: SignalHealth, block: NDArray[np.float32], now_s: float) -> SignalHealth:
    """Look for the key in the sound after it: a driver that is stuck gives one buffer again and again, of whatever length."""
    sound = np.ascontiguousarray(block, np.float32).tobytes()
    searched = state.tail + sound
    if state.key and state.key in searched:
        return replace(state, key=b"", tail=b"", repeating_since_s=now_s if state.repeating_since_s is None else state.repeating_since_s)
    if state.key and now_s - state.key_s < KEY_S:
        return replace(state, tail=searched[-len(state.key) :])
    key = block[-KEY:]
    usable = np.count_nonzero(key[1:] != key[:-1]) >= KEY_CHANGES
    since_s = state.repeating_since_s if usable and not state.key else None  # a key that was not found ends it
    return replace(state, key=sound[-len(key) * block.itemsize :] if usable else b"", key_s=now_s, tail=b"", repeating_since_s=since_s)


def _clipping(state: SignalHealth, block: NDArray[np.float32], now_s: float) -> SignalHealth:
    share = float(np.mean(np.abs(block) >= FULL_SCALE))
    keep = 1.0 if state.last_s is None else math.exp(-(now_s - state.last_s) / CLIPPING_S)
    clipped = keep * state.clipped + (1.0 - keep) * share
    clipping = clipped >= (CLIPPING_OFF if state.clipping else CLIPPING_ON)
    since_s = None if share < CLIPPING_OFF else now_s if state.clipping_since_s is None else state.clipping_since_s
    return replace(state, clipped=clipped, clipping=clipping, clipping_since_s=since_s)
