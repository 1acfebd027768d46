"""Counts of phrases, against the terminal's own gate."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.calibrate.phrase_counts import LOWEST, PhraseCounter, PhraseSetup, lowest, whole
from edge.calibrate.tally import GRID, UNKNOWN_HOUR, Tally, from_json
from edge.config.phrases import Phrase, PhraseList
from edge.decide.types import Rule, Step

STEP_S = 0.2
PHRASES = ("救命", "放开我", "滚出去")
RULES = {"救命": Rule(0.0, 0.25, 1, 1, 0.0, 1.0), "放开我": Rule(0.0, 0.25, 1, 1, 0.0, 0.4), "滚出去": Rule(0.0, 0.0, 1, 1, 0.0, 2.0)}
SETUP = PhraseSetup("t-1", "card:USB", "a" * 64, -26.0, RULES, "n/l")


def wandering(steps: int) -> NDArray[np.float32]:
    """(steps, phrases) scores."""
    rng = np.random.default_rng(1)
    walk = np.cumsum(rng.uniform(-0.3, 0.3, (steps, len(PHRASES))), axis=0)
    return np.abs((walk % 2) - 1).astype(np.float32)


def test_what_is_counted_is_what_the_gate_would_have_raised() -> None:
    """The same as a tally that asks the terminal's gate for each phrase and threshold; a hole in the sound included."""
    ours, gates = Tally(SETUP, STEP_S), Tally(SETUP, STEP_S)
    counter = PhraseCounter(ours, PHRASES, STEP_S)
    for i, scores in enumerate(wandering(1500)):
        counter.hear(scores, "class", i // 500)
        gates.hear(Step((i + 1) * STEP_S, 60.0, dict(zip(PHRASES, map(float, scores), strict=True))), "class", i // 500)
        if i == 700:
            counter.interrupted()
            gates.interrupted()
    assert ours.cells.keys() == gates.cells.keys()
    for key, cell in ours.cells.items():
        assert cell.raised == {phrase: counts for phrase, counts in gates.cells[key].raised.items() if any(counts)}
        assert cell.heard_s == pytest.approx(100.0)
    assert ours.cells["class", 0].raised["救命"][GRID.index(0.9)] > 3


def test_the_order_of_the_scores_need_not_be_that_of_the_tally() -> None:
    """A list that was sorted anew goes on with what was gathered."""
    tally = Tally(SETUP, STEP_S)
    PhraseCounter(tally, ("滚出去", "救命", "放开我"), STEP_S).hear(np.array([0.7, 0.0, 0.0], np.float32), "class", 8)
    assert tally.cells["class", 8].raised == {"滚出去": [int(t <= 0.7) for t in GRID]}


def test_it_is_read_back_with_its_sounds_and_put_together() -> None:
    """Hours and periods become one, for a phrase has one threshold."""
    tally = Tally(SETUP, STEP_S)
    counter = PhraseCounter(tally, PHRASES, STEP_S)
    for hour in (8, 9):
        counter.hear(np.array([1.0, 0.0, 0.0], np.float32), "class", hour)
        counter.interrupted()
    read = from_json(tally.as_json(), STEP_S, PhraseSetup)
    assert read.setup == SETUP
    cell = whole(read, STEP_S).cells["default", UNKNOWN_HOUR]
    assert cell.heard_s == pytest.approx(0.4)
    assert cell.raised == {"救命": [2] * len(GRID)}


def test_thresholds_begin_where_they_are_and_lower_only_where_that_is_wanted() -> None:
    """A phrase that is off, or of a label that is, has no part in it."""
    listed = PhraseList((Phrase("救命!", "help", threshold=0.7), Phrase("放开我", "help", threshold=0.1), Phrase("滚", "insult", on=False)))
    heard = dict.fromkeys(("救命", "放开我"))
    assert lowest(listed, heard, lower=False) == {"救命": 0.7, "放开我": 0.1}
    assert lowest(listed, heard, lower=True) == {"救命": LOWEST, "放开我": 0.1}
