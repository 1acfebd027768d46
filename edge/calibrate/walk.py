"""The acceptance walk: what is tried at which distance, and what must come of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.config.phrases import Phrase
from edge.decide.gate import Gates, advance
from edge.decide.types import Opened, Rule, Step
from edge.words import N_

DISTANCES_M = (1, 3, 5, 10)
SHORT = 2  # syllables: what is as short is heard worst, and says least of the place
REQUIRED_M = 5
"""Up to here a shout must be raised; farther away it is shown and not judged."""


class Act(StrEnum):
    """What the technician does."""

    SHOUT = "shout"
    CLAP = "clap"
    READ = "read aloud"
    SAY = "say a phrase"


ACT_WORDS = (N_("shout"), N_("clap"), N_("read aloud"), N_("say a phrase"))
"""The acts, marked for the catalogue."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One act at one distance."""

    distance_m: int
    act: Act
    phrase: str = ""  # to be said, as it is listed

    @property
    def wanted(self) -> bool | None:
        """Whether something must be raised; None: it is only shown, as a phrase is: a voice that the model does not know is no fault of the installation."""
        if self.act is Act.SAY:
            return None
        if self.act is not Act.SHOUT:
            return False
        return True if self.distance_m <= REQUIRED_M else None


def trials(phrases: Sequence[Phrase]) -> tuple[Trial, ...]:
    """The whole walk. phrases: that are listened for; at each distance another one is to be said, calls for help and long ones before the others."""
    best = sorted(phrases, key=lambda phrase: (phrase.group != "help", len(phrase.spoken) <= SHORT, -phrase.severity))
    found = []
    for i, distance_m in enumerate(DISTANCES_M):
        found += [Trial(distance_m, act) for act in (Act.SHOUT, Act.CLAP, Act.READ)]
        if best:
            found.append(Trial(distance_m, Act.SAY, best[i % len(best)].text))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it."""

    trial: Trial
    raised: tuple[str, ...]  # labels
    level_dba: float  # highest
    scores: Mapping[str, float]  # highest, by label
    heard: str | None = None  # the phrase of what was raised

    @property
    def as_wanted(self) -> bool:
        """A shout is heard as shouting; nothing else is raised."""
        if self.trial.wanted is None:
            return True
        return ("shouting" in self.raised) if self.trial.wanted else not self.raised


def judge(trial: Trial, steps: Sequence[Step], rules: Mapping[str, Rule]) -> Tried:
    """What the terminal would have made of these steps, from fresh state. steps: at least one."""
    gates, raised = Gates(), list[Opened]()
    for step in steps:
        gates, decisions = advance(gates, step, rules)
        raised += [d for d in decisions if isinstance(d, Opened)]
    scores = {label: max(step.scores.get(label, 0.0) for step in steps) for label in rules}
    heard = next((one.phrase for one in raised if one.phrase), None)
    return Tried(trial, tuple(dict.fromkeys(one.label for one in raised)), max(step.level_dba for step in steps), scores, heard)


def accepted(tried: Sequence[Tried], walk: Sequence[Trial]) -> bool:
    """Whether the whole walk was done and each trial came out as wanted."""
    return {t.trial for t in tried} == set(walk) and all(t.as_wanted for t in tried)
