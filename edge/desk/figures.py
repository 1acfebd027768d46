"""Statistics of what was raised and what became of it. Pure: what day it is somewhere is passed in."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from statistics import median
from typing import TypeVar

from edge.desk.school import Case

KINDS = ("real", "false", "prank", "drill", "none")
"""What an alert turned out to be; none: nobody said so."""

SHOWN_DAYS = 28
"""Where no others are asked for."""

Counts = Mapping[str, int]
"""Kind -> alerts; a kind that did not occur may be missing."""

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Took:
    """How long something took."""

    count: int
    median_s: float
    p95_s: float


@dataclass(frozen=True, slots=True)
class Listened:
    """One terminal over the days."""

    name: str
    place: str
    counts: Counts
    days: int  # on which it heard something, or raised an alert

    def a_day(self, kind: str) -> float | None:
        """Alerts of that kind a day; None: it heard nothing on any day."""
        return self.counts.get(kind, 0) / self.days if self.days else None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of some days, both ends within."""

    first: date
    last: date
    total: Counts
    days: Mapping[date, Counts]  # all of them, in their order
    periods: Mapping[str, Counts]  # these three: whichever has most alerts first
    places: Mapping[str, Counts]
    labels: Mapping[str, Counts]
    terminals: Sequence[Listened]  # most false alarms a day first
    acknowledged: Took | None  # from when the desk heard of it, drills left out
    arrived: Took | None  # as acknowledged
    silent: Mapping[date, Sequence[str]]  # names of the terminals that heard nothing on that day


def kind(case: Case) -> str:
    """What it turned out to be. A drill is one whatever else is said of it."""
    return "drill" if case.drill else case.verdict or "none"


def figures(
    cases: Sequence[Case], heard: Collection[tuple[str, date]], first: date, last: date, places: Mapping[str, str], day_of: Callable[[int], date]
) -> Figures:
    """heard: terminal and day on which it heard something. places: of all terminals that there are, by name. day_of: a time's local day."""
    listened = set(heard) | {(case.terminal, day_of(case.first_ms)) for case in cases if not case.drill}
    names = {case.terminal: case.place for case in cases}
    names |= {name: place or names.get(name, "") for name, place in places.items()}
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    by_day = _counted(cases, lambda case: day_of(case.first_ms))
    by_terminal = _counted(cases, lambda case: case.terminal)
    on_days = Counter(name for name, day in listened if first <= day <= last)
    terminals = [Listened(name, place or name, by_terminal.get(name, {}), on_days[name]) for name, place in names.items()]
    answered = [case for case in cases if not case.drill]
    return Figures(
        first, last, Counter(kind(case) for case in cases), {day: by_day.get(day, {}) for day in days},
        _most_first(_counted(cases, lambda case: case.period)), _most_first(_counted(cases, lambda case: case.place or case.terminal)),
        _most_first(_counted(cases, lambda case: case.label)), sorted(terminals, key=lambda t: (-(t.a_day("false") or 0), t.name)),
        _took((case.first_ms, case.acknowledged_ms) for case in answered), _took((case.first_ms, case.arrived_ms) for case in answered),
        {day: sorted(name for name in places if (name, day) not in listened) for day in days},
    )  # fmt: skip


def _counted(cases: Iterable[Case], key: Callable[[Case], _Key]) -> dict[_Key, Counter[str]]:
    found: dict[_Key, Counter[str]] = {}
    for case in cases:
        found.setdefault(key(case), Counter())[kind(case)] += 1
    return found


def _most_first(found: Mapping[str, Counts]) -> dict[str, Counts]:
    return dict(sorted(found.items(), key=lambda one: (-sum(one[1].values()), one[0])))


def _took(times: Iterable[tuple[int, int | None]]) -> Took | None:
    seconds = sorted((end - begin) / 1000 for begin, end in times if end is not None)
    return Took(len(seconds), median(seconds), seconds[ceil(0.95 * len(seconds)) - 1]) if seconds else None
