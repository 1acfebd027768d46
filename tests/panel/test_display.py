"""Lamp and sounder as other hardware sees them: a named pipe with a reader, a relay's serial port with a board behind it."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from edge.panel.display import Display, Output
from edge.panel.errors import PartUnusable
from edge.panel.patterns import SOUNDER, Pattern, Shown
from edge.panel.pipe import PipeTeller
from edge.panel.relay import Relay, frame
from tests.broker import wait_for
from tests.panel.parts import Board, Reader

BLINKING = {Shown.RAISED: Pattern((0.02, 0.02)), Shown.SEEN: Pattern((1e6,))}


Start = Callable[..., Display]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts displays, and leaves none running."""
    running: list[tuple[Display, threading.Thread]] = []

    def started(*outputs: Output) -> Display:
        display = Display(outputs, time.monotonic)
        thread = threading.Thread(target=display.run)
        running.append((display, thread))
        thread.start()
        return display

    yield started
    for display, thread in running:
        display.stop()
        thread.join(20)
        assert not thread.is_alive()


def test_a_relay_blinks_and_is_off_at_the_end(start: Start) -> None:
    """On and off in turn while an alert is raised, on while it is seen; the other relay of the board is not touched."""
    board = Board()
    on, off = frame(2, on=True), frame(2, on=False)
    assert (on, off) == (bytes.fromhex("a00201a3"), bytes.fromhex("a00200a2"))
    display = start(Output("lamp", lambda: Relay(board.port, 2), BLINKING))
    display.show(Shown.RAISED)
    wait_for(lambda: board.frames().count(on) >= 3, "three times on")
    display.show(Shown.SEEN)
    wait_for(lambda: board.frames()[-1] == on, "on")
    assert {(off, on), (on, off)} == {(before, after) for before, after in pairwise(board.frames()) if before != after}
    display.stop()
    wait_for(lambda: board.frames()[-1] == off, "off")
    board.pull()


def test_a_part_that_is_missing_stops_nothing_and_is_back_by_itself(start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The lamp's board is not there, then it is; the sounder's pipe works all the time."""
    monkeypatch.setattr("edge.panel.display.AGAIN_S", 0.1)
    board, port = Board(), tmp_path / "port"
    display = start(
        Output("lamp", lambda: Relay(port, 1), BLINKING), Output("sounder", lambda: PipeTeller(tmp_path / "sounder"), SOUNDER, sounds=True)
    )
    wait_for((tmp_path / "sounder").exists, "the pipe")
    reader = Reader(tmp_path / "sounder")
    display.show(Shown.SEEN)
    wait_for(lambda: reader.words()[-1:] == ["seen"], "the word")
    assert display.sounded_s > 0
    port.symlink_to(board.port)
    wait_for(lambda: frame(1, on=True) in board.frames(), "the lamp")
    reader.leave()
    board.pull()


def test_readers_come_and_go_and_each_is_told_how_it_is(tmp_path: Path) -> None:
    """Nobody reads: nothing happens. A new reader is told at the next look, and nobody twice."""
    lamp = PipeTeller(tmp_path / "lamp")
    lamp.show("armed", lit=False)
    for _ in range(2):
        reader = Reader(tmp_path / "lamp")
        for state in ("armed", "armed", "raised", "raised"):
            lamp.show(state, lit=True)
        assert reader.words() == ["armed", "raised"]
        reader.leave()
    lamp.show("seen", lit=True)
    lamp.close()


def test_a_reader_that_sleeps_is_told_later_and_holds_nobody_up(tmp_path: Path) -> None:
    """The pipe holds 64 kB; what does not fit waits for the next look."""
    lamp = PipeTeller(tmp_path / "lamp")
    reader = Reader(tmp_path / "lamp")
    for i in range(20_000):
        lamp.show(f"state{i % 2}", lit=True)
    while reader.words()[-1:] != ["seen"]:
        lamp.show("seen", lit=True)
    reader.leave()
    lamp.close()


def test_what_is_no_relay_is_said(tmp_path: Path) -> None:
    """A port that is not there, and a file that is none."""
    with pytest.raises(PartUnusable, match="cannot be used: No such file or directory"):
        Relay(tmp_path / "ttyUSB0", 1)
    (tmp_path / "file").touch()
    with pytest.raises(PartUnusable, match="cannot be used: Inappropriate ioctl for device"):
        Relay(tmp_path / "file", 1)
