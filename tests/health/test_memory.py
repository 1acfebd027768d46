"""Whether memory that is free goes back to the system."""

import ctypes
import os

import pytest

from edge.health.memory import trim
from tests.system.footprint import footprint

PIECES, PIECE_BYTES, KEPT_EVERY = 60_000, 1_000, 50  # larger than what Python's own allocator takes, smaller than what is mapped by itself
PAGES_KB = PIECES * PIECE_BYTES // 1000 // 2


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library has no malloc_trim")
def test_what_is_free_between_pieces_in_use_goes_back() -> None:
    """glibc by itself gives back only what lies above the last piece in use."""
    pieces = [bytes(PIECE_BYTES) for _ in range(PIECES)]
    kept = pieces[::KEPT_EVERY]
    pieces.clear()
    before_kb = footprint(os.getpid()).rss_kb
    assert trim()
    assert before_kb - footprint(os.getpid()).rss_kb > PAGES_KB
    assert len(kept) == PIECES // KEPT_EVERY
