"""What other hardware is on the wall."""

import os
import tty
from contextlib import suppress
from pathlib import Path


class Reader:
    """Somebody who reads the lamp's pipe."""

    def __init__(self, pipe: Path) -> None:
        self._file = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self._read = b""

    def words(self) -> list[str]:
        """All that was told so far."""
        with suppress(BlockingIOError):
            self._read += os.read(self._file, 1000)
        return self._read.decode().split()

    def leave(self) -> None:
        """Stop reading."""
        os.close(self._file)


class Board:
    """What is behind a relay's serial port: it remembers the frames that it was sent."""

    def __init__(self) -> None:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._ours)
        os.set_blocking(self._ours, False)
        self.port = Path(os.ttyname(self._theirs))
        self._read = b""

    def frames(self) -> list[bytes]:
        """All frames of four bytes so far."""
        with suppress(OSError):
            while piece := os.read(self._ours, 4096):
                self._read += piece
        return [self._read[i : i + 4] for i in range(0, len(self._read), 4)]

    def pull(self) -> None:
        """Pull the plug."""
        os.close(self._theirs)
        os.close(self._ours)
