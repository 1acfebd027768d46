"""What the desk keeps, and that it does not need to."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect

from edge.desk import migration
from edge.desk.keeper import Keeper
from edge.desk.owed import Owed, Settled
from edge.desk.school import Case, School, Terminal
from edge.desk.store import Deed, NoStore, Spot, Store, User, local_day, metadata
from tests.broker import wait_for
from tests.command import xiaoan
from tests.desk import early
from tests.desk.postgresql import postgresql
from tests.desk.say import ID, NOON_MS, PLACE, health, said, status

CASE = Case("t1", ID, "shouting", "raised", PLACE, NOON_MS, "break", score=0.9, trace=((0.0, 0.9, None),))


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Store]:
    """A new file."""
    store = Store("", tmp_path)
    yield store
    store.close()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a PostgreSQL."""
    with postgresql() as address:
        yield address


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database: a new file, or a real server's."""
    address: str = f"sqlite:///{tmp_path}/desk.sqlite3" if request.param == "SQLite" else request.getfixturevalue("server")
    yield address
    if request.param == "PostgreSQL":
        engine = create_engine(address)
        metadata.drop_all(engine)
        engine.dispose()


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    """With the tables of today."""
    store = Store(url, tmp_path)
    yield store
    store.close()


def columns(url: str) -> dict[str, list[tuple[str, str, bool]]]:
    """Of each table: name, type, whether it may be null."""
    engine = create_engine(url)
    found = inspect(engine)
    told = {table: sorted((c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)) for table in sorted(found.get_table_names())}
    engine.dispose()
    return told


def test_what_is_kept_comes_back(store: Store) -> None:
    """The latest of each; closed ones are history."""
    store.keep([CASE], [Terminal("t1", place=PLACE, condition="fine")], [Deed(1, "李老师", "acknowledge", "t1", ID)])
    assert store.known(0) == [CASE]
    closed = replace(CASE, state="closed", verdict="false", word="搬桌子")
    store.keep([closed], [], [])
    assert store.known(0) == []
    assert store.cases(NOON_MS, NOON_MS + 1) == [replace(closed, trace=())]
    assert store.cases(NOON_MS, NOON_MS + 1, "t2") == []
    assert store.cases(NOON_MS + 1, NOON_MS + 2) == []
    assert [(deed.who, deed.verb) for deed in store.deeds(10)] == [("李老师", "acknowledge")]
    assert [(t.name, t.place) for t in store.terminals()] == [("t1", PLACE)]


def test_the_days_on_which_a_terminal_heard_are_kept(store: Store) -> None:
    """However often it says so; one that heard nothing has none."""
    day = local_day(NOON_MS)
    for ms in (NOON_MS, NOON_MS + 1, NOON_MS + 86_400_000):
        store.keep([], [Terminal("t1", heard_ms=ms, condition="fine"), Terminal("t2", condition="deaf")], [])
    assert store.heard(day, day) == {("t1", day)}
    assert len(store.heard(day, day + timedelta(days=7))) == 2


def test_what_a_terminal_is_owed_is_kept_with_its_alert_until_it_is_told(store: Store) -> None:
    """However long ago the alert was closed; else what the terminal still lists would be open again. The last closed ones come along."""
    owed, other = Owed("t1", ID, "close", "李老师", NOON_MS + 1, "prank"), Owed("t1", ID, "acknowledge", "李老师", NOON_MS)
    closed = [replace(CASE, id=id_, state="closed", closed_ms=NOON_MS + ms) for ms, id_ in enumerate((ID, "a", "b"))]
    keeper = Keeper(store)
    keeper.start()
    keeper.keep(closed, owed=[owed, other])
    wait_for(lambda: len(store.known(0)) == 1, "the writing")
    assert store.owed() == [other, owed]
    assert [[case.id for case in store.known(most)] for most in (0, 1, 3)] == [[ID], [ID, "b"], [ID, "a", "b"]]
    keeper.keep(owed=[Settled(other), Settled(owed)])
    keeper.stop(10.0)
    assert (store.owed(), store.known(0)) == ([], [])


@pytest.mark.parametrize(("condition", "fault"), [("deaf", "covered"), ("warm", "over_temperature"), ("faulty", "disk_full")])
def test_since_when_something_is_wrong_outlasts_the_desk(store: Store, condition: str, fault: str) -> None:
    """A terminal says first that it is there, and then what is wrong: that is nothing new."""
    store.keep([], [Terminal("t1", online=True, told_ms=NOON_MS, condition=condition, since_ms=NOON_MS - 5)], [])
    school = School([], NOON_MS + 9, (), store.terminals())
    for kind, body in (("status", status()), ("health", health(faults=[fault]))):
        assert school.tick(NOON_MS + 9) == []
        school.take(said(kind, body), NOON_MS + 9, "")
        assert [(one.condition, one.since_ms) for one in school.terminals] == [(condition, NOON_MS - 5)]
    school.take(said("health", health()), NOON_MS + 10, "")
    assert [(one.condition, one.since_ms) for one in school.terminals] == [("fine", NOON_MS + 10)]


@pytest.mark.parametrize(("condition", "fault"), [("warm", "over_temperature"), ("faulty", "disk_full")])
def test_a_desk_that_was_away_for_long_forgets_not_since_when_something_is_wrong(store: Store, condition: str, fault: str) -> None:
    """Until the terminal says how it is the desk calls it silent."""
    store.keep([], [Terminal("t1", online=True, told_ms=NOON_MS, condition=condition, since_ms=NOON_MS - 5)], [])
    much_later_ms = NOON_MS + 3_600_000
    school = School([], much_later_ms, (), store.terminals())
    assert [(one.condition, one.since_ms) for one in school.tick(much_later_ms) if isinstance(one, Terminal)] == [("stale", NOON_MS)]
    school.take(said("health", health(faults=[fault])), much_later_ms, "")
    assert [(one.condition, one.since_ms) for one in school.terminals] == [(condition, NOON_MS - 5)]


def test_a_spot_on_the_plan_stays(store: Store) -> None:
    """Before and after the terminal has spoken."""
    store.put_spot("t1", Spot("二楼", 0.25, 0.5))
    assert store.terminals() == []
    store.keep([], [Terminal("t1")], [])
    assert store.spots() == {"t1": Spot("二楼", 0.25, 0.5)}


def test_a_terminal_that_was_taken_back_is_missed_by_nobody(store: Store) -> None:
    """Its place on the plan stays, for when it comes back."""
    keeper = Keeper(store)
    keeper.start()
    store.put_spot("t1", Spot("二楼", 0.25, 0.5))
    keeper.keep([], [Terminal("t1"), Terminal("t2")])
    keeper.keep(gone=["t1", "t2"])
    keeper.keep([], [Terminal("t2", place=PLACE)])
    keeper.stop(10.0)
    assert [(terminal.name, terminal.place) for terminal in store.terminals()] == [("t2", PLACE)]
    assert set(store.spots()) == {"t1"}


def test_what_is_too_old_is_deleted(store: Store) -> None:
    """An open alert stays, however old it is."""
    old, young = replace(CASE, id="old", state="closed", first_ms=NOON_MS - 1), replace(CASE, id="young", state="closed")
    opened = replace(CASE, first_ms=NOON_MS - 1)
    keeper = Keeper(store)
    keeper.start()
    heard = [Terminal("t1", heard_ms=NOON_MS - 1), Terminal("t2", heard_ms=NOON_MS)]
    keeper.keep([old, young, opened], heard, [Deed(NOON_MS - 1, "a", "x"), Deed(NOON_MS, "b", "x")])
    keeper.forget(NOON_MS)
    keeper.stop(10.0)
    assert {case.id for case in store.cases(0, NOON_MS + 1)} == {"young", ID}
    assert [deed.who for deed in store.deeds(10)] == ["b"]
    assert {name for name, _ in store.heard(local_day(0), local_day(NOON_MS))} == {"t2"}


def test_a_session_lasts_until_its_time_or_a_new_password(store: Store) -> None:
    """Whoever's password was changed is logged out everywhere."""
    store.put_user(User("a", "duty", "x"))
    store.begin_session("h", "a", "csrf", until_ms=100, now_ms=0)
    found = store.session("h", 100)
    assert found
    assert (found.name, found.role, found.csrf) == ("a", "duty", "csrf")
    assert store.session("h", 101) is None
    store.put_user(User("a", "head", "y"))
    assert store.session("h", 50) is None


def test_a_new_password_ends_all_sessions_but_one(store: Store) -> None:
    """Unless somebody else has changed the user meanwhile: then nothing is done."""
    old = User("a", "duty", "x")
    store.put_user(old)
    for token in ("h", "i"):
        store.begin_session(token, "a", "csrf", until_ms=100, now_ms=0)
    assert store.change_password(old, "y", "h")
    assert [store.session(token, 50) is not None for token in ("h", "i")] == [True, False]
    assert not store.change_password(old, "z", "h")
    assert store.users() == [User("a", "duty", "y")]


def test_a_database_that_refuses_is_written_later(file: Store, tmp_path: Path) -> None:
    """Nobody waits for it, and the latest is what is written."""
    blocker = sqlite3.connect(tmp_path / "desk.sqlite3", isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    keeper = Keeper(file)
    keeper.start()
    keeper.keep([CASE], deeds=[Deed(1, "a", "mute")])
    wait_for(lambda: keeper.refused is not None, "the refusal")
    keeper.keep([replace(CASE, state="ended")])
    blocker.execute("ROLLBACK")
    blocker.close()
    wait_for(lambda: keeper.refused is None, "the writing")
    keeper.stop(10.0)
    assert [case.state for case in file.known(0)] == ["ended"]
    assert len(file.deeds(10)) == 1


@pytest.mark.parametrize("url", ["nonsense", "frob://x/y", "sqlite:////nowhere/at/all.sqlite3"])
def test_a_database_that_cannot_be_is_one_sentence(tmp_path: Path, url: str) -> None:
    """With the key to look at."""
    with pytest.raises(NoStore, match="Check `database`"):
        Store(url, tmp_path)


def test_what_the_first_desk_wrote_opens_with_all_its_rows(url: str, tmp_path: Path) -> None:
    """Then as now: the same tables as a new database has; and the earlier desk, if it still runs, can go on writing."""
    Store(url, tmp_path).close()
    new = columns(url)
    early.run(url, *(f"DROP TABLE {table}" for table in new))
    early.run(url, early.TABLES, early.ROWS)
    first = replace(CASE, seq=1, repeat=0)
    for _ in range(2):
        store = Store(url, tmp_path)
        assert store.known(0) == [first]
        assert store.users() == [User("李老师", "duty", "x")]
        assert store.session("h", NOON_MS)
        assert [(deed.who, deed.about) for deed in store.deeds(9)] == [("李老师", ID)]
        assert (store.spots(), [t.place for t in store.terminals()]) == ({"t1": Spot("二楼", 0.25, 0.5)}, [PLACE])
        store.keep([replace(first, lowered=True)], [Terminal("t1", place=PLACE, heard_ms=NOON_MS, condition="fine")], [])
        assert [case.lowered for case in store.known(0)] == [True]
        assert store.heard(local_day(NOON_MS), local_day(NOON_MS))
        store.keep([first], [], [])
        store.close()
    assert columns(url) == new
    early.run(url, early.AN_ALERT.replace(ID, "of the earlier desk"))
    store = Store(url, tmp_path)
    assert {case.lowered for case in store.known(0)} == {False}
    store.close()


def test_a_table_that_is_new_is_made_in_a_database_of_the_same_version(url: str, tmp_path: Path) -> None:
    """An earlier desk that still runs does not ask for it, and goes on."""
    Store(url, tmp_path).close()
    new = columns(url)
    early.run(url, "DROP TABLE owed")
    store = Store(url, tmp_path)
    assert (store.owed(), columns(url)) == ([], new)
    store.close()


def test_a_step_that_fails_changes_nothing(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All or nothing; once it can be done it is."""

    def fails(db: Connection) -> None:
        db.exec_driver_sql("ALTER TABLE nowhere ADD COLUMN nothing INTEGER")

    early.run(url, early.TABLES, early.ROWS)
    before = columns(url)
    with monkeypatch.context() as patch:
        patch.setattr(migration, "STEPS", (*migration.STEPS, fails))
        with pytest.raises(NoStore, match="nowhere"):
            Store(url, tmp_path)
    assert columns(url) == before
    store = Store(url, tmp_path)
    assert len(store.known(0)) == 1
    store.close()


def test_a_database_of_a_newer_program_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """Whatever is done with it, and nothing is written."""
    store = Store("", tmp_path / "desk")
    store.put_user(User("a", "head", "x"))
    store.close()
    file = tmp_path / "desk" / "desk.sqlite3"
    early.run(f"sqlite:///{file}", "UPDATE desk_schema SET version = 99")
    config = tmp_path / "desk.toml"
    config.write_text(f'[paths]\nstate = "{tmp_path / "desk"}"\n', encoding="utf-8")
    for arguments in (["--users"], ["--remove-user", "a"]):
        done = xiaoan("--config", config, "desk", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "tables are version 99" in done.stderr
        assert "Update this program" in done.stderr
    with sqlite3.connect(file) as db:
        assert db.execute("SELECT name FROM users").fetchall() == [("a",)]
    db.close()
