"""The process that plays something, once: a driver that hangs must not hang the terminal.

`python -m edge.capture.player --device NAME --level DBFS --parent PID` plays the chirp of the self-test; with `--file FILE` a recording, with
`--beeps N` a beep a second. Leaves with 0 when it has been played; else it writes why to its standard output, in one line, and leaves with 1.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from edge.capture.child import die_with, own_the_pipe, portaudio
from edge.capture.chirp import chirp
from edge.capture.errors import MicrophoneError
from edge.capture.resample import downmix

TAIL_S = 0.3
"""Silence after it: some drivers cut off what is last."""

LONGEST_S = 15.0
"""Of a recording; the rest is left out. While it is played the terminal does not listen."""

BEEP_HZ, BEEP_S = 1000.0, 0.3


def main() -> int:
    """Play. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="edge.capture.player")
    parser.add_argument("--device", default="")
    parser.add_argument("--level", type=float, default=-20.0)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--beeps", type=int, default=0)
    parser.add_argument("--parent", type=int, default=0)
    wanted = parser.parse_args()
    pipe = own_the_pipe()
    try:
        die_with(wanted.parent)
        _play(wanted)
    except (BrokenPipeError, MicrophoneError, LookupError) as error:
        os.write(pipe, f"{error}\n".encode())
        return 1
    except Exception as error:  # noqa: BLE001 - nobody reads this process's stderr, so the parent is told
        os.write(pipe, f"{type(error).__name__}: {error}\n".replace("\n", " ").encode())
        return 1
    return 0


def _play(wanted: argparse.Namespace) -> None:
    sounddevice = portaudio()
    outputs = [device for device in sounddevice.query_devices() if device["max_output_channels"]]
    index = None if wanted.device == "default" else _index(wanted.device, outputs)
    rate_hz = round(sounddevice.query_devices(index, "output")["default_samplerate"])
    made = beeps(wanted.beeps, rate_hz, wanted.level) if wanted.beeps else chirp(rate_hz, wanted.level)
    sound = recorded(wanted.file, rate_hz) if wanted.file else made
    sound = np.concatenate([sound, np.zeros(round(TAIL_S * rate_hz), np.float32)])
    sounddevice.play(sound, rate_hz, device=index, blocking=True)


def recorded(file: Path, rate_hz: int) -> NDArray[np.float32]:
    """(n,) the beginning of a recording, at that rate. Raises what soundfile raises."""
    with soundfile.SoundFile(file) as sound:
        frames = sound.read(round(LONGEST_S * sound.samplerate), dtype="float32", always_2d=True)
        resampled: NDArray[np.float32] = soxr.resample(downmix(frames), sound.samplerate, rate_hz)
    return resampled


def beeps(count: int, rate_hz: int, level_dbfs: float) -> NDArray[np.float32]:
    """(n,) so many beeps, one a second."""
    t = np.arange(rate_hz) / rate_hz
    fade = np.sin(np.pi * np.clip(np.minimum(t, BEEP_S - t) / 0.02, 0.0, 1.0) / 2) ** 2
    return np.tile((10 ** (level_dbfs / 20) * fade * np.sin(2 * np.pi * BEEP_HZ * t)).astype(np.float32), count)


def _index(wanted: str, outputs: list[Any]) -> int:
    """The first loudspeaker with `wanted` in its name, best the whole of it. Raises LookupError."""
    matching = sorted((device for device in outputs if wanted in device["name"]), key=lambda device: len(device["name"]))
    if not matching:
        raise LookupError(f"loudspeaker {wanted!r} not found; present: {', '.join(device['name'] for device in outputs) or '-'}")
    index: int = matching[0]["index"]
    return index


if __name__ == "__main__":
    os._exit(main())  # as edge.capture.child
