"""Quota, age, and a disk that refuses."""

import os
from pathlib import Path

import pytest

from edge.evidence.shelf import FOLDER, RESERVE_BYTES, Shelf, file_name, listed
from tests.alerts.make import START_MS, alert

NOW_S = START_MS / 1000
DAY_S = 86_400.0


def put(shelf: Shelf, folder: Path, number: int, days_ago: float = 0.0, size: int = 1000) -> None:
    """A file of the alert with this number."""
    shelf.put(name(number), bytes(size), NOW_S)
    os.utime(folder / FOLDER / name(number), (NOW_S - days_ago * DAY_S, NOW_S - days_ago * DAY_S))


def name(number: int) -> str:
    """What it is called."""
    return file_name(alert(number).id, START_MS)


def names(folder: Path) -> list[str]:
    """All that lies there."""
    return sorted(file.name for file in (folder / FOLDER).iterdir())


def test_the_oldest_leave_for_the_newest(tmp_path: Path) -> None:
    """The quota holds with what comes; what is too large for it is refused, and nothing leaves for it."""
    shelf = Shelf(tmp_path, 3500, 14)
    for number in range(5):
        put(shelf, tmp_path, number, days_ago=5 - number)
    assert names(tmp_path) == [name(2), name(3), name(4)]
    with pytest.raises(OSError, match="too large"):
        put(shelf, tmp_path, 6, size=3501)
    assert len(names(tmp_path)) == 3


def test_a_file_grows_within_the_quota(tmp_path: Path) -> None:
    """The oldest leave for it, never itself; what a power cut left behind its end is removed; one that has left does not come back."""
    shelf = Shelf(tmp_path, 3500, 14)
    for number in range(3):
        put(shelf, tmp_path, number, days_ago=number + 1)
    growing = tmp_path / FOLDER / name(2)  # the oldest
    with growing.open("ab") as file:
        file.write(b"torn")
    shelf.append(name(2), 1000, b"x" * 600, NOW_S)
    assert growing.read_bytes() == bytes(1000) + b"x" * 600
    assert names(tmp_path) == [name(0), name(2)]
    with pytest.raises(OSError, match="too large"):
        shelf.append(name(2), 1600, bytes(1901), NOW_S)
    assert growing.stat().st_size == 1600
    with pytest.raises(FileNotFoundError):
        shelf.append(name(1), 1000, b"x", NOW_S)


def test_what_is_too_old_leaves_unless_nobody_knows_the_time(tmp_path: Path) -> None:
    """Also the remains of a power cut; foreign files stay."""
    shelf = Shelf(tmp_path, 1_000_000, 14)
    for number in range(4):
        put(shelf, tmp_path, number)
    for number, days in enumerate((20, 14.1, 13.9, 0)):
        os.utime(tmp_path / FOLDER / name(number), (NOW_S - days * DAY_S,) * 2)
    (tmp_path / FOLDER / ".half.part").write_bytes(b"x")
    (tmp_path / FOLDER / "notes.txt").write_text("x")
    assert shelf.tidy(None) == []
    assert sorted(shelf.tidy(NOW_S)) == [name(0), name(1)]
    assert names(tmp_path) == [name(2), name(3), "notes.txt"]


def test_only_the_owner_reads_and_room_is_left_for_alerts(tmp_path: Path) -> None:
    """Evidence never takes the last megabytes of the disk."""
    free = [RESERVE_BYTES + 2000]
    shelf = Shelf(tmp_path, 1_000_000, 14, lambda _: free[0])
    put(shelf, tmp_path, 1)
    assert (tmp_path / FOLDER / name(1)).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700
    free[0] = RESERVE_BYTES + 999
    with pytest.raises(OSError, match="No space left"):
        put(shelf, tmp_path, 2)
    assert [one.key for one in listed(tmp_path / FOLDER)] == [None]
