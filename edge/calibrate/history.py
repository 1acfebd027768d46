"""What the terminal itself has heard, as statistics, a file a day: some kilobytes, written at most once an hour. Never sound."""

import hashlib
import json
import logging
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from edge.calibrate.tally import UNKNOWN_HOUR, Setup, Tally, Unreadable, from_json
from edge.config import profiles
from edge.config.files import write_atomically
from edge.config.schema import Config
from edge.decide.period import DEFAULT
from edge.decide.rules import rules_for
from edge.decide.types import Step
from edge.detect.manifest import Manifest

FOLDER = "history"
EVERY_S = 3600.0
KEPT = 90
"""Files that are kept: some weeks more than anybody looks back."""
HOLE_S = 3.0
"""A longer time without sound ends an incident, as at the terminal."""
UNDATED = "0000-00-00"
"""The day while the clock is not synchronised."""

_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-([0-9a-f]{8})\.json")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Past:
    """What was read back."""

    tally: Tally
    days: int
    left_out: int  # files of another setup, or damaged


def setup_for(config: Config, manifest: Manifest, sensitivity_dbfs: float) -> Setup:
    """What a tally of this terminal rests on; thresholds do not belong to it."""
    here = profiles.here(config, manifest.sha256)
    rules = rules_for(manifest.rules, config.labels, (), DEFAULT, {})
    return Setup(here.machine, here.device, here.model, sensitivity_dbfs, {label: replace(rule, threshold=0.0) for label, rule in rules.items()})


class History:
    """Counts in the sound thread, writes from the main loop."""

    def __init__(self, state: Path, setup: Setup, step_s: float, now_s: float) -> None:
        """state: the state folder. now_s: monotonic."""
        self._folder = state / FOLDER
        self._step_s = step_s
        self._tally = Tally(setup, step_s)
        self._mark = _mark(setup)
        self._lock = threading.Lock()
        self._heard_s: float | None = None
        self.due_s = now_s + EVERY_S
        """When `write` is wanted, monotonic."""

    def hear(self, steps: Sequence[Step], period: str, local: datetime | None, now_s: float) -> None:
        """Count. local: the time of day, None while nobody knows it. now_s: monotonic."""
        with self._lock:
            if self._heard_s is not None and now_s - self._heard_s > HOLE_S:
                self._tally.interrupted()
            self._heard_s = now_s
            for step in steps:
                self._tally.hear(step, period, local.hour if local else UNKNOWN_HOUR)

    def write(self, local: datetime | None, now_s: float) -> None:
        """Add what was counted to the day's file. Where the disk refuses, it is kept for the next time."""
        self.due_s = now_s + EVERY_S
        with self._lock:
            counted = self._tally.taken()
        if not counted.cells:
            return
        file = self._folder / f"{local.date().isoformat() if local else UNDATED}-{self._mark}.json"
        try:
            day = counted
            if file.exists():
                with suppress(Unreadable, UnicodeDecodeError):  # a damaged day is begun anew
                    day = from_json(file.read_text(encoding="utf-8"), self._step_s)
                    day.add(counted)
            write_atomically(file, day.as_json())
            for old in sorted(f for f in self._folder.iterdir() if _NAME.fullmatch(f.name))[:-KEPT]:
                old.unlink()
        except OSError as error:
            _log.warning("history.not_written file=%s reason=%r", file, str(error))
            with self._lock:
                self._tally.add(counted)


def read(state: Path, setup: Setup, step_s: float, days: int, today: date | None) -> Past:
    """The last so many days of this setup; today None: nobody knows the date, and the last files count."""
    past, found, left_out = Tally(setup, step_s), set(), 0
    files = sorted((state / FOLDER).glob("*.json"), reverse=True)
    for file in files if today else files[:days]:
        name = _NAME.fullmatch(file.name)
        if name is None or (today and name[1] != UNDATED and name[1] <= (today - timedelta(days=days)).isoformat()):
            continue
        if name[2] != _mark(setup):
            left_out += 1
            continue
        try:
            past.add(from_json(file.read_text(encoding="utf-8"), step_s))
            found.add(name[1])
        except (OSError, UnicodeDecodeError, Unreadable):
            left_out += 1
    return Past(past, len(found), left_out)


def _mark(setup: Setup) -> str:
    return hashlib.sha256(json.dumps(asdict(setup), sort_keys=True).encode()).hexdigest()[:8]
