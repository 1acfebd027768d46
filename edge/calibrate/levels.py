"""The levels that a tally holds."""

from dataclasses import dataclass

from edge.calibrate.tally import HIGHEST_DBA, LOWEST_DBA, Cell, Tally


@dataclass(frozen=True, slots=True)
class Hour:
    """Levels of one hour of the day, in dBA."""

    hour: int
    heard_s: float
    l10: float
    l50: float
    l90: float


def by_hour(tally: Tally) -> list[Hour]:
    """Levels by the hour of the day, as far as it is known."""
    hours: dict[int, Cell] = {}
    for (_, hour), cell in sorted(tally.cells.items()):
        if hour >= 0:
            hours.setdefault(hour, Cell()).add(cell)
    return [Hour(hour, cell.heard_s, *(exceeded(cell, percent) for percent in (10, 50, 90))) for hour, cell in sorted(hours.items()) if cell.levels]


def whole_level(tally: Tally, percent: float) -> float:
    """The level in dBA that is reached or exceeded `percent` of all the time."""
    whole = Cell()
    for cell in tally.cells.values():
        whole.add(cell)
    return exceeded(whole, percent)


def exceeded(cell: Cell, percent: float) -> float:
    """The level in dBA that is reached or exceeded `percent` of the time."""
    steps = sum(cell.levels.values())
    above = 0
    for level in range(HIGHEST_DBA, LOWEST_DBA - 1, -1):
        above += cell.levels.get(level, 0)
        if above >= steps * percent / 100:
            return float(level)
    return float(LOWEST_DBA)
