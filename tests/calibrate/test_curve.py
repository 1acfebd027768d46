"""What each threshold finds, on recordings short enough to count by hand."""

import numpy as np
import pytest

from edge.calibrate.curve import as_tally, count, points
from edge.calibrate.tally import GRID, Setup
from edge.decide.expect import Event
from edge.decide.types import Rule

pytest.importorskip("scipy", reason="scipy (extra [technician]) is not installed")

RULES = {"shouting": Rule(0.3, 0.15, 1, 1, 0.0, 1.0), "crying": Rule(0.3, 0.15, 1, 1, 0.0, 1.0)}
EVENTS = (Event("shouting", 2.0, 4.0), Event("crying", 20.0, 22.0))


def recording() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """30 s: a shout of score 0.6 while somebody shouts, one of 0.4 at 10 s for nothing, one of 0.9 during the crying, which itself scores 0.2."""
    time_s = np.arange(1, 151) * 0.2
    shouting = np.where((time_s > 2) & (time_s < 4), 0.6, 0.0)
    shouting[(time_s > 10) & (time_s < 11)] = 0.4
    shouting[(time_s > 20) & (time_s < 21)] = 0.9
    crying = np.where((time_s > 20) & (time_s < 22), 0.2, 0.0)
    return np.column_stack([time_s, np.full(150, 60.0), shouting, crying])


def test_found_missed_and_false_by_threshold() -> None:
    """The shout is found up to 0.6, one false alarm is raised up to 0.4; a shout heard during crying is no false alarm, and no crying found either."""
    counts = count(recording(), ("shouting", "crying"), RULES, EVENTS)
    found = {(p.label, p.threshold): (p.found, p.events, p.false) for p in points(counts, 3600.0)}
    assert found["shouting", 0.4] == (1, 1, 1)
    assert found["shouting", 0.6] == (1, 1, 0)
    assert found["shouting", 0.65] == (0, 1, 0)
    assert found["crying", 0.2] == (1, 1, 0)
    assert found["crying", 0.25] == (0, 1, 0)


def test_a_recording_without_events_raises_only_for_nothing() -> None:
    """Three false alarms up to 0.4, two up to 0.6, one up to 0.9; in half an hour that is 6, 4 and 2 an hour."""
    counts = count(recording(), ("shouting", "crying"), {"shouting": RULES["shouting"]}, ())
    rates = {p.threshold: (p.false_per_h, p.recall) for p in points(counts, 1800.0)}
    assert (rates[0.4], rates[0.45], rates[0.9], rates[0.95]) == ((6.0, None), (4.0, None), (2.0, None), (0.0, None))


def test_false_alarms_become_a_tally() -> None:
    """So that thresholds are proposed as for a place."""
    counts = count(recording(), ("shouting", "crying"), RULES, EVENTS)
    tally = as_tally(counts, 30.0, Setup("", "", "a" * 64, -26.0, RULES), 0.2)
    (cell,) = tally.cells.values()
    assert (cell.heard_s, cell.raised["shouting"]) == (30.0, [1 if threshold <= 0.4 else 0 for threshold in GRID])
