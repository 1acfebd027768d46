"""From labelled recordings to what each threshold finds and what it raises for nothing (detection error trade-off)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.calibrate.bounds import poisson_limits, wilson
from edge.calibrate.tally import GRID, UNKNOWN_HOUR, Cell, Setup, Tally
from edge.decide.expect import Event, compare
from edge.decide.gate import Gates, advance, finish
from edge.decide.period import DEFAULT
from edge.decide.types import Closed, Rule, Step

Counts = dict[str, NDArray[np.int64]]  # by label: (GRID, 3) found, events, false alarms


@dataclass(frozen=True, slots=True)
class Point:
    """One label at one threshold."""

    label: str
    threshold: float
    found: int
    events: int
    false: int
    hours: float

    @property
    def recall(self) -> float | None:
        """Share of events that were raised; None without any event."""
        return self.found / self.events if self.events else None

    @property
    def recall_limits(self) -> tuple[float, float]:
        """Wilson's interval, 95 %."""
        return wilson(self.found, self.events)

    @property
    def false_per_h(self) -> float:
        """False alarms an hour."""
        return self.false / self.hours if self.hours else 0.0

    @property
    def false_limits(self) -> tuple[float, float]:
        """Exact Poisson limits of `false_per_h`, 95 %."""
        low, high = poisson_limits(self.false)
        return (low / self.hours, high / self.hours) if self.hours else (0.0, float("inf"))


def count(steps: NDArray[np.float64], labels: Sequence[str], rules: Mapping[str, Rule], events: Sequence[Event]) -> Counts:
    """One recording at every threshold of the grid.

    steps: (steps, 2 + labels) time_s, level_dba and a score a label, as replay keeps them. events: what is in it; all else is a false alarm,
    where it meets no event of whatever label.
    """
    named = {f"{label} {i}": (label, i) for label in rules for i in range(len(GRID))}
    spread = {name: replace(rules[label], threshold=GRID[i], release=min(rules[label].release, GRID[i])) for name, (label, i) in named.items()}
    raised: dict[str, list[Closed]] = {name: [] for name in named}
    gates = Gates()
    for time_s, level_dba, *scores in steps:
        by_label = dict(zip(labels, map(float, scores), strict=True))
        step = Step(float(time_s), float(level_dba), {name: by_label[label] for name, (label, _) in named.items()})
        gates, decisions = advance(gates, step, spread)
        for decision in decisions:
            if isinstance(decision, Closed):
                raised[decision.label].append(decision)
    for closed in finish(gates):
        raised[closed.label].append(closed)
    counts = {label: np.zeros((len(GRID), 3), np.int64) for label in rules}
    for name, (label, i) in named.items():
        outcome = compare(events, [replace(alert, label=label) for alert in raised[name]])
        found = sum(f.event.label == label for f in outcome.found)
        counts[label][i] = found, sum(event.label == label for event in events), len(outcome.false)
    return counts


def points(counts: Counts, heard_s: float) -> list[Point]:
    """The sums of all recordings as a curve for each label."""
    return [
        Point(label, GRID[i], int(found), int(events), int(false), heard_s / 3600)
        for label, rows in counts.items()
        for i, (found, events, false) in enumerate(rows)
    ]


def as_tally(counts: Counts, heard_s: float, setup: Setup, step_s: float) -> Tally:
    """The false alarms as a tally, so that thresholds are proposed by the same rule as for a place."""
    tally = Tally(setup, step_s)
    tally.cells[DEFAULT, UNKNOWN_HOUR] = Cell(heard_s, {}, {label: [int(n) for n in rows[:, 2]] for label, rows in counts.items()})
    return tally
