"""No sound leaves memory: every byte that the terminal writes or sends during alerts, searched for what was heard."""

from pathlib import Path

import numpy as np
import pytest
import soxr

from edge.demo.sounds import at_level, scream
from edge.shipped import models_folder
from tests.asyncapi import problems
from tests.audio_search import found, windows
from tests.broker import Broker, Desk, wait_for
from tests.capture.sounds import Array, noise
from tests.proxy import Proxy
from tests.sound_server import RATE_HZ, VirtualMicrophone
from tests.strace import complete, tracer, watching, written
from tests.system.terminal import TOPIC, Terminal, command

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")

LARGEST_BYTES = 64 * 1024  # of all that is written to one file; two seconds of sound would be as much


def at(rate_hz: int, sound: Array) -> Array:
    """(n,) sound of 16 kHz at another rate."""
    return np.asarray(soxr.resample(sound, 16_000, rate_hz), np.float32)


def test_nothing_that_was_heard_is_written_or_sent(tmp_path: Path, broker: Broker, desk: Desk, virtual_microphone: VirtualMicrophone) -> None:
    """From raised to closed; the pipe from the capture child, in which the sound is, shows that the search would find it."""
    sound = at_level(scream(np.random.default_rng(4)), 95.0).clip(-1, 1)
    wanted = [windows(at(rate_hz, sound), rate_hz) for rate_hz in (RATE_HZ, 16_000)]
    quiet = noise(0.5, 0.001, RATE_HZ)
    with Proxy(broker.port) as network:
        terminal = Terminal(tmp_path, network.port, f'[microphone]\ndevice = "{virtual_microphone.device}"\nrate_hz = {RATE_HZ}\n')
        terminal.start(None, virtual_microphone.environment, watching(tmp_path / "strace"))
        try:
            wait_for(lambda: "daemon.ready" in terminal.log(), "the first sound", 40.0)
            virtual_microphone.play(np.concatenate([quiet, at(RATE_HZ, sound), quiet]))
            alert = desk.wait("alert", lambda m: m["repeat"] >= 2)
            desk.say(f"{TOPIC}/command", command("acknowledge", "c1", alert=alert["id"]))
            desk.say(f"{TOPIC}/command", command("close", "c2", alert=alert["id"], verdict="real"))
            desk.wait("alert", lambda m: m["state"] == "closed")
            files = {str(file): file.read_bytes() for file in terminal.state.rglob("*") if file.is_file()}
            strace = tracer(terminal.pid)
            assert strace, "the terminal is not watched"
            terminal.stop()
            wait_for(lambda: complete(strace), "the end of the account")
        finally:
            terminal.end()
        sent = bytes(network.sent)
    went = written(tmp_path / "strace")
    pipes = {where: what for where, what in went.items() if where.startswith("pipe:")}
    largest = max(pipes.values(), key=len)
    assert found(largest, wanted) == "<f4"
    mapped = {where: Path(where).read_bytes() for where, what in went.items() if not what and Path(where).is_file()}
    for where, what in {**went, **mapped, **files, "the broker": sent}.items():
        if where in pipes:
            continue
        assert found(what, wanted) == "", where
        if where.startswith("/") and where not in mapped:
            assert len(what) <= LARGEST_BYTES, where
    assert [where for where in went if where.startswith("TCP:") and f"127.0.0.1:{network.port}]" not in where] == []
    assert [(h.topic, p) for h in desk.heard for p in problems(h.topic, h.body)] == []  # and none of the messages has room for it
