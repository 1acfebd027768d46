"""A USB key: the kernel's input events (evdev), read as they are, without a library.

Every USB push button is a keyboard with one key. It is grabbed, so that what is pressed goes nowhere else: not into a console's login.
"""

import errno
import fcntl
import os
import selectors
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.panel.errors import busy, unusable
from edge.panel.key import Change

EVENT = struct.Struct("@llHHi")
"""linux/input.h, struct input_event: seconds, microseconds, type, code, value."""
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
REPEATED = 2
CODES = 768  # KEY_CNT

# asm-generic/ioctl.h: direction, size, 'E', number
EVIOCGRAB = 0x40044590
EVIOCSCLOCKID = 0x400445A0
EVIOCGKEY = 0x80000000 | CODES // 8 << 16 | 0x4518


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the kernel's."""

    at_s: float
    kind: int
    code: int
    value: int


def decoded(received: bytes) -> list[Event]:
    """Whole events; the kernel never gives half of one."""
    return [Event(s + us / 1e6, kind, code, value) for s, us, kind, code, value in EVENT.iter_unpack(received[: len(received) // EVENT.size * EVENT.size])]


class Keys:
    """Which keys of the device are down. Any of them, or the one that counts, is the key."""

    def __init__(self, code: int) -> None:
        """code: of the one that counts, 0: any."""
        self._code = code
        self._down: frozenset[int] = frozenset()

    @property
    def down(self) -> bool:
        """Whether the key is."""
        return bool(self._down) if self._code == 0 else self._code in self._down

    def take(self, event: Event) -> bool | None:
        """Follow one event. True: the kernel lost some, and must be asked with `know`; None: as before."""
        if event.kind == EV_SYN and event.code == SYN_DROPPED:
            return True
        if event.kind == EV_KEY and event.value != REPEATED:
            self._down = self._down | {event.code} if event.value else self._down - {event.code}
        return None

    def know(self, bits: bytes) -> None:
        """All that are down, a bit each, as EVIOCGKEY gives them."""
        self._down = frozenset(code for code in range(8 * len(bits)) if bits[code // 8] >> code % 8 & 1)


class UsbKey:
    """A device below /dev/input, all to ourselves."""

    def __init__(self, device: Path, code: int, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Raises PartUnusable."""
        self._device = device
        self._clock_s = clock_s
        self._keys = Keys(code)
        self._first = True
        try:
            self._file = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise unusable(str(device), error) from error
        try:
            fcntl.ioctl(self._file, EVIOCSCLOCKID, struct.pack("@i", time.CLOCK_MONOTONIC))
            fcntl.ioctl(self._file, EVIOCGRAB, 1)
        except OSError as error:
            os.close(self._file)
            raise (busy(str(device)) if error.errno == errno.EBUSY else unusable(str(device), error)) from error
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._file, selectors.EVENT_READ)

    def read(self, timeout_s: float) -> Sequence[Change]:
        """Each change by the kernel's own time. Raises PartUnusable where it was pulled out."""
        try:
            if self._first:
                self._first = False
                self._ask()
                return [Change(self._clock_s(), self._keys.down, found=True)]
            if not self._selector.select(timeout_s):
                return ()
            changes = []
            for event in decoded(os.read(self._file, 64 * EVENT.size)):
                if self._keys.take(event):
                    self._ask()
                changes.append(Change(event.at_s, self._keys.down))
        except BlockingIOError:
            return ()
        except OSError as error:
            raise unusable(str(self._device), error) from error
        return changes

    def close(self) -> None:
        """Let go of it."""
        self._selector.close()
        os.close(self._file)

    def _ask(self) -> None:
        self._keys.know(fcntl.ioctl(self._file, EVIOCGKEY, bytes(CODES // 8)))
