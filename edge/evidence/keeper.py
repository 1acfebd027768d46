"""The last seconds of sound in memory, and a thread of its own that seals them around an alert. Whatever happens here, alerts go their way.

What was before the alert is sealed at once, and what comes after it in parts, as it is heard: whoever tears the terminal from the wall does it now.
"""

import errno
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.alerts.alert import Alert
from edge.capture import RATE_HZ
from edge.config.names import own_terminal_name
from edge.config.schema import Config, EvidenceSettings
from edge.evidence.container import About, Samples, pack, to_int16
from edge.evidence.sealing import Seal, from_text
from edge.evidence.shelf import Shelf, file_name
from edge.health.clock import Clock
from edge.health.faults import Fault

SIDE_S = 30.0
"""Nothing is sealed that is further away from the moment of the alert, however long the sound went on before it became one."""

SLACK_S = 10.0
"""Sound that is kept beyond what is sealed, for a disk that takes its time."""

WAITING = 16
"""Alerts whose evidence may wait at once; for more there is none, and that is logged."""

PART_S = 1.0
"""Sound of one part: what a kill or a power cut may cost. Each is a write of some 25 kB that is waited for."""

LOOK_S = 0.5
LATE_S = 5.0
"""So long after its time an end that does not come (the microphone is gone) is not waited for any more."""

TIDY_S = 3600.0
REFUSED_S = 60.0  # between two looks whether a disk that refused takes something again

_log = logging.getLogger(__name__)


class Ring:
    """The last samples of a stream, by their number since its beginning. Not thread-safe."""

    def __init__(self, seconds: float) -> None:
        self._samples = np.zeros(round(seconds * RATE_HZ), np.int16)
        self.heard = 0

    def add(self, block: Samples) -> None:
        """(n,) more of them, n at most the ring's length."""
        at = self.heard % len(self._samples)
        first = min(len(block), len(self._samples) - at)
        self._samples[at : at + first] = block[:first]
        self._samples[: len(block) - first] = block[first:]
        self.heard += len(block)

    def cut(self, first: int, last: int) -> tuple[int, Samples]:
        """A copy of the samples from `first` up to `last`, as far as they are there; with the number of its first one."""
        last = max(0, min(last, self.heard))
        first = min(max(first, 0, self.heard - len(self._samples)), last)
        return first, self._samples[np.arange(first, last) % len(self._samples)]


@dataclass(frozen=True, slots=True)
class _Wish:
    alert: Alert
    onset: int  # number of the sample
    first: int  # of those that are sealed
    last: int
    until_s: float  # no longer than this is waited for the end, monotonic


@dataclass(slots=True)
class _Growing:
    """What became of a wish so far."""

    wish: _Wish
    sealed: int = 0  # number of the first sample that is not in the file yet
    size: int = 0  # of the file, bytes; 0: there is none yet
    due: int = 0  # number of the sample with which the next part is tried
    cut: bool = False  # nothing can be added any more


class Keeper:
    """Hears all, keeps seconds, seals them when an alert is raised."""

    def __init__(self, seal: Seal, shelf: Shelf, terminal: str, before_s: float, after_s: float, clock: Clock) -> None:
        """terminal: site/name. before_s, after_s: seconds before the onset and after the decision."""
        self._seal, self._shelf, self._terminal, self._clock = seal, shelf, terminal, clock
        self._before, self._after = round(before_s * RATE_HZ), round(after_s * RATE_HZ)
        self._ring = Ring(SIDE_S + after_s + SLACK_S)
        self._lock = threading.Lock()  # of the ring
        self._wishes: queue.Queue[_Wish] = queue.Queue(WAITING)
        self._stopping = threading.Event()
        self._refusal: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="evidence", daemon=True)  # one that hangs in the disk must not keep a terminal from ending
        self._thread.start()

    def hear(self, block: NDArray[np.float32]) -> None:
        """(n,) more sound of the stream. For the sound thread."""
        samples = to_int16(block)
        with self._lock:
            self._ring.add(samples)

    def want(self, alert: Alert, onset_s: float, raised_s: float) -> None:
        """An alert was raised; when it began and when it was decided, in seconds of the stream. Never waits."""
        onset, raised = round(onset_s * RATE_HZ), round(raised_s * RATE_HZ)
        first = max(onset - self._before, raised - round(SIDE_S * RATE_HZ))
        wish = _Wish(alert, onset, first, raised + self._after, self._clock().monotonic_s + self._after / RATE_HZ + LATE_S)
        try:
            self._wishes.put_nowait(wish)
        except queue.Full:
            _log.warning("evidence.none alert=%s reason='too many at once'", alert.id)

    def faults(self) -> frozenset[Fault]:
        """Whether the disk took the last one."""
        refusal = self._refusal
        return frozenset([Fault.STORAGE] * (refusal is not None) + [Fault.DISK_FULL] * (refusal is not None and refusal.errno == errno.ENOSPC))

    def stop(self, patience_s: float) -> None:
        """Seal what there is of what is waited for, and end."""
        self._stopping.set()
        self._thread.join(patience_s)

    def _run(self) -> None:
        waiting: list[_Growing] = []
        tidy_s = self._clock().monotonic_s
        while not (self._stopping.is_set() and self._wishes.empty() and not waiting):
            now_s = self._clock().monotonic_s
            if now_s >= tidy_s or (self._refusal and now_s >= tidy_s - TIDY_S + REFUSED_S):
                self._carefully(self._tidy)
                tidy_s = now_s + (REFUSED_S if self._refusal else TIDY_S)
            try:
                wish = self._wishes.get(timeout=0.0 if self._stopping.is_set() else LOOK_S)
            except queue.Empty:
                pass
            else:
                waiting.append(_Growing(wish, wish.first))
                self._carefully(partial(self._grow, waiting[-1]))
            waiting = [growing for growing in waiting if not self._advance(growing)]

    def _advance(self, growing: _Growing) -> bool:
        """Seal the next part where it is time. Returns whether it was the last."""
        wish = growing.wish
        with self._lock:
            heard = self._ring.heard
        complete = heard >= wish.last or self._clock().monotonic_s >= wish.until_s or self._stopping.is_set()
        if complete or heard >= growing.due:
            self._carefully(partial(self._grow, growing))
        if complete and growing.size and not growing.cut:
            _log.info("evidence.complete alert=%s bytes=%d", wish.alert.id, growing.size)
        return complete or growing.cut

    def _grow(self, growing: _Growing) -> None:
        wish = growing.wish
        with self._lock:
            first, sound = self._ring.cut(growing.sealed, wish.last)
            growing.due = self._ring.heard + round(PART_S * RATE_HZ)
        if not len(sound):
            return
        if growing.size and first > growing.sealed:
            self._cut(growing, "the disk was too slow")
            return
        alert, now_s = wish.alert, _unix_s(self._clock().known_ms)
        onset_at = None if alert.onset_ms is None else f"{datetime.fromtimestamp(alert.onset_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
        about = About(alert.id, alert.label, alert.place, self._terminal, onset_at, (wish.onset - first) / RATE_HZ, len(sound) / RATE_HZ)
        name, part = file_name(alert.id, alert.raised_ms), self._seal.part(pack(about, sound))
        if growing.size:
            try:
                self._shelf.append(name, growing.size, part, now_s)
            except FileNotFoundError:
                self._cut(growing, "it has left for age or quota")
                return
            growing.size += len(part)
        else:
            self._shelf.put(name, self._seal.head + part, now_s)
            growing.size = len(self._seal.head) + len(part)
            _log.info("evidence.sealed alert=%s seconds=%.1f bytes=%d", alert.id, about.seconds, growing.size)
        growing.sealed = first + len(sound)
        self._refusal = None

    def _cut(self, growing: _Growing, reason: str) -> None:
        growing.cut = True
        _log.warning("evidence.cut alert=%s reason=%r", growing.wish.alert.id, reason)

    def _tidy(self) -> None:
        for name in self._shelf.tidy(_unix_s(self._clock().known_ms)):
            _log.info("evidence.aged file=%s", name)
        self._shelf.check()
        self._refusal = None

    def _carefully(self, do: Callable[[], None]) -> None:
        try:
            do()
        except OSError as error:
            if self._refusal is None:
                _log.warning("evidence.refused reason=%r", str(error))
            self._refusal = error
        except Exception:  # noqa: BLE001 - evidence may fail in any way; the terminal goes on
            _log.exception("evidence.failed")


def seal_of(settings: EvidenceSettings) -> Seal | None:
    """What seals, None where the configuration wants no evidence. Raises NoLibrary."""
    return Seal(from_text(settings.public_key)) if settings.on else None


def keeper_of(config: Config, seal: Seal, state: Path, clock: Clock) -> Keeper:
    """The keeper that the configuration describes, at work."""
    settings = config.evidence
    shelf = Shelf(state, settings.quota_mb * 1_000_000, settings.keep_days)
    terminal = f"{config.terminal.site}/{own_terminal_name(config.terminal.name)}"
    return Keeper(seal, shelf, terminal, settings.before_s, settings.after_s, clock)


def _unix_s(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
