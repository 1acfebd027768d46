"""The acceptance walk: what is tried at which distance, and what must come of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.decide.gate import Gates, advance
from edge.decide.types import Opened, Rule, Step
from edge.words import N_

DISTANCES_M = (1, 3, 5, 10)
REQUIRED_M = 5
"""Up to here a shout must be raised; farther away it is shown and not judged."""


class Act(StrEnum):
    """What the technician does."""

    SHOUT = "shout"
    CLAP = "clap"
    READ = "read aloud"


ACT_WORDS = (N_("shout"), N_("clap"), N_("read aloud"))
"""The acts, marked for the catalogue."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One act at one distance."""

    distance_m: int
    act: Act

    @property
    def wanted(self) -> bool | None:
        """Whether something must be raised; None: it is only shown."""
        if self.act is not Act.SHOUT:
            return False
        return True if self.distance_m <= REQUIRED_M else None


TRIALS = tuple(Trial(distance_m, act) for distance_m in DISTANCES_M for act in Act)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it."""

    trial: Trial
    raised: tuple[str, ...]  # labels
    level_dba: float  # highest
    scores: Mapping[str, float]  # highest, by label

    @property
    def as_wanted(self) -> bool:
        """A shout is heard as shouting; nothing else is raised."""
        if self.trial.wanted is None:
            return True
        return ("shouting" in self.raised) if self.trial.wanted else not self.raised


def judge(trial: Trial, steps: Sequence[Step], rules: Mapping[str, Rule]) -> Tried:
    """What the terminal would have made of these steps, from fresh state. steps: at least one."""
    gates, raised = Gates(), []
    for step in steps:
        gates, decisions = advance(gates, step, rules)
        raised += [d.label for d in decisions if isinstance(d, Opened)]
    scores = {label: max(step.scores.get(label, 0.0) for step in steps) for label in rules}
    return Tried(trial, tuple(dict.fromkeys(raised)), max(step.level_dba for step in steps), scores)


def accepted(tried: Sequence[Tried]) -> bool:
    """Whether the whole walk was done and each trial came out as wanted."""
    return {t.trial for t in tried} == set(TRIALS) and all(t.as_wanted for t in tried)
