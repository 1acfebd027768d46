"""The outbox on real files: kills, damage, a disk that refuses."""

import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from edge.alerts import room
from edge.alerts.alert import State
from edge.alerts.lock import StateInUse, only_one
from edge.alerts.outbox import FILE_NAME
from edge.alerts.store import COMMANDS
from edge.health.faults import Fault
from tests.alerts.make import alert, at, outbox, said
from tests.small_disk import fill, small_disk


@contextmanager
def full_disk() -> Iterator[None]:
    """Nothing can be written to any file: the kernel refuses, as it does where the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_was_said_survives_a_kill(tmp_path: Path) -> None:
    """A process says three alerts and is killed without a chance to close anything."""
    child = """if True:
        import os, signal, sys
        from pathlib import Path
        from tests.alerts.make import alert, at, outbox
        box = outbox(Path(sys.argv[1]))
        for number in (1, 2, 3):
            box.say([alert(number)], at(0))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", child, str(tmp_path)], check=False, cwd=Path(__file__).parents[2])
    box = outbox(tmp_path)
    assert said(box) == [(1, "raised", 0), (2, "raised", 0), (3, "raised", 0)]
    assert [s.alert for s in box.pending(10)] == [alert(1), alert(2), alert(3)]
    assert (box.seq, len(box.alerts)) == (3, 3)


def test_every_commit_is_synced_to_the_disk(tmp_path: Path) -> None:
    """WAL alone is not enough: only synchronous=FULL (2) survives a power cut with the last commit."""
    box = outbox(tmp_path)
    assert box._store is not None
    assert box._store._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert box._store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.fixture(name="small_disk")
def small_disk_(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes."""
    with small_disk(tmp_path / "small") as folder:
        yield folder


def fill_up(folder: Path) -> None:
    """Leave not a byte."""
    fill(folder)
    assert shutil.disk_usage(folder).free == 0


def test_a_start_on_a_full_disk_finds_the_room_that_the_one_before_has_left(small_disk: Path) -> None:
    """As often as it is ended and started; the desk knows that the disk is full, and nothing is refused. With room again there is no fault."""
    box = outbox(small_disk)
    for start in (1, 51):
        box.close()
        fill_up(small_disk)
        box = outbox(small_disk)
        for number in range(start, start + 50):
            box.say([alert(number)], at(0))
            box.say([alert(number, State.ACKNOWLEDGED, 1)], at(1))
        box.heal(at(1))
        assert box.faults == {Fault.DISK_FULL}
    copy = small_disk.parent / "copy"
    shutil.copytree(small_disk, copy, ignore=shutil.ignore_patterns("filler"))  # as a power cut leaves it
    assert len(said(outbox(copy))) == 200
    (small_disk / "filler").unlink()
    box.heal(at(2))
    assert box.faults == frozenset()
    assert (small_disk / room.FILE_NAME).stat().st_blocks * 512 == room.RESERVED_BYTES
    box.close()


def test_where_there_never_was_room_all_is_written_down_when_there_is(small_disk: Path) -> None:
    """The very first start finds a full disk."""
    fill_up(small_disk)
    box = outbox(small_disk)
    box.say([alert(1)], at(0))
    box.heal(at(1))
    assert box.faults == {Fault.STORAGE, Fault.DISK_FULL}
    (small_disk / "filler").unlink()
    box.heal(at(2))
    assert box.faults == frozenset()
    copy = small_disk.parent / "copy"
    shutil.copytree(small_disk, copy)
    assert said(outbox(copy)) == [(1, "raised", 0)]
    box.close()


def test_what_is_raised_while_the_disk_is_full_survives_a_kill(small_disk: Path) -> None:
    """Not a byte is left, a hundred alerts are said and taken care of, and nothing is closed: the log had room of its own."""
    box = outbox(small_disk)
    fill_up(small_disk)
    for number in range(1, 101):
        box.say([alert(number)], at(0))
        box.say([alert(number, State.ACKNOWLEDGED, 1)], at(1))
    assert box.faults == frozenset()
    for freed in (False, True):
        if freed:
            (small_disk / "filler").unlink()
        copy = small_disk.parent / f"copy{freed}"
        shutil.copytree(small_disk, copy, ignore=shutil.ignore_patterns("filler"))  # as a power cut leaves it
        assert len(said(outbox(copy))) == 200
        assert outbox(copy).seq == 100
    box.close()


def test_commands_that_were_carried_out_are_known_after_a_kill(tmp_path: Path) -> None:
    """The last thousand; twice the same one counts once."""
    box = outbox(tmp_path)
    for number in [*range(COMMANDS + 2), COMMANDS]:
        box.carry_out(f"c{number}")
    for known in (box, outbox(tmp_path)):  # the first was never closed
        assert [known.carried_out(f"c{number}") for number in (0, 1, 2, COMMANDS, COMMANDS + 1, COMMANDS + 2)] == [False, False, True, True, True, False]


def test_commands_carried_out_while_the_disk_is_full_are_written_down_when_it_has_room(tmp_path: Path) -> None:
    """And those of the start before are known all the time."""
    outbox(tmp_path).carry_out("before")
    with full_disk():
        box = outbox(tmp_path)
        box.carry_out("meanwhile")
        assert Fault.STORAGE in box.faults
        assert box.carried_out("before")
    box.heal(at(1))
    again = outbox(tmp_path)
    assert again.carried_out("before")
    assert again.carried_out("meanwhile")


def test_a_file_of_before_commands_were_kept_is_read_where_it_cannot_be_written_to(tmp_path: Path) -> None:
    """An update on a full disk loses no alert."""
    box = outbox(tmp_path)
    box.say([alert(1)], at(0))
    box.close()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        db.execute("DROP TABLE command")
    with full_disk():
        assert said(outbox(tmp_path)) == [(1, "raised", 0)]


def test_what_was_confirmed_is_not_sent_after_a_restart(tmp_path: Path) -> None:
    """Once it has been flushed; the open alert stays known."""
    box = outbox(tmp_path)
    box.say([alert(1)], at(0))
    box.confirmed(box.pending(1)[0].row)
    box.flush()
    again = outbox(tmp_path)
    assert (said(again), [a.seq for a in again.alerts]) == ([], [1])


def test_waiting_repeats_of_an_alert_become_one_and_its_raising_stays(tmp_path: Path) -> None:
    """A night without a broker: the desk wants the raising and the newest state, in the order of raising."""
    box = outbox(tmp_path)
    box.say([alert(1)], at(0))
    box.say([alert(1, State.ONGOING, 1)], at(15))
    box.say([alert(2)], at(20))
    box.say([alert(1, State.ENDED, 2)], at(30))
    box.say([alert(1, State.ENDED, 3)], at(60))
    wanted = [(1, "raised", 0), (2, "raised", 0), (1, "ended", 3)]
    assert said(box) == wanted
    assert said(outbox(tmp_path)) == wanted


def test_a_confirmation_for_a_replaced_repeat_is_no_matter(tmp_path: Path) -> None:
    """It was on its way when its successor was said; the successor still waits."""
    box = outbox(tmp_path)
    box.say([alert(1, State.ONGOING, 1)], at(0))
    row = box.pending(1)[0].row
    box.say([alert(1, State.ENDED, 2)], at(15))
    box.confirmed(row)
    assert said(box) == [(1, "ended", 2)]


def test_where_there_are_too_many_closed_alerts_go_first_and_no_raising_ever(tmp_path: Path) -> None:
    """Six rows: the oldest sayings of closed alerts leave, counted; raisings stay even where that is too many."""
    box = outbox(tmp_path, rows=6)
    for number in (1, 2):
        box.say([alert(number)], at(0))
        box.say([alert(number, State.ACKNOWLEDGED, 1)], at(1))
        box.say([alert(number, State.CLOSED, 2)], at(2))
    box.say([alert(3)], at(3))
    assert said(box) == [(1, "raised", 0), (1, "closed", 2), (2, "raised", 0), (2, "acknowledged", 1), (2, "closed", 2), (3, "raised", 0)]
    for number in range(4, 12):
        box.say([alert(number)], at(number))
    assert [s for s in said(box) if s[1] != "raised"] == []
    assert (len(said(box)), box.dropped) == (11, 4)
    assert said(outbox(tmp_path)) == said(box)


def test_nothing_is_left_in_the_file_once_all_is_closed_and_confirmed(tmp_path: Path) -> None:
    """The file does not grow over the years."""
    box = outbox(tmp_path)
    for number in range(1, 20):
        box.say([alert(number)], at(0))
        box.say([alert(number, State.CLOSED, 1)], at(1))
    for saying in box.pending(100):
        box.confirmed(saying.row)
    box.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        left = db.execute("SELECT (SELECT count(*) FROM alert), (SELECT count(*) FROM saying), (SELECT count(*) FROM trace)").fetchone()
    db.close()
    assert left == (0, 0, 0)


@pytest.mark.parametrize("damage", ["garbage", "header", "middle", "row"])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    """The terminal starts, says so, and keeps the damaged file under a name with the time."""
    box = outbox(tmp_path)
    for number in range(1, 60):
        box.say([alert(number)], at(0))
    box.close()
    file = tmp_path / FILE_NAME
    content = bytearray(file.read_bytes())
    match damage:
        case "garbage":
            file.write_bytes(b"\0" * 5000)
        case "header":
            content[:16] = b"x" * 16
            file.write_bytes(content)
        case "middle":
            content[4096 * 2 : 4096 * 6] = b"\xff" * 4096 * 4
            file.write_bytes(content)
        case _:
            with sqlite3.connect(file) as db:
                db.execute("UPDATE saying SET body='{}' WHERE row=3")
            db.close()
    box = outbox(tmp_path)
    assert Fault.STORAGE in box.faults
    assert len(list(tmp_path.glob("outbox.damaged-20261123T*Z.sqlite3"))) == 1
    assert "outbox.damaged" in caplog.text
    box.say([alert(100)], at(1))
    box.close()
    assert (100, "raised", 0) in said(outbox(tmp_path))


def test_a_full_disk_does_not_stop_an_alert(tmp_path: Path) -> None:
    """It is sent from memory, the fault is shown, and once the disk takes it everything is written down."""
    box = outbox(tmp_path)
    box.say([alert(1)], at(0))
    with full_disk():
        box.say([alert(2)], at(1))
        box.say([alert(1, State.ENDED, 1)], at(15))
        assert said(box) == [(1, "raised", 0), (2, "raised", 0), (1, "ended", 1)]
        assert Fault.STORAGE in box.faults
        box.heal(at(20))
        assert Fault.STORAGE in box.faults
        box.confirmed(box.pending(1)[0].row)
    box.heal(at(30))
    assert box.faults == frozenset()
    again = outbox(tmp_path)
    assert (said(again), again.seq) == ([(2, "raised", 0), (1, "ended", 1)], 2)


def test_a_terminal_that_starts_on_a_full_disk_calls_it_full(tmp_path: Path) -> None:
    """SQLite says "disk I/O error" there; the desk must read what to do about it."""
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(tmp_path)], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip("a small file system needs root to be mounted")
    try:
        assert outbox(tmp_path).faults == {Fault.STORAGE, Fault.DISK_FULL}
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_killed_terminal_that_starts_on_a_full_disk_knows_its_alerts(tmp_path: Path) -> None:
    """They are in the log beside the file, whose index may be lost, and there is no room for another."""
    child = """if True:
        import os, signal, sys
        from pathlib import Path
        from tests.alerts.make import alert, at, outbox
        box = outbox(Path(sys.argv[1]))
        for number in (1, 2, 3):
            box.say([alert(number)], at(0))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", child, str(tmp_path)], check=False)
    (tmp_path / f"{FILE_NAME}-shm").unlink()
    with full_disk():
        box = outbox(tmp_path)
        assert (len(said(box)), box.seq) == (3, 3)
        box.say([alert(4)], at(1))
    box.heal(at(10))
    assert [seq for seq, *_ in said(outbox(tmp_path))] == [1, 2, 3, 4]


def test_a_terminal_starts_without_a_usable_folder_and_finds_what_is_there_later(tmp_path: Path) -> None:
    """The disk is mounted late: what an earlier start left joins what was said since."""
    before = outbox(tmp_path / "disk")
    before.say([alert(1)], at(0))
    before.close()
    (tmp_path / "mounted").write_text("a file where the folder should be")
    box = outbox(tmp_path / "mounted")
    assert Fault.STORAGE in box.faults
    box.say([alert(2)], at(1))
    (tmp_path / "mounted").unlink()
    (tmp_path / "disk").rename(tmp_path / "mounted")
    assert [a.seq for a in box.heal(at(10))] == [1]
    assert box.faults == frozenset()
    assert {s[0] for s in said(outbox(tmp_path / "mounted"))} == {1, 2}


def test_a_folder_that_became_read_only_is_still_read(tmp_path: Path) -> None:
    """An SD card that fails is mounted read-only: open alerts and the count of alerts must not be lost by a restart."""
    box = outbox(tmp_path)
    box.say([alert(1)], at(0))
    box.close()
    with full_disk():
        again = outbox(tmp_path)
        assert (said(again), again.seq) == ([(1, "raised", 0)], 1)
        assert Fault.STORAGE in again.faults


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    """Also its parents."""
    assert outbox(tmp_path / "var" / "lib" / "xiaoan").faults == frozenset()


def test_two_terminals_on_one_folder_are_a_clear_error(tmp_path: Path) -> None:
    """The second one is told, and may start once the first has ended."""
    with only_one(tmp_path), pytest.raises(StateInUse, match="another xiaoan is running on the folder"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass
