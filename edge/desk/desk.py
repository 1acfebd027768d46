"""The desk at work: messages in, the page's picture out, commands to terminals. Wires school, subscriber, store and roster."""

import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from edge.config.schema import LABELS, Config
from edge.decide.period import period_at
from edge.desk.figures import Figures, figures
from edge.desk.keeper import Keeper
from edge.desk.message import parse
from edge.desk.owed import Owed, Settled
from edge.desk.school import AWAY, KEPT_CLOSED, Answered, Case, Change, Gone, School, Terminal, not_heard_today
from edge.desk.store import Deed, Session, Spot, Store, begin_ms, local_day
from edge.desk.subscriber import Subscriber
from edge.desk.tell import VERBS, Send, Teller, Told, Tried, by_apprise, read_addresses, told_by
from edge.link.connection import endpoint_of
from edge.link.messages import utc

TICK_S = 1.0
FORGET_S = 6 * 3600.0
"""So often what is too old is deleted."""
EXPIRES_S = 60  # a command that is late is not carried out
_SHOWN_TRIES = 20
_KNOWN_TRIES = 500  # of a desk that was here before
_ANSWERS = 200

_log = logging.getLogger(__name__)

VERDICTS = ("real", "false", "prank", "drill", "none")
MANAGING = ("technician", "head")
HEAD = ("head",)
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "acknowledge": ("duty", "technician", "head"),
    "arrive": ("duty", "technician", "head"),
    "close": ("duty", "technician", "head"),
    "mute": MANAGING,
    "unmute": MANAGING,
    "drill": MANAGING,
    "ping": MANAGING,
}
"""Which roles may do what."""


class NotDone(Exception):
    """A wish of the page's that is not carried out. `reason` is a word of the page's, `status` of HTTP."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody at the page wants done."""

    verb: str
    terminal: str
    alert: str = ""
    verdict: str = "none"
    word: str = ""
    label: str = ""
    seconds: int = 0


class Desk:
    """From `start` to `stop`. All methods may be called from any thread."""

    def __init__(self, config: Config, store: Store, environment: Mapping[str, str], translate: Callable[[str], str], send: Send = by_apprise) -> None:
        """Raises EdgeError where credentials, certificates or addresses cannot be used."""
        self._config = config
        self.store = store
        self._lock = threading.RLock()
        self._keeper = Keeper(store)
        now_ms = _now_ms()
        known: Iterable[Case] = ()
        terminals: Iterable[Terminal] = ()
        owed: Iterable[Owed] = ()
        tries: list[Told] = []
        self._spots: dict[str, Spot] = {}
        with suppress(SQLAlchemyError):  # the page is wanted most when something is broken
            known, terminals, owed, self._spots = store.known(KEPT_CLOSED), store.terminals(), store.owed(), store.spots()
            tries = self.tries(_KNOWN_TRIES)
        self._school = School(config.desk.terminals, now_ms, known, terminals, owed)
        self._broker: str | None = "not yet"
        self._broker_since_ms = now_ms
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._going: OrderedDict[str, tuple[str, str, str]] = OrderedDict()  # id of an acknowledgement -> terminal, alert, who
        self._tries = tries[:_SHOWN_TRIES]
        self._stopping = threading.Event()
        self._teller = Teller(config.desk, read_addresses(config.desk), send, self._told, translate, tries)
        self._subscriber = Subscriber(endpoint_of(config.broker, environment), config.terminal.site, self._heard, self._broker_changed)
        self._ticker = threading.Thread(target=self._tick, name="desk", daemon=True)
        self.on_change: Callable[[], None] = lambda: None
        """Called, in any thread, when the picture has changed."""

    def start(self) -> None:
        """Begin to listen."""
        self._keeper.start()
        self._subscriber.start()
        self._ticker.start()

    def stop(self) -> None:
        """End, with everything written that can be."""
        self._stopping.set()
        self._subscriber.stop()
        self._ticker.join(2 * TICK_S)
        self._teller.stop()
        self._keeper.stop(5.0)

    def picture(self) -> dict[str, Any]:
        """Everything that the page shows, as JSON."""
        now_ms = _now_ms()
        with self._lock:
            terminals = self._school.terminals
            silent = not_heard_today(terminals, datetime.fromtimestamp(now_ms / 1000).astimezone())
            return {
                "now_ms": now_ms,
                "site": self._config.terminal.site,
                "broker": self._broker,
                "broker_since_ms": self._broker_since_ms,
                "store": self._keeper.refused,
                "alerts": [_alert(case) for case in self._school.cases],
                "terminals": [_terminal(t, self._spots.get(t.name)) for t in terminals],
                "silent_today": silent,
                "tries": [asdict(told) for told in self._tries],
                "answers": {id_: told for id_, answer in self._answers.items() if (told := self._came_of(id_, answer))},
                "tell_after_s": self._config.desk.tell_after_s if self._config.desk.roster else None,
                "plans": list(self._config.desk.plans),
            }

    def do(self, wish: Wish, who: Session) -> str:
        """Carry out what somebody wants; the terminal's answer comes later, under the id that is returned. Raises NotDone."""
        if wish.verb not in ALLOWED:
            raise NotDone("malformed", 400)
        if who.role not in ALLOWED[wish.verb]:
            raise NotDone("not_allowed", 403)
        with self._lock:
            if self._school.terminal(wish.terminal) is None:
                raise NotDone("unknown_terminal", 404)
            if wish.verb in ("acknowledge", "arrive", "close") and self._school.case(wish.terminal, wish.alert) is None:
                raise NotDone("unknown_alert", 404)
        now_ms = _now_ms()
        id_ = str(uuid4())
        about = wish.alert or wish.label
        if wish.verb == "arrive":
            self._note(wish, arrived_ms=now_ms)
            self._done(Deed(now_ms, who.name, "arrive", wish.terminal, about, "noted"))
            return id_
        command = _command(wish, id_, who.name, now_ms)
        if wish.verb == "acknowledge":
            self._remember_going(id_, wish, who.name)  # before the terminal can answer
        if not self._settled(wish, id_, who.name, now_ms):
            sent = self._subscriber.command(wish.terminal, command)
            self._done(Deed(now_ms, who.name, wish.verb, wish.terminal, _about(wish), "sent" if sent else "broker away"))
            if not sent:
                raise NotDone("broker_away", 503)
        if wish.verb == "close" and wish.word:
            self._note(wish, word=wish.word[:500])
        return id_

    def _settled(self, wish: Wish, id_: str, name: str, now_ms: int) -> bool:
        """Whether it is for an alert of a terminal that is offline: done here, and owed to the terminal. Else one torn off the wall would call for ever."""
        with self._lock:
            terminal = self._school.terminal(wish.terminal)
            offline = terminal is not None and terminal.online is False
            if wish.verb not in ("acknowledge", "close") or not offline or not self._subscriber.connected:
                return False
            settled = self._school.settle(Owed(wish.terminal, wish.alert, wish.verb, name, now_ms, wish.verdict))
            self._changed([Answered(wish.terminal, id_, ok=True, reason="away"), *settled])
        self._done(Deed(now_ms, name, wish.verb, wish.terminal, _about(wish), "terminal away"))
        return True

    def _pay(self, now_ms: int) -> None:
        """Tell terminals that are back what was done while they were away."""
        with self._lock:
            due = self._school.debts.due({terminal.name for terminal in self._school.terminals if terminal.online})
        for owed in due:
            wish = Wish(owed.verb, owed.terminal, owed.alert, owed.verdict)
            if not self._subscriber.command(wish.terminal, _command(wish, str(uuid4()), owed.by, now_ms)):
                return  # the broker does not take it: the roster must not wait for each
            with self._lock:
                self._changed(self._school.debts.told(owed))
            self._done(Deed(now_ms, owed.by, wish.verb, wish.terminal, _about(wish), "sent"))

    def _remember_going(self, id_: str, wish: Wish, name: str) -> None:
        with self._lock:
            self._going[id_] = wish.terminal, wish.alert, name
            while len(self._going) > _ANSWERS:
                self._going.popitem(last=False)

    def _came_of(self, id_: str, answer: Mapping[str, Any]) -> dict[str, Any] | None:
        """A terminal's answer, with who was first where an acknowledgement came second; None: not known yet. Called with the lock.

        The terminal takes one command after the other, and its outbox keeps the first one's name. That it took a command is in its answer; whose
        name stays comes with the alert itself, perhaps later. Until then nobody is told that he is the one who goes.
        """
        terminal, alert, name = self._going.get(id_, ("", "", ""))
        case = self._school.case(terminal, alert)
        if case is None or not answer["ok"]:
            return {**answer, "by": None}
        if case.open and not case.by:
            return None
        return {**answer, "by": case.by if case.by != name else None}

    def hang(self, terminal: str, spot: Spot, who: Session) -> None:
        """Put a terminal on a plan. Raises NotDone, SQLAlchemyError."""
        if who.role not in MANAGING:
            raise NotDone("not_allowed", 403)
        with self._lock:
            if self._school.terminal(terminal) is None or spot.plan not in self._config.desk.plans or not (0 <= spot.x <= 1 and 0 <= spot.y <= 1):
                raise NotDone("malformed", 400)
        self.store.put_spot(terminal, spot)
        with self._lock:
            self._spots[terminal] = spot
        self._done(Deed(_now_ms(), who.name, "hang", terminal, spot.plan))

    def tries(self, most: int = _SHOWN_TRIES) -> list[Told]:
        """To tell others, by whichever desk, the last first. Raises SQLAlchemyError."""
        return [told_by(deed) for deed in self.store.deeds(most, VERBS)]

    def deed(self, who: str, verb: str, about: str = "", outcome: str = "") -> None:
        """Keep that somebody logged in or out, or changed who may."""
        self._keeper.keep(deeds=[Deed(_now_ms(), who[:80], verb, about=about[:200], outcome=outcome)])

    def figures(self, first: date, last: date) -> Figures:
        """Of these days, both ends within. Raises SQLAlchemyError."""
        cases, heard = self.store.cases(begin_ms(first), begin_ms(last + timedelta(days=1))), self.store.heard(first, last)
        return figures(cases, heard, first, last, {terminal.name: terminal.place for terminal in self.terminals()}, local_day)

    def terminals(self) -> list[Terminal]:
        """As they are now, the worst first."""
        with self._lock:
            return self._school.terminals

    @property
    def site(self) -> str:
        """Of the configuration."""
        return self._config.terminal.site

    def _done(self, deed: Deed) -> None:
        _log.info("desk.did who=%r verb=%s terminal=%s about=%r outcome=%s", deed.who, deed.verb, deed.terminal, deed.about, deed.outcome)
        self._keeper.keep(deeds=[deed])
        self.on_change()

    def _note(self, wish: Wish, arrived_ms: int | None = None, word: str | None = None) -> None:
        with self._lock:
            case = self._school.note(wish.terminal, wish.alert, arrived_ms=arrived_ms, word=word)
        if case:
            self._keeper.keep([case])

    def _heard(self, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 - as paho's thread calls it
        message = parse(topic, payload, retained=retained)
        if message is None:
            _log.warning("desk.not_understood topic=%r bytes=%d", topic[:200], len(payload))
            return
        now_ms = _now_ms()
        with self._lock:
            self._changed(self._school.take(message, now_ms, self._period(now_ms)))

    def _changed(self, changes: Iterable[Change]) -> None:
        cases: list[Case] = []
        terminals: list[Terminal] = []
        gone: list[str] = []
        owed: list[Owed | Settled] = []
        for change in changes:
            match change:
                case Case():
                    cases.append(change)
                case Terminal():
                    terminals.append(change)
                case Gone():
                    gone.append(change.terminal)
                case Owed() | Settled():
                    owed.append(change)
                case Answered():
                    self._answers[change.command] = {"ok": change.ok, "reason": change.reason}
                    while len(self._answers) > _ANSWERS:
                        self._answers.popitem(last=False)
        self._keeper.keep(cases, terminals, gone=gone, owed=owed)
        self.on_change()

    def _broker_changed(self, reason: str | None) -> None:
        with self._lock:
            if (reason is None) != (self._broker is None):
                self._broker_since_ms = _now_ms()
            self._broker = reason
        self.on_change()

    def _told(self, tried: Tried) -> None:
        _log.info("desk.told whom=%r try=%d failed=%r", tried.whom, tried.number, tried.failed)
        told = Told(_now_ms(), *tried.case.key, tried.whom, tried.number, tried.failed)
        with self._lock:
            self._tries = [told, *self._tries][:_SHOWN_TRIES]
        self._keeper.keep(deeds=[told.deed])
        self.on_change()

    def _tick(self) -> None:
        forget_s = time.monotonic()
        while not self._stopping.wait(TICK_S):
            now_ms = _now_ms()
            if time.monotonic() >= forget_s:
                forget_s += FORGET_S
                old_ms = now_ms - self._config.desk.keep_days * 86_400_000
                self._keeper.forget(old_ms)
                with self._lock:
                    self._changed(self._school.debts.forget(old_ms))
            period = self._period(now_ms)
            with self._lock:
                if changes := self._school.tick(now_ms):
                    self._changed(changes)
                cases = self._school.cases
            self._pay(now_ms)
            self._teller.look(cases, now_ms, datetime.fromtimestamp(now_ms / 1000).astimezone(), period)

    def _period(self, now_ms: int) -> str:
        return period_at(datetime.fromtimestamp(now_ms / 1000).astimezone(), self._config.periods, self._config.holidays)


def _command(wish: Wish, id_: str, by: str, now_ms: int) -> bytes:
    body: dict[str, object] = {"id": id_, "by": by, "issued_at": utc(now_ms), "expires_s": EXPIRES_S, "verb": wish.verb}
    match wish.verb:
        case "acknowledge":
            body["alert"] = wish.alert
        case "close":
            if wish.verdict not in VERDICTS:
                raise NotDone("malformed", 400)
            body |= {"alert": wish.alert, "verdict": wish.verdict}
        case "mute" | "unmute" | "drill":
            if wish.label not in LABELS or (wish.verb == "mute" and not 0 < wish.seconds <= 7200):
                raise NotDone("malformed", 400)
            body["label"] = wish.label
            if wish.verb == "mute":
                body["seconds"] = wish.seconds
    return json.dumps(body, ensure_ascii=False).encode()


def _about(wish: Wish) -> str:
    return {
        "close": f"{wish.alert} {wish.verdict}",
        "mute": f"{wish.label} {wish.seconds} s",
        "acknowledge": wish.alert,
    }.get(wish.verb, wish.label)


def _alert(case: Case) -> dict[str, Any]:
    return {
        "terminal": case.terminal, "id": case.id, "label": case.label, "state": case.state, "place": case.place or case.terminal,
        "began_ms": case.began_ms, "score": case.score, "level_dba": case.level_dba, "phrase": case.phrase, "repeat": case.repeat, "count": case.count,
        "drill": case.drill, "verdict": case.verdict, "by": case.by, "trace": case.trace, "waiting": case.waiting, "calls": case.calls,
        "open": case.open, "lowered": case.lowered,
        "acknowledged_ms": case.acknowledged_ms, "arrived_ms": case.arrived_ms, "closed_ms": case.closed_ms, "word": case.word,
    }  # fmt: skip


def _terminal(terminal: Terminal, spot: Spot | None) -> dict[str, Any]:
    return {
        "name": terminal.name, "place": terminal.place, "version": terminal.version, "labels": terminal.labels, "condition": terminal.condition,
        "since_ms": terminal.since_ms, "away": terminal.condition in AWAY, "faults": terminal.faults, "mutes": dict(terminal.mutes),
        "l50_dba": terminal.l50_dba,
        "temperature_c": terminal.temperature_c, "told_ms": terminal.told_ms, "heard_ms": terminal.heard_ms, "waiting": terminal.waiting,
        "spot": {"plan": spot.plan, "x": spot.x, "y": spot.y} if spot else None,
    }  # fmt: skip


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
