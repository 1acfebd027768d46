"""Blinking, by times counted by hand."""

from math import inf
from typing import Literal

import pytest

from edge.panel.patterns import OFF, ON, SOUNDER, Pattern, Shown, lamp_patterns, lit


@pytest.mark.parametrize(
    ("pattern", "since_s", "wanted"),
    [
        (Pattern((0.25, 0.5)), 0.0, (True, 0.25)),
        (Pattern((0.25, 0.5)), 0.25, (False, 0.5)),
        (Pattern((0.25, 0.5)), 0.75, (True, 0.25)),
        (Pattern((0.25, 0.5)), 7.75, (False, 0.5)),
        (Pattern((0.25, 0.5, 0.25), repeats=False), 0.75, (True, 0.25)),
        (Pattern((0.25, 0.5, 0.25), repeats=False), 1.0, (False, inf)),
        (ON, 1e6, (True, inf)),
        (OFF, 0.0, (False, inf)),
    ],
)
def test_on_and_until_when(pattern: Pattern, since_s: float, wanted: tuple[bool, float]) -> None:
    """At each edge the next stretch begins; a pattern that does not repeat ends off."""
    assert lit(pattern, since_s) == wanted


@pytest.mark.parametrize("relay", [False, True])
@pytest.mark.parametrize("armed", ["", "flash", "on", "off"])
def test_the_lamp_says_different_things_differently(armed: Literal["", "flash", "on", "off"], *, relay: bool) -> None:
    """Each state has its own pattern, but that a quiet lamp may be on or off by choice."""
    patterns = lamp_patterns(armed, relay=relay)
    assert set(patterns) == set(Shown)
    flashes = armed == "flash" or (armed == "" and not relay)
    assert len(set(patterns.values())) == (6 if flashes else 5)


def test_a_relay_is_not_worn_out_by_what_may_stand_for_weeks() -> None:
    """At most some thousand times a day: no flash each five seconds, and a fault each half minute."""
    patterns = lamp_patterns("", relay=True)
    assert patterns[Shown.ARMED] == OFF
    assert 86_400 / sum(patterns[Shown.FAULT].times_s) < 3000


def test_a_sounder_is_silent_unless_something_happens() -> None:
    """Neither a fault nor a quiet day beeps."""
    assert set(SOUNDER) == {Shown.RAISED, Shown.SEEN, Shown.IDENTIFY}
