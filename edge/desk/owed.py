"""What terminals are to be told once they are back: what somebody did with their alerts while they were away. Pure: the time is passed in."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

MOST_OWED = 200
"""Then the oldest goes: a terminal that nobody puts up again must not fill a database."""

_DONE = {"acknowledge": ("acknowledged", "closed"), "close": ("closed",)}
"""Verb -> states of an alert in which it has nothing more to do."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A command that waits for its terminal."""

    terminal: str
    alert: str
    verb: str  # acknowledge or close
    by: str
    at_ms: int  # when it was done at the desk
    verdict: str = "none"

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from every other one: nobody acknowledges or closes the same alert twice."""
        return self.terminal, self.alert, self.verb


@dataclass(frozen=True, slots=True)
class Settled:
    """It is owed no more."""

    owed: Owed


class Debts:
    """In the order in which they came."""

    def __init__(self, owed: Iterable[Owed] = ()) -> None:
        """owed: what was owed before."""
        self._owed = {one.key: one for one in owed}

    def add(self, owed: Owed) -> list[Owed | Settled]:
        """Returns what is new: it, unless the same is owed already, and what goes for it."""
        if owed.key in self._owed:
            return []
        self._owed[owed.key] = owed
        return [owed, *self._drop(list(self._owed.values())[:-MOST_OWED])]

    def due(self, back: Collection[str]) -> list[Owed]:
        """What can be told now. back: names of the terminals that are there."""
        return [one for one in self._owed.values() if one.terminal in back]

    def of(self, terminal: str, alert: str) -> bool:
        """Whether anything about that alert is owed."""
        return any((terminal, alert, verb) in self._owed for verb in _DONE)

    def told(self, owed: Owed) -> list[Settled]:
        """The broker has it."""
        return self._drop([owed])

    def said(self, terminal: str, alert: str, state: str) -> list[Settled]:
        """The terminal says by itself how its alert stands."""
        return self._drop(one for verb, states in _DONE.items() if state in states and (one := self._owed.get((terminal, alert, verb))))

    def gone(self, terminal: str) -> list[Settled]:
        """The terminal has been taken back."""
        return self._drop([one for one in self._owed.values() if one.terminal == terminal])

    def forget(self, before_ms: int) -> list[Settled]:
        """What is older is owed no more, as it is in no history either."""
        return self._drop([one for one in self._owed.values() if one.at_ms < before_ms])

    def _drop(self, owed: Iterable[Owed]) -> list[Settled]:
        return [Settled(one) for one in owed if self._owed.pop(one.key, None)]
