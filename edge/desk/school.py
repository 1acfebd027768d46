"""What the desk knows: alerts and terminals, folded from their messages. Pure: the time is passed in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from edge.desk.message import Alert, Body, Health, Listed, Message, Open, Reply, Status, Withdrawn
from edge.desk.owed import Debts, Owed, Settled
from edge.health.faults import DEAF, Fault

STALE_S = 200.0
"""Health comes each minute; after three that did not come nobody knows how the terminal is."""
KEPT_CLOSED = 30
"""Closed alerts that stay on the page."""
MOST_ALERTS = 2000
MOST_TERMINALS = 1000

_RANK = {"raised": 0, "ongoing": 0, "ended": 0, "acknowledged": 1, "closed": 2}
WARM = frozenset({Fault.OVER_TEMPERATURE, Fault.THROTTLED})
CONDITIONS = ("never_seen", "offline", "deaf", "stale", "warm", "faulty", "muted", "fine")
"""Worst first."""
AWAY = ("offline", "stale")
"""In these nobody knows how the terminal is now, only how it was."""


@dataclass(frozen=True, slots=True)
class Case:
    """One alert as the desk knows it; times in milliseconds since 1970 by the desk's clock where nothing else is said."""

    terminal: str
    id: str
    label: str
    state: str
    place: str
    first_ms: int  # when the desk heard of it first
    period: str  # of the day, then
    seq: int = 0
    score: float | None = None  # None, as much else, while only `open` has told of it
    level_dba: float | None = None
    phrase: str | None = None
    onset_ms: int | None = None  # by the terminal's clock
    raised_ms: int | None = None  # as onset_ms
    said_ms: int | None = None  # by the terminal's clock, the last time
    repeat: int = -1  # -1: no saying of it has come yet
    count: int = 1
    drill: bool = False
    verdict: str | None = None
    by: str | None = None
    trace: tuple[tuple[float, float, float | None], ...] = ()  # offset_s, score, level_dba
    model: str = ""
    profile: str = ""
    acknowledged_ms: int | None = None
    arrived_ms: int | None = None
    closed_ms: int | None = None
    word: str = ""
    lowered: bool = False  # one step lower than others: it stands below them, and calls nobody

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other one; the id alone would let one terminal speak for another."""
        return self.terminal, self.id

    @property
    def open(self) -> bool:
        """Whether it wants somebody."""
        return self.state != "closed"

    @property
    def waiting(self) -> bool:
        """Whether nobody has acknowledged it."""
        return _RANK[self.state] == 0

    @property
    def calls(self) -> bool:
        """Whether it wants somebody so much that he is to be called."""
        return self.waiting and not self.lowered

    @property
    def began_ms(self) -> int:
        """When the sound began; by the desk's clock where the terminal did not know, or its clock is out."""
        told = self.onset_ms
        return told if told is not None and self.first_ms - 86_400_000 < told <= self.first_ms else self.first_ms


@dataclass(frozen=True, slots=True)
class Terminal:
    """One terminal as the desk knows it."""

    name: str
    place: str = ""
    version: str = ""
    labels: tuple[str, ...] = ()
    online: bool | None = None  # None: it never said so
    mutes: Mapping[str, int] = field(default_factory=dict)  # label -> until when
    faults: tuple[str, ...] = ()
    l10_dba: float | None = None
    l50_dba: float | None = None
    l90_dba: float | None = None
    temperature_c: float | None = None
    waiting: int = 0
    told_ms: int | None = None  # when its health was said last
    heard_ms: int | None = None  # when it last heard any sound
    condition: str = "never_seen"
    since_ms: int = 0  # of the condition
    before: tuple[str, int] | None = None  # its condition by its last word, and since when: while it is away, or only an earlier desk heard it


@dataclass(frozen=True, slots=True)
class Answered:
    """A terminal has answered a command."""

    terminal: str
    command: str
    ok: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Gone:
    """A terminal has been taken back, and is missed by nobody."""

    terminal: str


Change = Case | Terminal | Answered | Gone | Owed | Settled


class School:
    """Everything of one site. Bounded: what is closed goes first, then the oldest."""

    def __init__(
        self, expected: Iterable[str], now_ms: int, cases: Iterable[Case] = (), terminals: Iterable[Terminal] = (), owed: Iterable[Owed] = ()
    ) -> None:
        """expected: terminals that there must be. cases, terminals, owed: what was known before."""
        self.debts = Debts(owed)
        self._cases = {case.key: case for case in cases}
        self._expected = frozenset(expected)
        self._terminals = {name: Terminal(name, since_ms=now_ms) for name in self._expected} | {known.name: known for known in terminals}

    @property
    def cases(self) -> list[Case]:
        """Those nobody has acknowledged first, keys before all others, each kind by age, those one step lower last; then the last closed ones, newest first."""
        opened = sorted((case for case in self._cases.values() if case.open), key=_urgency)
        closed = sorted((case for case in self._cases.values() if not case.open), key=lambda case: -(case.closed_ms or 0))
        return opened + closed

    @property
    def terminals(self) -> list[Terminal]:
        """The worst first, and among those alike whichever is so longest."""
        return sorted(self._terminals.values(), key=lambda t: (CONDITIONS.index(t.condition), t.since_ms, t.name))

    def case(self, terminal: str, id_: str) -> Case | None:
        """One alert."""
        return self._cases.get((terminal, id_))

    def terminal(self, name: str) -> Terminal | None:
        """One terminal."""
        return self._terminals.get(name)

    def take(self, message: Message | Withdrawn, now_ms: int, period: str) -> list[Change]:
        """Fold in what a terminal said. Returns what is new of it."""
        name = message.terminal
        if isinstance(message, Withdrawn):
            if message.kind != "status" or name in self._expected or name not in self._terminals:
                return []
            del self._terminals[name]
            left = [case for case in self._cases.values() if case.terminal == name and case.open]
            return [Gone(name), *self.debts.gone(name), *(self._put(_advanced(case, "closed", now_ms, fresh=False)) for case in left)]
        if isinstance(message.body, Reply):
            return [Answered(name, message.body.command, message.body.ok, message.body.reason)]
        if name not in self._terminals and len(self._terminals) >= MOST_TERMINALS:
            return []
        before = self._terminals.get(name) or Terminal(name, since_ms=now_ms)
        after = _heard(before, message.body, now_ms, retained=message.retained)
        changes: list[Change] = []
        if after is not before or name not in self._terminals:
            self._terminals[name] = after = judged(after, now_ms, anew=isinstance(message.body, Health))
            changes.append(after)
        match message.body:
            case Alert() as said:
                changes += self.debts.said(name, said.id, said.state)
                changes += self._said(name, said, now_ms, period)
            case Open() as listed:
                changes += (settled for one in listed.alerts for settled in self.debts.said(name, one.id, one.state))
                changes += self._listed(name, listed, now_ms, period)
        return changes

    def tick(self, now_ms: int) -> list[Change]:
        """Look at what time alone changes: a terminal that is silent, a mute that is over. Returns what is new."""
        changes: list[Change] = []
        for before in list(self._terminals.values()):
            after = judged(before, now_ms)
            if after.condition != before.condition:
                self._terminals[after.name] = after
                changes.append(after)
        return changes

    def note(self, terminal: str, id_: str, *, arrived_ms: int | None = None, word: str | None = None) -> Case | None:
        """Keep with an alert what only the desk knows: that somebody is there, a word."""
        case = self._cases.get((terminal, id_))
        if case is None:
            return None
        case = replace(case, arrived_ms=case.arrived_ms or arrived_ms, word=case.word if word is None else word)
        self._cases[case.key] = case
        return case

    def settle(self, owed: Owed) -> list[Change]:
        """Take for done what a terminal that is away cannot be told yet. Returns what is new; nothing where somebody was faster."""
        case = self._cases.get((owed.terminal, owed.alert))
        closes = owed.verb == "close"
        state = "closed" if closes else "acknowledged"
        if case is None or _RANK[case.state] >= _RANK[state]:
            return []
        debts = self.debts.add(owed)
        by, verdict = (owed.by, owed.verdict) if closes else (case.by or owed.by, None)
        return [self._put(replace(_advanced(case, state, owed.at_ms, fresh=False), by=by, verdict=verdict)), *debts]

    def _said(self, name: str, said: Alert, now_ms: int, period: str) -> list[Change]:
        before = self._cases.get((name, said.id))
        if before and (_RANK[said.state], said.repeat) <= (_RANK[before.state], before.repeat) and before.repeat >= 0:
            return []  # known, or older than what is known
        base = before or Case(name, said.id, said.label, said.state, said.place, now_ms, period)
        return [self._put(replace(
            _advanced(base, said.state, now_ms, fresh=before is None), label=said.label, place=said.place, seq=said.seq, score=said.score,
            level_dba=said.level_dba, phrase=said.phrase, onset_ms=said.onset_at, raised_ms=said.raised_at, said_ms=said.at, repeat=said.repeat,
            count=said.count, drill=said.drill, verdict=said.verdict, by=said.by or base.by, model=said.model, profile=said.profile, lowered=said.lowered,
            trace=tuple((p.offset_s, p.score, p.level_dba) for p in said.trace) or base.trace,
        ))]  # fmt: skip

    def _listed(self, name: str, said: Open, now_ms: int, period: str) -> list[Change]:
        changes: list[Change] = []
        terminal = self._terminals[name]
        ids = {listed.id for listed in said.alerts}
        for listed in said.alerts:
            before = self._cases.get((name, listed.id))
            if before is None or _RANK[listed.state] > _RANK[before.state]:
                changes.append(self._put(_from_list(before, listed, terminal, now_ms, period)))
        for case in list(self._cases.values()):
            # Gone from the list: closed while nobody here listened. A list from before the alert's last word says nothing of it.
            older = said.at is not None and case.said_ms is not None and said.at < case.said_ms
            if case.terminal == name and case.open and case.id not in ids and not older:
                changes.append(self._put(_advanced(case, "closed", now_ms, fresh=False)))
        return changes

    def _put(self, case: Case) -> Case:
        self._cases[case.key] = case
        # A terminal that is away still lists as open what was closed here: forgotten, it would be open again.
        closed = [c for c in self.cases if not c.open and not self.debts.of(*c.key)]
        for old in closed[KEPT_CLOSED:]:
            del self._cases[old.key]
        while len(self._cases) > MOST_ALERTS:
            del self._cases[next(iter(self._cases))]
        return case


def _urgency(case: Case) -> tuple[bool, bool, bool, int, int]:
    """The least is shown first."""
    return not case.waiting, case.lowered, case.label != "button", case.began_ms, case.seq


def _from_list(before: Case | None, listed: Listed, terminal: Terminal, now_ms: int, period: str) -> Case:
    base = before or Case(terminal.name, listed.id, listed.label, listed.state, terminal.place, now_ms, period, seq=listed.seq)
    return _advanced(base, listed.state, now_ms, fresh=before is None)


def _advanced(case: Case, state: str, now_ms: int, *, fresh: bool) -> Case:
    """In the new state, with the time of it; of an alert that was in it when we came, nobody here knows the time."""
    acknowledged_ms = now_ms if _RANK[state] == 1 and not fresh else None
    closed_ms = now_ms if state == "closed" else None
    return replace(case, state=state, acknowledged_ms=case.acknowledged_ms or acknowledged_ms, closed_ms=case.closed_ms or closed_ms)


def _heard(before: Terminal, body: Body, now_ms: int, *, retained: bool) -> Terminal:
    match body:
        case Status():
            mutes = {muted.label: now_ms + round(muted.left_s * 1000) for muted in body.mutes}
            return replace(
                before, place=body.place, version=body.version, labels=body.labels, online=body.status == "online", mutes=mutes,
            )  # fmt: skip
        case Health():
            # What is retained may be of last year: its own time counts, and without one it is no sign of life.
            told_ms = (min(body.at, now_ms) if body.at is not None else before.told_ms) if retained else now_ms
            heard_ms = told_ms if body.heard_s > 0 and not DEAF.intersection(body.faults) else before.heard_ms
            return replace(
                before, faults=body.faults, l10_dba=body.l10_dba, l50_dba=body.l50_dba, l90_dba=body.l90_dba, temperature_c=body.temperature_c,
                waiting=body.waiting, told_ms=told_ms, heard_ms=heard_ms,
            )  # fmt: skip
        case Alert() if not before.place:
            return replace(before, place=body.place)
    return before


def judged(terminal: Terminal, now_ms: int, *, anew: bool = False) -> Terminal:
    """With the condition it is in, and since when. anew: it has just said its health, and what it was before tells no more than since when it is so."""
    was, was_ms = terminal.before or ("", 0)
    own = _own(terminal, "" if anew else was, now_ms)
    # What stood before a silence and stands after it began before it: often the broker or the desk was away, and the terminal never silent.
    own_ms = was_ms if own == was else terminal.since_ms if own == terminal.condition else now_ms
    away = _away(terminal, own, now_ms)
    if away == terminal.condition:
        return replace(terminal, before=(own, own_ms))
    if away:
        since_ms = terminal.told_ms if away == "stale" and terminal.told_ms is not None else now_ms
        return replace(terminal, condition=away, since_ms=since_ms, before=(own, own_ms))
    return replace(terminal, condition=own, since_ms=own_ms, before=None if anew else terminal.before)


def _away(terminal: Terminal, own: str, now_ms: int) -> str | None:
    """Why nobody knows how it is now, if so; that it was deaf is worse than its silence."""
    if terminal.online is None and terminal.told_ms is None:
        return "never_seen"
    if terminal.online is False:
        return "offline"
    silent = terminal.told_ms is None or now_ms - terminal.told_ms > STALE_S * 1000
    return "stale" if silent and own != "deaf" else None


def _own(terminal: Terminal, was: str, now_ms: int) -> str:
    """By its own last word. was: what counts until it says its health anew, for a desk that starts does not know its faults."""
    if DEAF.intersection(terminal.faults) or was == "deaf":
        return "deaf"
    if WARM.intersection(terminal.faults) or was == "warm":
        return "warm"
    if terminal.faults or was == "faulty":
        return "faulty"
    return "muted" if any(until_ms > now_ms for until_ms in terminal.mutes.values()) else "fine"


def not_heard_today(terminals: Iterable[Terminal], now: datetime) -> list[str]:
    """Names of those that heard nothing since midnight. now: local time."""
    midnight_ms = now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000
    return sorted(terminal.name for terminal in terminals if terminal.heard_ms is None or terminal.heard_ms < midnight_ms)
