"""Sealed evidence on the real terminal."""

import io
import re
import signal
from pathlib import Path

import pytest
import soundfile

from edge.evidence.container import join
from edge.evidence.sealing import as_text, make_key, read_key, unseal
from edge.evidence.shelf import FOLDER, listed
from edge.shipped import models_folder
from tests.audio_search import found, windows
from tests.broker import Broker, Desk, wait_for
from tests.strace import complete, tracer, watching, written
from tests.system.terminal import LOUD_AT_S, TOPIC, Terminal, command, loud

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")

RATE_HZ = 16_000
BEFORE_S, AFTER_S = 1.0, 2.0
CLEAR = re.compile(rb"fLaC\0\0\0\x22|RIFF....WAVE|OggS\0\x02", re.DOTALL)
"""How files begin in which there is sound."""


def with_evidence(folder: Path, port: int, after_s: float = AFTER_S) -> tuple[Terminal, bytes]:
    """A terminal that seals, and the private key, which is not on it."""
    key = folder / "desk.key"
    public = make_key(key)
    more = f'[evidence]\non = true\npublic_key = "{as_text(public)}"\nbefore_s = {BEFORE_S}\nafter_s = {after_s}\n'
    return Terminal(folder, port, more), read_key(key)


def test_evidence_is_sealed_and_nothing_clear_is_ever_written(tmp_path: Path, broker: Broker, desk: Desk) -> None:
    """Every byte that the terminal writes is searched: for the sound, and for the key that would open it. With the key the sound is there."""
    recording = loud(tmp_path, seconds=6.0)
    heard = soundfile.read(recording, dtype="float32")[0]
    wanted = [windows(heard[round(LOUD_AT_S * RATE_HZ) :], RATE_HZ)[:20]]
    terminal, private = with_evidence(tmp_path, broker.port)
    terminal.start(recording, under=watching(tmp_path / "strace"))
    try:
        alert = desk.wait("alert")
        wait_for(lambda: "evidence.complete" in terminal.log(), "the sealed file", 40.0)
        desk.say(f"{TOPIC}/command", command("close", "c1", alert=alert["id"], verdict="real"))
        desk.wait("alert", lambda m: m["state"] == "closed")
        files = {str(file): file.read_bytes() for file in terminal.state.rglob("*") if file.is_file()}
        strace = tracer(terminal.pid)
        terminal.stop()
        wait_for(lambda: complete(strace), "the end of the account")
    finally:
        terminal.end()
    (sealed,) = listed(terminal.state / FOLDER)
    assert sealed.alert == alert["id"]
    about, flac = join(unseal(sealed.file.read_bytes(), private, sealed.file))
    sound = soundfile.read(io.BytesIO(flac), dtype="int16")[0]
    assert found(sound.tobytes(), wanted) == "<i2"
    assert (about.place, about.label, about.terminal) == ("二楼东侧洗手间", "shouting", "no-4/t1")
    assert AFTER_S < len(sound) / RATE_HZ == about.seconds < LOUD_AT_S + AFTER_S + 1.0  # to these rules the quiet before it belongs to the onset
    for where, what in {**written(tmp_path / "strace"), **files}.items():
        assert found(what, wanted) == "", where
        assert not CLEAR.search(what), where
        assert private not in what, where
        assert as_text(private).encode() not in what, where
    assert all("sealed" not in str(message.body) for message in desk.heard)


def test_what_was_heard_before_a_kill_is_there(tmp_path: Path, broker: Broker) -> None:
    """Half a minute after the alert is to be sealed, and somebody pulls the plug after some seconds of it."""
    recording = loud(tmp_path, seconds=40.0)
    wanted = [windows(soundfile.read(recording, dtype="float32")[0][round(LOUD_AT_S * RATE_HZ) :], RATE_HZ)[:20]]
    terminal, private = with_evidence(tmp_path, broker.port, after_s=30.0)
    terminal.start(recording)
    sizes: set[int] = set()
    try:
        wait_for(lambda: "evidence.sealed" in terminal.log(), "the alert", 180.0)
        (sealed,) = listed(terminal.state / FOLDER)

        def grown() -> bool:
            sizes.add(sealed.file.stat().st_size)
            return len(sizes) >= 4

        wait_for(grown, "three seconds more", 180.0)
        assert terminal.stop(signal.SIGKILL) == -signal.SIGKILL
    finally:
        terminal.end()
    assert "evidence.complete" not in terminal.log()
    about, flac = join(unseal(sealed.file.read_bytes(), private, sealed.file))
    sound = soundfile.read(io.BytesIO(flac), dtype="int16")[0]
    assert found(sound.tobytes(), wanted) == "<i2"
    assert len(sound) / RATE_HZ == about.seconds > max(0.0, about.before_s) + 2.0  # no second before the alert is among the last three


def test_an_alert_goes_its_way_where_evidence_cannot_be_kept(tmp_path: Path, broker: Broker, desk: Desk) -> None:
    """Something is in the folder's place: the alert comes, and the desk knows that the disk refuses."""
    terminal, _ = with_evidence(tmp_path, broker.port)
    terminal.state.mkdir()
    (terminal.state / FOLDER).write_text("in the way")
    terminal.start(loud(tmp_path, seconds=6.0))
    try:
        assert desk.wait("alert")["state"] == "raised"
        desk.wait("health", lambda m: "storage" in m["faults"])
        assert terminal.stop() == 0
    finally:
        terminal.end()
