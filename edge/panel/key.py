"""The key's thread: from whatever it is connected by to presses; nothing that a driver does ends it."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.health.faults import Fault
from edge.panel.contact import Contact, ContactRules, Press, advance, due_s, out_of_sight
from edge.panel.errors import PartUnusable

READ_S = 0.5  # longest wait for a change; also how late `stop` may be heard
AGAIN_S = (0.5, 1.0, 2.0, 5.0)
"""Pauses between tries to open the key, the last for ever: a plug that is put back is to work within seconds."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """The contact as the driver saw it."""

    at_s: float  # monotonic
    down: bool
    found: bool = False  # the first look after opening, no change


class KeyDriver(Protocol):
    """What a key is connected by; open as long as it exists."""

    def read(self, timeout_s: float) -> Sequence[Change]:
        """What has changed, in order, waiting at most so long for the first. Raises PartUnusable where it is gone."""

    def close(self) -> None:
        """Let go of it."""


class Key:
    """`run` is the body of a thread; the rest may be asked from others."""

    def __init__(self, open_driver: Callable[[], KeyDriver], rules: ContactRules, put: Callable[[Press], None], clock_s: Callable[[], float]) -> None:
        """open_driver: raises PartUnusable. put: may block. clock_s: monotonic."""
        self._open_driver = open_driver
        self._rules = rules
        self._put = put
        self._clock_s = clock_s
        self._stopping = threading.Event()
        self._contact = Contact()
        self._last_s = clock_s()
        self.problem: PartUnusable | None = None
        """Why the key cannot be read; None while it can, and before the first try."""
        self.turned_s = clock_s()
        """When the thread last came round, monotonic."""

    @property
    def faults(self) -> frozenset[Fault]:
        """Whether a press would be heard."""
        return frozenset({Fault.BUTTON_STUCK}) if self._contact.stuck or self.problem else frozenset()

    def run(self) -> None:
        """Watch the key until `stop`."""
        tries = 0
        while not self._stopping.is_set():
            self.turned_s = self._clock_s()
            try:
                driver = self._open_driver()
            except PartUnusable as error:
                self._lose(error)
            else:
                tries = 0
                self._watch(driver)
            self._stopping.wait(AGAIN_S[min(tries, len(AGAIN_S) - 1)])
            tries += 1

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping.set()

    def _watch(self, driver: KeyDriver) -> None:
        """As long as the driver has it."""
        if self.problem:
            _log.info("key.back")
        self.problem = None
        try:
            while not self._stopping.is_set():
                now_s = self._clock_s()
                self.turned_s = now_s
                for change in driver.read(max(0.0, min(READ_S, due_s(self._contact, self._rules) - now_s))):
                    self._advance(change.at_s, raw=change.down, found=change.found)
                self._advance(self._clock_s())
        except PartUnusable as error:
            self._lose(error)
        finally:
            driver.close()

    def _advance(self, at_s: float, *, raw: bool | None = None, found: bool = False) -> None:
        # A driver's own times may lie a little before what was told already.
        self._last_s = max(self._last_s, at_s)
        self._contact, presses = advance(self._contact, self._last_s, self._rules, raw=raw, found=found)
        self._tell(presses)

    def _lose(self, error: PartUnusable) -> None:
        if self.problem is None or str(self.problem) != str(error):
            _log.warning("key.lost told=%r", str(error))
        self.problem = error
        self._tell(out_of_sight(self._contact, self._clock_s()))
        self._contact = Contact()

    def _tell(self, presses: Sequence[Press]) -> None:
        for press in presses:
            _log.info("key.%s onset_s=%.3f", type(press).__name__.lower(), press.onset_s)
            self._put(press)
