"""The capture child seen from its parent: starting it, reading its pipe without ever waiting for it, ending it."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.capture.frames import Frame, FrameReader
from edge.errors import Reason
from edge.words import N_

COMMAND = (sys.executable, "-P", "-m", "edge.capture.child")
PIECE = 1 << 16
"""Bytes read at once: what a pipe holds."""


def environment() -> Mapping[str, str]:
    """Give the child our environment, with the folder of this very package first on the path, whatever the working directory."""
    here = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))}


def ending(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return Reason(N_("exit status {status}"), status=status)
    return Reason(N_("ended by {signal}"), signal=signal.Signals(-status).name)


class ChildProcess:
    """One run of the child. It never blocks: not on a child that is stopped, hangs in a driver, or cannot be killed."""

    def __init__(self, arguments: Sequence[str], command: Sequence[str] = COMMAND) -> None:
        self._process = subprocess.Popen(
            [*command, *arguments],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # ALSA writes a page of noise at each start, and an old PortAudio without end when a card is pulled
            bufsize=0,
            process_group=0,  # Ctrl-C is for the parent, which then ends the child
        )
        assert self._process.stdout is not None
        self._pipe = self._process.stdout
        os.set_blocking(self._pipe.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)
        self._reader = FrameReader()
        self.received_bytes = 0

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def receive(self, timeout_s: float) -> list[Frame]:
        """Frames that have come, waiting at most `timeout_s` for more bytes. Raises EOFError when it has closed its end, and BadFrame."""
        if not self._selector.select(timeout_s):
            return []
        try:
            received = os.read(self._pipe.fileno(), PIECE)
        except BlockingIOError:
            return []
        if not received:
            raise EOFError
        self.received_bytes += len(received)
        return self._reader.feed(received)

    def kill(self) -> None:
        """Ask the kernel to end it; `ended` tells when it has."""
        self._process.kill()

    def ended(self) -> int | None:
        """Its exit status once it is gone (and reaped), else None."""
        return self._process.poll()

    def close(self, patience_s: float = 0.0) -> None:
        """End it and let go of the pipe; waits `patience_s` so that no zombie stays."""
        self._process.kill()
        self._selector.close()
        self._pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):  # in the kernel's hands, with a driver that does not come back
            self._process.wait(patience_s)
