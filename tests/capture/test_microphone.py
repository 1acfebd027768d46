"""The supervised microphone, against a real PortAudio, a real sound server and children that misbehave."""

import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.capture import RATE_HZ, microphone
from edge.capture.childprocess import COMMAND
from edge.capture.microphone import Microphone, pause_s
from edge.config.schema import MicrophoneSettings
from edge.health.faults import Fault
from tests.capture.sounds import Array, frequency_hz, rms, tone
from tests.sound_server import VirtualMicrophone

LATE_S = 30.0
"""Far longer than anything here takes; only a claim that does not hold runs into it."""


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(microphone, "LONGEST_PAUSE_S", 0.4)


def opened(device: str = "name:wall", channels: int = 0, command: tuple[str, ...] = COMMAND) -> Microphone:
    """A microphone whose pauses have no chance in them."""
    return Microphone(MicrophoneSettings(device=device, channels=channels), rng=random.Random(1), command=command)


def scripted(body: str) -> tuple[str, ...]:
    """The command of a child that does what `body` says; `say(frame)` writes one."""
    head = "import os, sys, time, signal; from edge.capture.frames import *; from edge.capture.errors import *; say = lambda f: os.write(1, f.packed())\n"
    return (sys.executable, "-c", head + body)


def until(source: Microphone, true: Callable[[], bool]) -> None:
    """Go on reading until it is true."""
    end_s = time.monotonic() + LATE_S
    while not true():
        assert time.monotonic() < end_s, (source.faults(), source.problem)
        source.read(0.05)


def hear(source: Microphone, seconds: float = 0.1) -> Array:
    """So much sound, from now on."""
    end_s, heard = time.monotonic() + LATE_S, np.zeros(0, np.float32)
    while len(heard) < seconds * RATE_HZ:
        assert time.monotonic() < end_s, (source.faults(), source.problem)
        block = source.read(0.05)
        heard = heard if block is None else np.concatenate([heard, block])
    return heard


def loud(sound: Array) -> Array:
    """From the first to the last sample that is not quiet."""
    where = np.flatnonzero(np.abs(sound) > 0.01)
    return sound[where[0] : where[-1] + 1]


@pytest.mark.parametrize(("device", "channels"), [("name:wall", 0), ("", 0), ("name:wall", 2)])
def test_what_is_played_in_the_room_is_heard(virtual_microphone: VirtualMicrophone, device: str, channels: int) -> None:
    """A tone comes through PulseAudio, ALSA, PortAudio, the pipe and the resampler with its frequency, level and length."""
    with opened(device, channels) as source:
        hear(source)
        virtual_microphone.play(tone(440.0, 1.0, 0.5, 48_000))
        sound = loud(hear(source, 2.5))
        assert source.faults() == frozenset()
        assert source.problem is None
    assert len(sound) / RATE_HZ == pytest.approx(1.0, abs=0.05)
    assert frequency_hz(sound) == pytest.approx(440.0, abs=1.5)
    assert rms(sound[1600:-1600]) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_a_reader_that_sleeps_three_seconds_loses_nothing(virtual_microphone: VirtualMicrophone) -> None:
    """The child keeps the sound meanwhile: afterwards the tone is one sine without a seam, nothing was dropped and nobody called it a stall."""
    with opened() as source:
        hear(source)
        virtual_microphone.play(tone(440.0, 4.0, 0.5, 48_000))
        before = hear(source, 0.5)
        time.sleep(3.0)
        played = loud(np.concatenate([before, hear(source, 4.0)]))
        assert (source.dropped_blocks, source.restarts, source.faults()) == (0, 0, frozenset())
    assert len(played) / RATE_HZ == pytest.approx(4.0, abs=0.02)
    sound = played[1600:-1600]
    times = np.arange(len(sound)) / RATE_HZ
    basis = np.stack([np.sin(2 * np.pi * 440 * times), np.cos(2 * np.pi * 440 * times)], axis=1)
    assert rms(sound - basis @ np.linalg.lstsq(basis, sound)[0]) < 0.01


def test_a_sound_server_that_dies_is_a_fault_until_it_is_back(virtual_microphone: VirtualMicrophone, caplog: pytest.LogCaptureFixture) -> None:
    """No sound: stalled, then missing (PortAudio no longer sees it), each said once; with the server back the sound is back by itself."""
    caplog.set_level(logging.INFO)
    with opened() as source:
        hear(source)
        virtual_microphone.stop()
        until(source, lambda: Fault.CAPTURE_STALLED in source.faults())
        until(source, lambda: source.faults() == {Fault.MICROPHONE_MISSING})
        until(source, lambda: source.restarts >= 3)
        assert source.faults() == {Fault.MICROPHONE_MISSING}
        virtual_microphone.start()
        until(source, lambda: source.faults() == frozenset())
        virtual_microphone.play(tone(1000.0, 1.0, 0.5, 48_000))
        assert frequency_hz(loud(hear(source, 2.0))) == pytest.approx(1000.0, abs=1.5)
    assert [record.getMessage().split()[0] for record in caplog.records if record.name == microphone.__name__] == [
        "capture.open",
        "capture.lost",
        "capture.lost",
        "capture.back",
    ]


def test_a_child_that_is_stopped_is_replaced(virtual_microphone: VirtualMicrophone) -> None:
    """SIGSTOP (a driver that hangs): no call waits longer than asked, two seconds later it is a stall, and a new child hears."""
    with opened() as source:
        hear(source)
        stopped = source.child
        assert stopped is not None
        os.kill(stopped, signal.SIGSTOP)
        until(source, lambda: Fault.CAPTURE_STALLED in source.faults())
        assert "nothing heard for 2 s" in str(source.problem)
        until(source, lambda: source.faults() == frozenset() and source.child is not None)
        assert source.child != stopped
        assert source.restarts == 1
        with pytest.raises(ProcessLookupError):
            os.kill(stopped, 0)
        virtual_microphone.play(tone(700.0, 1.0, 0.5, 48_000))
        assert frequency_hz(loud(hear(source, 2.0))) == pytest.approx(700.0, abs=1.5)


def test_a_microphone_that_was_never_there_is_a_fault_from_the_start(virtual_microphone: VirtualMicrophone) -> None:
    """The sentence names the wanted microphone and those there are."""
    assert virtual_microphone.device == "name:wall"
    with opened("usb:0d8c:0014") as source:
        until(source, lambda: source.faults() == {Fault.MICROPHONE_MISSING})
        assert str(source.problem).startswith("microphone usb:0d8c:0014 not found; present: name:wall, name:speaker, name:default.")


@pytest.mark.parametrize(
    ("body", "faults", "words"),
    [
        ("say(Frame.of_failure(MicrophoneBusy(wanted='mic'))); sys.exit(4)", {Fault.MICROPHONE_BUSY}, "another program holds it"),
        (
            "say(Frame.of_failure(MicrophoneRefused(wanted='mic', tried='48000'))); sys.exit(5)",
            {Fault.RATE_CHANGED, Fault.CAPTURE_STALLED},
            "none of the rates tried: 48000 Hz",
        ),
        ("say(Frame.of_failure(PortAudioMissing())); sys.exit(6)", {Fault.MICROPHONE_MISSING}, "apt install libportaudio2"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", {Fault.CAPTURE_STALLED}, "ended by SIGSEGV"),
        ("sys.exit(9)", {Fault.CAPTURE_STALLED}, "exit status 9"),
        ("os.write(1, b'Cannot connect to server socket err = No such file'); time.sleep(60)", {Fault.CAPTURE_STALLED}, "not a frame"),
        ("time.sleep(60)", {Fault.CAPTURE_STALLED}, "nothing heard for"),
    ],
)
def test_every_end_of_a_child_is_a_fault_and_a_new_start(monkeypatch: pytest.MonkeyPatch, body: str, faults: set[Fault], words: str) -> None:
    """Busy, refused, crashed, babbling or dumb: the fault has a name, the sentence a reason, and the next child is tried."""
    monkeypatch.setattr(microphone, "START_S", 0.5)
    with opened(command=scripted(body)) as source:
        until(source, lambda: source.restarts >= 2 and source.faults() == faults and words in str(source.problem))


def test_a_child_that_cannot_be_started_is_tried_again() -> None:
    """Where the system has no process left for it, that is a fault like any other."""
    with opened(command=("/nowhere/python",)) as source:
        until(source, lambda: "No such file" in str(source.problem))
        assert source.faults() == {Fault.CAPTURE_STALLED}
        assert source.read(0.01) is None


def test_a_child_that_babbles_without_end_holds_nobody_up() -> None:
    """A flood of rubbish and a child that sends half a frame and stops both leave `read` within its timeout."""
    for body in ("while True: os.write(1, bytes(65536))", "os.write(1, Frame(SOUND, bytes(4000), 1, 16000).packed()[:500]); time.sleep(60)"):
        with opened(command=scripted(body)) as source:
            start_s = time.monotonic()
            for _ in range(10):
                assert source.read(0.02) is None
            assert time.monotonic() - start_s < LATE_S


def test_dropped_blocks_are_counted_over_all_children_and_shown_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three dropped by each of two children are six; the fault goes when nothing has been dropped for a time."""
    monkeypatch.setattr(microphone, "OVERFLOW_S", 1.0)
    body = "[say(Frame(SOUND, os.urandom(3200), 1, 16000, n, 3 * (n > 0))) for n in range(4)]; time.sleep(0.2)"
    with opened(command=scripted(body)) as source:
        until(source, lambda: Fault.OVERFLOW in source.faults())
        until(source, lambda: source.restarts == 1 and source.dropped_blocks == 6)
    with opened(command=scripted(body.replace("0.2", "60"))) as source:
        until(source, lambda: Fault.OVERFLOW in source.faults())
        until(source, lambda: source.faults() == frozenset())
        assert source.dropped_blocks == 3


def test_a_device_that_comes_back_at_another_rate_is_heard_and_shown(tmp_path: Path) -> None:
    """First 16 kHz, then 48 kHz: the resampler follows, and the fault stands until the new rate has proved to be the usual one."""
    body = f"""
first = not os.path.exists({str(tmp_path / "was")!r})
open({str(tmp_path / "was")!r}, "w").close()
import numpy as np
rate = 16000 if first else 48000
sound = (0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype("f4").tobytes()
say(Frame(SOUND, sound, 1, rate))
time.sleep(0.2 if first else 60)
"""
    with opened(command=scripted(body)) as source:
        assert frequency_hz(hear(source, 0.8)) == pytest.approx(440.0, abs=1.5)
        until(source, lambda: source.restarts == 1)
        until(source, lambda: source.problem is None)
        assert source.faults() == {Fault.RATE_CHANGED}
        assert frequency_hz(hear(source, 0.8)) == pytest.approx(440.0, abs=1.5)


def test_restarts_leave_no_zombie_and_no_open_file() -> None:
    """After five children the process has as many files and children as before the first."""
    files = sum(1 for _ in Path("/proc/self/fd").iterdir())
    with opened(command=scripted("say(Frame(SOUND, bytes(64000), 1, 16000)); time.sleep(60)")) as source:
        for restarts in range(5):
            hear(source)
            assert (source.restarts, source.child is None) == (restarts, False)
            os.kill(source.child or 0, signal.SIGKILL)
            until(source, lambda: source.problem is not None)
    assert source.read(0.01) is None
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == files
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("stopped", [False, True])
def test_the_child_dies_with_its_parent(virtual_microphone: VirtualMicrophone, *, stopped: bool) -> None:
    """SIGKILL of the parent leaves nothing on the sound card, not even a child that hangs."""
    code = (
        "from edge.capture.microphone import Microphone; from edge.config.schema import MicrophoneSettings\n"
        f"source = Microphone(MicrophoneSettings(device={virtual_microphone.device!r}))\n"
        "while source.read(1.0) is None: pass\n"
        "print(source.child, flush=True)\n"
        "while True: source.read(1.0)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        if stopped:
            os.kill(child, signal.SIGSTOP)
        parent.kill()
    end_s = time.monotonic() + LATE_S
    while alive(child):
        assert time.monotonic() < end_s, "the child lives on"
        time.sleep(0.02)


def alive(process: int) -> bool:
    """Whether it runs; a zombie that nobody has reaped does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_pauses_grow_with_jitter_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.5, 1, 2, 4 s, then 6 s for ever, each by up to 20 % either way."""
    monkeypatch.undo()
    assert [pause_s(failures, 0.5) for failures in (1, 2, 3, 4, 5, 6, 10_000)] == [0.5, 1, 2, 4, 6, 6, 6]
    assert [pause_s(1, chance) for chance in (0.0, 1.0)] == pytest.approx([0.4, 0.6])


def test_a_long_spell_of_sound_makes_the_next_pause_short_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Short spells make the pauses grow; one spell of half a minute of sound and they begin anew."""
    monkeypatch.setattr(microphone, "LONGEST_PAUSE_S", 0.2)
    pauses = []
    for seconds in (1, 31):
        body = f"[say(Frame(SOUND, os.urandom(64000), 1, 16000, n)) for n in range({seconds})]"
        with opened(command=scripted(body)) as source:
            until(source, lambda: source.restarts >= 3)
        pauses.append([float(record.getMessage().split("pause_s=")[1].split()[0]) for record in caplog.records if "pause_s=" in record.getMessage()][-1])
        caplog.clear()
    assert pauses[0] > 0.1 >= pauses[1]
