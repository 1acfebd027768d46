"""Counts of what would have been raised, against the terminal's own gate."""

import json
import random
from dataclasses import replace

import pytest

from edge.calibrate.tally import GRID, UNKNOWN_HOUR, Setup, Tally, Unreadable, from_json
from edge.decide.gate import Gates, advance
from edge.decide.types import Opened, Rule, Step

STEP_S = 0.2
RULES = {"shouting": Rule(0.3, 0.15, 2, 3, 0.0, 1.0), "crying": Rule(0.35, 0.17, 3, 5, 0.5, 2.0, 60.0)}
SETUP = Setup("t-1", "card:USB", "a" * 64, -26.0, RULES)


def noise(steps: int, seed: int = 1) -> list[Step]:
    """Scores that wander."""
    rng = random.Random(seed)
    found, score = [], 0.5
    for i in range(steps):
        score = min(1.0, max(0.0, score + rng.uniform(-0.3, 0.28)))
        found.append(Step((i + 1) * STEP_S, rng.uniform(50, 70), {"shouting": score, "crying": 1 - score}))
    return found


def test_what_is_counted_is_what_would_have_been_raised() -> None:
    """At each threshold as many incidents as the terminal's gate opens with that threshold."""
    tally, steps = Tally(SETUP, STEP_S), noise(3000)
    for step in steps:
        tally.hear(step, "class", 8)
    for i, threshold in enumerate(GRID):
        rules = {label: replace(rule, threshold=threshold, release=min(rule.release, threshold)) for label, rule in RULES.items()}
        gates, opened = Gates(), dict.fromkeys(RULES, 0)
        for step in steps:
            gates, decisions = advance(gates, step, rules)
            for decision in decisions:
                opened[decision.label] += isinstance(decision, Opened)
        assert {label: tally.cells["class", 8].raised[label][i] for label in RULES} == opened
    assert tally.cells["class", 8].raised["shouting"][5] > 20


def test_levels_and_time_go_to_the_hour_they_were_heard_in() -> None:
    """Whole dB; what is outside of the scale, digital silence included, goes to its end."""
    tally = Tally(SETUP, STEP_S)
    for level, period, hour in ((61.4, "class", 8), (61.6, "class", 8), (300.0, "break", 9), (float("-inf"), "break", 9), (-40.0, "default", UNKNOWN_HOUR)):
        tally.hear(Step(0.2, level, {}), period, hour)
    assert {key: cell.levels for key, cell in tally.cells.items()} == {("class", 8): {61: 1, 62: 1}, ("break", 9): {119: 1, 20: 1}, ("default", -1): {20: 1}}
    assert tally.heard_s == pytest.approx(1.0)


def test_a_tally_survives_as_text_and_adds_up() -> None:
    """Two halves are the whole; a day of cells is some kilobytes."""
    tally, other, steps = Tally(SETUP, STEP_S), Tally(SETUP, STEP_S), noise(2000)
    for i, step in enumerate(steps):
        tally.hear(step, "class", i // 100)
    text = tally.as_json()
    assert len(text) < 12_000
    read = from_json(text, STEP_S)
    assert (read.setup, read.cells.keys()) == (SETUP, tally.cells.keys())
    other.add(read)
    other.add(read)
    none = [0] * len(GRID)
    for key, cell in tally.cells.items():  # a label that was never raised in an hour takes no room there
        assert other.cells[key].raised.get("shouting", none) == [2 * n for n in cell.raised["shouting"]]
    assert sum(cell.raised["shouting"][0] for cell in tally.cells.values()) > 5
    assert other.heard_s == pytest.approx(800.0)


def test_taking_leaves_what_is_being_heard() -> None:
    """An incident that goes on while the counts are taken away is not counted twice."""
    tally = Tally(SETUP, STEP_S)
    loud = [Step((i + 1) * STEP_S, 80.0, {"shouting": 1.0}) for i in range(20)]
    for step in loud[:10]:
        tally.hear(step, "class", 8)
    first = tally.taken()
    for step in loud[10:]:
        tally.hear(step, "class", 8)
    assert (first.cells["class", 8].raised["shouting"][0], tally.cells["class", 8].raised["shouting"][0]) == (1, 0)


def test_a_hole_in_the_sound_ends_an_incident() -> None:
    """Loud before it and after it are two incidents, as at the terminal."""
    tally = Tally(SETUP, STEP_S)
    for half in range(2):
        for i in range(10):
            tally.hear(Step((10 * half + i + 1) * STEP_S, 80.0, {"shouting": 1.0}), "class", 8)
        tally.interrupted()
    assert tally.cells["class", 8].raised["shouting"] == [2] * len(GRID)


@pytest.mark.parametrize("change", [{"format": 2}, {"cells": [{}]}, {"grid": [0.5]}, {"setup": {}}, {"cells": 5}])
def test_another_text_is_refused(change: dict[str, object]) -> None:
    """Of another format, or damaged."""
    text = json.dumps(json.loads(Tally(SETUP, STEP_S).as_json()) | change)
    with pytest.raises(Unreadable):
        from_json(text, STEP_S)
    with pytest.raises(Unreadable):
        from_json(text[:-5], STEP_S)
