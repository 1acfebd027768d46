"""What the tests of alerts are made of."""

from pathlib import Path
from random import Random

from edge.alerts.alert import Alert, State
from edge.alerts.book import Book, Rules
from edge.alerts.outbox import Outbox
from edge.decide.types import Closed, Opened, TracePoint
from edge.health.clock import Moment

START_MS = 1_795_420_800_000  # 2026-11-23T08:00:00Z
TRACE = (TracePoint(-0.25, 0.1, 41.0), TracePoint(0.0, 0.93, 88.5))
RULES = Rules("二楼东侧洗手间", "a" * 64, "b" * 64, (15.0, 30.0, 60.0), 24 * 3600.0, storm_alerts=3, storm_window_s=600.0)


def at(monotonic_s: float, *, synchronised: bool = True) -> Moment:
    """That many seconds after the start, on both clocks."""
    return Moment(monotonic_s, START_MS + round(monotonic_s * 1000), synchronised)


def opened(onset_s: float, label: str = "shouting") -> Opened:
    """An incident, decided half a second after its onset."""
    return Opened(label, onset_s, onset_s + 0.5, 0.93, 88.5, None, TRACE)


def closed(onset_s: float, label: str = "shouting") -> Closed:
    """Its end, two seconds after its onset and louder than its beginning."""
    return Closed(label, onset_s, onset_s + 0.5, onset_s + 2.0, 0.97, 91.0, None)


def alert(number: int, state: State = State.RAISED, repeat: int = 0) -> Alert:
    """The alert of that `seq`."""
    return Alert(
        f"{number:08x}-0000-7000-8000-000000000000", number, "二楼东侧洗手间", "shouting", state, 0.93, 88.5, None, START_MS, START_MS + 500,
        repeat, 1, drill=False, verdict=None, by=None, trace=TRACE, model="a" * 64, profile="b" * 64,
    )  # fmt: skip


def outbox(folder: Path, rows: int = 1000) -> Outbox:
    """An outbox in that folder."""
    return Outbox(folder, rows, "0123456789abcdef", at(0))


def book(box: Outbox, now_s: float = 0.0) -> Book:
    """A book on that outbox, with ids that are the same in every run."""
    return Book(box, RULES, Random(1).randbytes, at(now_s))


def said(box: Outbox) -> list[tuple[int, str, int]]:
    """What waits: (seq, state, repeat)."""
    return [(s.alert.seq, s.alert.state.value, s.alert.repeat) for s in box.pending(10_000)]
