"""Errors are sentences for the technician: what is wrong, where, and what to do."""

from collections.abc import Callable, Mapping
from typing import Self


class Reason(str):
    """A fact that is itself a sentence of the catalogue, filled with facts of its own: it is translated with the sentence that it fills."""

    __slots__ = ("_facts", "_sentence")

    _sentence: str
    _facts: Mapping[str, object]

    def __new__(cls, sentence: str, /, **facts: object) -> Self:
        """In English it is the text itself."""
        reason = super().__new__(cls, sentence.format(**facts) if facts else sentence)
        reason._sentence, reason._facts = sentence, facts
        return reason

    def told(self, translate: Callable[[str], str]) -> str:
        """The same in the language of `translate`."""
        return filled(self._sentence, self._facts, translate) if self._facts else translate(self._sentence)


def filled(sentence: str, facts: Mapping[str, object], translate: Callable[[str], str]) -> str:
    """A sentence of the catalogue in the language of `translate`, filled with its facts."""
    return translate(sentence).format(**{name: _told(fact, translate) for name, fact in facts.items()})


def _told(fact: object, translate: Callable[[str], str]) -> object:
    """A fact as it is shown; of several, one after the other."""
    if isinstance(fact, tuple):
        return ", ".join(str(_told(one, translate)) for one in fact)
    return fact.told(translate) if isinstance(fact, Reason) else fact


class EdgeError(Exception):
    """Base of every expected error. `sentence` is an English template from the catalogue, the facts fill it.

    The command line prints `told(translate)` on one line and leaves with `status`.
    """

    status = 2  # it could not be done; 1 is kept for "something was found"

    def __init__(self, sentence: str, /, **facts: object) -> None:
        super().__init__(filled(sentence, facts, str))
        self.sentence = sentence
        self.facts = facts

    def told(self, translate: Callable[[str], str]) -> str:
        """The sentence in the language of `translate`, filled with the facts."""
        return filled(self.sentence, self.facts, translate)
