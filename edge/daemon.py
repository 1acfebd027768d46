"""The running terminal: one thread for sound, one for the broker, and the main loop that owns alerts, outbox and timers."""

import logging
import os
import queue
import random
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

import edge
from edge.alerts.book import Book, Rules, UnknownAlert
from edge.alerts.lock import only_one
from edge.alerts.outbox import Outbox
from edge.calibrate.history import History, setup_for
from edge.capture.covered import Covering
from edge.chain import Chain, Listening
from edge.config import profiles
from edge.config.names import own_terminal_name, state_folder
from edge.config.schema import Config
from edge.decide.period import period_at
from edge.decide.rules import rules_for
from edge.decide.types import Closed, Opened, Rule, Step
from edge.detect.detector import Detector
from edge.detect.level_only import LevelOnly
from edge.detect.manifest import ModelError
from edge.detect.phrases import installed
from edge.errors import EdgeError
from edge.evidence.keeper import Keeper, keeper_of, seal_of
from edge.health import memory
from edge.health.clock import Clock, Moment, system_clock
from edge.health.faults import Fault
from edge.health.levels import exceeded
from edge.health.machine import Strain, disk_free_mb, temperature_c
from edge.health.watchdog import Watchdog
from edge.hearing import Hearing
from edge.inbox import Inbox
from edge.introduction import Introduction
from edge.link import commands, homeassistant, messages
from edge.link.commands import Gatekeeper, Reason, Refusal, Refused
from edge.link.connection import Connected, Disconnected, Link, endpoint_of
from edge.link.messages import Stamp
from edge.link.session import CommandReceived, Confirmed, NotTaken
from edge.link.topics import Topics
from edge.listening import Phrases
from edge.panel.contact import Pressed, Released
from edge.reload import Reloaded, Reloader
from edge.selftest import SelfTest
from edge.shipped import models_folder
from edge.sound import Sound, SoundEvent, Source, Traced
from edge.uplink import Uplink
from edge.wall import Wall, has_key
from edge.words import N_, translator

HEALTH_S = 60.0
HEAL_S = 5.0  # between two tries to write to a disk that refused, and two looks at the computer's heat
CALM_S = 1.0  # a fault that comes and goes is told at most so often
LOOK_S = 0.5  # longest sleep of the main loop: how late a signal is seen
EVENTS = 1000  # that wait for the main loop; whoever puts one more waits, and nothing is lost
STOP_S = 1.5  # for the threads to end
STALLED_S = 10.0  # the sound thread comes round each half second, whatever the microphone does
LINK_STALLED_S = 600.0  # the link's: a minute's pause, and a resolver with several dead name servers takes minutes

_log = logging.getLogger(__name__)


class NoBroker(EdgeError):
    """The configuration names no broker."""


class WorkerDied(EdgeError):
    """A thread ended that must not."""


@dataclass(frozen=True, slots=True)
class _Died:
    thread: str
    reason: str


_Event: TypeAlias = SoundEvent | Connected | Disconnected | Confirmed | NotTaken | CommandReceived | Pressed | Released | Reloaded[Listening | None] | _Died


class Daemon:
    """The terminal. `run` once, in the main thread; `stop` may be called from a signal handler."""

    def __init__(
        self,
        config: Config,
        source: Callable[[], Source],
        environment: Mapping[str, str],
        clock: Clock = system_clock,
        rng: random.Random | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        root: Path = Path("/"),
        reread: Callable[[], Config] | None = None,
    ) -> None:
        """Reads model, credentials and certificates. Raises EdgeError where the terminal could not work with them.

        source: opens where sound comes from. entropy: n -> n random bytes. root: where the computer tells of itself.
        reread: the configuration as it is on disk now, of which `reload` takes the phrases.
        """
        if not config.broker.host:
            raise NoBroker(N_("no MQTT broker is configured; set `host` in [broker], or see the terminal at work with: xiaoan demo"))
        self._config = config
        self._clock = clock
        self._entropy = entropy
        # Commands wait: behind a thousand of them no confirmation must stand, without which the same alerts are sent again and again.
        self._events: Inbox[_Event] = Inbox(EVENTS, lambda event: isinstance(event, CommandReceived))
        self._folder = state_folder(config.paths.state, environment)
        models = Path(config.paths.models) if config.paths.models else models_folder()
        self._detector = _detector(config, models)
        self._wall = Wall(config, self._events.put, self._clock_s)
        here = profiles.here(config, self._detector.manifest.sha256, installed(models))
        self._calibration = profiles.in_use(config, self._folder, here)
        self._phrases = Phrases(models, config, reread or (lambda: config), self._calibration.phrases)
        self._reloader = Reloader(self._phrases.read, self._events.put)
        self._hearing = Hearing(self._chain, self._detector, self._phrases.listening, self._clock_s, goes_on=has_key(config))
        self._told_changes = 0
        self._period = ""
        self._rules: Mapping[str, Rule] = {}
        self._labels = self._armed()
        self._topics = Topics(config.terminal.site, own_terminal_name(config.terminal.name))
        known = homeassistant.Known(self._topics, config.terminal.place, edge.__version__)
        self._introduction = Introduction(self._folder, config.home_assistant, known, translator(config.terminal.language, environment))
        self._boot = entropy(8).hex()
        self._watchdog = Watchdog(environment)
        will = messages.status(Stamp(None, self._boot), self._status({}), online=False)
        self._link = Link(endpoint_of(config.broker, environment), self._topics, will, self._events.put, self._clock_s, rng or random.SystemRandom())
        self._open_source = source
        self._seal = seal_of(config.evidence)
        self._evidence: Keeper | None = None
        self._strain, self._strained = Strain(root), frozenset[Fault]()
        self._stopping = False
        self._started_s = self._clock_s()
        self._told_mutes: Mapping[str, float] | None = None  # None: the broker may not have what we said last
        self._told_open: list[tuple[str, str]] | None = None
        self._told_open_s = -CALM_S
        self._told_faults: frozenset[Fault] = frozenset()
        self._told_health_s = -HEALTH_S
        self._ready = False

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping = True

    def run(self) -> None:
        """Listen and report until `stop`. Raises EdgeError where it cannot, or can no longer."""
        with ExitStack() as stack:
            stack.enter_context(only_one(self._folder))
            now = self._clock()
            self._outbox = Outbox(self._folder, self._config.alerts.outbox_rows, self._boot, now)
            stack.callback(self._outbox.close)
            self._gatekeeper = Gatekeeper(self._outbox.carried_out)
            self._book = Book(self._outbox, self._alert_rules(), self._entropy, now)
            self._uplink = Uplink(self._link, self._topics, self._outbox)
            if self._calibration.problem:
                _log.warning("profile.not_used reason=%r", str(self._calibration.problem))
            manifest, sensitivity_dbfs = self._detector.manifest, self._calibration.sensitivity_dbfs
            self._history = History(self._folder, setup_for(self._config, manifest, sensitivity_dbfs), manifest.step_s, now.monotonic_s)

            self._selftest = SelfTest(self._config.loudspeaker, now.monotonic_s)
            stack.callback(self._selftest.close)
            self._covering = Covering(self._folder, self._config.microphone.device)
            if self._seal:
                self._evidence = keeper_of(self._config, self._seal, self._folder, self._clock)

            def score(block: NDArray[np.float32]) -> list[Step]:
                if self._evidence:
                    self._evidence.hear(block)
                self._covering.hear(block)
                self._selftest.hear(block)
                steps, heard = self._hearing.feed(self._wall.without_us(block)), self._clock()
                if not self._wall.deaf():
                    self._history.hear(steps, self._period, _local(heard), heard.monotonic_s)
                return steps

            self._sound = Sound(self._open_source(), score, self._rules_now, self._events.put, self._clock_s, self._wall.deaf)
            _log.info("daemon.start version=%s boot=%s topics=%s", edge.__version__, self._boot, self._topics.status)
            bodies = {"sound": self._sound.run, "link": self._link.run, **self._wall.bodies}
            self._threads = [self._thread(name, body) for name, body in bodies.items()]
            try:
                self._loop()
            finally:
                self._end()

    def _loop(self) -> None:
        alive_s = heal_s = self._clock_s()
        while not self._stopping:
            now = self._clock()
            self._book.tick(now)
            if now.monotonic_s >= heal_s:
                self._book.restore(self._outbox.heal(now), now)
                self._strained = self._strain.look(now.monotonic_s)
                heal_s = now.monotonic_s + HEAL_S
            self._uplink.send_waiting(now)
            self._selftest.tick(now, _local(now))
            self._report(now)
            if now.monotonic_s >= self._history.due_s:
                self._history.write(_local(now), now.monotonic_s)
                self._covering.write()
                memory.trim()
            if self._watchdog.every_s and now.monotonic_s >= alive_s and self._well(now):
                self._watchdog.alive()
                alive_s = now.monotonic_s + self._watchdog.every_s
            until_s = min(now.monotonic_s + LOOK_S, self._book.due_s() or float("inf"))
            try:
                event = self._events.get(until_s - self._clock_s())
            except queue.Empty:
                continue
            self._handle(event, self._clock())

    def _end(self) -> None:
        self._watchdog.stopping()
        farewell = messages.status(self._stamp(self._clock()), self._status({}), online=False)
        self._sound.stop()
        self._wall.stop()
        self._link.stop(farewell)
        until_s = self._clock_s() + STOP_S
        for thread in self._threads:
            thread.join(max(0.0, until_s - self._clock_s()))
        while not self._events.empty():
            if isinstance(event := self._events.get(), Confirmed):
                self._outbox.confirmed(event.row)
        self._history.write(_local(self._clock()), self._clock_s())
        self._covering.write()
        if self._evidence:
            self._evidence.stop(STOP_S)
        self._outbox.heal(self._clock())  # where the disk refused: what memory alone holds would be gone
        _log.info("daemon.stop waiting=%d", self._outbox.waiting)

    def _handle(self, event: _Event, now: Moment) -> None:
        match event:
            case Opened():
                alert = self._book.opened(event, now)
                if alert and self._evidence:
                    self._evidence.want(alert, event.onset_s, event.raised_s)
            case Closed():
                self._book.closed(event)
            case Traced():
                self._book.traced(event.label, event.onset_s, event.trace)
            case Pressed() | Released():
                self._key(event, now)
            case CommandReceived():
                self._command(event, now)
            case Reloaded():
                self._reloaded(event, now)
            case _Died():
                raise WorkerDied(
                    N_("the thread {thread} has ended: {reason}. The terminal ends too, so that the service starts it anew"),
                    thread=event.thread,
                    reason=event.reason,
                )
            case _:
                self._uplink.handle(event, now)
                if isinstance(event, Connected):
                    self._introduce(now)

    def _introduce(self, now: Moment) -> None:
        """Say all that is retained: the broker may have lost it."""
        self._told_mutes = self._told_open = None
        self._told_health_s = -HEALTH_S
        self._report(now)
        for topic, payload in self._introduction.due():
            self._uplink.publish(topic, payload, retain=True)

    def _key(self, event: Pressed | Released, now: Moment) -> None:
        alert, heard_s = self._wall.handle(event, self._book, self._sound, now), self._sound.stream_s(event.onset_s)
        if alert and self._evidence and heard_s is not None:
            self._evidence.want(alert, heard_s, heard_s)

    def _command(self, received: CommandReceived, now: Moment) -> None:
        if received.retained:
            _log.warning("command.retained bytes=%d", len(received.payload))
            return
        command = commands.parse(received.payload)
        id_ = command.id
        refusal = command.refusal if isinstance(command, Refused) else self._gatekeeper.admit(command, now)
        if refusal is None and not isinstance(command, Refused):
            refusal = self._carry_out(command, now)
            self._outbox.carry_out(command.id)
        verb, by = (None, None) if isinstance(command, Refused) else (command.verb, command.by)
        _log.info("command.done id=%r verb=%s by=%r refused=%s", id_, verb, by, refusal.reason if refusal else None)
        if id_ is not None and not (refusal is None and isinstance(command, commands.Reload)):
            self._uplink.publish(self._topics.reply, messages.reply(self._stamp(now), id_, refusal))

    def _carry_out(self, command: commands.Command, now: Moment) -> Refusal | None:
        try:
            match command:
                case commands.Acknowledge():
                    self._book.acknowledge(command.alert, command.by, now)
                case commands.Close():
                    self._book.close(command.alert, command.verdict, command.by, now)
                case commands.Mute():
                    self._book.mute(command.label, command.seconds, now)
                case commands.Unmute():
                    self._book.unmute(command.label)
                case commands.Drill():
                    self._book.drill(command.label, now)
                case commands.Ping():
                    pass
                case commands.Reload():
                    self._reloader.begin(command.id)  # answered when it is read
                case commands.Identify() if not self._wall.identify(now):
                    return Refusal(Reason.NOT_AVAILABLE)
        except UnknownAlert:
            return Refusal(Reason.UNKNOWN_ALERT)
        return None

    def _reloaded(self, read: Reloaded[Listening | None], now: Moment) -> None:
        taken = self._phrases.take(self._hearing, read)
        if taken:
            self._listens_anew()
        for id_ in read.commands:
            self._uplink.publish(self._topics.reply, messages.reply(self._stamp(now), id_, None if taken else Refusal(Reason.UNUSABLE)))

    def _listens_anew(self) -> None:
        self._period, self._told_mutes, self._labels = "", None, self._armed()  # the rules are made anew, and the status said again

    def _report(self, now: Moment) -> None:
        """Say what is new of the terminal itself."""
        if self._told_changes != (changes := self._hearing.changes):
            self._told_changes = changes
            self._listens_anew()
        stamp, faults = self._stamp(now), self._faults(now)
        self._wall.tick(self._book, self._outbox.waits, self._sound, faults, now, armed=self._ready)
        if self._told_mutes != self._book.mutes and self._uplink.connected:
            self._told_mutes = self._book.mutes
            left_s = {label: end_s - now.monotonic_s for label, end_s in self._told_mutes.items()}
            self._uplink.publish(self._topics.status, messages.status(stamp, self._status(left_s), online=True), retain=True)
        # A desk that takes care of hundreds at once wants the whole list after the last of its commands, not after each.
        due = self._uplink.connected and (self._events.empty() or now.monotonic_s - self._told_open_s >= CALM_S)
        if due and self._told_open != (open_now := [(alert.id, alert.state.value) for alert in self._book.open]):
            self._told_open, self._told_open_s = open_now, now.monotonic_s
            self._uplink.publish(self._topics.open, messages.open_alerts(stamp, self._book.open), retain=True)
        since_s = now.monotonic_s - self._told_health_s
        if since_s >= HEALTH_S:
            self._outbox.flush()
        if since_s >= HEALTH_S or (faults != self._told_faults and since_s >= CALM_S):
            for fault in sorted(faults ^ self._told_faults):
                _log.warning("fault.%s name=%s", "begins" if fault in faults else "ends", fault)
            self._told_faults, self._told_health_s = faults, now.monotonic_s
            self._uplink.publish(self._topics.health, messages.health(stamp, self._health(now, faults)), retain=True)
        if not self._ready and (self._sound.heard_s is not None or self._sound.faults() & self._told_faults):
            self._ready = True
            self._watchdog.ready()
            _log.info("daemon.ready after_s=%.1f", now.monotonic_s - self._started_s)

    def _faults(self, now: Moment) -> frozenset[Fault]:
        clock = frozenset[Fault]() if now.synchronised else frozenset({Fault.CLOCK_UNSYNCHRONISED})
        used = self._hearing.faults()
        if self._calibration.problem and not isinstance(self._detector, LevelOnly):  # a profile goes by the model that should be there
            used |= {Fault.PROFILE_STALE}
        late = frozenset([Fault.CPU_LATE] * self._sound.late + [Fault.COVERED] * self._covering.covered)
        evidence = self._evidence.faults() if self._evidence else frozenset[Fault]()
        own = self._phrases.faults() | clock | used | late | evidence | self._strained
        return self._sound.faults() | self._outbox.faults | self._uplink.faults | self._wall.faults | own

    def _well(self, now: Moment) -> bool:
        """Whether all threads come round, and sound is heard or it is known why not."""
        since_s = now.monotonic_s - STALLED_S
        heard = self._sound.heard_s is not None and self._sound.heard_s > since_s
        turns = min(self._sound.turned_s, self._wall.turned_s) > since_s and self._link.turned_s > now.monotonic_s - LINK_STALLED_S
        return turns and (heard or bool(self._sound.faults()))

    def _status(self, mutes: Mapping[str, float]) -> messages.Status:
        return messages.Status(edge.__version__, self._config.terminal.place, self._labels, mutes)

    def _health(self, now: Moment, faults: frozenset[Fault]) -> messages.Health:
        levels = self._sound.levels_dba()
        l10, l50, l90 = exceeded(levels) or (None, None, None)
        return messages.Health(
            faults=faults,
            l10_dba=l10,
            l50_dba=l50,
            l90_dba=l90,
            heard_s=len(levels) * self._detector.manifest.step_s,
            waiting=self._outbox.waiting,
            outbox_dropped=self._outbox.dropped,
            dropped_blocks=self._sound.dropped_blocks,
            raised=self._book.raised,
            muted=self._book.muted,
            uptime_s=now.monotonic_s - self._started_s,
            clock_synchronised=now.synchronised,
            temperature_c=temperature_c(self._strain.root),
            disk_free_mb=disk_free_mb(self._folder),
            model=self._detector.manifest.sha256,
            profile=self._calibration.sha256,
            selftest=self._selftest.tested,
        )

    def _alert_rules(self) -> Rules:
        config = self._config
        return Rules(
            place=config.terminal.place,
            model=self._detector.manifest.sha256,
            profile=self._calibration.sha256,
            say_again_s=config.alerts.say_again_s,
            close_after_s=config.alerts.close_after_h * 3600,
            storm_alerts=config.storm.alerts,
            storm_window_s=config.storm.window_s,
        )

    def _rules_now(self) -> Mapping[str, Rule]:
        """The rules of this period of the day; called by the sound thread alone."""
        period = period_at(_local(self._clock()), self._config.periods, self._config.holidays)
        if period != self._period:
            _log.info("period.begins name=%s", period)
            self._period = period
            self._rules = rules_for(self._hearing.rules, self._config.labels, self._config.periods, period, self._calibration.thresholds)
        return self._rules

    def _chain(self, detector: Detector | LevelOnly, listening: Listening | None) -> Chain:
        return Chain(detector, self._calibration.sensitivity_dbfs, listening)

    def _armed(self) -> list[str]:
        return [*self._wall.labels, *sorted(rules_for(self._hearing.rules, self._config.labels, (), "", {}))]

    def _stamp(self, now: Moment) -> Stamp:
        return Stamp(now.known_ms, self._boot)

    def _clock_s(self) -> float:
        return self._clock().monotonic_s

    def _thread(self, name: str, body: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                body()
                reason = "it returned"
            except Exception as error:  # noqa: BLE001 - whatever it was, the thread is gone and the terminal must not go on without
                _log.exception("thread.died name=%s", name)
                reason = f"{type(error).__name__}: {error}"
            if not self._stopping:
                self._events.put(_Died(name, reason))

        # A daemon thread: one that hangs in the driver or in the network must not keep a terminal from ending.
        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread


def _detector(config: Config, models: Path) -> Detector | LevelOnly:
    """What the terminal hears with. Raises ModelError where it cannot be used, unless there is a key, which works without."""
    try:
        return Detector.load(models)
    except ModelError as error:
        if not has_key(config):
            raise
        _log.error("model.not_used reason=%r", str(error))
        return LevelOnly()


def _local(now: Moment) -> datetime | None:
    """The time of day here, None while the clock is not synchronised."""
    return datetime.fromtimestamp(now.unix_ms / 1000).astimezone() if now.synchronised else None
