"""Reading something anew while the terminal runs: beside it, and what cannot be used leaves the old in place."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge.errors import EdgeError
from edge.words import N_

MOST_WAITING = 100
"""Commands that one reading answers; who comes after them is not answered."""

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class ReadFailed(EdgeError):
    """The reading ended in an error that nobody foresaw."""


@dataclass(frozen=True, slots=True)
class Reloaded(Generic[_T]):
    """A reading is over: `new` is what was read, or the old is to be kept for the sake of `error`."""

    commands: tuple[str, ...]  # ids of those that asked for it
    new: _T | None
    error: EdgeError | None


class Reloader(Generic[_T]):
    """Reads in a thread of its own: a list of phrases takes seconds on a small computer, and alerts must not wait for it."""

    def __init__(self, read: Callable[[], _T], put: Callable[[Reloaded[_T]], None]) -> None:
        """read: raises EdgeError where what it reads cannot be used. put: is given each result, from the other thread."""
        self._read = read
        self._put = put
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._running = False

    def begin(self, command: str) -> None:
        """Read. Who asks while a reading is under way gets one that begins after it. command: id of who asks."""
        with self._lock:
            self._waiting = [*self._waiting, command][:MOST_WAITING]
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name="reload", daemon=True).start()

    def _run(self) -> None:
        while commands := self._taken():
            try:
                result = Reloaded(commands, self._read(), None)
            except EdgeError as error:
                result = Reloaded(commands, None, error)
            except Exception as error:  # noqa: BLE001 - whatever it was, the old is still good
                _log.exception("reload.failed")
                result = Reloaded(commands, None, ReadFailed(N_("the reading failed: {reason}"), reason=f"{type(error).__name__}: {error}"))
            self._put(result)

    def _taken(self) -> tuple[str, ...]:
        with self._lock:
            commands, self._waiting = tuple(self._waiting), []
            self._running = bool(commands)
            return commands
