"""The capture child by itself: what it tries, what it tells, with which exit status it leaves."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.capture.child import Blocks, candidates, failure_of
from edge.capture.childprocess import COMMAND, ChildProcess
from edge.capture.errors import CaptureFailed, MicrophoneBusy, MicrophoneError, MicrophoneMissing, MicrophoneRefused
from edge.capture.frames import HEADER, SOUND, BadFrame, Frame, FrameReader
from tests.sound_server import VirtualMicrophone

# A PortAudio whose one device refuses to open with the error given.
STUBBORN = """
class PortAudioError(Exception): ...
class default: hostapi = 0
def query_hostapis(index): return {{"default_input_device": 0}}
def query_devices(): return [dict(index=0, name="mic", max_input_channels=2, default_samplerate=44100.0)]
def RawInputStream(**wanted): raise PortAudioError{error}
"""
OVERFLOW, FINE = SimpleNamespace(input_overflow=True), SimpleNamespace(input_overflow=False)


def first_frame(child: ChildProcess) -> Frame:
    """What the child says first."""
    while not (frames := child.receive(20.0)):
        pass
    return frames[0]


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (("Invalid sample rate", -9997), MicrophoneRefused, 5),
        (("Device unavailable", -9985), MicrophoneBusy, 4),
        (("Unanticipated host error", -9999, (0, -16, "Device or resource busy")), MicrophoneBusy, 4),
        (("Unanticipated host error", -9999, (0, -19, "No such device")), MicrophoneMissing, 3),
        (("Illegal combination of I/O devices", -9993), CaptureFailed, 1),
    ],
)
def test_what_portaudio_refuses_becomes_a_sentence_and_an_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: tuple[object, ...], kind: type[MicrophoneError], status: int
) -> None:
    """Busy, gone, refused and unknown errors of PortAudio reach the parent as themselves."""
    (tmp_path / "sounddevice.py").write_text(STUBBORN.format(error=error))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    child = ChildProcess(["--device", "name:mic"])
    failure = first_frame(child).failure()
    assert type(failure) is kind
    assert "name:mic" in str(failure)
    with pytest.raises(EOFError):
        child.receive(20.0)
    child.close(20.0)
    assert child.ended() == status == kind.exit_status


def test_a_crash_of_our_own_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody thought of travels over the pipe: nobody sees stderr, and what libraries print does not get between."""
    (tmp_path / "sounddevice.py").write_text("import os; os.write(1, b'ALSA lib'); os.write(2, b'ALSA lib')\ndef query_devices(): raise KeyError('odd')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    child = ChildProcess([])
    assert "KeyError: 'odd'" in str(first_frame(child).failure())
    child.close(20.0)


def test_a_rate_the_device_has_not_is_left_for_one_it_has(virtual_microphone: VirtualMicrophone) -> None:
    """A device that refuses the configured 1 MHz is opened at its own rate, and more channels than it has are not asked for."""
    child = ChildProcess(["--device", virtual_microphone.device, "--rate", "1000000", "--channels", "99"])
    frame = first_frame(child)
    child.close(20.0)
    assert (frame.kind, frame.rate_hz, frame.channels, frame.sequence) == (SOUND, 44_100, 1, 0)
    assert len(frame.payload) == 4 * round(44_100 * 0.05)


def test_what_is_configured_is_tried_first_then_the_devices_own() -> None:
    """Rates: configured, the device's, the usual ones, none twice. Channels: configured, one, two, all."""
    tried = list(candidates(16_000, 44_100, 4, 8))
    assert tried[:8] == [(16_000, 4), (16_000, 1), (16_000, 2), (16_000, 8), (44_100, 4), (44_100, 1), (44_100, 2), (44_100, 8)]
    assert len({rate for rate, _ in tried}) * 4 == len(tried) == len(set(tried))
    assert list(candidates(0, 48_000, 0, 1))[:2] == [(48_000, 1), (44_100, 1)]
    assert failure_of("mic", -9998, 0, "Invalid number of channels") is None


def test_a_full_queue_loses_its_oldest_and_counts() -> None:
    """The newest sound is kept; each lost block and each overflow of the card is one dropped."""
    blocks = Blocks(3)
    for number in range(5):
        blocks.take(bytes([number]), 1, None, OVERFLOW if number == 2 else FINE)
    assert [blocks.get() for _ in range(3)] == [(b"\x02", 3), (b"\x03", 3), (b"\x04", 3)]


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_frames_survive_any_cutting(piece: int) -> None:
    """A pipe gives bytes, not frames."""
    frames = [Frame(SOUND, bytes(range(n)), 2, 48_000, n, n // 2) for n in (8, 16, 200)] + [Frame.of_failure(MicrophoneBusy(wanted="mic"))]
    stream = b"".join(frame.packed() for frame in frames)
    reader = FrameReader()
    assert [frame for start in range(0, len(stream), piece) for frame in reader.feed(stream[start : start + piece])] == frames
    assert isinstance(frames[-1].failure(), MicrophoneBusy)


@pytest.mark.parametrize(
    "rubbish", [b"ALSA lib pcm.c: unknown PCM cards.pcm.front", HEADER.pack(b"XA", 0, 1, 48_000, 1 << 30, 0, 0), HEADER.pack(b"XA", 0, 3, 48_000, 8, 0, 0)]
)
def test_rubbish_on_the_pipe_is_refused(rubbish: bytes) -> None:
    """Text of a library or an absurd length is never taken for sound."""
    with pytest.raises(BadFrame):
        FrameReader().feed(rubbish)


def test_arguments_that_are_none_end_it_at_once() -> None:
    """A wrong call does not leave a process behind."""
    assert subprocess.run([*COMMAND, "--what"], stderr=subprocess.DEVNULL, check=False).returncode == 2
