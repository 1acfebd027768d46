"""The main loop's side of the panel: a press of the key becomes an incident like any other."""

import logging
from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path
from typing import Protocol

from edge.alerts.alert import Alert
from edge.alerts.book import Book
from edge.config.schema import Config, KeySettings
from edge.decide.trace import AFTER_S
from edge.decide.types import Closed, Opened, TracePoint
from edge.health.clock import Moment
from edge.health.faults import Fault
from edge.panel.contact import ContactRules, Press, Pressed
from edge.panel.gpio import GpioKey
from edge.panel.key import Key, KeyDriver
from edge.panel.pipe import PipeKey
from edge.panel.usb import UsbKey

BUTTON = "button"
SCORE = 1.0
"""A pressed key is no matter of likelihood."""
TRACED_S = AFTER_S + 1.0
"""So long after a press its trace is complete, sound that is analysed a little late included."""

_log = logging.getLogger(__name__)


class Ear(Protocol):
    """What was heard lately."""

    def around(self, label: str, at_s: float) -> tuple[TracePoint, ...]:
        """The levels around a moment, monotonic; none where no sound came then."""


def has_key(config: Config) -> bool:
    """Whether a key may raise alerts here."""
    return bool(config.key.driver) and config.labels[BUTTON].on


class Wall:
    """Key, lamp and sounder as far as they are configured. Belongs to the main loop, but for `bodies`."""

    def __init__(self, config: Config, put: Callable[[Press], None], clock_s: Callable[[], float]) -> None:
        """put: to the main loop; may block. clock_s: monotonic."""
        self._key = Key(lambda: _key_driver(config.key), _contact_rules(config.key), put, clock_s) if has_key(config) else None
        self._untraced: dict[float, int] = {}  # onset of a press -> points of its trace so far

    @property
    def labels(self) -> list[str]:
        """What the panel may raise."""
        return [BUTTON] if self._key else []

    @property
    def bodies(self) -> Mapping[str, Callable[[], None]]:
        """What each thread of the panel runs, by its name."""
        return {"key": self._key.run} if self._key else {}

    @property
    def faults(self) -> frozenset[Fault]:
        """What is wrong on the wall."""
        return self._key.faults if self._key else frozenset()

    @property
    def turned_s(self) -> float:
        """When the thread that is furthest behind came round, monotonic."""
        return self._key.turned_s if self._key else inf

    def handle(self, press: Press, book: Book, ear: Ear, now: Moment) -> Alert | None:
        """Raise or close what the key says; an alert that is raised has the level and the trace of the sound that there is."""
        if not isinstance(press, Pressed):
            book.closed(Closed(BUTTON, press.onset_s, press.onset_s, press.end_s, SCORE, -inf, None))
            return None
        if press.found and any(alert.label == BUTTON and not alert.drill for alert in book.open):
            # Down when the terminal started, or when the key came back: that is the press the desk knows, or a stuck key that it knows.
            _log.info("key.known onset_s=%.3f", press.onset_s)
            return None
        trace = ear.around(BUTTON, press.onset_s)
        level_dba = max((point.level_dba for point in trace), default=-inf)
        self._untraced[press.onset_s] = len(trace)
        return book.opened(Opened(BUTTON, press.onset_s, press.raised_s, SCORE, level_dba, None, trace), now)

    def tick(self, book: Book, ear: Ear, now: Moment) -> None:
        """What is due."""
        for onset_s in [onset_s for onset_s in self._untraced if now.monotonic_s >= onset_s + TRACED_S]:
            trace = ear.around(BUTTON, onset_s)
            if len(trace) >= self._untraced.pop(onset_s):  # else the microphone was lost meanwhile
                book.traced(BUTTON, onset_s, trace)

    def stop(self) -> None:
        """End the threads soon."""
        if self._key:
            self._key.stop()


def _contact_rules(key: KeySettings) -> ContactRules:
    debounce_s = 0.0 if key.driver == "pipe" else key.debounce_s
    return ContactRules(debounce_s, key.hold_s, key.again_s, key.stuck_s)


def _key_driver(key: KeySettings) -> KeyDriver:
    """Open the configured one. Raises PartUnusable."""
    match key.driver:
        case "gpio":
            return GpioKey(key.chip, key.line, key.active, key.pull)
        case "usb":
            return UsbKey(Path(key.device), key.code)
        case _:
            return PipeKey(Path(key.pipe))
