"""The main loop's side of the panel: presses become incidents, alerts and faults light the lamp, and a sentence is said on the spot."""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import inf
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.alerts.alert import Alert, State
from edge.alerts.book import Book
from edge.config.schema import Config, KeySettings, OutputSettings
from edge.decide.trace import AFTER_S
from edge.decide.types import Closed, Opened, TracePoint
from edge.health.clock import Moment
from edge.health.faults import Fault
from edge.panel.contact import ContactRules, Press, Pressed
from edge.panel.display import Display, Output, Switch
from edge.panel.gpio import GpioKey, GpioSwitch
from edge.panel.key import Key, KeyDriver
from edge.panel.patterns import SOUNDER, Shown, lamp_patterns
from edge.panel.pipe import PipeKey, PipeTeller
from edge.panel.relay import Relay
from edge.panel.speaker import Speaker
from edge.panel.usb import UsbKey

BUTTON = "button"
SCORE = 1.0
"""A pressed key is no matter of likelihood."""

TRACED_S = AFTER_S + 1.0
"""So long after a press its trace is complete, sound that is analysed a little late included."""

IDENTIFY_S = 15.0
"""A technician looks up and down a corridor."""

ECHO_S = 0.5
"""So long after the sounder was on, or a sentence ended, it is still in what is heard."""

TAIL_S = 2.0
"""And so long what is heard raises nothing: from silence the models must find back to the sounds of the place."""

TRUE_S = 20.0
"""Within so long the broker must have the alert of which a sentence says that somebody knows; later it only confuses."""

HARMLESS = frozenset({Fault.CLOCK_UNSYNCHRONISED, Fault.PROFILE_STALE, Fault.RATE_CHANGED})
"""With these an alert is raised and arrives all the same, so the lamp does not show them."""

_log = logging.getLogger(__name__)


class Ear(Protocol):
    """What was heard lately."""

    def around(self, label: str, at_s: float) -> tuple[TracePoint, ...]:
        """The levels around a moment, monotonic; none where no sound came then."""


def has_key(config: Config) -> bool:
    """Whether a key may raise alerts here."""
    return bool(config.key.driver) and config.labels[BUTTON].on


def shown(alerts: Iterable[Alert], faults: frozenset[Fault], *, armed: bool) -> Shown:
    """What the lamp shows. What nobody has taken care of comes first, then that somebody does, then faults. Pure."""
    states = {alert.state for alert in alerts}
    if states - {State.ACKNOWLEDGED}:
        return Shown.RAISED
    if states:
        return Shown.SEEN
    if faults - HARMLESS:
        return Shown.FAULT
    return Shown.ARMED if armed else Shown.DARK


class Wall:
    """Key, lamp and sounder as far as they are configured. Belongs to the main loop, but for `bodies` and `deaf`."""

    def __init__(self, config: Config, put: Callable[[Press], None], clock_s: Callable[[], float]) -> None:
        """put: to the main loop; may block. clock_s: monotonic."""
        self._sounder = config.sounder
        self._clock_s = clock_s
        self._key = Key(partial(key_driver, config.key), _contact_rules(config.key), put, clock_s) if has_key(config) else None
        outputs = []
        if config.lamp.driver:
            patterns = lamp_patterns(config.lamp.armed, relay=config.lamp.driver == "relay")
            outputs.append(Output("lamp", partial(switch, config.lamp), patterns))
        if config.sounder.driver:
            outputs.append(Output("sounder", partial(switch, config.sounder), SOUNDER, sounds=True))
        self._display = Display(outputs, clock_s) if outputs else None
        self._speaker = Speaker(config.sounder.loudspeaker) if config.sounder.sentence else None
        self._identify_until_s = -inf
        self._untraced: dict[float, int] = {}  # onset of a press -> points of its trace so far
        self._known_seq: int | None = None  # of the newest alert that was seen; None: none was looked for
        self._unsaid: dict[str, float] = {}  # alert of which a sentence is to be said -> until when

    @property
    def labels(self) -> list[str]:
        """What the panel may raise."""
        return [BUTTON] if self._key else []

    @property
    def bodies(self) -> Mapping[str, Callable[[], None]]:
        """What each thread of the panel runs, by its name."""
        return ({"key": self._key.run} if self._key else {}) | ({"lamp": self._display.run} if self._display else {})

    @property
    def faults(self) -> frozenset[Fault]:
        """What is wrong on the wall."""
        return self._key.faults if self._key else frozenset()

    @property
    def turned_s(self) -> float:
        """When the thread that is furthest behind came round, monotonic."""
        return min(part.turned_s if part else inf for part in (self._key, self._display))

    def deaf(self) -> bool:
        """Whether nothing may be raised by what is heard now. For the sound thread."""
        return self._clock_s() < self._sounded_s + TAIL_S

    def without_us(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) sound, or silence where it would be the terminal itself that is heard. For the sound thread."""
        return np.zeros_like(block) if self._clock_s() < self._sounded_s + ECHO_S else block

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

    def identify(self, now: Moment) -> bool:
        """Blink and beep, so that a technician finds this terminal. Returns whether there is anything that can."""
        self._identify_until_s = now.monotonic_s + IDENTIFY_S
        if self._speaker:
            self._speaker.beep(round(IDENTIFY_S), now.monotonic_s)
        return bool(self._display or self._speaker)

    def tick(self, book: Book, waits: Callable[[str], bool], ear: Ear, faults: frozenset[Fault], now: Moment, *, armed: bool) -> None:
        """What is due. waits: whether the broker has not confirmed what was said of an alert. faults: all of the terminal. armed: it listens."""
        for onset_s in [onset_s for onset_s in self._untraced if now.monotonic_s >= onset_s + TRACED_S]:
            trace = ear.around(BUTTON, onset_s)
            if len(trace) >= self._untraced.pop(onset_s):  # else the microphone was lost meanwhile
                book.traced(BUTTON, onset_s, trace)
        alerts = book.open
        new = self._new(alerts)
        if self._display:
            state = Shown.IDENTIFY if now.monotonic_s < self._identify_until_s else shown(alerts, faults, armed=armed)
            self._display.show(state, anew=bool(new) and state is Shown.RAISED)
        if self._speaker:
            self._unsaid |= {alert.id: now.monotonic_s + TRUE_S for alert in new if alert.label in self._sounder.labels and not alert.lowered}
            self._speak(self._speaker, waits, now.monotonic_s)

    def stop(self) -> None:
        """End the threads soon, and be quiet."""
        for part in (self._key, self._display):
            if part:
                part.stop()
        if self._speaker:
            self._speaker.close()

    @property
    def _sounded_s(self) -> float:
        return max(self._display.sounded_s if self._display else -inf, self._speaker.spoke_s if self._speaker else -inf)

    def _new(self, alerts: Iterable[Alert]) -> list[Alert]:
        """Alerts that were raised since the last time; none of an earlier start."""
        newest = max((alert.seq for alert in alerts), default=0)
        known, self._known_seq = self._known_seq, max(newest, self._known_seq or 0)
        return [] if known is None else [alert for alert in alerts if alert.seq > known]

    def _speak(self, speaker: Speaker, waits: Callable[[str], bool], now_s: float) -> None:
        """Say that somebody knows, once it is true."""
        speaker.tick(now_s)
        true = [id_ for id_ in self._unsaid if not waits(id_)]
        if true and speaker.say(self._sounder.sentence, now_s):
            _log.info("speaker.says alerts=%s", ",".join(true))
        self._unsaid = {id_: until_s for id_, until_s in self._unsaid.items() if id_ not in true and now_s < until_s}


def _contact_rules(key: KeySettings) -> ContactRules:
    debounce_s = 0.0 if key.driver == "pipe" else key.debounce_s
    return ContactRules(debounce_s, key.hold_s, key.again_s, key.stuck_s)


def key_driver(key: KeySettings) -> KeyDriver:
    """Open the configured one. Raises PartUnusable."""
    match key.driver:
        case "gpio":
            return GpioKey(key.chip, key.line, key.active, key.pull)
        case "usb":
            return UsbKey(Path(key.device), key.code)
        case _:
            return PipeKey(Path(key.pipe))


def switch(output: OutputSettings) -> Switch:
    """Open the configured one. Raises PartUnusable."""
    match output.driver:
        case "gpio":
            return GpioSwitch(output.chip, output.line, output.active)
        case "relay":
            return Relay(Path(output.port), output.channel)
        case _:
            return PipeTeller(Path(output.pipe))
