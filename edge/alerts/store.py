"""The outbox's file: an SQLite database that survives a power cut."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from edge.alerts import room
from edge.alerts.alert import Alert, State, Verdict
from edge.decide.types import TracePoint

_VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS saying (row INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trace (id TEXT PRIMARY KEY, points TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS command (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
"""
COMMANDS = 1024
"""Ids of commands that are kept: more than a desk gives in the longest time for which a command may be good."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Damaged(Exception):
    """The file is not a usable outbox, whatever the disk does."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One message that waits for the broker: the alert as it was when it was said."""

    row: int  # rises with every saying; the order of sending
    alert: Alert
    at_ms: int | None  # when it was said, None while the clock was not synchronised
    boot: str  # the start of the terminal that said it


@dataclass(frozen=True, slots=True)
class Saved:
    """Everything in the file."""

    seq: int = 0  # the last one given
    alerts: tuple[Alert, ...] = ()  # not closed, in the order of raising
    sayings: tuple[Saying, ...] = ()  # not confirmed, in order
    commands: tuple[str, ...] = ()  # ids of those carried out, in order


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction does."""

    seq: int
    keep: Sequence[Alert] = ()
    close: Sequence[str] = ()  # ids of alerts
    add: Sequence[Saying] = ()
    drop: Sequence[int] = ()  # rows of sayings
    traces: Mapping[str, tuple[TracePoint, ...]] | None = None  # new or changed, by id
    forget: Sequence[str] = ()  # ids whose traces nobody needs any more
    commands: Sequence[str] = ()  # ids of those carried out; the oldest leave where there are too many


class Store:
    """An open file. Every method raises sqlite3.Error where the disk refuses."""

    def __init__(self, file: Path) -> None:
        """Open or begin `file`. Raises Damaged where it is no usable outbox."""
        self._file = file
        self._db = sqlite3.connect(file, timeout=2.0, isolation_level=None, check_same_thread=False)
        try:
            self._open()
        except sqlite3.Error as error:
            self._db.close()
            if _is_damage(error):
                raise Damaged(str(error)) from error
            raise
        except Damaged:
            self._db.close()
            raise

    def _open(self) -> None:
        # FULL, not NORMAL: in WAL mode NORMAL may lose the last commits in a power cut (sqlite.org, pragma synchronous), and
        # the last commit is the alert. Alerts are rare, so one fsync each costs an SD card nothing.
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA page_size=1024")  # of a new file; the smaller the page, the less each saying writes
        self._db.execute("PRAGMA journal_mode=WAL")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise Damaged(f"made by another version ({version})")
        if (found := self._db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise Damaged(found)
        self._db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={_VERSION}; COMMIT;")

    def load(self) -> Saved:
        """Everything in the file. Raises Damaged where a row cannot be read."""
        return _load(self._db)

    def write(self, change: Change) -> None:
        """Carry out `change` in one durable transaction."""
        self._transaction(change, everything=False)

    def replace(self, everything: Change) -> None:
        """Make the file hold `everything` and nothing else."""
        self._transaction(everything, everything=True)

    def _transaction(self, change: Change, *, everything: bool) -> None:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            if everything:
                for emptying in ("DELETE FROM alert", "DELETE FROM saying", "DELETE FROM trace"):
                    db.execute(emptying)
            # A page that stays as it is costs the SD card nothing.
            db.execute("INSERT INTO counter VALUES ('seq', ?) ON CONFLICT DO UPDATE SET value=excluded.value WHERE value<>excluded.value", (change.seq,))
            db.executemany("DELETE FROM saying WHERE row=?", ((row,) for row in change.drop))
            db.executemany("DELETE FROM alert WHERE id=?", ((id_,) for id_ in change.close))
            db.executemany("DELETE FROM trace WHERE id=?", ((id_,) for id_ in change.forget))
            db.executemany("INSERT OR REPLACE INTO alert VALUES (?, ?)", ((a.id, _body(a)) for a in change.keep))
            db.executemany("INSERT INTO saying VALUES (?, ?, ?)", ((s.row, s.alert.id, _saying(s)) for s in change.add))
            db.executemany("INSERT OR REPLACE INTO trace VALUES (?, ?)", ((id_, _points(trace)) for id_, trace in (change.traces or {}).items()))
            if change.commands:
                db.executemany("INSERT OR IGNORE INTO command (id) VALUES (?)", ((id_,) for id_ in change.commands))
                db.execute("DELETE FROM command WHERE row <= (SELECT max(row) FROM command) - ?", (COMMANDS,))
            db.execute("COMMIT")
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def reserve(self) -> None:
        """Have room on the disk for the log that others cannot take: what is raised while the disk is full is durable then as well.

        It is emptied at 1000 pages of 1 kB where the file can take them; on a full disk 1000 more have room: some hundred alerts.
        Raises OSError where there is not so much room, or where the file system cannot do it.
        """
        room.reserve(self._file.with_name(self._file.name + "-wal"))

    def close(self) -> None:
        """Close the file; what was written stays."""
        self._db.close()


def read_only(file: Path) -> Saved:
    """What can be read from a file that cannot be written to or is damaged; empty where nothing can."""
    # An exclusive lock needs no index of the log (the -shm file), for which a full disk has no room. WAL needs a writable folder unless
    # the file is declared immutable, and then the log is not read: that is the last resort.
    for how, locking in (("mode=rw", "EXCLUSIVE"), ("mode=ro", "NORMAL"), ("immutable=1", "NORMAL")):
        try:
            with closing(sqlite3.connect(f"file:{quote(str(file))}?{how}", uri=True)) as db:
                db.execute(f"PRAGMA locking_mode={locking}")
                return _load(db)
        except (sqlite3.Error, Damaged):
            continue
    return Saved()


def _is_damage(error: sqlite3.Error) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGED


def _load(db: sqlite3.Connection) -> Saved:
    try:
        counters = dict(db.execute("SELECT name, value FROM counter"))
        traces = {id_: tuple(TracePoint(*point) for point in json.loads(points)) for id_, points in db.execute("SELECT id, points FROM trace")}
        alerts = [_alert(json.loads(body), traces) for (body,) in db.execute("SELECT body FROM alert")]
        sayings = []
        for row, text in db.execute("SELECT row, body FROM saying ORDER BY row"):
            body = json.loads(text)
            sayings.append(Saying(row, _alert(body["alert"], traces), body["at_ms"], body["boot"]))
        known = db.execute("SELECT 1 FROM sqlite_master WHERE name='command'").fetchone()  # a file of an earlier version may be read only
        commands = tuple(id_ for (id_,) in db.execute("SELECT id FROM command ORDER BY row")) if known else ()
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(f"a row cannot be read: {error}") from error
    except sqlite3.Error as error:
        if _is_damage(error):
            raise Damaged(str(error)) from error
        raise
    return Saved(counters.get("seq", 0), tuple(sorted(alerts, key=lambda a: a.seq)), tuple(sayings), commands)


def _alert(body: dict[str, Any], traces: Mapping[str, tuple[TracePoint, ...]]) -> Alert:
    verdict = body["verdict"]
    alert = Alert(**{**body, "state": State(body["state"]), "verdict": Verdict(verdict) if verdict else None, "trace": ()})
    return replace(alert, trace=traces.get(alert.id, ()))


def _without_trace(alert: Alert) -> dict[str, Any]:
    # The trace is long and seldom changes; apart from the rest, saying an alert again writes a page and not four.
    return asdict(replace(alert, trace=()))


def _body(alert: Alert) -> str:
    return json.dumps(_without_trace(alert), ensure_ascii=False)


def _saying(saying: Saying) -> str:
    return json.dumps({"alert": _without_trace(saying.alert), "at_ms": saying.at_ms, "boot": saying.boot}, ensure_ascii=False)


def _points(trace: tuple[TracePoint, ...]) -> str:
    return json.dumps([(p.offset_s, p.score, p.level_dba) for p in trace])
