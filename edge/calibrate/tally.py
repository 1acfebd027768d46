"""What a place sounds like, as statistics alone: levels, and how often each label would have been raised at each threshold. Never sound.

The same tally is kept by the technician's `calibrate site` and by the terminal itself, hour by hour, so that both can be read alike.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from typing import Any

from edge.decide.gate import Gates, advance
from edge.decide.types import Opened, Rule, Step

GRID = (*(round(0.05 * i, 2) for i in range(1, 20)), 0.98)
"""Thresholds at which incidents are counted."""

LOWEST_DBA, HIGHEST_DBA = 20, 119
"""Levels are counted in whole dB from here to there; what lies outside goes to the nearest."""

UNKNOWN_HOUR = -1
"""The hour of the day while the clock is not synchronised, and for recordings."""

FORMAT = 1
Key = tuple[str, int]  # period and hour of the day


class Unreadable(Exception):
    """A text is no tally."""


def at_grid(counts: Sequence[int], threshold: float) -> int:
    """Of counts by GRID the one at a threshold; between two of the grid at the higher one, and above them all the last."""
    return next((count for at, count in zip(GRID, counts, strict=True) if at >= threshold - 1e-9), counts[-1])


@dataclass(frozen=True, slots=True)
class Setup:
    """What a tally was made with; only tallies of one setup can be added up."""

    machine: str
    device: str
    model: str  # sha256
    sensitivity_dbfs: float
    rules: Mapping[str, Rule]  # by label; their thresholds do not matter


@dataclass(slots=True)
class Cell:
    """One hour of the day within one period."""

    heard_s: float = 0.0
    levels: dict[int, int] = field(default_factory=dict)  # dBA -> steps
    raised: dict[str, list[int]] = field(default_factory=dict)  # label -> incidents by threshold of GRID

    def add(self, other: "Cell") -> None:
        """Take in what another one counted."""
        self.heard_s += other.heard_s
        for level, steps in other.levels.items():
            self.levels[level] = self.levels.get(level, 0) + steps
        for label, counts in other.raised.items():
            self.raised[label] = [a + b for a, b in zip(self.raised.get(label, [0] * len(GRID)), counts, strict=True)]


class Tally:
    """Counts. Feed it the steps of one stream of sound."""

    def __init__(self, setup: Setup, step_s: float) -> None:
        """step_s: time between two steps."""
        self.setup = setup
        self.cells: dict[Key, Cell] = {}
        self._step_s = step_s
        self._gates = Gates()
        # The terminal's own gate, once for each threshold: what is counted here is what would have been raised.
        self._rules = {
            (label, i): replace(rule, threshold=threshold, release=min(rule.release, threshold))
            for label, rule in setup.rules.items()
            for i, threshold in enumerate(GRID)
        }
        self._named = {f"{label} {i}": (label, i) for label, i in self._rules}
        self._by_name = {name: self._rules[key] for name, key in self._named.items()}

    @property
    def heard_s(self) -> float:
        """All that was heard."""
        return sum(cell.heard_s for cell in self.cells.values())

    def hear(self, step: Step, period: str, hour: int) -> None:
        """Count one step. hour: local, 0..23, or UNKNOWN_HOUR."""
        cell = self.cells.setdefault((period, hour), Cell())
        cell.heard_s += self._step_s
        level = min(max(round(step.level_dba), LOWEST_DBA), HIGHEST_DBA) if isfinite(step.level_dba) else LOWEST_DBA
        cell.levels[level] = cell.levels.get(level, 0) + 1
        for label in self.setup.rules:
            cell.raised.setdefault(label, [0] * len(GRID))
        spread = replace(step, scores={name: step.scores.get(label, 0.0) for name, (label, _) in self._named.items()})
        self._gates, decisions = advance(self._gates, spread, self._by_name)
        for decision in decisions:
            if isinstance(decision, Opened):
                label, i = self._named[decision.label]
                cell.raised[label][i] += 1

    def interrupted(self) -> None:
        """There is a hole in the sound: an incident before it and one after it are two."""
        self._gates = Gates(time_s=self._gates.time_s)

    def add(self, other: "Tally") -> None:
        """Take in what another one counted; both must be of one setup."""
        for key, cell in other.cells.items():
            self.cells.setdefault(key, Cell()).add(cell)

    def taken(self) -> "Tally":
        """What was counted so far, as a tally of its own; this one begins again at zero in the midst of the sound."""
        other = Tally(self.setup, self._step_s)
        other.cells, self.cells = self.cells, {}
        return other

    def as_json(self) -> str:
        """As text: some kilobytes for a day."""
        cells = [
            {
                "period": period,
                "hour": hour,
                "heard_s": round(cell.heard_s, 1),
                "levels": cell.levels,
                "raised": {label: counts for label, counts in cell.raised.items() if any(counts)},
            }
            for (period, hour), cell in sorted(self.cells.items())
        ]
        setup = asdict(self.setup)
        return json.dumps({"format": FORMAT, "grid": GRID, "setup": setup, "cells": cells}, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str, step_s: float, form: type[Setup] = Setup) -> Tally:
    """A tally as `as_json` wrote it. form: of its setup. Raises Unreadable."""
    try:
        told: dict[str, Any] = json.loads(text)
        if (told["format"], tuple(told["grid"])) != (FORMAT, GRID):
            raise Unreadable("of another format")
        setup = told["setup"]
        tally = Tally(form(**{**setup, "rules": {label: Rule(**rule) for label, rule in setup["rules"].items()}}), step_s)
        for cell in told["cells"]:
            levels = {int(level): int(steps) for level, steps in cell["levels"].items()}
            raised = {str(label): [int(count) for count in counts] for label, counts in cell["raised"].items()}
            if any(len(counts) != len(GRID) for counts in raised.values()):
                raise Unreadable("counts are missing")
            tally.cells[str(cell["period"]), int(cell["hour"])] = Cell(float(cell["heard_s"]), levels, raised)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error
    return tally
