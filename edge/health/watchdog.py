"""What systemd is told: sd_notify(3), and when it wants to hear that we live."""

import socket
from collections.abc import Mapping
from contextlib import suppress


class Watchdog:
    """Tells the service manager; does nothing where there is none."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """environment: with NOTIFY_SOCKET and WATCHDOG_USEC as systemd sets them."""
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        usec = environment.get("WATCHDOG_USEC", "")
        self.every_s = int(usec) / 2e6 if usec.isdigit() and int(usec) else None
        """Seconds between two signs of life (half of what systemd allows), None where it wants none."""

    def ready(self) -> None:
        """The terminal listens."""
        self._say("READY=1")

    def alive(self) -> None:
        """A sign of life."""
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """The terminal ends."""
        self._say("STOPPING=1")

    def _say(self, what: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to, suppress(OSError):
            to.connect(self._address)
            to.send(what.encode())
