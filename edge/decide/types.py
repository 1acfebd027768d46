"""What goes into a decision and what comes out. Times in seconds since the start of the stream, levels in dBA, scores 0..1."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.words import N_

LABEL_WORDS = (N_("shouting"), N_("crying"), N_("insult"), N_("help"), N_("button"))
"""The labels, marked for the catalogue: people are shown `translate(label)`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a label's scores become an incident."""

    threshold: float  # 0..1: a step at or over it agrees
    release: float  # 0..1, at most the threshold (hysteresis): an incident goes on while the score is at or over it
    agree: int  # so many of the last `of` steps must agree
    of: int
    shortest_s: float  # the agreement must have lasted this long before anything is raised
    hold_s: float  # so long under `release` ends the incident; what comes back earlier belongs to it
    min_level_dba: float | None = None  # the sound must have been this loud since its onset; None: any level


@dataclass(frozen=True, slots=True)
class Step:
    """One decision step, at least four a second."""

    time_s: float  # when the step's last sample was heard
    level_dba: float  # A-weighted, fast
    scores: Mapping[str, float]  # by label; a missing label counts as 0
    phrases: Mapping[str, str] = field(default_factory=dict)  # the phrase behind a label's score, where one is
    lowered: frozenset[str] = frozenset()  # labels whose score is that of a phrase alone, where another kind of evidence is wanted
    phrase: str | None = None  # best-ranked of the whole list, whatever it is worth
    phrase_score: float = 0.0


@dataclass(frozen=True, slots=True)
class TracePoint:
    """A quarter of a second around the onset: the highest score of the label and the highest level in it."""

    offset_s: float  # since the onset, negative before it
    score: float
    level_dba: float


@dataclass(frozen=True, slots=True)
class Opened:
    """An incident is raised."""

    label: str
    onset_s: float  # where the first of the agreeing steps began
    raised_s: float  # the step at which it was decided
    score: float  # highest since the onset
    level_dba: float  # highest since the onset
    phrase: str | None  # only for labels that come from phrases
    trace: tuple[TracePoint, ...]  # from 5 s before the onset up to `raised_s`, four a second, oldest first
    lowered: bool = False  # one step lower: a phrase alone, where another kind of evidence is wanted


@dataclass(frozen=True, slots=True)
class Closed:
    """A raised incident is over; always preceded by its Opened with the same label and onset."""

    label: str
    onset_s: float
    raised_s: float
    end_s: float  # the last step at or over `release`
    score: float  # highest of the incident
    level_dba: float  # highest of the incident
    phrase: str | None


Decision = Opened | Closed
