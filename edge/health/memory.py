"""Memory that the C library keeps for later, given back to the system."""

import ctypes
from collections.abc import Callable
from functools import cache


def trim() -> bool:
    """Give back what is free between pieces in use (malloc_trim(3)); returns whether anything was. Nothing happens where the C library cannot.

    glibc keeps an arena for each thread, and pages within it that were used once stay with the process: over a day some megabytes, in steps of one to two.
    """
    trim_ = _malloc_trim()
    return trim_ is not None and trim_(0) == 1


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # musl has none
        return None
