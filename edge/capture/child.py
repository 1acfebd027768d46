"""The process that reads the sound card, and nothing else: whatever a driver does, its parent can end it and start another.

`python -m edge.capture.child --device NAME --rate HZ --channels N --parent PID` writes frames (edge.capture.frames) to its standard
output until it is killed; `--list` writes the devices as JSON instead. Exit statuses: those of edge.capture.errors.
"""

import argparse
import contextlib
import ctypes
import itertools
import os
import queue
import signal
import sys
from collections.abc import Iterator
from typing import Any

from edge.capture.cards import read_cards
from edge.capture.devices import Input, as_json, name_devices, resolve
from edge.capture.errors import CaptureFailed, MicrophoneBusy, MicrophoneError, MicrophoneMissing, MicrophoneRefused, PortAudioMissing
from edge.capture.frames import SOUND, Frame

BLOCK_S = 0.05
"""Sound in one call of the callback and one frame."""

BUFFER_S = 0.2
"""What the card's own buffer should hold, for the times at which this process does not run."""

QUEUE_S = 5.0
"""How long the parent may sleep before sound is lost."""

RATES_HZ = (48_000, 44_100, 16_000, 32_000, 96_000, 8_000)
"""Tried in this order after the configured rate and the device's own."""

# portaudio.h, PaErrorCode
INVALID_CHANNELS, INVALID_RATE, INVALID_FORMAT, DEVICE_UNAVAILABLE = -9998, -9997, -9994, -9985
EBUSY, GONE = -16, (-2, -6, -19)  # errno of ALSA: ENOENT, ENXIO, ENODEV
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> int:
    """Do what the arguments say. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="edge.capture.child")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--device", default="")
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--channels", type=int, default=0)
    parser.add_argument("--parent", type=int, default=0)
    wanted = parser.parse_args()
    pipe = own_the_pipe()
    try:
        if wanted.list:
            _write(pipe, as_json(name_devices(_inputs(portaudio()), read_cards())).encode())
        else:
            die_with(wanted.parent)
            _capture(pipe, wanted.device, wanted.rate, wanted.channels)
    except BrokenPipeError:
        return 0
    except MicrophoneError as error:
        return _give_up(pipe, error, say=not wanted.list)
    except Exception as error:  # noqa: BLE001 - nobody reads this process's stderr, so the parent is told
        return _give_up(pipe, CaptureFailed(wanted=wanted.device or "default", told=f"{type(error).__name__}: {error}"), say=not wanted.list)
    return 0


def candidates(wanted_hz: int, default_hz: int, wanted_channels: int, most_channels: int) -> Iterator[tuple[int, int]]:
    """Rates and channel counts to try, the best first.

    One channel before two: PortAudio then gives the first, where a capsule on a stereo card sits; the mean of both can cancel.
    """
    channels = dict.fromkeys(count for count in (wanted_channels, 1, 2, most_channels) if 0 < count <= most_channels)
    for rate_hz in dict.fromkeys(rate for rate in (wanted_hz, default_hz, *RATES_HZ) if rate):
        for count in channels:
            yield rate_hz, count


def failure_of(wanted: str, code: int, host_code: int, told: str) -> MicrophoneError | None:
    """PortAudio's error code, and ALSA's behind it, as the error it is; None: only this rate, format or channel count is refused."""
    if code in (INVALID_CHANNELS, INVALID_RATE, INVALID_FORMAT):
        return None
    if code == DEVICE_UNAVAILABLE or host_code == EBUSY:
        return MicrophoneBusy(wanted=wanted)
    if host_code in GONE:
        return MicrophoneMissing(wanted=wanted, present="-")
    return CaptureFailed(wanted=wanted, told=told)


def portaudio() -> Any:
    """PortAudio's module. Raises PortAudioMissing."""
    try:
        import sounddevice  # noqa: PLC0415 - it starts PortAudio, which may take seconds, hang, or end the process
    except OSError as error:
        raise PortAudioMissing from error
    return sounddevice


def _inputs(sounddevice: Any) -> list[Input]:
    return [
        Input(device["index"], device["name"], device["max_input_channels"], round(device["default_samplerate"]))
        for device in sounddevice.query_devices()
        if device["max_input_channels"]
    ]


def _capture(pipe: int, device: str, wanted_hz: int, wanted_channels: int) -> None:
    """Open the device, then hand on what it gives until the pipe or the process ends."""
    sounddevice = portaudio()
    inputs = _inputs(sounddevice)
    default = sounddevice.query_hostapis(sounddevice.default.hostapi)["default_input_device"]
    index = resolve(device, name_devices(inputs, read_cards()), default)
    about = next(one for one in inputs if one.index == index)
    refused: list[int] = []
    for rate_hz, channels in candidates(wanted_hz, about.rate_hz, wanted_channels, about.channels):
        blocks = Blocks(round(QUEUE_S / BLOCK_S))
        try:
            stream = sounddevice.RawInputStream(
                samplerate=rate_hz,
                blocksize=round(rate_hz * BLOCK_S),
                device=index,
                channels=channels,
                dtype="float32",
                latency=BUFFER_S,
                callback=blocks.take,
            )
            stream.start()
        except sounddevice.PortAudioError as error:
            code, host = (*error.args, 0, None)[1:3]
            if failure := failure_of(device or "default", code, host[1] if host else 0, str(error)):
                raise failure from error
            refused.append(rate_hz)
            continue
        for sequence in itertools.count():
            sound, dropped = blocks.get()
            _write(pipe, Frame(SOUND, sound, channels, rate_hz, sequence, dropped).packed())
    raise MicrophoneRefused(wanted=device or "default", tried=", ".join(str(rate) for rate in dict.fromkeys(refused)))


class Blocks:
    """Between PortAudio's thread and this process's own. Full, it loses the oldest block; each loss is counted."""

    def __init__(self, most: int) -> None:
        self._waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()  # its `put` never waits
        self._most = most
        self._dropped = 0

    def take(self, sound: Any, _frames: int, _time: Any, status: Any) -> None:
        """PortAudio's callback: copy, queue, count."""
        if status.input_overflow:
            self._dropped += 1
        if self._waiting.qsize() >= self._most:
            with contextlib.suppress(queue.Empty):  # the other thread was faster
                self._waiting.get_nowait()
                self._dropped += 1
        self._waiting.put(bytes(sound))

    def get(self) -> tuple[bytes, int]:
        """Wait for the next block; with it, how many were dropped so far."""
        return self._waiting.get(), self._dropped


def own_the_pipe() -> int:
    """Keep standard output for ourselves: what ALSA or a sound server's library prints must not get between the frames."""
    pipe = os.dup(sys.stdout.fileno())
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return pipe


def die_with(parent: int) -> None:
    """Have the kernel end this process when the thread that started it ends, however that ends, and even while this one is stopped."""
    if parent:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            raise BrokenPipeError


def _write(pipe: int, message: bytes) -> None:
    rest = memoryview(message)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def _give_up(pipe: int, error: MicrophoneError, *, say: bool) -> int:
    with contextlib.suppress(BrokenPipeError):
        _write(pipe, Frame.of_failure(error).packed() if say else b"")
    return error.exit_status


if __name__ == "__main__":
    os._exit(main())  # not by way of PortAudio's own clean-up, which may wait for a device that is gone
