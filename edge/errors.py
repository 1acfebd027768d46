"""Errors are sentences for the technician: what is wrong, where, and what to do."""

from collections.abc import Callable, Mapping


class Reason(str):
    """A fact that is itself a sentence of the catalogue: it is translated with the sentence that it fills."""

    __slots__ = ()


def filled(sentence: str, facts: Mapping[str, object], translate: Callable[[str], str]) -> str:
    """A sentence of the catalogue in the language of `translate`, filled with its facts."""
    return translate(sentence).format(**{name: translate(fact) if isinstance(fact, Reason) else fact for name, fact in facts.items()})


class EdgeError(Exception):
    """Base of every expected error. `sentence` is an English template from the catalogue, the facts fill it.

    The command line prints `told(translate)` on one line and leaves with `status`.
    """

    status = 2  # it could not be done; 1 is kept for "something was found"

    def __init__(self, sentence: str, /, **facts: object) -> None:
        super().__init__(sentence.format(**facts))
        self.sentence = sentence
        self.facts = facts

    def told(self, translate: Callable[[str], str]) -> str:
        """The sentence in the language of `translate`, filled with the facts."""
        return filled(self.sentence, self.facts, translate)
