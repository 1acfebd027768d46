"""A terminal that starts while the disk is full, and is killed before anything reached the desk."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.shipped import models_folder
from tests.broker import Broker, Desk, wait_for
from tests.small_disk import fill, small_disk
from tests.system.terminal import Terminal, loud, quiet

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")

PATIENCE_S = 180.0


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """The state folder on a disk of its own, of eight megabytes."""
    with small_disk(tmp_path / "state") as folder:
        yield folder


@pytest.fixture
def start(tmp_path: Path, broker: Broker, state: Path) -> Iterator[Callable[[Path], Terminal]]:
    """Starts the terminal, which hears a recording."""
    terminal = Terminal(tmp_path, broker.port)
    assert terminal.state == state

    def begin(recording: Path) -> Terminal:
        terminal.start(recording)
        return terminal

    yield begin
    terminal.end()


def test_what_is_raised_after_a_start_on_a_full_disk_survives_a_kill(
    tmp_path: Path, broker: Broker, state: Path, start: Callable[[Path], Terminal]
) -> None:
    """The start before has left room for it. The broker is away, so that the disk alone has the alert."""
    terminal = start(quiet(tmp_path))
    wait_for(lambda: "daemon.ready" in terminal.log(), "the first start", PATIENCE_S)
    assert terminal.stop() == 0
    broker.kill()
    fill(state)
    start(loud(tmp_path))
    wait_for(lambda: "alert.raised" in terminal.log(), "the alert", PATIENCE_S)
    assert terminal.stop(signal.SIGKILL) == -signal.SIGKILL
    assert "outbox.room_used" in terminal.log()
    assert "outbox.refused" not in terminal.log()
    broker.start()
    desk = Desk(broker.port)
    try:
        start(quiet(tmp_path))
        assert desk.wait("alert", patience_s=PATIENCE_S)["state"] == "raised"
        assert desk.wait("health", lambda m: "disk_full" in m["faults"], PATIENCE_S)["faults"].count("storage") == 0
    finally:
        desk.close()


def test_where_there_never_was_room_alerts_are_written_down_as_soon_as_there_is(
    tmp_path: Path, broker: Broker, state: Path, start: Callable[[Path], Terminal]
) -> None:
    """Until then they are in memory alone, and the desk knows."""
    fill(state)
    desk = Desk(broker.port)
    try:
        terminal = start(loud(tmp_path))
        desk.wait("health", lambda m: {"storage", "disk_full"} <= set(m["faults"]), PATIENCE_S)
        wait_for(lambda: "alert.raised" in terminal.log(), "the alert", PATIENCE_S)
        (state / "filler").unlink()
        wait_for(lambda: "outbox.healed" in terminal.log(), "that the disk takes it", PATIENCE_S)
        assert terminal.stop(signal.SIGKILL) == -signal.SIGKILL
        id_ = desk.wait("alert")["id"]
        already = len(desk.heard)
        start(quiet(tmp_path))
        wait_for(lambda: any(h.topic == "alert" and h.body["id"] == id_ for h in desk.heard[already:]), "that it is known after the kill", PATIENCE_S)
    finally:
        desk.close()
