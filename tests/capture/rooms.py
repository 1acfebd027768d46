"""Rooms in which nothing is wrong with the microphone, as long as one likes: `python -m tests.capture.rooms` hears each for eight hours.

Made sound, 16 bits at 48 kHz as a card gives it, through the same code as a capture child's frames.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from scipy.signal import lfilter

from edge.capture.frames import SOUND, Frame
from edge.capture.hearing import Hearing
from edge.health.faults import Fault
from tests.capture.sounds import Array

RATE_HZ = 48_000
BLOCK = round(0.05 * RATE_HZ)  # as edge.capture.child sends it
STEP = 1.0 / 32768

Rng = np.random.Generator


def fan(rng: Rng) -> Iterator[Array]:
    """Seconds of a steady fan: rumble of a fixed spectrum at -45 dBFS, and a hum of 100 Hz that never changes."""
    hum = 0.004 * np.sin(2 * np.pi * 100 * np.arange(RATE_HZ) / RATE_HZ)
    memory = np.zeros(1)
    while True:
        rumble, memory = lfilter([0.05], [1.0, -0.95], rng.standard_normal(RATE_HZ), zi=memory)
        yield (0.035 * rumble + hum).astype(np.float32)


def rain(rng: Rng) -> Iterator[Array]:
    """Seconds of rain on a roof of sheet metal: noise, and some hundred drops, the loudest at full scale."""
    while True:
        second = 0.03 * rng.standard_normal(RATE_HZ, np.float32)
        where = rng.integers(0, RATE_HZ - 40, 200)
        drops = rng.uniform(-1, 1, 200)[:, None] ** 3 * np.exp(-np.arange(40) / 8)
        np.add.at(second, where[:, None] + np.arange(40), drops.astype(np.float32))
        yield second


def quiet_night(rng: Rng) -> Iterator[Array]:
    """Seconds in which the converter gives a step now and then and else zeros."""
    while True:
        yield 0.25 * STEP * rng.standard_normal(RATE_HZ, np.float32)


ROOMS: Mapping[str, Callable[[Rng], Iterator[Array]]] = {"steady fan": fan, "rain": rain, "quiet night": quiet_night}


def faults_in(room: str, seconds: int, seed: int = 1) -> frozenset[Fault]:
    """Every fault that was shown at any moment."""
    hearing, shown = Hearing(), frozenset[Fault]()
    source = ROOMS[room](np.random.default_rng(seed))
    for number in range(seconds):
        second = np.clip(np.round(next(source) / STEP), -32768, 32767).astype(np.float32) * np.float32(STEP)
        for at in range(0, RATE_HZ, BLOCK):
            hearing.hear(Frame(SOUND, second[at : at + BLOCK].tobytes(), 1, RATE_HZ, number))
            shown |= hearing.faults
    return shown


def main() -> int:
    """Returns 1 where any room shows a fault."""
    parser = argparse.ArgumentParser(prog="tests.capture.rooms")
    parser.add_argument("--hours", type=float, default=8.0)
    hours = parser.parse_args().hours
    wrong = False
    for room in ROOMS:
        begin_s = time.monotonic()
        shown = faults_in(room, round(hours * 3600))
        wrong = wrong or bool(shown)
        print(f"{room:14} {hours:4.1f} h heard in {time.monotonic() - begin_s:4.0f} s   faults: {', '.join(sorted(shown)) or 'none'}", flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
