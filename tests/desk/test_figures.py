"""Statistics of what was raised."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from edge.desk.figures import Took, figures, kind
from edge.desk.papers import Reader, report, statistics
from edge.desk.school import Case, Terminal
from edge.desk.store import Session

MONDAY = date(2027, 1, 11)
SUNDAY = MONDAY + timedelta(days=6)
DAY_MS = 86_400_000


def day_of(ms: int) -> date:
    """Days are counted from Monday on."""
    return MONDAY + timedelta(days=ms // DAY_MS)


def case(day: int, verdict: str | None, terminal: str = "t1", acknowledged_s: float | None = None, **more: object) -> Case:
    """An alert on that day of the week."""
    first_ms = day * DAY_MS
    acknowledged_ms = None if acknowledged_s is None else first_ms + round(1000 * acknowledged_s)
    made = Case(terminal, f"{day}-{verdict}-{acknowledged_s}", "shouting", "closed", f"hall {terminal}", first_ms, "break", verdict=verdict)
    return replace(made, acknowledged_ms=acknowledged_ms, **more)  # type: ignore[arg-type]


CASES = [
    case(0, "real", acknowledged_s=5), case(0, "false", acknowledged_s=15), case(2, "false", acknowledged_s=200), case(2, "prank", "t2"),
    case(3, None, "t2", drill=True, acknowledged_s=1), case(4, "none", label="crying", period="class"),
]  # fmt: skip
HEARD = {("t1", MONDAY + timedelta(days=day)) for day in range(4)}
FOUND = figures(CASES, HEARD, MONDAY, SUNDAY, {"t1": "", "t2": "hall two", "t3": "hall three"}, day_of)


def test_alerts_are_counted_by_day_period_place_label_and_verdict() -> None:
    """A drill is one whatever was said of it; days without an alert are there too."""
    assert [kind(one) for one in CASES] == ["real", "false", "false", "prank", "drill", "none"]
    assert dict(FOUND.total) == {"real": 1, "false": 2, "prank": 1, "drill": 1, "none": 1}
    assert [sum(counts.values()) for counts in FOUND.days.values()] == [2, 0, 2, 1, 1, 0, 0]
    assert [(name, sum(counts.values())) for name, counts in FOUND.periods.items()] == [("break", 5), ("class", 1)]
    assert [(name, sum(counts.values())) for name, counts in FOUND.places.items()] == [("hall t1", 4), ("hall t2", 2)]
    assert dict(FOUND.labels["crying"]) == {"none": 1}


def test_false_alarms_a_day_count_the_days_on_which_a_terminal_listened() -> None:
    """A dead terminal raises no false alarm, which is no merit: its days do not count, and one without any has no rate."""
    assert [(t.name, t.place, t.days, t.a_day("false"), t.a_day("prank")) for t in FOUND.terminals] == [
        ("t1", "hall t1", 5, 0.4, 0.0),
        ("t2", "hall two", 1, 0.0, 1.0),
        ("t3", "hall three", 0, None, None),
    ]


def test_how_fast_somebody_came_leaves_drills_out() -> None:
    """The median, and what 95 of 100 were within; nothing where nobody came."""
    assert FOUND.acknowledged == Took(3, 15.0, 200.0)
    assert FOUND.arrived is None


def test_the_silent_are_named_day_by_day() -> None:
    """An alert is a sign of life, a drill is none."""
    assert list(FOUND.silent.values()) == [["t2", "t3"], ["t2", "t3"], ["t3"], ["t2", "t3"], ["t2", "t3"], ["t1", "t2", "t3"], ["t1", "t2", "t3"]]


@pytest.fixture
def reader() -> Reader:
    """A head who reads English."""
    return Reader(Session("Zhang", "head", "csrf", 0), "en", str, "no-4")


def test_the_report_says_who_heard_nothing(reader: Reader) -> None:
    """One line a day until today: all, who not, or that the desk itself knows nothing."""
    terminals = [Terminal("t1", condition="fine"), Terminal("t2", place="hall two", condition="deaf"), Terminal("t3")]
    shown = report(reader, FOUND, terminals, MONDAY + timedelta(days=5))
    assert "1 of 3 heard nothing on 2027-01-13: hall three (t3)" in shown
    assert "today the desk heard of no terminal" in shown
    assert "2027-01-17: " not in shown
    assert "hall two (t2): deaf" in shown
    alone = figures(CASES, HEARD, MONDAY, MONDAY, {"t1": ""}, day_of)
    assert "all 1 heard something today" in report(reader, alone, terminals[:1], MONDAY)


def test_statistics_of_nothing_are_a_sentence(reader: Reader) -> None:
    """And no division by it."""
    assert "No alert in these days." in statistics(reader, figures([], set(), MONDAY, MONDAY, {}, day_of))
