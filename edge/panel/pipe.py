"""Named pipes: other hardware, or a test, tells of the key and is told what the lamp shows."""

import errno
import logging
import os
import select
import selectors
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from edge.panel.errors import PartUnusable, unusable
from edge.panel.key import Change
from edge.words import N_

WORDS = {b"press": True, b"release": False}
LONGEST = 64  # bytes of a line; what is longer is garbage however it goes on
PIECE = 4096  # bytes read at once

_log = logging.getLogger(__name__)


def make(path: Path) -> None:
    """Make the pipe where it is missing. Raises PartUnusable where it cannot be, or something else lies there."""
    try:
        with suppress(FileExistsError):
            os.mkfifo(path, 0o660)
        kind = path.stat().st_mode
    except OSError as error:
        raise unusable(str(path), error) from error
    if not stat.S_ISFIFO(kind):
        raise PartUnusable(N_("{what} is no named pipe; name another file, or remove it"), what=str(path))


class Lines:
    """Bytes to words, whoever writes them: bounded, and what is no word is counted."""

    def __init__(self) -> None:
        self.garbage = 0
        """Lines that were no word."""
        self._rest = b""
        self._too_long = False

    def feed(self, received: bytes) -> list[bool]:
        """True for each `press`, False for each `release`, in order."""
        *lines, self._rest = (self._rest + received).split(b"\n")
        found = []
        for line in lines:
            word = WORDS.get(line.strip())
            if self._too_long or (word is None and line.strip()):
                self.garbage += 1
            elif word is not None:
                found.append(word)
            self._too_long = False
        if len(self._rest) > LONGEST:
            self._rest, self._too_long = b"", True
        return found


class PipeKey:
    """A key whose presses come as lines. Writers may come and go; there may be several."""

    def __init__(self, path: Path, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Raises PartUnusable."""
        self._path = path
        self._clock_s = clock_s
        make(path)
        try:
            # Also for writing: then there is always a writer, and none that leaves is the end of the file.
            self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise unusable(str(path), error) from error
        self._file = os.fstat(self._pipe).st_ino
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)
        self._lines = Lines()
        self._told = 1

    def read(self, timeout_s: float) -> Sequence[Change]:
        """What was written. Raises PartUnusable where the pipe was removed."""
        if not self._selector.select(timeout_s):
            try:
                if self._path.stat().st_ino == self._file:
                    return ()
            except OSError as error:
                raise unusable(str(self._path), error) from error
            raise PartUnusable(N_("{what} was replaced"), what=str(self._path))
        now_s = self._clock_s()
        changes = [Change(now_s, down) for down in self._lines.feed(os.read(self._pipe, PIECE))]
        if self._lines.garbage >= self._told:
            _log.warning("key.garbage pipe=%s lines=%d", self._path, self._lines.garbage)
            self._told = 10 * self._lines.garbage
        return changes

    def close(self) -> None:
        """Let go of it; the pipe itself stays."""
        self._selector.close()
        os.close(self._pipe)


class PipeTeller:
    """Other hardware is told a word a line: what the lamp shows. It blinks by itself. Readers may come and go."""

    def __init__(self, path: Path) -> None:
        """Raises PartUnusable."""
        self._path = path
        self._pipe: int | None = None
        self._told = ""  # to this reader
        make(path)

    def show(self, state: str, *, lit: bool) -> None:  # noqa: ARG002 - a lamp that blinks by itself needs the state alone
        """Tell it, where somebody reads and was not told yet. Raises PartUnusable."""
        if self._pipe is not None and self._left():
            self._forget()
        if self._pipe is None:
            try:
                self._pipe = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nobody reads
                    return
                raise unusable(str(self._path), error) from error
        if state != self._told:
            try:
                os.write(self._pipe, f"{state}\n".encode())
            except BlockingIOError:  # the reader sleeps: it is told later
                return
            except OSError:
                self._forget()
                return
            self._told = state

    def close(self) -> None:
        """Let go of it; the pipe itself stays."""
        self._forget()

    def _left(self) -> bool:
        assert self._pipe is not None
        poll = select.poll()
        poll.register(self._pipe, 0)
        return any(event & select.POLLERR for _, event in poll.poll(0))

    def _forget(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
        self._pipe, self._told = None, ""
