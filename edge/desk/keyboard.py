"""Keys as they are pressed in a terminal, and its screen, both given back as they were."""

import codecs
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from edge.errors import EdgeError
from edge.words import N_

_SEQUENCE_S = 0.05  # for the rest of a key that is more than one byte


class NoTerminal(EdgeError):
    """There is nobody at the keys."""


class Keys:
    """What is typed, and being woken from other threads."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._text = codecs.getincrementaldecoder("utf-8")(errors="ignore")
        self.ended = False
        """The terminal is gone."""

    def wake(self) -> None:
        """End a wait; from any thread."""
        with suppress(BlockingIOError):  # it is about to wake up already
            os.write(self._wake, b".")

    def wait(self, longest_s: float) -> list[str]:
        """The keys pressed until something comes, or so long."""
        ready, _, _ = select.select([self._file, self._woken], [], [], longest_s)
        if self._woken in ready:
            os.read(self._woken, 4096)
        return self._read() if self._file in ready else []

    def _read(self) -> list[str]:
        try:
            came = os.read(self._file, 1024)
        except OSError:
            came = b""
        if not came:
            self.ended = True
            return []
        if came == b"\x1b" and select.select([self._file], [], [], _SEQUENCE_S)[0]:
            came += os.read(self._file, 1024)
        return list(_split(self._text.decode(came)))

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._woken)
        os.close(self._wake)


def _split(text: str) -> Iterator[str]:
    """Characters, and the cursor's keys as one each."""
    while text:
        length = 3 if text.startswith(("\x1b[", "\x1bO")) and len(text) > 2 else 1
        yield text[:length].replace("\x1bO", "\x1b[")
        text = text[length:]


@contextmanager
def keyboard() -> Iterator[Keys]:
    """Keys one by one, without their being shown. Raises NoTerminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoTerminal(N_("the desk in a terminal needs one: do not pipe it, or serve the page with: xiaoan desk"))
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    keys = Keys(file)
    try:
        tty.setcbreak(file)
        with _resized(keys.wake):
            yield keys
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)
        keys.close()


@contextmanager
def _resized(wake: Callable[[], None]) -> Iterator[None]:
    before = signal.signal(signal.SIGWINCH, lambda *_: wake())
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
