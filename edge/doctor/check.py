"""What one look tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from edge.errors import EdgeError, filled
from edge.words import N_


class State(StrEnum):
    """How it is."""

    GOOD = "good"
    WARNING = "warning"  # works, and will not for ever or for everybody
    BAD = "bad"  # alerts may be missed


STATE_WORDS = (N_("good"), N_("warning"), N_("bad"))
"""The states, marked for the catalogue."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, how it is, and what to do where it is not good. Sentences are English templates of the catalogue."""

    name: str
    state: State
    sentence: str
    facts: Mapping[str, object] = field(default_factory=dict)
    remedy: str = ""  # filled by the same facts

    def told(self, translate: Callable[[str], str]) -> str:
        """What was seen."""
        return filled(self.sentence, self.facts, translate)

    def told_remedy(self, translate: Callable[[str], str]) -> str:
        """What to do, empty where nothing is to do."""
        return filled(self.remedy, self.facts, translate) if self.remedy else ""


def good(name: str, sentence: str, /, **facts: object) -> Check:
    """Nothing to do."""
    return Check(name, State.GOOD, sentence, facts)


def warning(name: str, sentence: str, remedy: str, /, **facts: object) -> Check:
    """Something to do some day."""
    return Check(name, State.WARNING, sentence, facts, remedy)


def bad(name: str, sentence: str, remedy: str, /, **facts: object) -> Check:
    """Something to do now."""
    return Check(name, State.BAD, sentence, facts, remedy)


def failed(name: str, error: EdgeError) -> Check:
    """An error as a check: its sentence says what to do as well."""
    return Check(name, State.BAD, error.sentence, error.facts)
