"""Scores and levels around an onset, by which the desk can judge without any sound."""

from collections.abc import Iterable
from math import ceil

from edge.decide.types import Step, TracePoint

TRACE_S = 10.0
TRACE_STEP_S = 0.25
AFTER_S = TRACE_S / 2  # so long after the onset the trace is complete

_CELLS = round(AFTER_S / TRACE_STEP_S)
_TICK_S = 1e-6


def around(label: str, onset_s: float, steps: Iterable[Step]) -> tuple[TracePoint, ...]:
    """The 10 s with the onset in the middle, in quarters of a second: the highest score of `label` and level in each. Pure."""
    cells: dict[int, TracePoint] = {}
    for step in steps:
        cell = ceil((step.time_s - onset_s) / TRACE_STEP_S - _TICK_S)
        if not -_CELLS < cell <= _CELLS:
            continue
        before = cells.get(cell, TracePoint(cell * TRACE_STEP_S, 0.0, step.level_dba))
        cells[cell] = TracePoint(before.offset_s, max(before.score, step.scores.get(label, 0.0)), max(before.level_dba, step.level_dba))
    return tuple(cells[cell] for cell in sorted(cells))
