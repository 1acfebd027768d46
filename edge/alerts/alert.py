"""What an alert is and how its life goes on. Pure: times and randomness are passed in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from edge.decide.types import TracePoint

LAST_GAP_S = 60.0  # once the schedule is used up, an alert is said each minute


class State(StrEnum):
    """Where an alert is in its life."""

    RAISED = "raised"
    ONGOING = "ongoing"  # said again while the sound goes on
    ENDED = "ended"  # the sound is over, nobody has acknowledged yet
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


REPEATS = (State.ONGOING, State.ENDED)


class Verdict(StrEnum):
    """What the desk found the alert to be."""

    REAL = "real"
    FALSE = "false"
    PRANK = "prank"
    DRILL = "drill"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as it is now. Levels in dBA, times in milliseconds since 1970, None while the clock was not synchronised."""

    id: str  # UUIDv7
    seq: int  # 1, 2, 3… per terminal, without gaps
    place: str
    label: str
    state: State
    score: float  # 0..1, highest so far
    level_dba: float | None  # highest so far, None where no sound raised it
    phrase: str | None
    onset_ms: int | None
    raised_ms: int | None
    repeat: int  # how often it was said before
    count: int  # incidents it stands for
    drill: bool
    verdict: Verdict | None  # set when closed
    by: str | None  # who acknowledged or closed it
    trace: tuple[TracePoint, ...]  # the 10 s around the onset, four a second
    model: str  # sha256
    profile: str  # sha256 of the settings it was raised under
    lowered: bool = False  # one step lower than others: a phrase alone, where the school wants another kind of evidence


def uuid7(unix_ms: int, random: bytes) -> str:
    """A UUIDv7 (RFC 9562, 5.7) from milliseconds since 1970 and ten random bytes."""
    value = (unix_ms & (1 << 48) - 1) << 80 | int.from_bytes(random[:10])
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=value))


def gap_s(repeat: int, say_again_s: Sequence[float]) -> float:
    """Seconds from the saying numbered `repeat` to the next one. `say_again_s`: seconds since the raising, rising."""
    said_at_s = (0.0, *say_again_s)
    return said_at_s[repeat + 1] - said_at_s[repeat] if repeat + 1 < len(said_at_s) else LAST_GAP_S


def said_again(alert: Alert, *, sounding: bool) -> Alert:
    """The next saying of an alert that nobody has acknowledged."""
    return replace(alert, state=State.ONGOING if sounding else State.ENDED, repeat=alert.repeat + 1)


def acknowledged(alert: Alert, by: str) -> Alert:
    """Somebody takes care of it."""
    return replace(alert, state=State.ACKNOWLEDGED, by=by, repeat=alert.repeat + 1)


def closed(alert: Alert, verdict: Verdict, by: str | None) -> Alert:
    """The end of its life; `by` None: the terminal itself closes it."""
    return replace(alert, state=State.CLOSED, verdict=verdict, by=by or alert.by, repeat=alert.repeat + 1)
