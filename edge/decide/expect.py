"""What was raised against what should have been: misses, false alarms, delays."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from edge.config.schema import LABELS
from edge.decide.types import Closed
from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_

TOLERANCE_S = 1.5
"""An alert that begins this long after the end of an event still belongs to it."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that must be raised."""

    label: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """An event that was raised, and how long after its start."""

    event: Event
    delay_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """One recording held against its truth."""

    found: tuple[Found, ...]
    missed: tuple[Event, ...]
    false: tuple[Closed, ...]


class TruthError(EdgeError):
    """The file of expectations cannot be used."""


class Truth:
    """The expectations of a `truth.csv`, by recording. A recording with an empty tuple must raise nothing."""

    def __init__(self, events: dict[str, tuple[Event, ...]]) -> None:
        self._events = events
        self._by_name: dict[str, list[str]] = {}
        for file in events:
            self._by_name.setdefault(PurePosixPath(file).name, []).append(file)

    def of(self, file: str) -> tuple[Event, ...] | None:
        """What is expected of a recording, however much of its path is given here and there; None: nothing is said about it."""
        entry = self._entry(file)
        return None if entry is None else self._events[entry]

    def without(self, files: Iterable[str]) -> list[str]:
        """The recordings that something is expected of and that are not among `files`."""
        present = {self._entry(file) for file in files}
        return [file for file in self._events if file not in present]

    def _entry(self, file: str) -> str | None:
        parts = PurePosixPath(file).parts
        fits = [e for e in self._by_name.get(parts[-1], ()) if _same_end(parts, PurePosixPath(e).parts)]
        return max(fits, key=len, default=None)


def _same_end(a: Sequence[str], b: Sequence[str]) -> bool:
    shorter = min(len(a), len(b))
    return tuple(a[-shorter:]) == tuple(b[-shorter:])


def read_truth(path: Path) -> Truth:
    """Read `file,label,start,end[,…]`; a row without a label says that nothing may be raised. Raises TruthError."""
    events: dict[str, tuple[Event, ...]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if missing := [c for c in ("file", "label", "start", "end") if c not in (reader.fieldnames or ())]:
                raise TruthError(N_("{path}: the column {column} is missing; the first line must be file,label,start,end"), path=path, column=missing[0])
            for row in reader:
                before = events.get(row["file"], ())
                events[row["file"]] = (*before, _event(row, path, reader.line_num)) if row["label"] else before
    except OSError as error:
        raise TruthError(N_("{path}: cannot be read: {told}"), path=path, told=reason_of(error)) from error
    except UnicodeDecodeError as error:
        raise TruthError(N_("{path}: not a text file in UTF-8"), path=path) from error
    if not events:
        raise TruthError(N_("{path}: no row says what to expect"), path=path)
    return Truth(events)


def _event(row: dict[str, str], path: Path, line: int) -> Event:
    if row["label"] not in LABELS:
        labels = ", ".join(LABELS)
        raise TruthError(N_("{path}, line {line}: {label} is not a label; labels are: {labels}"), path=path, line=line, label=row["label"], labels=labels)
    try:
        start_s, end_s = float(row["start"]), float(row["end"])
    except (TypeError, ValueError):
        start_s, end_s = 0.0, -1.0
    if not 0.0 <= start_s <= end_s:
        sentence = N_("{path}, line {line}: start {start} and end {end} must be seconds, the end not before the start")
        raise TruthError(sentence, path=path, line=line, start=row["start"], end=row["end"])
    return Event(row["label"], start_s, end_s)


def compare(events: Sequence[Event], raised: Sequence[Closed]) -> Outcome:
    """Hold the alerts of one recording against its events.

    An event is found by an alert of its label that overlaps it or begins at most TOLERANCE_S after its end; its delay counts from its
    start to the first decision. An alert is false where it meets no event at all: a scream called crying brings the same help.
    """
    found, missed = [], []
    for event in events:
        hits = [a for a in raised if a.label == event.label and _meets(a, event)]
        if hits:
            found.append(Found(event, max(0.0, min(a.raised_s for a in hits) - event.start_s)))
        else:
            missed.append(event)
    false = tuple(a for a in raised if not any(_meets(a, event) for event in events))
    return Outcome(tuple(found), tuple(missed), false)


def _meets(alert: Closed, event: Event) -> bool:
    return alert.end_s >= event.start_s and alert.onset_s <= event.end_s + TOLERANCE_S
