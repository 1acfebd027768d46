"""Expected false alarms and proposals, on counts small enough to do by hand."""

import pytest

from edge.calibrate.levels import by_hour, exceeded, whole_level
from edge.calibrate.site import expected, hours_a_day, propose
from edge.calibrate.tally import GRID, Cell, Setup, Tally
from edge.config.schema import Period
from edge.decide.types import Rule

pytest.importorskip("scipy", reason="scipy (extra [technician]) is not installed")

RULE = Rule(0.3, 0.15, 2, 3, 0.0, 6.0)
LOWEST = {"shouting": 0.3, "crying": 0.35}


def made(cells: dict[tuple[str, int], tuple[float, dict[str, dict[float, int]]]]) -> Tally:
    """A tally of so many hours, with incidents of each label from 0 up to the last threshold that still raised so many."""
    tally = Tally(Setup("", "", "a" * 64, -26.0, {"shouting": RULE, "crying": RULE}), 0.2)
    for key, (hours, labels) in cells.items():
        raised = {label: [max((n for t, n in steps.items() if threshold <= t), default=0) for threshold in GRID] for label, steps in labels.items()}
        tally.cells[key] = Cell(hours * 3600, {50: 9, 60: 1}, raised)
    return tally


def test_expectations_are_counts_over_time() -> None:
    """6 incidents up to 0.5 in 12 h: 12 a day; none above it, and 3.69 in 12 h cannot be excluded. By period for its own hours."""
    tally = made({("class", 8): (8.0, {"shouting": {0.5: 6}}), ("break", 10): (4.0, {})})
    rows = {(row.label, row.period, row.threshold): row for row in expected(tally, {"class": 6.0, "break": 1.0})}
    whole = rows["shouting", None, 0.5]
    assert (whole.incidents, whole.heard_h, whole.per_day) == (6, 12.0, 12.0)
    above = rows["shouting", None, 0.55]
    assert (above.per_day, above.low, above.high) == pytest.approx((0.0, 0.0, 3.689 * 2), abs=0.01)
    in_class = rows["shouting", "class", 0.5]
    assert (in_class.per_day, in_class.heard_h, in_class.hours_a_day) == (4.5, 8.0, 6.0)
    assert rows["crying", "break", 0.3].per_day == 0.0


def test_a_quiet_place_keeps_the_models_thresholds() -> None:
    """150 h without an incident prove the target of half an alarm a day; 2 h do not, and 144 are said to be needed."""
    quiet = propose(made({("default", 8): (150.0, {})}), LOWEST, 0.5)
    assert (quiet.thresholds, quiet.proven, quiet.incidents) == ({"default": LOWEST}, True, 0)
    assert quiet.at_most_per_day == pytest.approx(2.9957 * 24 / 150, abs=1e-3)
    short = propose(made({("default", 8): (2.0, {})}), LOWEST, 0.5)
    assert (short.proven, short.reachable, round(short.needed_h)) == (False, True, 144)


def test_thresholds_are_raised_where_most_is_raised() -> None:
    """In 240 h the breaks shout 40 times up to 0.6 and the lessons once up to 0.4: 41 are far too many, 1 would be (0.47 a day at most is 4.74 in 240 h)."""
    tally = made({("break", 10): (20.0, {"shouting": {0.6: 40}}), ("class", 8): (220.0, {"shouting": {0.4: 1}})})
    found = propose(tally, LOWEST, 0.5)
    assert found.thresholds == {"break": {"shouting": 0.65, "crying": 0.35}, "class": {"shouting": 0.3, "crying": 0.35}}
    assert (found.incidents, found.proven) == (1, True)
    stricter = propose(tally, LOWEST, 0.4)
    assert (stricter.thresholds["class"]["shouting"], stricter.incidents) == (0.45, 0)


def test_too_little_listening_goes_by_what_was_heard() -> None:
    """12 h with 3 incidents at the model's threshold and 1 up to 0.7: the target of 2 a day allows one."""
    found = propose(made({("default", 8): (12.0, {"crying": {0.4: 3, 0.7: 1}})}), LOWEST, 2.0)
    assert (found.thresholds["default"]["crying"], found.incidents, found.per_day) == (0.45, 1, 2.0)
    assert not found.proven


def test_a_place_that_no_threshold_calms_is_said() -> None:
    """Incidents that reach the top of the grid: not reachable, and nothing runs for ever."""
    found = propose(made({("default", 8): (200.0, {"shouting": {0.98: 100}})}), LOWEST, 0.5)
    assert (found.reachable, found.thresholds["default"]["shouting"]) == (False, 0.98)


def test_nothing_heard_proposes_nothing() -> None:
    """An empty tally proves nothing."""
    found = propose(made({}), LOWEST, 0.5)
    assert (found.thresholds, found.proven) == ({}, False)


def test_a_threshold_beside_the_grid_goes_to_its_next_step() -> None:
    """Incidents were counted at 0.35, not at the model's 0.33: the claim holds for 0.35."""
    lowest = {"shouting": 0.33}
    assert propose(made({("default", 8): (150.0, {})}), lowest, 0.5).thresholds["default"]["shouting"] == 0.35


def test_hours_of_a_day_by_period() -> None:
    """Averaged over the week: lessons of five hours on five days are 3.57 h a day."""
    periods = (Period(name="class", days=("mon", "tue", "wed", "thu", "fri"), start="08:00", end="13:00"),)
    assert hours_a_day(periods) == {"class": pytest.approx(25 / 7), "default": pytest.approx(24 - 25 / 7)}


def test_levels_by_hour() -> None:
    """Nine steps of 50 dBA and one of 60: L10 is 60, L50 and L90 are 50; the unknown hour is left out."""
    tally = made({("class", 8): (1.0, {}), ("break", 8): (1.0, {}), ("default", -1): (1.0, {})})
    (hour,) = by_hour(tally)
    assert (hour.hour, hour.heard_s, hour.l10, hour.l50, hour.l90) == (8, 7200.0, 60.0, 50.0, 50.0)
    assert exceeded(Cell(1.0, {20: 5}), 90) == 20.0
    assert (whole_level(tally, 10), whole_level(tally, 50)) == (60.0, 50.0)
