"""From the key to the book of alerts."""

from pathlib import Path

import pytest

from edge.alerts.alert import State, Verdict
from edge.config.schema import Config, KeySettings, LabelSettings
from edge.decide.types import TracePoint
from edge.health.faults import Fault
from edge.panel.contact import Press, Pressed, Released
from edge.panel.patterns import Shown
from edge.wall import TRACED_S, Wall, has_key, shown
from tests.alerts.make import alert, at, book, outbox

CONFIG = Config(key=KeySettings(driver="pipe", pipe="/nowhere"))


class Deaf:
    """Nothing was heard."""

    def around(self, label: str, at_s: float) -> tuple[TracePoint, ...]:
        """No sound."""
        assert (label, at_s > 0) == ("button", True)
        return ()


class Hearing(Deaf):
    """A steady 50 dBA, until the moment that it is told."""

    until_s = 0.0

    def around(self, label: str, at_s: float) -> tuple[TracePoint, ...]:
        """A point each second."""
        super().around(label, at_s)
        return tuple(TracePoint(float(offset_s), 0.0, 50.0) for offset_s in range(-4, 6) if at_s + offset_s <= self.until_s)


def wall() -> Wall:
    """With a key; what it says goes nowhere."""
    said: list[Press] = []
    return Wall(CONFIG, said.append, lambda: 0.0)


def test_a_key_that_was_found_down_is_the_alert_that_the_desk_knows(tmp_path: Path) -> None:
    """Over a restart, and over a plug pulled and put back; once the desk has closed it, it is a new one."""
    alerts, found = book(outbox(tmp_path)), Pressed(10.0, 10.0, found=True)
    wall().handle(found, alerts, Deaf(), at(10.0))
    (first,) = alerts.open
    wall().handle(found, alerts, Deaf(), at(11.0))
    assert [alert.id for alert in alerts.open] == [first.id]
    alerts.close(first.id, Verdict.REAL, "li", at(12.0))
    wall().handle(found, alerts, Deaf(), at(13.0))
    assert len(alerts.open) == 1
    wall().handle(Pressed(14.0, 14.0, found=False), alerts, Deaf(), at(14.0))
    assert len(alerts.open) == 2


def test_the_trace_grows_by_what_came_after_the_press_and_never_shrinks(tmp_path: Path) -> None:
    """Where the microphone is lost meanwhile, what was heard before stays."""
    alerts, ear, ours = book(outbox(tmp_path)), Hearing(), wall()
    for lost in (False, True):
        ear.until_s = 10.0
        ours.handle(Pressed(10.0, 10.0, found=False), alerts, ear, at(10.0))
        ours.handle(Released(10.0, 10.5), alerts, ear, at(10.5))
        assert [len(alerts.open[-1].trace), alerts.open[-1].level_dba] == [5, 50.0]
        ear.until_s = 0.0 if lost else 20.0
        ours.tick(alerts, lambda _: False, ear, frozenset(), at(10.0 + TRACED_S), armed=True)
        assert len(alerts.open[-1].trace) == (5 if lost else 10)


def test_a_key_that_is_switched_off_is_none() -> None:
    """By its label, as everything that raises alerts."""
    assert has_key(CONFIG)
    assert not has_key(Config())
    off = CONFIG.model_copy(update={"labels": {**CONFIG.labels, "button": LabelSettings(on=False)}})
    assert not has_key(off)
    assert Wall(off, lambda _: None, lambda: 0.0).labels == []


R, S, E, A = State.RAISED, State.ONGOING, State.ENDED, State.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("states", "faults", "armed", "wanted"),
    [
        ([], [], False, Shown.DARK),
        ([], [], True, Shown.ARMED),
        ([], [Fault.MICROPHONE_MISSING], True, Shown.FAULT),
        ([], [Fault.BROKER_UNREACHABLE], False, Shown.FAULT),
        ([], [Fault.CLOCK_UNSYNCHRONISED, Fault.PROFILE_STALE], True, Shown.ARMED),
        ([R], [Fault.MODEL], True, Shown.RAISED),
        ([S], [], True, Shown.RAISED),
        ([A, E], [], True, Shown.RAISED),
        ([A], [Fault.MODEL], True, Shown.SEEN),
        ([A, A], [], False, Shown.SEEN),
    ],
)
def test_what_the_lamp_shows(states: list[State], faults: list[Fault], *, armed: bool, wanted: Shown) -> None:
    """An alert that nobody has seen, then that somebody is coming, then faults that cost alerts, then that all is well."""
    assert shown([alert(i, state) for i, state in enumerate(states)], frozenset(faults), armed=armed) is wanted
