"""What the desk makes of the messages of terminals."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from edge.desk.message import LARGEST_BYTES, parse
from edge.desk.owed import MOST_OWED, Owed, Settled
from edge.desk.school import KEPT_CLOSED, MOST_TERMINALS, STALE_S, Answered, Case, Gone, School, Terminal, not_heard_today
from tests.asyncapi import problems
from tests.desk.say import ID, NOON_MS, PLACE, alert, health, listed, said, status


@pytest.fixture
def school() -> School:
    """A school that expects two terminals."""
    return School(["t1", "t2"], NOON_MS)


def take(school: School, kind: str, body: dict[str, Any] | None, ms: int = 0, terminal: str = "t1", *, retained: bool = False) -> list[Any]:
    """Fold it in, `ms` after noon."""
    return school.take(said(kind, body, terminal, retained=retained), NOON_MS + ms, "break")


def states(school: School) -> list[tuple[str, str]]:
    """Terminal and state of each alert."""
    return [(case.terminal, case.state) for case in school.cases]


def test_one_alert_is_one_line_however_often_it_is_said(school: School) -> None:
    """Its last word holds; what is known or older changes nothing."""
    assert take(school, "alert", alert())
    assert take(school, "alert", alert(state="ongoing", repeat=1, level_dba=91.0))
    assert take(school, "alert", alert()) == []
    assert take(school, "alert", alert(state="ongoing", repeat=1)) == []
    (case,) = school.cases
    assert (case.state, case.level_dba, case.place, case.period, case.first_ms) == ("ongoing", 91.0, PLACE, "break", NOON_MS)


def test_an_acknowledged_alert_does_not_wait_again(school: School) -> None:
    """A saying that was delayed on the way is no news."""
    take(school, "alert", alert())
    take(school, "alert", alert(state="acknowledged", repeat=1, by="李老师"), 9000)
    assert take(school, "alert", alert(state="ended", repeat=2)) == []
    (case,) = school.cases
    assert (case.state, case.by, case.acknowledged_ms) == ("acknowledged", "李老师", NOON_MS + 9000)


def test_an_alert_one_step_lower_stands_below_the_others_and_calls_nobody(school: School) -> None:
    """It waits all the same."""
    other = ID.replace("1", "2")
    take(school, "alert", alert(lowered=True))
    take(school, "alert", alert(id=other), 5000)
    assert [(case.id, case.waiting, case.calls) for case in school.cases] == [(other, True, True), (ID, True, False)]


def test_a_desk_that_starts_late_knows_what_is_open(school: School) -> None:
    """From `open`, with the place of `status`; the next saying fills in the rest."""
    take(school, "status", status(), retained=True)
    take(school, "open", listed((ID, "ongoing")), retained=True)
    (case,) = school.cases
    assert (case.place, case.label, case.score, case.waiting) == (PLACE, "shouting", None, True)
    take(school, "alert", alert(state="ongoing", repeat=3))
    assert [case.score for case in school.cases] == [0.9]


def test_an_alert_of_a_terminal_that_said_nothing_else_is_an_alert(school: School) -> None:
    """It and its list can come before its status; it then counts among the terminals."""
    take(school, "alert", alert(), terminal="t8")
    take(school, "open", listed((ID, "raised")), terminal="t9")
    assert states(school) == [("t8", "raised"), ("t9", "raised")]
    assert {(terminal.name, terminal.place) for terminal in school.terminals} >= {("t8", PLACE), ("t9", "")}


def test_what_left_the_list_was_closed_while_nobody_listened(school: School) -> None:
    """And a list from before the alert says nothing of it."""
    take(school, "alert", alert())
    take(school, "open", listed(at="2027-01-15T07:59:58.000Z"))
    assert states(school) == [("t1", "raised")]
    take(school, "open", listed(at="2027-01-15T08:10:00.000Z"), terminal="t2")
    assert states(school) == [("t1", "raised")]
    take(school, "open", listed(at="2027-01-15T08:10:00.000Z"))
    assert states(school) == [("t1", "closed")]


def test_no_terminal_speaks_for_another(school: School) -> None:
    """The same id from two terminals is two alerts."""
    take(school, "alert", alert())
    take(school, "alert", alert(state="closed", repeat=9), terminal="t2")
    assert states(school) == [("t1", "raised"), ("t2", "closed")]


def test_what_waits_comes_first(school: School) -> None:
    """Then what somebody goes to, then what is closed."""
    for number, state in enumerate(["closed", "acknowledged", "raised"]):
        take(school, "alert", alert(id=f"id-{number}", state=state), number)
    assert [state for _, state in states(school)] == ["raised", "acknowledged", "closed"]


def test_a_key_that_was_pressed_stands_above_all_that_was_heard(school: School) -> None:
    """Somebody calls on purpose; once somebody goes there, the others come first."""
    for number, label in enumerate(["shouting", "help", "button"]):
        take(school, "alert", alert(id=f"id-{number}", label=label), number)
    assert [case.label for case in school.cases] == ["button", "shouting", "help"]
    take(school, "alert", alert(id="id-2", label="button", state="acknowledged", repeat=1, by="li"))
    assert [case.label for case in school.cases] == ["shouting", "help", "button"]


def test_closed_alerts_do_not_pile_up(school: School) -> None:
    """The page shows some, the store all."""
    for number in range(KEPT_CLOSED + 5):
        take(school, "alert", alert(id=f"id-{number}", state="closed"), number)
    assert len(school.cases) == KEPT_CLOSED
    assert school.cases[0].id == f"id-{KEPT_CLOSED + 4}"


@pytest.mark.parametrize(
    ("says", "condition"),
    [
        ([("status", status()), ("health", health())], "fine"),
        ([("status", status(mutes=[{"label": "shouting", "left_s": 60}])), ("health", health())], "muted"),
        ([("status", status()), ("health", health(faults=["storage"]))], "faulty"),
        ([("status", status()), ("health", health(faults=["over_temperature"]))], "warm"),
        ([("status", status()), ("health", health(faults=["over_temperature", "silence"]))], "deaf"),
        ([("status", status())], "stale"),
        ([("health", health()), ("status", status(status="offline"))], "offline"),
        ([], "never_seen"),
    ],
)
def test_a_terminal_is_as_its_worst(school: School, says: list[tuple[str, dict[str, Any]]], condition: str) -> None:
    """One condition for the eye; the faults stand beside it."""
    for kind, body in says:
        take(school, kind, body)
    found = school.terminal("t1")
    assert found
    assert found.condition == condition


def test_the_worst_terminal_comes_first(school: School) -> None:
    """No dead one is overlooked: one that never came is worse than one that is gone."""
    for name in ("t3", "t4"):
        take(school, "status", status(), terminal=name)
        take(school, "health", health(), terminal=name)
    take(school, "status", status(status="offline"), terminal="t4")
    take(school, "health", health(faults=["silence"]), terminal="t2")
    assert [terminal.name for terminal in school.terminals] == ["t1", "t4", "t2", "t3"]


def test_a_silent_terminal_becomes_stale_by_itself(school: School) -> None:
    """Since its last word, and comes back with the next one."""
    take(school, "status", status())
    take(school, "health", health())
    late_ms = NOON_MS + round(STALE_S * 1000) + 1
    assert [change.condition for change in school.tick(late_ms) if isinstance(change, Terminal)] == ["stale"]
    found = school.terminal("t1")
    assert found
    assert found.since_ms == NOON_MS
    assert take(school, "health", health(), late_ms - NOON_MS)[0].condition == "fine"


def test_a_fault_that_stands_before_and_after_a_silence_began_before_it(school: School) -> None:
    """A broker or a desk that was away is nothing new at the terminal; another fault, or none, is."""
    hot = health(faults=["over_temperature"])
    take(school, "status", status())
    take(school, "health", hot)
    silent_ms = round(STALE_S * 1000) + 1
    for number, (faults, condition, since_ms) in enumerate([(["throttled"], "warm", 0), (["disk_full"], "faulty", 2), ([], "fine", 3)], 1):
        school.tick(NOON_MS + number * silent_ms * 2 - 1)
        take(school, "health", health(faults=faults), number * silent_ms * 2)
        found = school.terminal("t1")
        assert found
        assert (found.condition, found.since_ms) == (condition, NOON_MS + since_ms * silent_ms * 2)


def test_a_terminal_that_was_away_is_what_it_was_until_it_says_its_health_anew(school: School) -> None:
    """Not a fault younger for it, whether it was offline, silent or both; and no fault outlives its word."""
    take(school, "status", status())
    take(school, "health", health(faults=["over_temperature"]))
    for ms in (1000, round(STALE_S * 1000) + 1):
        assert take(school, "status", status(status="offline"), ms)[0].condition == "offline"
        school.tick(NOON_MS + ms)
        (back,) = take(school, "status", status(), ms + 1)
        assert (back.condition, back.since_ms) == ("warm" if ms == 1000 else "stale", NOON_MS)
    assert [(one.condition, one.since_ms) for one in take(school, "health", health(faults=["throttled"]), 300_000)] == [("warm", NOON_MS)]
    assert [(one.condition, one.since_ms) for one in take(school, "health", health(), 300_001)] == [("fine", NOON_MS + 300_001)]


def test_a_desk_that_is_told_old_health_by_the_broker_forgets_not_since_when_a_fault_stands() -> None:
    """As after a night without the broker; what was kept of an earlier desk gives way to it."""
    kept = Terminal("t1", online=True, told_ms=NOON_MS, condition="warm", since_ms=NOON_MS - 5, before=("warm", NOON_MS - 5))
    deaf = replace(kept, name="t2", condition="deaf", before=("deaf", NOON_MS - 5))
    school, night_ms = School([], NOON_MS, (), [kept, deaf]), 40_000_000
    school.tick(NOON_MS + night_ms)
    for name, faults in (("t1", ["throttled"]), ("t2", [])):
        take(school, "health", health(at="2027-01-15T08:00:00.000Z", faults=faults), night_ms, name, retained=True)
        school.tick(NOON_MS + night_ms)
    assert [(one.name, one.condition) for one in school.terminals] == [("t1", "stale"), ("t2", "stale")]
    assert [(one.condition, one.since_ms) for one in take(school, "health", health(faults=["throttled"]), night_ms + 1)] == [("warm", NOON_MS - 5)]


def test_retained_health_of_last_year_is_no_sign_of_life(school: School) -> None:
    """Its own time counts, and without one it counts nothing."""
    take(school, "status", status(), retained=True)
    take(school, "health", health(at="2026-01-15T08:00:00.000Z"), retained=True)
    assert [terminal.condition for terminal in school.terminals] == ["never_seen", "stale"]
    take(school, "health", health(), terminal="t2", retained=True)
    assert school.terminals[0].heard_ms is None


def test_who_heard_nothing_today_is_named(school: School) -> None:
    """Deaf hours do not count."""
    take(school, "health", health())
    take(school, "health", health(faults=["silence"]), terminal="t2")
    now = datetime.fromtimestamp(NOON_MS / 1000).astimezone()
    assert not_heard_today(school.terminals, now) == ["t2"]


def test_what_was_taken_back_is_gone_unless_it_is_expected(school: School) -> None:
    """The demo's terminal leaves; one that must be there is missed."""
    for name in ("t1", "t9"):
        take(school, "status", status(), terminal=name)
        assert take(school, "status", None, terminal=name) == ([Gone("t9")] if name == "t9" else [])
    assert {terminal.name for terminal in school.terminals} == {"t1", "t2"}


def test_with_a_terminal_its_open_alerts_are_taken_back(school: School) -> None:
    """Nobody could ever close them."""
    for name in ("t8", "t9"):
        take(school, "status", status(), terminal=name)
        take(school, "alert", alert(), terminal=name)
    assert len(take(school, "status", None, terminal="t9")) == 2
    assert states(school) == [("t8", "raised"), ("t9", "closed")]


GOING, CLOSING = (Owed("t1", ID, verb, "李老师", NOON_MS + 7, verdict) for verb, verdict in (("acknowledge", "none"), ("close", "prank")))


def test_what_was_done_for_a_terminal_that_is_away_is_owed_to_it(school: School) -> None:
    """Of two people at once to the first alone; closing keeps its own name and verdict."""
    take(school, "alert", alert())
    for owed, state, verdict in ((GOING, "acknowledged", None), (CLOSING, "closed", "prank")):
        case, *debts = school.settle(owed)
        assert debts == [owed]
        assert isinstance(case, Case)
        assert (case.state, case.by, case.verdict) == (state, "李老师", verdict)
        assert school.settle(replace(owed, by="王工", verdict="real")) == []
    assert school.debts.due({"t2"}) == []
    assert school.debts.due({"t1"}) == [GOING, CLOSING]
    assert school.debts.told(GOING) == [Settled(GOING)]
    assert school.debts.told(GOING) == []
    assert school.debts.due({"t1"}) == [CLOSING]


def test_what_a_terminal_says_by_itself_it_is_owed_no_more(school: School) -> None:
    """Another desk was faster; or the terminal has been taken back."""
    take(school, "alert", alert())
    school.settle(GOING)
    school.settle(CLOSING)
    assert take(school, "alert", alert(state="ongoing", repeat=1)) == []
    assert take(school, "open", listed((ID, "acknowledged"))) == [Settled(GOING)]
    assert take(school, "alert", alert(state="closed", repeat=2, verdict="real", by="王工"))[0] == Settled(CLOSING)
    take(school, "alert", alert(id="id-2"), terminal="t8")
    school.settle(other := replace(GOING, terminal="t8", alert="id-2"))
    assert Settled(other) in take(school, "status", None, terminal="t8")


def test_what_a_terminal_that_is_away_still_lists_as_open_stays_closed(school: School) -> None:
    """However many are closed after it, and after a restart of the desk."""
    take(school, "alert", alert())
    changes = school.settle(CLOSING)
    for number in range(KEPT_CLOSED + 5):
        take(school, "alert", alert(id=f"id-{number}", state="closed"), 9 + number, terminal="t2")
    anew = School([], NOON_MS, [case for case in changes if isinstance(case, Case)], (), [CLOSING])
    for one in (school, anew):
        take(one, "open", listed((ID, "raised")), retained=True)
        assert not any(case.open for case in one.cases)
        assert one.debts.due({"t1"}) == [CLOSING]


def test_what_is_owed_is_bounded_in_number_and_time(school: School) -> None:
    """The oldest goes."""
    owed = [replace(GOING, alert=f"id-{number}", at_ms=NOON_MS + number) for number in range(MOST_OWED + 1)]
    for one in owed:
        take(school, "alert", alert(id=one.alert))
    changes = [school.settle(one)[1:] for one in owed]
    assert changes[-1] == [owed[-1], Settled(owed[0])]
    assert len(school.debts.due({"t1"})) == MOST_OWED
    assert len(school.debts.forget(NOON_MS + MOST_OWED)) == MOST_OWED - 1
    assert school.debts.due({"t1"}) == owed[-1:]


def test_answers_are_passed_on(school: School) -> None:
    """With the reason."""
    body = {"schema": 1, "at": None, "boot": "00" * 8, "command": "c1", "ok": False, "reason": "expired", "field": None}
    assert take(school, "reply", body) == [Answered("t1", "c1", ok=False, reason="expired")]


def test_terminals_are_bounded(school: School) -> None:
    """A broker that lets anybody in fills no memory."""
    for number in range(MOST_TERMINALS + 5):
        take(school, "status", status(), terminal=f"x{number}")
    assert len(school.terminals) == MOST_TERMINALS


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("xiaoan/v1/no-4/t1/alert", b"{"),
        ("xiaoan/v1/no-4/t1/alert", b"[" * 50_000),
        ("xiaoan/v1/no-4/t1/alert", json.dumps(alert(state="exploded")).encode()),
        ("xiaoan/v1/no-4/t1/alert", json.dumps(alert(score=float("nan"))).encode()),
        ("xiaoan/v1/no-4/t1/alert", json.dumps(alert(place="x" * 500)).encode()),
        ("xiaoan/v1/no-4/t1/alert", b" " * (LARGEST_BYTES + 1)),
        ("xiaoan/v1/no-4/t1/health", json.dumps(health(faults=["<b>"])).encode()),
        ("xiaoan/v1/no-4/t1/command", b"{}"),
        ("xiaoan/v1/no-4/alert", b"{}"),
    ],
)
def test_what_is_no_message_is_none(topic: str, payload: bytes) -> None:
    """Whoever may publish may publish nonsense."""
    assert parse(topic, payload, retained=False) is None


@pytest.mark.parametrize(("kind", "body"), [("alert", alert()), ("status", status()), ("open", listed((ID, "raised")))])
def test_what_the_tests_say_is_as_documented(kind: str, body: dict[str, Any]) -> None:
    """docs/asyncapi.yaml holds for the desk as for the terminal."""
    assert problems(kind, body) == []
