"""USB relay boards with a serial port (CH340, sold as LCUS-1, -2, -4, -8): four bytes switch one of their relays."""

import os
import termios
import tty
from contextlib import suppress
from pathlib import Path

from edge.panel.errors import PartUnusable, unusable

BAUD = termios.B9600
START = 0xA0


def frame(channel: int, *, on: bool) -> bytes:
    """Start, relay, state, and the sum of the three."""
    return bytes([START, channel, on, (START + channel + on) & 0xFF])


class Relay:
    """One relay of a board; another one may be in use beside it."""

    def __init__(self, port: Path, channel: int) -> None:
        """Raises PartUnusable."""
        self._port, self._channel = port, channel
        try:
            self._file = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise unusable(str(port), error) from error
        try:
            tty.setraw(self._file, termios.TCSANOW)
            settings = termios.tcgetattr(self._file)
            settings[2] |= termios.CLOCAL
            settings[4] = settings[5] = BAUD
            termios.tcsetattr(self._file, termios.TCSANOW, settings)
        except termios.error as error:
            os.close(self._file)
            raise unusable(str(port), OSError(*error.args)) from error

    def show(self, state: str, *, lit: bool) -> None:  # noqa: ARG002 - a relay knows no more than on and off
        """On or off. Raises PartUnusable."""
        try:
            os.write(self._file, frame(self._channel, on=lit))
        except OSError as error:
            raise unusable(str(self._port), error) from error

    def close(self) -> None:
        """Off, and let go of the port."""
        with suppress(PartUnusable):
            self.show("", lit=False)
        os.close(self._file)
