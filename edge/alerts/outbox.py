"""What waits for the broker: durable before it is sent, in order, bounded, and kept in memory where the disk refuses."""

import logging
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from edge.alerts.alert import REPEATS, Alert, State
from edge.alerts.room import Room
from edge.alerts.store import COMMANDS, Change, Damaged, Saved, Saying, Store, read_only
from edge.decide.types import TracePoint
from edge.health.clock import Moment
from edge.health.faults import Fault

FILE_NAME = "outbox.sqlite3"
ROOM_BYTES = 1 << 16
"""With less than this free the disk is full: SQLite begins with an index of 32 kB."""

_log = logging.getLogger(__name__)


class Outbox:
    """The open alerts and the sayings that wait, in memory and, written through, in the file.

    Memory is what counts while the terminal runs; the file is read at the start only. Where the disk refuses, nothing
    changes but the fault: `heal` writes everything down once the disk takes it again. Not thread-safe.
    """

    def __init__(self, folder: Path, rows: int, boot: str, now: Moment) -> None:
        """folder: is made if missing. rows: sayings that are kept at most. boot: id of this start."""
        self.seq = 0  # the last one given
        self.dropped = 0  # sayings that left unsent, since the start
        self._folder = folder
        self._file = folder / FILE_NAME
        self._rows = rows
        self._boot = boot
        self._room = Room(folder)
        self._store: Store | None = None
        self._refusal: sqlite3.Error | OSError | None = None
        self._full = False  # whether the refusal was for want of room
        self._set_aside = False
        self._read = False  # whether what the file held before this start is known
        self._alerts: dict[str, Alert] = {}
        self._sayings: dict[int, Saying] = {}
        self._of_alert: Counter[str] = Counter()  # sayings that wait, by alert
        self._repeats: dict[str, int] = {}  # row of the repeat that waits, by alert
        self._row = 0
        self._traces: dict[str, tuple[TracePoint, ...]] = {}  # as they are in the file
        self._confirmed: list[int] = []
        self._forget: set[str] = set()
        self._commands: dict[str, None] = {}  # ids of those carried out, the oldest first
        self._open(now)

    @property
    def faults(self) -> frozenset[Fault]:
        """What is wrong with the disk; a file that was set aside is shown until the next start. Full: it is told before anything is refused."""
        faults = {Fault.STORAGE} if self._refusal or self._set_aside else set()
        if (self._refusal and self._full) or self._room.wanted:
            faults.add(Fault.DISK_FULL)
        return frozenset(faults)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Alerts that are not closed, as they were last said or kept."""
        return tuple(self._alerts.values())

    @property
    def waiting(self) -> int:
        """Sayings that the broker has not confirmed."""
        return len(self._sayings)

    def waits(self, id_: str) -> bool:
        """Whether the broker has not confirmed all that was said of an alert."""
        return self._of_alert[id_] > 0

    def pending(self, limit: int) -> Sequence[Saying]:
        """The first `limit` sayings that the broker has not confirmed, in order."""
        return list(islice(self._sayings.values(), limit))

    def say(self, alerts: Sequence[Alert], now: Moment) -> None:
        """Put one saying of each of `alerts` at the end, and keep the alerts. Durable when it returns, unless a fault stands.

        An unsent repeat of the same alert leaves: only the newest is worth sending.
        """
        closed = [alert.id for alert in alerts if alert.state is State.CLOSED]
        for alert in alerts:
            self.seq = max(self.seq, alert.seq)
            self._alerts[alert.id] = alert
        for id_ in closed:
            del self._alerts[id_]
        replaced = [self._repeats[alert.id] for alert in alerts if alert.id in self._repeats]
        self._remove(replaced)
        dropped = self._make_room(len(alerts))
        added = [self._add(alert, now.known_ms, self._boot) for alert in alerts]
        self._write([a for a in alerts if a.id in self._alerts], closed, added, (*replaced, *dropped))

    def keep(self, alert: Alert) -> None:
        """Remember how `alert` is now without saying it. Written with its next saying: a restart could do without."""
        self._alerts[alert.id] = alert

    def confirmed(self, row: int) -> None:
        """The broker has it. Written with the next saying or `flush`: after a power cut it is sent once more, with the same id."""
        if row in self._sayings:  # else replaced by a newer repeat while it was on its way
            self._remove([row])
            self._confirmed.append(row)

    def carried_out(self, command: str) -> bool:
        """Whether a command of this id was carried out, in this start or an earlier one."""
        return command in self._commands

    def carry_out(self, command: str) -> None:
        """Remember it: whoever recorded it must not have it carried out again, by this start or a later one."""
        self._remember([command])
        self._write((), (), (), (), (command,))

    def flush(self) -> None:
        """Write down what was confirmed."""
        if self._confirmed:
            self._write((), (), (), ())

    def heal(self, now: Moment) -> Sequence[Alert]:
        """Where the disk refused: try again, and write everything down if it takes it. Room for the next start is taken where there was none.

        Returns alerts of an earlier start that only now could be read.
        """
        if self._store is not None:
            self._room.hold()
            return ()
        before = set(self._alerts)
        if self._open(now):
            _log.warning("outbox.healed file=%s waiting=%d", self._file, self.waiting)
        return [alert for alert in self._alerts.values() if alert.id not in before]

    def close(self) -> None:
        """Write down what is left and close the file."""
        self.flush()
        if self._store is not None:
            self._store.close()
            self._store = None
            self._room.hold()  # the log has gone, and its room with it

    def _open(self, now: Moment) -> bool:
        error = self._try(now)
        if error is not None and _is_full(error, self._folder) and self._room.give_up():
            _log.warning("outbox.room_used file=%s reason=%r", self._file, str(error))
            error = self._try(now)
        if error is not None:
            self._refused(error)
            return False
        self._refusal = None
        self._room.hold()
        return True

    def _try(self, now: Moment) -> sqlite3.Error | OSError | None:
        """Open the file and make it hold everything. Returns why not."""
        store: Store | None = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            try:
                store = Store(self._file)
                saved = store.load()
            except Damaged as damage:
                if store is not None:
                    store.close()
                saved = read_only(self._file)
                self._put_aside(now, damage)
                store = Store(self._file)
            self._restore(saved)
            store.replace(self._everything())
        except (sqlite3.Error, OSError) as error:
            if store is not None:
                store.close()
            self._restore(read_only(self._file))
            return error
        with suppress(OSError):  # then a full disk is refused sooner
            store.reserve()
        self._store = store
        return None

    def _restore(self, saved: Saved) -> None:
        """Take over what an earlier start left, once."""
        if self._read or saved == Saved():
            return
        self._read = True
        self.seq = max(self.seq, saved.seq)
        self._alerts |= {alert.id: alert for alert in saved.alerts}
        since, self._commands = list(self._commands), {}
        self._remember([*saved.commands, *since])
        for saying in saved.sayings:
            self._add(saying.alert, saying.at_ms, saying.boot)

    def _everything(self) -> Change:
        """What the file has to hold."""
        self._read = True
        said = (saying.alert for saying in self._sayings.values())
        self._traces = {alert.id: alert.trace for alert in (*said, *self._alerts.values())}
        self._confirmed, self._forget = [], set()
        return Change(self.seq, keep=self.alerts, add=tuple(self._sayings.values()), traces=self._traces, commands=tuple(self._commands))

    def _put_aside(self, now: Moment, damage: Damaged) -> None:
        when = datetime.fromtimestamp(now.unix_ms / 1000, UTC)
        aside = self._file.with_name(f"{self._file.stem}.damaged-{when:%Y%m%dT%H%M%S%f}Z.sqlite3")
        self._file.rename(aside)
        for tail in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                self._file.with_name(self._file.name + tail).rename(aside.with_name(aside.name + tail))
        self._set_aside = True
        _log.error("outbox.damaged file=%s aside=%s reason=%r", self._file, aside, str(damage))

    def _add(self, alert: Alert, at_ms: int | None, boot: str) -> Saying:
        self._row += 1
        saying = Saying(self._row, alert, at_ms, boot)
        self._sayings[saying.row] = saying
        self._of_alert[alert.id] += 1
        if alert.state in REPEATS:
            self._repeats[alert.id] = saying.row
        return saying

    def _remove(self, rows: Iterable[int]) -> None:
        for row in rows:
            id_ = self._sayings.pop(row).alert.id
            if self._repeats.get(id_) == row:
                del self._repeats[id_]
            self._of_alert[id_] -= 1
            if not self._of_alert[id_]:
                del self._of_alert[id_]
                if id_ not in self._alerts:
                    self._forget.add(id_)

    def _remember(self, commands: Iterable[str]) -> None:
        self._commands |= dict.fromkeys(commands)
        for id_ in list(islice(self._commands, max(0, len(self._commands) - COMMANDS))):
            del self._commands[id_]

    def _make_room(self, coming: int) -> Sequence[int]:
        """Where there are too many: drop what was said of closed alerts, oldest first. What raised an alert never leaves unsent."""
        over = len(self._sayings) + coming - self._rows
        if over <= 0:
            return ()
        of_closed = (r for r, s in self._sayings.items() if s.alert.id not in self._alerts and s.alert.state is not State.RAISED)
        rows = list(islice(of_closed, over))
        self._remove(rows)
        self.dropped += len(rows)
        return rows

    def _write(
        self, keep: Sequence[Alert], close: Sequence[str], add: Sequence[Saying], drop: Sequence[int], commands: Sequence[str] = ()
    ) -> None:
        if self._store is None:
            return
        traces = {alert.id: alert.trace for alert in keep if self._traces.get(alert.id) != alert.trace}
        forget = tuple(self._forget)
        try:
            self._store.write(Change(self.seq, keep, close, add, (*drop, *self._confirmed), traces, forget, commands))
        except sqlite3.Error as error:
            self._refused(error)
            return
        self._traces |= traces
        for id_ in forget:
            self._traces.pop(id_, None)
        self._confirmed, self._forget = [], set()

    def _refused(self, error: sqlite3.Error | OSError) -> None:
        if self._refusal is None:
            _log.warning("outbox.refused file=%s reason=%r", self._file, str(error))
        self._refusal = error
        self._full = _is_full(error, self._folder)
        if self._store is not None:
            with suppress(sqlite3.Error):
                self._store.close()
            self._store = None


def _is_full(refusal: sqlite3.Error | OSError, folder: Path) -> bool:
    """SQLite calls a full disk an I/O error where it could not grow its index of the log (the -shm file)."""
    if getattr(refusal, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
        return True
    try:
        return shutil.disk_usage(folder).free < ROOM_BYTES
    except OSError:
        return False
