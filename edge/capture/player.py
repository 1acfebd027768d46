"""The process that plays the chirp, once: a driver that hangs must not hang the terminal.

`python -m edge.capture.player --device NAME --level DBFS --parent PID`. Leaves with 0 when it has been played; else it writes why to its
standard output, in one line, and leaves with 1.
"""

import argparse
import os
from typing import Any

import numpy as np

from edge.capture.child import die_with, own_the_pipe, portaudio
from edge.capture.chirp import chirp
from edge.capture.errors import MicrophoneError

TAIL_S = 0.3
"""Silence after it: some drivers cut off what is last."""


def main() -> int:
    """Play. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="edge.capture.player")
    parser.add_argument("--device", default="")
    parser.add_argument("--level", type=float, default=-20.0)
    parser.add_argument("--parent", type=int, default=0)
    wanted = parser.parse_args()
    pipe = own_the_pipe()
    try:
        die_with(wanted.parent)
        _play(wanted.device, wanted.level)
    except (BrokenPipeError, MicrophoneError, LookupError) as error:
        os.write(pipe, f"{error}\n".encode())
        return 1
    except Exception as error:  # noqa: BLE001 - nobody reads this process's stderr, so the parent is told
        os.write(pipe, f"{type(error).__name__}: {error}\n".replace("\n", " ").encode())
        return 1
    return 0


def _play(wanted: str, level_dbfs: float) -> None:
    sounddevice = portaudio()
    outputs = [device for device in sounddevice.query_devices() if device["max_output_channels"]]
    index = None if wanted == "default" else _index(wanted, outputs)
    rate_hz = round(sounddevice.query_devices(index, "output")["default_samplerate"])
    sound = np.concatenate([chirp(rate_hz, level_dbfs), np.zeros(round(TAIL_S * rate_hz), np.float32)])
    sounddevice.play(sound, rate_hz, device=index, blocking=True)


def _index(wanted: str, outputs: list[Any]) -> int:
    """The first loudspeaker with `wanted` in its name, best the whole of it. Raises LookupError."""
    matching = sorted((device for device in outputs if wanted in device["name"]), key=lambda device: len(device["name"]))
    if not matching:
        raise LookupError(f"loudspeaker {wanted!r} not found; present: {', '.join(device['name'] for device in outputs) or '-'}")
    index: int = matching[0]["index"]
    return index


if __name__ == "__main__":
    os._exit(main())  # as edge.capture.child
