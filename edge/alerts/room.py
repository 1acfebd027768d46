"""Room on the disk that others cannot take: blocks are allocated (fallocate(2)), nothing is written."""

import ctypes
import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

FILE_NAME = "outbox.room"
RESERVED_BYTES = 2 << 20
LEAST_BYTES = RESERVED_BYTES // 2
_STEP_BYTES = RESERVED_BYTES // 8
_KEEP_SIZE = 1  # linux/falloc.h


def reserve(file: Path) -> None:
    """Have room behind the end of a file that is there: RESERVED_BYTES, or down to LEAST_BYTES where there is no more. Its length stays as it is.

    Raises OSError where there is less, or where the file system cannot do it.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        _allocate_most(descriptor)
    finally:
        os.close(descriptor)


class Room:
    """Room in a folder for a start on a full disk. The file that takes it is removed where the outbox finds none."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME
        self._held = False
        self.wanted = False
        """Whether there was not all of it to be had at the last try: the disk is full."""

    def hold(self) -> None:
        """Take it, or as much of it as there is, where it is not held. Nothing is raised: where it cannot be had, the terminal does without."""
        if self._held:
            return
        with suppress(OSError):
            there = self._file.stat().st_blocks * 512 if self._file.exists() else 0
            possible = there + shutil.disk_usage(self._file.parent).free
            self.wanted = possible < RESERVED_BYTES
            if self.wanted and (there >= LEAST_BYTES or possible < LEAST_BYTES):
                return
            self._file.touch(0o640)
            reserve(self._file)
            self._held = not self.wanted

    def give_up(self) -> bool:
        """Let others have it, ourselves first. Returns whether there was any."""
        try:
            self._file.unlink()
        except OSError:
            return False
        self._held, self.wanted = False, True
        return True


def _allocate_most(descriptor: int) -> None:
    for size in range(RESERVED_BYTES, LEAST_BYTES, -_STEP_BYTES):
        try:
            _allocate(descriptor, size)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        else:
            return
    _allocate(descriptor, LEAST_BYTES)


def _allocate(descriptor: int, size: int) -> None:
    # Not os.posix_fallocate, which writes where the file system cannot allocate, and makes the file longer: SQLite must see nothing of it.
    libc = ctypes.CDLL(None, use_errno=True)
    allocate = getattr(libc, "fallocate64", None) or getattr(libc, "fallocate", None)
    if allocate is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    allocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    if allocate(descriptor, _KEEP_SIZE, 0, size):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
