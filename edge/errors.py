"""Errors are sentences for the technician: what is wrong, where, and what to do."""

from collections.abc import Callable


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
        return translate(self.sentence).format(**self.facts)
