"""Tape or chewing gum over the microphone: it goes on hearing, duller than it ever did. Learned from what it heard before, told after hours.

What is compared is the colour of what stands out: of moments in which the band of voices is far over the hour's own background, how much weaker the
band of consonants and scraping is. A covered capsule loses it, and so little else that levels tell nothing. A fan raises the background and not what
stands out of it; rain makes it brighter; in a quiet night and in holidays too little stands out to say anything, and nothing is said.
"""

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.capture import RATE_HZ
from edge.config.files import write_atomically

FILE = "normal.json"
HOUR_S = 3600.0

MOMENT = 4096
"""Samples of one moment: a quarter of a second, a syllable or a step."""

LOW_HZ, HIGH_HZ = (300.0, 1000.0), (2000.0, 6000.0)
"""Where voices have most of their sound, and where tape takes away 15 dB and more (a membrane over a port of 1 mm is a low-pass of some 1 kHz)."""

STANDS_OUT_DB = 12.0
"""So far over the hour's background (the level that is exceeded for 90 % of the time) is something that happens in the room."""

ACTIVE_SHARE = 1.0 / 60.0
"""With less of the hour than this nothing is concluded: a minute of an hour."""

LEARN_HOURS = 40
"""Hours with something in them before there is a normal: about a week of school."""

KEPT_HOURS = 400
"""Of which the newest are kept: the normal may move with the seasons."""

LOWEST_PERCENT = 10
DULLER_DB = 8.0
"""So far under what nine of ten hours had is no hour of this room any more."""

LONG_HOURS = 3
"""So many of them in a row, with something in them, are a fault; one as it always was ends it."""

_HZ = np.fft.rfftfreq(MOMENT, 1 / RATE_HZ)
_BANDS = [np.flatnonzero((begin <= _HZ) & (end > _HZ)) for begin, end in (LOW_HZ, HIGH_HZ)]
_WINDOW = np.hanning(MOMENT).astype(np.float32)
_FORMAT = 1
_TINY = 1e-20
_log = logging.getLogger(__name__)

Array = NDArray[np.float32]


def colour(moment: Array) -> tuple[float, float]:
    """(MOMENT,) samples -> the levels of both bands, in dB against any reference."""
    spectrum = np.abs(np.fft.rfft(moment * _WINDOW)) ** 2
    low, high = (float(10 * np.log10(spectrum[band].sum() + _TINY)) for band in _BANDS)
    return low, high


def tilt_of(moments: NDArray[np.floating]) -> float | None:
    """The upper band against the lower one in what stood out, in dB; None where too little did. moments: (n, 2) of an hour, as `colour` gives them."""
    low, high = moments.T
    if not len(low):
        return None
    stands_out = low >= np.percentile(low, 10) + STANDS_OUT_DB
    if stands_out.mean() < ACTIVE_SHARE:
        return None
    louder = low >= np.median(low[stands_out])  # in the others the capsule's own noise hides how dull they are
    return float(np.median((high - low)[louder]))


@dataclass(frozen=True, slots=True)
class Normal:
    """What this microphone usually hears. Pure."""

    tilts_db: tuple[float, ...] = ()  # of the hours in which something happened, the newest last
    dull: int = 0  # hours in a row that were far duller

    @property
    def covered(self) -> bool:
        """Whether it has been duller than ever for hours."""
        return self.dull >= LONG_HOURS

    def advance(self, tilt_db: float | None) -> "Normal":
        """One more hour. None: nothing happened in it, and nothing is learned."""
        if tilt_db is None:
            return self
        if len(self.tilts_db) >= LEARN_HOURS and tilt_db < np.percentile(self.tilts_db, LOWEST_PERCENT) - DULLER_DB:
            return replace(self, dull=self.dull + 1)  # and is not learned: what is covered must not become normal
        return Normal((*self.tilts_db, round(tilt_db, 1))[-KEPT_HOURS:])


class Covering:
    """Hears in the sound thread, hour by hour; read and written by the main loop."""

    def __init__(self, state: Path, device: str, hour_s: float = HOUR_S) -> None:
        """state: the state folder. device: the microphone that the normal belongs to; another one has to be learned anew."""
        self._file = state / FILE
        self._device = device
        self._waiting = np.zeros(0, np.float32)
        self._moments = np.zeros((round(hour_s * RATE_HZ / MOMENT), 2), np.float32)  # of this hour
        self._heard = 0  # of them
        self.normal = self._read()
        self._written = self.normal

    @property
    def covered(self) -> bool:
        """Whether something is over it."""
        return self.normal.covered

    def hear(self, block: Array) -> None:
        """(n,) more sound at 16 kHz."""
        self._waiting = np.concatenate([self._waiting, block])
        while len(self._waiting) >= MOMENT:
            moment, self._waiting = self._waiting[:MOMENT], self._waiting[MOMENT:]
            self._moments[self._heard] = colour(moment)
            self._heard += 1
            if self._heard == len(self._moments):
                tilt_db, self._heard = tilt_of(self._moments), 0
                before, self.normal = self.normal, self.normal.advance(tilt_db)
                if self.normal.dull != before.dull:
                    _log.warning("covered.hour tilt_db=%.1f dull_hours=%d", tilt_db, self.normal.dull)

    def write(self) -> None:
        """Put what is new on the disk: some kB an hour. Where it refuses, the next time."""
        normal = self.normal
        if normal == self._written:
            return
        try:
            write_atomically(self._file, json.dumps({"format": _FORMAT, "device": self._device, "tilts_db": normal.tilts_db, "dull": normal.dull}))
        except OSError as error:
            _log.warning("covered.not_written file=%s reason=%r", self._file, str(error))
        self._written = normal

    def _read(self) -> Normal:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            if (found["format"], found["device"]) != (_FORMAT, self._device):
                return Normal()
            return Normal(tuple(map(_finite, found["tilts_db"]))[-KEPT_HOURS:], int(found["dull"]))
        except FileNotFoundError:
            return Normal()
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            _log.warning("covered.begun_anew file=%s reason=%r", self._file, str(error))
            return Normal()


def _finite(number: object) -> float:
    """The number, if it is one. Raises ValueError."""
    if not isinstance(number, int | float) or not np.isfinite(number):
        raise ValueError(f"{number!r} is no level")
    return float(number)
