"""The life of alerts, with passed time and a real outbox."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge.alerts.alert import State, Verdict
from edge.alerts.book import STILL_OPEN_S, UnknownAlert
from edge.decide.types import TracePoint
from tests.alerts.make import START_MS, TRACE, at, book, closed, opened, outbox, said


def test_an_alert_is_said_until_somebody_acknowledges(tmp_path: Path) -> None:
    """At 0, 15, 30, 60, 120 s, with the sound and after it; then once as acknowledged, and never again."""
    box = outbox(tmp_path)
    alerts = book(box)
    heard = []

    def deliver() -> None:
        heard.extend(said(box))
        for saying in box.pending(100):
            box.confirmed(saying.row)

    alerts.opened(opened(0.0), at(0.5))
    deliver()
    times = []
    for _ in range(2):
        times.append(due := alerts.due_s())
        assert due is not None
        alerts.tick(at(due))
        deliver()
    alerts.closed(closed(0.0))
    for _ in range(2):
        times.append(due := alerts.due_s())
        assert due is not None
        alerts.tick(at(due))
        deliver()
    alerts.acknowledge(alerts.open[0].id, "李老师", at(130))
    deliver()
    alerts.tick(at(1000))
    deliver()
    assert times == [15.5, 30.5, 60.5, 120.5]
    assert heard == [(1, "raised", 0), (1, "ongoing", 1), (1, "ongoing", 2), (1, "ended", 3), (1, "ended", 4), (1, "acknowledged", 5)]


def test_a_late_loop_says_an_alert_once_and_not_for_every_time_it_missed(tmp_path: Path) -> None:
    """A terminal that was stopped for ten minutes must not flood the desk."""
    box = outbox(tmp_path)
    alerts = book(box)
    alerts.opened(opened(0.0), at(0.5))
    alerts.tick(at(600))
    alerts.tick(at(600))
    assert said(box) == [(1, "raised", 0), (1, "ongoing", 1)]


def test_the_end_of_a_sound_makes_the_alert_as_loud_as_it_became(tmp_path: Path) -> None:
    """Score and level of the repeats are the highest of the incident, its trace is complete."""
    box = outbox(tmp_path)
    alerts = book(box)
    complete = (*TRACE, TracePoint(5.0, 0.2, 50.0))
    alerts.opened(opened(0.0), at(0.5))
    alerts.closed(closed(0.0))
    alerts.traced("shouting", 0.0, complete)  # five seconds after the onset, when a short sound is long over
    alerts.tick(at(16))
    first, second = (saying.alert for saying in box.pending(10))
    assert (first.score, first.level_dba, first.trace) == (0.93, 88.5, TRACE)
    assert (second.score, second.level_dba, second.trace) == (0.97, 91.0, complete)


def test_times_are_left_out_while_the_clock_is_not_synchronised(tmp_path: Path) -> None:
    """A wrong time would be worse than none."""
    box = outbox(tmp_path)
    alerts = book(box)
    alerts.opened(opened(0.0), at(0.5, synchronised=False))
    alerts.opened(opened(0.0, "crying"), at(0.5))
    unknown, known = box.pending(10)
    assert (unknown.at_ms, unknown.alert.onset_ms, unknown.alert.raised_ms) == (None, None, None)
    assert (known.at_ms, known.alert.onset_ms, known.alert.raised_ms) == (START_MS + 500, START_MS, START_MS + 500)


def test_an_alert_that_nobody_closes_is_closed_after_a_day(tmp_path: Path) -> None:
    """Even acknowledged, and over a restart: the wall clock tells how old it is."""
    box = outbox(tmp_path)
    alerts = book(box)
    alerts.opened(opened(0.0), at(0))
    alerts.acknowledge(alerts.open[0].id, "李老师", at(10))
    box.close()
    box = outbox(tmp_path)
    alerts = book(box, now_s=20 * 3600.0)
    alerts.tick(at(24 * 3600 - 1))
    assert alerts.open
    alerts.tick(at(24 * 3600))
    assert not alerts.open
    assert box.pending(10)[-1].alert.verdict is Verdict.NONE


def test_a_wall_clock_that_jumped_by_a_year_closes_nothing_at_a_restart(tmp_path: Path) -> None:
    """What nobody has seen is said again, and stays open for an hour at least."""
    box = outbox(tmp_path)
    book(box).opened(opened(0.0), at(0))
    box.close()
    box = outbox(tmp_path)
    year_s = 365 * 86_400.0
    alerts = book(box, now_s=year_s)
    alerts.tick(at(year_s))
    alerts.tick(at(year_s + STILL_OPEN_S - 1))
    assert [a.state for a in alerts.open] == [State.ENDED]
    alerts.tick(at(year_s + STILL_OPEN_S))
    assert not alerts.open


def test_open_alerts_are_said_again_after_a_restart(tmp_path: Path) -> None:
    """At once and as ended, with the next number; what was acknowledged stays silent."""
    box = outbox(tmp_path)
    alerts = book(box)
    alerts.opened(opened(0.0), at(0))
    alerts.opened(opened(1.0, "crying"), at(1))
    alerts.acknowledge(alerts.open[1].id, "李老师", at(2))
    alerts.tick(at(16))
    for saying in box.pending(10):
        box.confirmed(saying.row)
    box.close()
    box = outbox(tmp_path)
    alerts = book(box, now_s=100)
    assert [(a.seq, a.state) for a in alerts.open] == [(1, State.ENDED), (2, State.ACKNOWLEDGED)]
    alerts.tick(at(100))
    assert said(box) == [(1, "ended", 2)]


def test_the_next_alert_after_a_restart_has_the_next_seq(tmp_path: Path) -> None:
    """No gaps and no number twice, also after everything was delivered and closed."""
    box = outbox(tmp_path)
    alerts = book(box)
    alerts.opened(opened(0.0), at(0))
    alerts.close(alerts.open[0].id, Verdict.FALSE, "李老师", at(1))
    for saying in box.pending(10):
        box.confirmed(saying.row)
    box.close()
    box = outbox(tmp_path)
    alerts = book(box)
    alerts.opened(opened(5.0), at(5))
    assert [a.seq for a in alerts.open] == [2]


def test_a_storm_becomes_one_alert_with_a_count(tmp_path: Path) -> None:
    """After three alerts in ten minutes the fourth stands for the rest; another label has its own."""
    box = outbox(tmp_path)
    alerts = book(box)
    for second in range(0, 70, 10):
        alerts.opened(opened(second), at(second))
        alerts.closed(closed(second))
    alerts.opened(opened(65.0, "crying"), at(65))
    assert [(a.label, a.count) for a in alerts.open] == [("shouting", 1)] * 3 + [("shouting", 4), ("crying", 1)]


def test_what_is_more_is_not_lost_in_a_storm_of_what_is_less(tmp_path: Path) -> None:
    """A class that plays with a phrase must not hide the first one that is shouted; both are told apart after a restart, too."""
    box = outbox(tmp_path)
    alerts = book(box)
    for i in range(8):
        alerts.opened(replace(opened(10.0 * i, "help"), lowered=True), at(10.0 * i))
    raised = alerts.opened(opened(100.0, "help"), at(100))
    assert raised is not None
    assert (raised.lowered, raised.count) == (False, 1)
    assert [(alert.lowered, alert.count) for alert in alerts.open] == [(True, 1)] * 3 + [(True, 5), (False, 1)]
    box.close()
    assert [alert.lowered for alert in book(outbox(tmp_path), now_s=101.0).open] == [True] * 4 + [False]


def test_more_of_a_storm_after_its_alert_was_acknowledged_is_raised_anew(tmp_path: Path) -> None:
    """Who took care of the fourth incident does not know of the fifth."""
    box = outbox(tmp_path)
    alerts = book(box)
    for second in range(0, 40, 10):
        alerts.opened(opened(second), at(second))
    alerts.acknowledge(alerts.open[3].id, "李老师", at(35))
    alerts.opened(opened(40.0), at(40))
    assert [(a.count, a.state.value) for a in alerts.open[3:]] == [(1, "acknowledged"), (1, "raised")]


def test_a_mute_raises_nothing_and_ends_by_itself(tmp_path: Path) -> None:
    """Other labels are still heard, and what was kept quiet is counted."""
    box = outbox(tmp_path)
    alerts = book(box)
    alerts.mute("shouting", 100.0, at(0))
    alerts.opened(opened(10.0), at(10))
    alerts.opened(opened(11.0, "crying"), at(11))
    assert ([a.label for a in alerts.open], alerts.muted) == (["crying"], 1)
    alerts.tick(at(100))
    assert not alerts.mutes
    alerts.opened(opened(101.0), at(101))
    assert [a.label for a in alerts.open] == ["crying", "shouting"]


def test_a_mute_can_be_taken_back(tmp_path: Path) -> None:
    """`unmute` before its time."""
    box = outbox(tmp_path)
    alerts = book(box)
    alerts.mute("shouting", 7200.0, at(0))
    alerts.unmute("shouting")
    alerts.opened(opened(10.0), at(10))
    assert len(alerts.open) == 1


def test_a_drill_goes_the_way_of_an_alert(tmp_path: Path) -> None:
    """Marked as a drill, without a level, said until it is acknowledged."""
    box = outbox(tmp_path)
    alerts = book(box)
    drill = alerts.drill("help", at(0))
    alerts.tick(at(15))
    assert (drill.drill, drill.level_dba) == (True, None)
    assert said(box) == [(1, "raised", 0), (1, "ended", 1)]


def test_acknowledging_twice_is_said_once(tmp_path: Path) -> None:
    """Two desks press at the same time: the first one stays."""
    box = outbox(tmp_path)
    alerts = book(box)
    alerts.opened(opened(0.0), at(0))
    id_ = alerts.open[0].id
    alerts.acknowledge(id_, "李老师", at(1))
    alerts.acknowledge(id_, "王老师", at(2))
    assert [s[1] for s in said(box)] == ["raised", "acknowledged"]
    assert alerts.open[0].by == "李老师"


def test_what_is_not_open_cannot_be_acknowledged_or_closed(tmp_path: Path) -> None:
    """An id that was never given, and one that is closed."""
    box = outbox(tmp_path)
    alerts = book(box)
    alerts.opened(opened(0.0), at(0))
    id_ = alerts.open[0].id
    alerts.close(id_, Verdict.PRANK, "李老师", at(1))
    with pytest.raises(UnknownAlert):
        alerts.acknowledge(id_, "李老师", at(2))
    with pytest.raises(UnknownAlert):
        alerts.close("nothing", Verdict.REAL, "李老师", at(2))
