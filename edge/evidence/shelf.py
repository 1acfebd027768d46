"""The folder of sealed files: names, quota, age."""

import errno
import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.evidence.sealing import MAGIC, NAMED_BYTES, named

FOLDER = "evidence"
SUFFIX = ".sealed"
RESERVE_BYTES = 32_000_000
"""Left free on the disk for the outbox: an alert is worth more than its evidence."""

_NAME = re.compile(r"(\d{8}T\d{6}Z|undated)-([0-9a-f-]{36})\.sealed")
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Sealed:
    """One file, as it can be told without a key."""

    file: Path
    at: str | None  # when the alert was raised, ISO 8601 UTC; None: the clock was not synchronised
    alert: str
    size: int  # bytes
    key: str | None  # name of the key; None: it is no sealed file


def file_name(alert: str, raised_ms: int | None) -> str:
    """What the file of an alert is called."""
    when = "undated" if raised_ms is None else f"{datetime.fromtimestamp(raised_ms / 1000, UTC):%Y%m%dT%H%M%SZ}"
    return f"{when}-{alert}{SUFFIX}"


def listed(folder: Path) -> list[Sealed]:
    """The sealed files of a folder, the oldest first. Raises OSError where it cannot be read."""
    found = []
    for file in sorted(folder.iterdir()):
        if (name := _NAME.fullmatch(file.name)) is not None:
            with file.open("rb") as opened:
                key = named(opened.read(len(MAGIC) + NAMED_BYTES))
            at = None if name[1] == "undated" else f"{datetime.strptime(name[1], '%Y%m%dT%H%M%SZ').replace(tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}"
            found.append(Sealed(file, at, name[2], file.stat().st_size, key))
    return found


class Shelf:
    """Writes sealed files, and takes the oldest away. Every method may raise OSError. For one thread."""

    def __init__(self, state: Path, quota_bytes: int, keep_days: float, free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free) -> None:
        """state: the state folder. free: bytes left where a folder is."""
        self._folder = state / FOLDER
        self._quota_bytes = quota_bytes
        self._keep_s = keep_days * _DAY_S
        self._free = free

    def put(self, name: str, sealed: bytes, unix_s: float | None) -> None:
        """On the disk when it returns; one of the same name is replaced. unix_s: now, None while nobody knows."""
        self._make_room(name, len(sealed), len(sealed), unix_s)
        file, part = self._folder / name, self._folder / f".{name}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as opened:
                opened.write(sealed)
                opened.flush()
                os.fsync(opened.fileno())
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        folder = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def append(self, name: str, size: int, more: bytes, unix_s: float | None) -> None:
        """Add to the end of a file that `put` wrote; on the disk when it returns. size: what the file has, bytes; what is behind it was cut off and is removed.

        Raises FileNotFoundError where the file has left, for age or quota.
        """
        self._make_room(name, size + len(more), len(more), unix_s)
        descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CLOEXEC)
        with os.fdopen(descriptor, "r+b", buffering=0) as opened:
            opened.truncate(size)
            opened.seek(size)
            try:
                while more:
                    more = more[opened.write(more) :]
                os.fsync(descriptor)
            except OSError:
                opened.truncate(size)
                raise

    def _make_room(self, name: str, size: int, coming_bytes: int, unix_s: float | None) -> None:
        if size > self._quota_bytes:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), name)
        self.tidy(unix_s, coming_bytes, name)
        self.check(coming_bytes)

    def check(self, coming_bytes: int = 0) -> None:
        """Raise OSError where it could not be written."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = self._folder / ".probe.part"
        probe.write_bytes(MAGIC)
        probe.unlink()
        if self._free(self._folder) < RESERVE_BYTES + coming_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._folder))

    def tidy(self, unix_s: float | None, coming_bytes: int = 0, growing: str = "") -> list[str]:
        """Take away what is too old, and then the oldest until the quota holds with what is coming. Returns what left.

        growing: name of a file that counts as the newest.

        While the clock is not synchronised nothing is too old: a clock of 1970 or 2099 must not empty the shelf.
        """
        if not self._folder.is_dir():
            return []
        for part in self._folder.glob(".*.part"):  # of a power cut
            part.unlink(missing_ok=True)
        files = [(file, file.stat()) for file in self._folder.iterdir() if _NAME.fullmatch(file.name)]
        kept = sorted(((file.name == growing, stat.st_mtime, stat.st_size, file) for file, stat in files), reverse=True)
        gone, total = [], coming_bytes
        for _, at_s, size, file in kept:
            total += size
            if total > self._quota_bytes or (unix_s is not None and unix_s - at_s > self._keep_s):
                with suppress(FileNotFoundError):
                    file.unlink()
                gone.append(file.name)
        return gone
