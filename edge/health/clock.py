"""What time it is, and whether to believe it."""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TIMESYNCD = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd touches it at each synchronisation since the boot."""

TRUSTED_S = 32_000.0
"""So long after a synchronisation the kernel calls the clock synchronised: 16 s of error at 500 ppm (kernel/time/ntp.c)."""

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_REFUSED = -1
_TIMEX_BYTES = 256  # struct timex is 208 bytes on 64-bit Linux, 128 on 32-bit; modes = 0 only reads


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment on both clocks."""

    monotonic_s: float
    unix_ms: int  # what the wall clock says, right or wrong
    synchronised: bool

    @property
    def known_ms(self) -> int | None:
        """The wall clock in milliseconds since 1970, None while it is not synchronised."""
        return self.unix_ms if self.synchronised else None


Clock = Callable[[], Moment]


def system_clock() -> Moment:
    """The machine's clocks now."""
    return Moment(time.monotonic(), time.time_ns() // 1_000_000, synchronised())


def synchronised() -> bool:
    """Whether the kernel holds the wall clock to be synchronised (adjtimex).

    Under systemd's ProtectClock, which refuses even the question, whether systemd-timesyncd has set it lately.
    """
    read = _adjtimex()
    told = _REFUSED if read is None else read(ctypes.create_string_buffer(_TIMEX_BYTES))
    return touched_lately(TIMESYNCD, time.time()) if told == _REFUSED else told != _TIME_ERROR


def touched_lately(marker: Path, unix_s: float) -> bool:
    """Whether the marker of the last synchronisation is no older than TRUSTED_S, by the clock that it speaks of."""
    try:
        return 0.0 <= unix_s - marker.stat().st_mtime < TRUSTED_S
    except OSError:
        return False


@cache
def _adjtimex() -> Callable[[ctypes.Array[ctypes.c_char]], int] | None:
    try:
        return ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None
