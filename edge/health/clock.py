"""What time it is, and whether to believe it."""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
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
    """Whether the kernel holds the wall clock to be synchronised (adjtimex); False where it cannot be asked."""
    read = _adjtimex()
    return read is not None and read(ctypes.create_string_buffer(_TIMEX_BYTES)) not in (_TIME_ERROR, -1)


@cache
def _adjtimex() -> Callable[[ctypes.Array[ctypes.c_char]], int] | None:
    try:
        return ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None
