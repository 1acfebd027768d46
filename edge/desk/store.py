"""What the desk keeps: alerts, users, sessions, who did what. SQLite in a file, or PostgreSQL by its address: the same code through SQLAlchemy."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    false,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from edge.desk.migration import migrate, schema_of
from edge.desk.owed import Owed, Settled
from edge.desk.school import Case, Terminal
from edge.errors import EdgeError
from edge.words import N_

ROLES = ("duty", "technician", "head")

# Whatever changes here needs a step in migration.py, unless it is a new table.
metadata = MetaData()
_cases = Table(
    "cases", metadata,
    Column("terminal", String(64), primary_key=True), Column("id", String(64), primary_key=True),
    Column("label", String(40)), Column("state", String(20)), Column("place", String(200)), Column("first_ms", BigInteger, index=True),
    Column("period", String(40)), Column("seq", BigInteger), Column("score", Float), Column("level_dba", Float), Column("phrase", String(200)),
    Column("onset_ms", BigInteger), Column("raised_ms", BigInteger), Column("said_ms", BigInteger), Column("repeat", BigInteger),
    Column("count", BigInteger), Column("drill", Boolean), Column("verdict", String(10)), Column("by", String(200)), Column("trace", Text),
    Column("model", String(64)), Column("profile", String(64)), Column("acknowledged_ms", BigInteger), Column("arrived_ms", BigInteger),
    Column("closed_ms", BigInteger), Column("word", String(500)),
    Column("lowered", Boolean, nullable=False, server_default=false()),
)  # fmt: skip
_terminals = Table(
    "terminals", metadata,
    Column("name", String(64), primary_key=True), Column("place", String(200)), Column("condition", String(20)), Column("since_ms", BigInteger),
    Column("told_ms", BigInteger), Column("heard_ms", BigInteger), Column("online", Boolean), Column("plan", String(80)), Column("x", Float),
    Column("y", Float),
)  # fmt: skip
_heard = Table("heard", metadata, Column("terminal", String(64), primary_key=True), Column("day", String(10), primary_key=True), Column("last_ms", BigInteger))
_users = Table("users", metadata, Column("name", String(80), primary_key=True), Column("role", String(20)), Column("hash", String(300)))
_sessions = Table(
    "sessions", metadata, Column("hash", String(64), primary_key=True), Column("name", String(80)), Column("csrf", String(64)), Column("until_ms", BigInteger)
)
_deeds = Table(
    "deeds", metadata,
    Column("number", Integer, primary_key=True, autoincrement=True), Column("at_ms", BigInteger, index=True), Column("who", String(80)),
    Column("verb", String(20)), Column("terminal", String(64)), Column("about", String(200)), Column("outcome", String(200)),
)  # fmt: skip
_owed = Table(
    "owed", metadata,
    Column("terminal", String(64), primary_key=True), Column("alert", String(64), primary_key=True), Column("verb", String(20), primary_key=True),
    Column("by", String(80)), Column("at_ms", BigInteger), Column("verdict", String(10)),
)  # fmt: skip
_schema = schema_of(metadata)


class NoStore(EdgeError):
    """The database cannot be used."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in."""

    name: str
    role: str
    hash: str  # argon2


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has logged in."""

    name: str
    role: str
    csrf: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did what, and when: an acknowledgement, a mute, a drill, a login, somebody told."""

    at_ms: int
    who: str
    verb: str
    terminal: str = ""
    about: str = ""  # the alert's id, a label, a verdict
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a terminal hangs on a plan; x and y are 0..1 of its width and height."""

    plan: str
    x: float
    y: float


class Store:
    """All methods raise SQLAlchemyError where the database refuses; they may be called from any thread."""

    def __init__(self, url: str, folder: Path) -> None:
        """url: empty for the file in the folder. Brings what an earlier desk wrote up to date. Raises NoStore, NewerStore."""
        try:
            if not url:
                folder.mkdir(parents=True, exist_ok=True, mode=0o750)
                file = folder / "desk.sqlite3"
                file.touch(mode=0o600)
                url = f"sqlite:///{file}"
            parsed = make_url(url)
            self._engine: Engine = create_engine(parsed, pool_pre_ping=True)
            if parsed.get_backend_name() == "sqlite":
                event.listen(self._engine, "connect", _as_wal)
            try:
                migrate(self._engine, metadata, _schema)
            except BaseException:
                self._engine.dispose()
                raise
        except (SQLAlchemyError, OSError, ArgumentError, ModuleNotFoundError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise NoStore(N_("the desk's database cannot be used: {reason}. Check `database` in [desk]"), reason=reason) from error

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()

    def keep(
        self, cases: Sequence[Case], terminals: Sequence[Terminal], deeds: Sequence[Deed], gone: Sequence[str] = (), owed: Sequence[Owed | Settled] = ()
    ) -> None:
        """Write it all or nothing. gone: terminals that were taken back; where they hung stays. owed: also what is owed no more."""
        with self._engine.begin() as db:
            for case in cases:
                row = {**asdict(case), "trace": json.dumps(case.trace)}
                _put(db, _cases, {"terminal": case.terminal, "id": case.id}, row, unless_empty=("arrived_ms", "word"))
            for t in terminals:
                row = {
                    "name": t.name, "place": t.place, "condition": t.condition, "since_ms": t.since_ms, "told_ms": t.told_ms, "heard_ms": t.heard_ms,
                    "online": t.online,
                }  # fmt: skip
                _put(db, _terminals, {"name": t.name}, row)
                if t.heard_ms is not None:
                    key = {"terminal": t.name, "day": local_day(t.heard_ms).isoformat()}
                    _put(db, _heard, key, {**key, "last_ms": t.heard_ms})
            if gone:
                db.execute(update(_terminals).where(_terminals.c.name.in_(gone)).values(condition=None))
            for one in owed:
                debt = one.owed if isinstance(one, Settled) else one
                if debt is one:
                    _put(db, _owed, {"terminal": debt.terminal, "alert": debt.alert, "verb": debt.verb}, asdict(debt))
                else:
                    db.execute(delete(_owed).where(_owed.c.terminal == debt.terminal, _owed.c.alert == debt.alert, _owed.c.verb == debt.verb))
            if deeds:
                db.execute(insert(_deeds), [asdict(deed) for deed in deeds])

    def forget(self, before_ms: int) -> int:
        """Delete what is older, but for alerts that are open. Returns how many alerts went."""
        with self._engine.begin() as db:
            db.execute(delete(_deeds).where(_deeds.c.at_ms < before_ms))
            db.execute(delete(_heard).where(_heard.c.last_ms < before_ms))
            return db.execute(delete(_cases).where(_cases.c.first_ms < before_ms, _cases.c.state == "closed")).rowcount

    def known(self, closed: int) -> list[Case]:
        """What a desk has to know as it starts: alerts that are not closed, those whose terminal is not told yet, and so many of the last closed ones."""
        owing = select(_owed.c.alert).where(_owed.c.terminal == _cases.c.terminal, _owed.c.alert == _cases.c.id).exists()
        last = select(_cases).where(_cases.c.state == "closed").order_by(_cases.c.closed_ms.desc()).limit(closed)
        with self._engine.connect() as db:
            found = [_case(row) for asked in (last, select(_cases).where(or_(_cases.c.state != "closed", owing))) for row in db.execute(asked).mappings()]
        return sorted({case.key: case for case in found}.values(), key=lambda case: (case.first_ms, case.id))

    def owed(self) -> list[Owed]:
        """What terminals are to be told once they are back, the oldest first."""
        with self._engine.connect() as db:
            return [Owed(**row) for row in db.execute(select(_owed).order_by(_owed.c.at_ms, _owed.c.verb)).mappings()]

    def cases(self, from_ms: int, until_ms: int, terminal: str = "") -> list[Case]:
        """Alerts by the time at which the desk heard of them, without their traces. terminal: of this one alone."""
        asked = select(*(column for column in _cases.c if column.name != "trace")).where(_cases.c.first_ms >= from_ms, _cases.c.first_ms < until_ms)
        if terminal:
            asked = asked.where(_cases.c.terminal == terminal)
        with self._engine.connect() as db:
            return [_case(row) for row in db.execute(asked.order_by(_cases.c.first_ms, _cases.c.id)).mappings()]

    def heard(self, first: date, last: date) -> set[tuple[str, date]]:
        """Terminal and day on which it heard something, both ends within."""
        asked = select(_heard.c.terminal, _heard.c.day).where(_heard.c.day >= first.isoformat(), _heard.c.day <= last.isoformat())
        with self._engine.connect() as db:
            return {(name, date.fromisoformat(day)) for name, day in db.execute(asked)}

    def terminals(self) -> list[Terminal]:
        """What was known of the terminals; how they are now they must say themselves."""
        with self._engine.connect() as db:
            return [
                Terminal(row["name"], place=row["place"] or "", online=row["online"], told_ms=row["told_ms"], heard_ms=row["heard_ms"],
                         condition=row["condition"], since_ms=row["since_ms"] or 0, before=(row["condition"], row["since_ms"] or 0))
                for row in db.execute(select(_terminals)).mappings() if row["condition"]
            ]  # fmt: skip

    def spots(self) -> dict[str, Spot]:
        """Where terminals hang, by name."""
        with self._engine.connect() as db:
            found = db.execute(select(_terminals).where(_terminals.c.plan.is_not(None))).mappings()
            return {row["name"]: Spot(row["plan"], row["x"], row["y"]) for row in found}

    def put_spot(self, terminal: str, spot: Spot) -> None:
        """Hang it there."""
        with self._engine.begin() as db:
            _put(db, _terminals, {"name": terminal}, {"name": terminal, "plan": spot.plan, "x": spot.x, "y": spot.y})

    def deeds(self, most: int, verbs: Sequence[str] = ()) -> list[Deed]:
        """The last ones, newest first. verbs: of these alone."""
        asked = select(_deeds).order_by(_deeds.c.number.desc()).limit(most)
        with self._engine.connect() as db:
            rows = db.execute(asked.where(_deeds.c.verb.in_(verbs)) if verbs else asked).mappings()
            return [Deed(row["at_ms"], row["who"], row["verb"], row["terminal"], row["about"], row["outcome"]) for row in rows]

    def users(self) -> list[User]:
        """Everybody who may log in."""
        with self._engine.connect() as db:
            return [User(row["name"], row["role"], row["hash"]) for row in db.execute(select(_users).order_by(_users.c.name)).mappings()]

    def put_user(self, user: User) -> None:
        """Add somebody, or give a new password or role; whoever is logged in by that name is logged out."""
        with self._engine.begin() as db:
            _put(db, _users, {"name": user.name}, asdict(user))
            db.execute(delete(_sessions).where(_sessions.c.name == user.name))

    def change_password(self, user: User, new_hash: str, session_hash: str) -> bool:
        """Whether it was done: not where somebody else has changed the user since. All sessions by that name but this one end."""
        with self._engine.begin() as db:
            same = _users.c.name == user.name, _users.c.role == user.role, _users.c.hash == user.hash
            if not db.execute(update(_users).where(*same).values(hash=new_hash)).rowcount:
                return False
            db.execute(delete(_sessions).where(_sessions.c.name == user.name, _sessions.c.hash != session_hash))
            return True

    def remove_user(self, name: str) -> bool:
        """Whether there was one."""
        with self._engine.begin() as db:
            db.execute(delete(_sessions).where(_sessions.c.name == name))
            return bool(db.execute(delete(_users).where(_users.c.name == name)).rowcount)

    def begin_session(self, token_hash: str, name: str, csrf: str, until_ms: int, now_ms: int) -> None:
        """Somebody has logged in; sessions that are over go."""
        with self._engine.begin() as db:
            db.execute(delete(_sessions).where(_sessions.c.until_ms < now_ms))
            db.execute(insert(_sessions).values(hash=token_hash, name=name, csrf=csrf, until_ms=until_ms))

    def session(self, token_hash: str, now_ms: int) -> Session | None:
        """The session of that token, if it lasts."""
        joined = _sessions.join(_users, _users.c.name == _sessions.c.name)
        asked = select(_sessions, _users.c.role).select_from(joined).where(_sessions.c.hash == token_hash, _sessions.c.until_ms >= now_ms)
        with self._engine.connect() as db:
            row = db.execute(asked).mappings().first()
            return Session(row["name"], row["role"], row["csrf"], row["until_ms"]) if row else None

    def end_session(self, token_hash: str) -> None:
        """Somebody logs out."""
        with self._engine.begin() as db:
            db.execute(delete(_sessions).where(_sessions.c.hash == token_hash))


def local_day(ms: int) -> date:
    """The day of a time where the desk stands."""
    return datetime.fromtimestamp(ms / 1000).astimezone().date()


def begin_ms(day: date) -> int:
    """When that day begins where the desk stands."""
    return round(datetime.combine(day, time()).astimezone().timestamp() * 1000)


def _put(db: Connection, table: Table, key: Mapping[str, object], row: Mapping[str, object], unless_empty: Sequence[str] = ()) -> None:
    """unless_empty: what another desk on this database may know and this one does not; it stays."""
    # An UPSERT is each database's own; these two do the same, and where another desk came between, the keeper tries again.
    where = [table.c[name] == value for name, value in key.items()]
    known = {name: value for name, value in row.items() if value or name not in unless_empty}
    if not db.execute(update(table).where(*where).values(**known)).rowcount:
        db.execute(insert(table).values(**row))


def _case(row: Mapping[Any, Any]) -> Case:
    known = {field.name: row[field.name] for field in fields(Case) if field.name in row}
    return Case(**{**known, "trace": tuple(tuple(point) for point in json.loads(row.get("trace") or "[]"))})


def _as_wal(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=3000")
    cursor.close()
