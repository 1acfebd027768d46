"""When nobody looks: the roster's people are told, through Apprise. Nothing but place, label and how long it waits leaves the school."""

import logging
import stat
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edge.config.schema import DAYS, DeskSettings, Period, RosterEntry
from edge.decide.period import period_at
from edge.desk.school import Case
from edge.desk.store import Deed
from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_

AGAIN_S = (0.0, 30.0, 90.0)
"""A try that failed is made again so long after the first, while nobody has acknowledged."""
LARGEST_BYTES = 65_536
_THREADS = 4
_REMEMBERED = 5000

Send = Callable[[str, str, str], str | None]
"""address, title, body -> None where it was sent, else why not."""


class BadTellFile(EdgeError):
    """The file of addresses cannot be used."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One try to tell somebody, or that the roster had nobody to tell."""

    case: Case
    whom: str  # empty: nobody is on the roster
    number: int  # 1, 2, …; 0: nobody to try
    failed: str | None  # why; None: it was sent


@dataclass(frozen=True, slots=True)
class Told:
    """A try as it is shown, and kept as a deed."""

    at_ms: int
    terminal: str
    alert: str
    whom: str  # these three as in Tried
    number: int
    failed: str | None

    @property
    def deed(self) -> Deed:
        """For the log."""
        if not self.whom:
            return Deed(self.at_ms, "", _NOBODY, self.terminal, self.alert)
        return Deed(self.at_ms, self.whom[:80], _TOLD, self.terminal, self.alert, f"{self.number}: {self.failed or _SENT}"[:200])


VERBS = (_TOLD, _NOBODY) = ("told", "nobody")
"""Of deeds that are tries."""
_SENT = "sent"


def told_by(deed: Deed) -> Told:
    """The try that was kept as that deed."""
    known = (deed.at_ms, deed.terminal, deed.about)
    if deed.verb == _NOBODY:
        return Told(*known, "", 0, deed.verb)
    number, _, outcome = deed.outcome.partition(": ")
    return Told(*known, deed.who, int(number) if number.isdecimal() else 1, None if outcome == _SENT else outcome)


@dataclass(slots=True)
class _Errand:
    tries: int = 0
    under_way: bool = False
    done: bool = False


def read_addresses(settings: DeskSettings) -> dict[str, str]:
    """Name -> Apprise address, from lines `name address`. Raises BadTellFile, without a word of what is in it."""
    if not settings.tell_file:
        return {}
    file = Path(settings.tell_file)
    try:
        mode = file.stat().st_mode
        text = file.read_bytes()[:LARGEST_BYTES].decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "UTF-8"
        raise BadTellFile(N_("{file} of `tell_file` cannot be read: {reason}"), file=file, reason=reason) from error
    if mode & stat.S_IRWXO:
        raise BadTellFile(N_("{file} of `tell_file` can be read by others; run: chmod 600 {file}"), file=file)
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, address = line.strip().partition(" ")
        if "://" not in address or not _known(address.strip()):
            raise BadTellFile(N_("{file} of `tell_file`, line {line}: not a name and an address that Apprise knows"), file=file, line=number)
        found[name] = address.strip()
    for entry in settings.roster:
        for whom in entry.tell:
            if whom not in found:
                raise BadTellFile(N_("{file} of `tell_file` has no {name}, whom the roster tells"), file=file, name=whom)
    return found


def on_duty(roster: Sequence[RosterEntry], local: datetime, period: str) -> list[str]:
    """Whom to tell now, each once."""
    return list(dict.fromkeys(whom for entry in roster if _holds(entry, local, period) for whom in entry.tell))


def _holds(entry: RosterEntry, local: datetime, period: str) -> bool:
    if entry.periods and period not in entry.periods:
        return False
    if entry.start == entry.end:
        return DAYS[local.weekday()] in entry.days
    return period_at(local, [Period(name="duty", days=entry.days, start=entry.start, end=entry.end)], ()) == "duty"


class Teller:
    """Tells, tries again, and says what came of it. `look` in one thread; `tried` is called in others."""

    def __init__(
        self, settings: DeskSettings, addresses: Mapping[str, str], send: Send, tried: Callable[[Tried], None], translate: Callable[[str], str],
        before: Iterable[Told] = (),
    ) -> None:
        """before: tries that a desk made which was here before, the last first; they are not made again."""
        self._settings, self._addresses, self._send, self._tried, self._translate = settings, addresses, send, tried, translate
        self._errands = {(told.terminal, told.alert, told.whom): _Errand(told.number, done=not (told.whom and told.failed)) for told in reversed([*before])}
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="tell")
        self._lock = threading.Lock()

    def stop(self) -> None:
        """What is under way may end by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def look(self, cases: Sequence[Case], now_ms: int, local: datetime, period: str) -> None:
        """Tell of what nobody has acknowledged for too long."""
        for case in cases:
            late_s = (now_ms - case.first_ms) / 1000 - self._settings.tell_after_s
            if not case.calls or late_s < 0:
                continue
            whoms = on_duty(self._settings.roster, local, period)
            if self._settings.roster and not whoms:
                self._say_nobody(case)
            for whom in whoms:
                with self._lock:
                    errand = self._errands.setdefault((*case.key, whom), _Errand())
                    if errand.under_way or errand.done or errand.tries >= len(AGAIN_S) or late_s < AGAIN_S[errand.tries]:
                        continue
                    errand.under_way, errand.tries = True, errand.tries + 1
                self._pool.submit(self._tell, case, whom, errand, round((now_ms - case.began_ms) / 1000))
        with self._lock:
            while len(self._errands) > _REMEMBERED:
                del self._errands[next(iter(self._errands))]

    def _say_nobody(self, case: Case) -> None:
        with self._lock:
            known = (*case.key, "") in self._errands
            self._errands[*case.key, ""] = _Errand(done=True)
        if not known:
            self._tried(Tried(case, "", 0, "nobody is on the roster"))

    def _tell(self, case: Case, whom: str, errand: _Errand, waits_s: int) -> None:
        _ = self._translate
        title = _(N_("DRILL: nobody has acknowledged an alert")) if case.drill else _(N_("Nobody has acknowledged an alert"))
        body = _(N_("{place}: {label}, for {seconds} s")).format(place=case.place or case.terminal, label=_(case.label), seconds=waits_s)
        try:
            failed = self._send(self._addresses[whom], title, body)
        except Exception as error:  # noqa: BLE001 - whatever a service's library raises is a try that failed
            failed = type(error).__name__
        with self._lock:
            errand.under_way, errand.done = False, failed is None
        self._tried(Tried(case, whom, errand.tries, failed))


def by_apprise(address: str, title: str, body: str) -> str | None:
    """Send. What Apprise says of a failure is its last warning; it names services, no addresses."""
    from apprise import Apprise  # noqa: PLC0415 - takes a second to load

    told: list[str] = []
    logger = logging.getLogger("apprise")
    if _listener not in logger.handlers:
        logger.addHandler(_listener)
    mark = _warnings.set(told)
    try:
        messenger = Apprise()
        return None if messenger.add(address) and messenger.notify(body=body, title=title) else (told[-1] if told else "refused")[:200]
    finally:
        _warnings.reset(mark)


_warnings: ContextVar[list[str] | None] = ContextVar("warnings", default=None)
"""Of the try that is being made; Apprise hands the context on to its own threads."""


class _Listener(logging.Handler):
    """Keeps the warnings of each try apart."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        if (told := _warnings.get()) is not None:
            told.append(record.getMessage())


_listener = _Listener(logging.WARNING)


def _known(address: str) -> bool:
    from apprise import Apprise  # noqa: PLC0415 - takes a second to load

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would print the address
    try:
        return bool(Apprise().add(address))
    finally:
        logging.getLogger("apprise").setLevel(logging.NOTSET)
