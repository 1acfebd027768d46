"""Writes what changed in a thread of its own, so that a database that refuses or hangs keeps no alert from the page."""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Mapping

from sqlalchemy.exc import SQLAlchemyError

from edge.desk.owed import Owed, Settled
from edge.desk.school import Case, Terminal
from edge.desk.store import Deed, Store

RETRY_S = 2.0
MOST_DEEDS = 10_000  # that wait for the database; then the oldest go, counted
MOST_CASES = 10_000
MOST_OWED = 10_000

_log = logging.getLogger(__name__)


class Keeper:
    """The latest of each alert and terminal waits until it is written. All methods may be called from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._cases: dict[tuple[str, str], Case] = {}
        self._terminals: dict[str, Terminal] = {}
        self._gone: set[str] = set()
        self._owed: dict[tuple[str, str, str], Owed | Settled] = {}
        self._old_ms = 0
        self._deeds: deque[Deed] = deque()
        self.refused: str | None = None
        """Why the database did not take the last write; None: it did."""
        self.lost = 0
        """What was given up because too much waited."""
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, patience_s: float) -> None:
        """Write what waits, if it can be."""
        self._stopping = True
        self._wake.set()
        self._thread.join(patience_s)

    def keep(
        self, cases: Iterable[Case] = (), terminals: Iterable[Terminal] = (), deeds: Iterable[Deed] = (), gone: Iterable[str] = (),
        owed: Iterable[Owed | Settled] = (),
    ) -> None:
        """Have it written soon. gone: terminals that have been taken back. owed: what terminals are to be told, and what no more."""
        with self._lock:
            self._cases.update((case.key, case) for case in cases)
            self._terminals.update((terminal.name, terminal) for terminal in terminals)
            self._gone.difference_update(self._terminals)
            for name in gone:
                self._terminals.pop(name, None)
                self._gone.add(name)
            self._owed.update((one.owed.key if isinstance(one, Settled) else one.key, one) for one in owed)
            while len(self._owed) > MOST_OWED:
                del self._owed[next(iter(self._owed))]
                self.lost += 1
            self._deeds.extend(deeds)
            while len(self._deeds) > MOST_DEEDS:
                self._deeds.popleft()
                self.lost += 1
            while len(self._cases) > MOST_CASES:
                del self._cases[next(iter(self._cases))]
                self.lost += 1
        self._wake.set()

    def forget(self, before_ms: int) -> None:
        """Have what is older deleted soon."""
        with self._lock:
            self._old_ms = before_ms
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            last = self._stopping
            done = self._write()
            if last:
                return
            if not done:
                threading.Event().wait(RETRY_S)
                self._wake.set()

    def _write(self) -> bool:
        with self._lock:
            cases, terminals, deeds, gone, old_ms = dict(self._cases), dict(self._terminals), list(self._deeds), set(self._gone), self._old_ms
            owed = dict(self._owed)
        if not (cases or terminals or deeds or gone or owed or old_ms):
            return True
        try:
            self._store.keep(list(cases.values()), list(terminals.values()), deeds, sorted(gone), list(owed.values()))
            if old_ms and (count := self._store.forget(old_ms)):
                _log.info("desk.forgot alerts=%d", count)
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            if self.refused is None:
                _log.warning("desk.not_kept reason=%r", reason)
            self.refused = reason
            return False
        if self.refused is not None:
            _log.warning("desk.kept_again")
        self.refused = None
        self._forget(cases, terminals, deeds, gone, owed)
        return True

    def _forget(
        self, cases: Mapping[tuple[str, str], Case], terminals: Mapping[str, Terminal], deeds: Iterable[Deed], gone: Iterable[str],
        owed: Mapping[tuple[str, str, str], Owed | Settled],
    ) -> None:
        """What is written, unless it has changed meanwhile."""
        with self._lock:
            self._gone.difference_update(gone)
            self._old_ms = 0
            for key, case in cases.items():
                if self._cases.get(key) is case:
                    del self._cases[key]
            for debt, one in owed.items():
                if self._owed.get(debt) is one:
                    del self._owed[debt]
            for name, terminal in terminals.items():
                if self._terminals.get(name) is terminal:
                    del self._terminals[name]
            for deed in deeds:
                if self._deeds and self._deeds[0] is deed:
                    self._deeds.popleft()
