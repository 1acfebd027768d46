"""What lamp and sounder say, as times on and off. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Literal


class Shown(StrEnum):
    """What is shown; the value is the word that other hardware is told."""

    DARK = "dark"  # not listening yet, or no longer
    ARMED = "armed"
    FAULT = "fault"
    RAISED = "raised"
    SEEN = "seen"  # the desk has acknowledged: somebody is coming
    IDENTIFY = "identify"


@dataclass(frozen=True, slots=True)
class Pattern:
    """On, off, on, … for so many seconds each; over and over, or once and then off."""

    times_s: tuple[float, ...] = ()
    repeats: bool = True


OFF = Pattern()
ON = Pattern((inf,))
LAMP: Mapping[Shown, Pattern] = {
    Shown.DARK: OFF,
    Shown.ARMED: Pattern((0.05, 4.95)),  # a lamp that is dark is a dead terminal
    Shown.FAULT: Pattern((0.2, 0.3, 0.2, 2.3)),
    Shown.RAISED: Pattern((0.25, 0.25)),
    Shown.SEEN: ON,
    Shown.IDENTIFY: Pattern((0.1, 0.1)),
}
RELAY: Mapping[Shown, Pattern] = {**LAMP, Shown.FAULT: Pattern((1.0, 29.0)), Shown.RAISED: Pattern((1.0, 1.0)), Shown.IDENTIFY: Pattern((0.5, 0.5))}
"""For contacts that move: some 100,000 times are what a small relay is made for, and a fault may stand for a week."""
SOUNDER: Mapping[Shown, Pattern] = {
    Shown.RAISED: Pattern((0.15, 0.15, 0.15), repeats=False),
    Shown.SEEN: Pattern((0.8,), repeats=False),
    Shown.IDENTIFY: Pattern((0.2, 0.8)),
}


def lamp_patterns(armed: Literal["", "flash", "on", "off"], *, relay: bool) -> Mapping[Shown, Pattern]:
    """The lamp's, with what the configuration says of its quiet hours."""
    patterns = RELAY if relay else LAMP
    by_word = {"": OFF if relay else patterns[Shown.ARMED], "flash": patterns[Shown.ARMED], "on": ON, "off": OFF}
    return {**patterns, Shown.ARMED: by_word[armed]}


def lit(pattern: Pattern, since_s: float) -> tuple[bool, float]:
    """Whether it is on `since_s` after its begin, and the seconds until that changes; infinity: it stays."""
    whole_s = sum(pattern.times_s)
    if not pattern.times_s or (since_s >= whole_s and not pattern.repeats):
        return False, inf
    left_s = since_s % whole_s
    for index, time_s in enumerate(pattern.times_s):
        if left_s < time_s:
            return index % 2 == 0, time_s - left_s
        left_s -= time_s
    return False, 0.0  # a hair before the next round
