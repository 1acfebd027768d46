"""From a tally to what a place would raise in a day, and to thresholds that keep it below a target. Every incident counts as a false alarm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.calibrate.bounds import hours_needed, poisson_at_most, poisson_limits
from edge.calibrate.tally import GRID, Cell, Tally
from edge.config.schema import Period
from edge.decide.period import period_at

TARGET_PER_DAY = 0.5
"""False alarms that a terminal may raise, all labels together."""

_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Expected:
    """What to expect of one label at one threshold in one period of the day, or in all of them."""

    label: str
    period: str | None  # None: all that was heard
    threshold: float
    incidents: int
    heard_h: float
    hours_a_day: float
    per_day: float
    low: float  # exact limits of `per_day`, 95 %
    high: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """Thresholds, and what they rest on."""

    thresholds: Mapping[str, Mapping[str, float]]  # by period and label
    target_per_day: float
    incidents: int  # heard that would still have been raised
    heard_h: float
    per_day: float
    at_most_per_day: float  # with 95 % confidence
    needed_h: float  # of quiet listening that would prove the target
    reachable: bool  # whether any thresholds of the grid keep what was heard below the target

    @property
    def proven(self) -> bool:
        """Whether the listening was long enough for the claim."""
        return self.at_most_per_day <= self.target_per_day + _EPSILON


def hours_a_day(periods: Sequence[Period]) -> dict[str, float]:
    """How long each period lasts on the average day of a week without holidays."""
    minutes: dict[str, int] = {}
    monday = datetime(2024, 1, 1)  # noqa: DTZ001 - any Monday; local time
    for minute in range(7 * 24 * 60):
        name = period_at(monday + timedelta(minutes=minute), periods, ())
        minutes[name] = minutes.get(name, 0) + 1
    return {name: count / 60 / 7 for name, count in minutes.items()}


def expected(tally: Tally, day_h: Mapping[str, float]) -> list[Expected]:
    """Each label at each threshold, over all that was heard and by period. day_h: hours a day of each period."""
    by_period = _by_period(tally)
    whole = Cell()
    for cell in by_period.values():
        whole.add(cell)
    rows = []
    for label in tally.setup.rules:
        for period, cell in [(None, whole), *by_period.items()]:
            hours = 24.0 if period is None else day_h.get(period, 0.0)
            for i, threshold in enumerate(GRID):
                count = cell.raised.get(label, [0] * len(GRID))[i]
                factor = hours * 3600 / cell.heard_s if cell.heard_s else 0.0
                low, high = poisson_limits(count)
                rows.append(Expected(label, period, threshold, count, cell.heard_s / 3600, hours, count * factor, low * factor, high * factor))
    return rows


def propose(tally: Tally, lowest: Mapping[str, float], target_per_day: float) -> Proposal:
    """The lowest thresholds that keep the terminal below the target, raised one step at a time where most is raised.

    lowest: by label, the threshold to begin with; the model's own, for what lies under it was never tried on people.
    The claim is of the days as they were listened to: 24 h of what was heard.
    """
    by_period = _by_period(tally)
    heard_h = tally.heard_s / 3600
    needed_h = hours_needed(target_per_day)
    at = {(period, label): index_of(lowest[label]) for period in by_period for label in lowest}

    def count(key: tuple[str, str]) -> int:
        period, label = key
        return by_period[period].raised.get(label, [0] * len(GRID))[at[key]]

    def per_day(count: float) -> float:
        return 24.0 * count / heard_h if heard_h else float("inf")

    provable = heard_h >= needed_h - _EPSILON

    def too_many() -> bool:
        incidents = sum(map(count, at))
        return per_day(poisson_at_most(incidents) if provable else incidents) > target_per_day + _EPSILON

    while heard_h and too_many():
        movable = [key for key in at if count(key) and at[key] + 1 < len(GRID)]
        if not movable:
            break
        loudest = max(movable, key=lambda key: (count(key), -at[key], key))
        before = count(loudest)
        while count(loudest) == before and at[loudest] + 1 < len(GRID):
            at[loudest] += 1
    incidents = sum(map(count, at))
    thresholds: dict[str, dict[str, float]] = {}
    for (period, label), i in at.items():
        thresholds.setdefault(period, {})[label] = GRID[i]
    return Proposal(
        thresholds=thresholds,
        target_per_day=target_per_day,
        incidents=incidents,
        heard_h=heard_h,
        per_day=per_day(incidents),
        at_most_per_day=per_day(poisson_at_most(incidents)),
        needed_h=needed_h,
        reachable=per_day(incidents) <= target_per_day + _EPSILON,
    )


def index_of(threshold: float) -> int:
    """Where a threshold is counted: the index of the lowest of the grid that is not under it, or of the last."""
    return next((i for i, value in enumerate(GRID) if value >= threshold - _EPSILON), len(GRID) - 1)


def kept_beside(proposed: float, before: float) -> float:
    """A proposed threshold of the grid; one that lies beside the grid was counted at its next step, and stays as it is where nothing speaks against it."""
    return before if proposed == GRID[index_of(before)] else proposed


def _by_period(tally: Tally) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for (period, _), cell in sorted(tally.cells.items()):
        found.setdefault(period, Cell()).add(cell)
    return found
