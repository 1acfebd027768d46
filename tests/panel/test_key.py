"""The key's thread with its named pipe, and whoever writes to it."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import pytest

from edge.health.faults import Fault
from edge.panel.contact import ContactRules, Press, Pressed, Released
from edge.panel.errors import PartUnusable
from edge.panel.key import Key
from edge.panel.pipe import LONGEST, Lines, PipeKey
from tests.broker import wait_for

RULES = ContactRules(debounce_s=0.0, hold_s=0.0, again_s=0.0, stuck_s=1000.0)
PATIENCE_S = 20.0


class OnTheWall:
    """A key in a thread of its own, and what it says."""

    def __init__(self, pipe: Path, rules: ContactRules = RULES) -> None:
        self.said = Queue[Press]()
        self.key = Key(lambda: PipeKey(pipe), rules, self.said.put, time.monotonic)
        self._thread = threading.Thread(target=self.key.run)
        self._thread.start()

    def next(self) -> Press:
        """The next press or release."""
        return self.said.get(timeout=PATIENCE_S)

    def end(self) -> None:
        """It ends when it is told to."""
        self.key.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


Hang = Callable[..., OnTheWall]


@pytest.fixture
def hang() -> Iterator[Hang]:
    """Hangs keys on the wall and leaves none running."""
    hung: list[OnTheWall] = []

    def up(pipe: Path, rules: ContactRules = RULES) -> OnTheWall:
        hung.append(OnTheWall(pipe, rules))
        return hung[-1]

    yield up
    for key in hung:
        key.end()


def write(pipe: Path, words: bytes) -> None:
    """As another program does: open, write, close."""
    with pipe.open("wb", buffering=0) as to:
        to.write(words)


def test_writers_come_and_go(tmp_path: Path, hang: Hang) -> None:
    """The pipe is made where it is missing; each writer is heard, and its leaving is no end."""
    pipe = tmp_path / "key"
    wall = hang(pipe)
    wait_for(pipe.exists, "the pipe")
    for _ in range(3):
        write(pipe, b"press\n")
        assert isinstance(wall.next(), Pressed)
        write(pipe, b"release\n")
        assert isinstance(wall.next(), Released)
    assert wall.key.faults == frozenset()


def test_a_tap_in_one_breath_is_a_press(tmp_path: Path, hang: Hang) -> None:
    """Both words arrive at the same moment; a line in two pieces is one."""
    wall = hang(tmp_path / "key")
    wait_for((tmp_path / "key").exists, "the pipe")
    with (tmp_path / "key").open("wb", buffering=0) as to:
        to.write(b"press\nrelease\npre")
        assert [type(wall.next()) for _ in range(2)] == [Pressed, Released]
        to.write(b"ss\r\n")
        assert isinstance(wall.next(), Pressed)


def test_garbage_is_bounded_counted_and_harmless(tmp_path: Path, hang: Hang) -> None:
    """A megabyte without a line's end, binary, words that are none: the next press counts."""
    lines = Lines()
    assert lines.feed(b"\0\xff\npressure\n\n" + b"x" * 1_000_000) == []
    assert lines.feed(b"press\n") == []  # the end of that line
    assert (lines.garbage, lines.feed(b"press\nrelease\n")) == (3, [True, False])
    assert lines.feed(b"y" * LONGEST + b"\npress\n") == [True]
    assert lines.garbage == 4
    wall = hang(tmp_path / "key")
    wait_for((tmp_path / "key").exists, "the pipe")
    write(tmp_path / "key", os.urandom(100_000).replace(b"press", b"") + b"\npress\n")
    assert isinstance(wall.next(), Pressed)


def test_a_pipe_that_is_removed_or_cannot_be_made_is_a_fault_until_it_is_there_again(tmp_path: Path, hang: Hang) -> None:
    """The press that went on is over; the fault ends once the key works again, and the thread lives through all of it."""
    pipe = tmp_path / "folder" / "key"
    wall = hang(pipe)
    wait_for(lambda: wall.key.faults == {Fault.BUTTON_STUCK}, "the fault")
    pipe.parent.mkdir()
    wait_for(lambda: wall.key.faults == frozenset(), "the pipe")
    write(pipe, b"press\n")
    assert isinstance(wall.next(), Pressed)
    pipe.unlink()
    assert isinstance(wall.next(), Released)
    wait_for(lambda: pipe.exists() and not wall.key.faults, "the new pipe")
    write(pipe, b"press\n")
    assert isinstance(wall.next(), Pressed)


def test_a_key_that_stays_down_is_a_fault_until_it_comes_up(tmp_path: Path, hang: Hang) -> None:
    """A writer that died with the key down looks the same."""
    wall = hang(tmp_path / "key", ContactRules(0.0, 0.0, 0.0, stuck_s=0.2))
    wait_for((tmp_path / "key").exists, "the pipe")
    write(tmp_path / "key", b"press\n")
    assert [type(wall.next()) for _ in range(2)] == [Pressed, Released]
    assert wall.key.faults == {Fault.BUTTON_STUCK}
    write(tmp_path / "key", b"release\n")
    wait_for(lambda: not wall.key.faults, "its end")


def test_what_is_no_pipe_is_said(tmp_path: Path) -> None:
    """A file in its place is left alone."""
    (tmp_path / "key").write_text("precious")
    with pytest.raises(PartUnusable, match="is no named pipe; name another file, or remove it"):
        PipeKey(tmp_path / "key")
    with pytest.raises(PartUnusable, match=r"cannot be used: No such file or directory\. Check plug"):
        PipeKey(tmp_path / "no" / "key")
    assert (tmp_path / "key").read_text() == "precious"
