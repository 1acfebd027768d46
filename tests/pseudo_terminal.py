"""Runs the real command in a real terminal, of any width, as a technician sees it over ssh."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.command import ROOT, XIAOAN

PATIENCE_S = 30.0
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]")


class Terminal:
    """`xiaoan` with these arguments on a terminal of its own. A context manager that leaves nothing running."""

    def __init__(
        self, *arguments: str | Path, columns: int = 100, rows: int = 40, environment: Mapping[str, str] | None = None, program: Sequence[str] = XIAOAN
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        around = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self._process = subprocess.Popen(
            [*program, *map(str, arguments)], cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**around, "TERM": "xterm", "LC_ALL": "C.UTF-8", "LANGUAGE": "", **(environment or {})},
        )  # fmt: skip
        os.close(slave)
        self._heard = bytearray()

    @property
    def text(self) -> str:
        """Everything that was written so far, without colours and cursor movements."""
        return _CONTROL.sub("", self.written).replace("\r\n", "\n").replace("\r", "\n")

    @property
    def written(self) -> str:
        """Everything that was written so far, as it was written."""
        return self._heard.decode("utf-8", errors="ignore")

    @property
    def lines(self) -> list[str]:
        """The same by lines."""
        return self.text.split("\n")

    def wait_for(self, pattern: str, patience_s: float = PATIENCE_S) -> "re.Match[str]":
        """Wait until it has written something that matches."""
        until_s = time.monotonic() + patience_s
        while not (found := re.search(pattern, self.text)):
            if not self._read() or time.monotonic() > until_s:
                pytest.fail(f"waited in vain for {pattern!r}; the end of what was written: {self.text[-2000:]}")
        return found

    def press(self, keys: str) -> None:
        """Type something."""
        os.write(self._master, keys.encode())

    def interrupt(self) -> None:
        """Ctrl-C; as a signal, for the terminal is nobody's controlling one."""
        self._process.send_signal(signal.SIGINT)

    def end(self, patience_s: float = PATIENCE_S) -> int:
        """Wait for its end. Returns the exit status."""
        until_s = time.monotonic() + patience_s
        while self._read():
            assert time.monotonic() < until_s, f"it does not end: {self.text[-2000:]}"
        return self._process.wait(PATIENCE_S)

    def _read(self) -> bool:
        """Read what comes within a while; False: it has ended."""
        ready, _, _ = select.select([self._master], [], [], 0.2)
        if not ready:
            return self._process.poll() is None
        try:
            self._heard += os.read(self._master, 65_536)
        except OSError:  # Linux: the other end is closed
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._master)
