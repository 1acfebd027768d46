"""Recordings for the maintainers: sealed files of their own, and in the clear a folder that `xiaoan replay --expect` judges."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EdgeError
from edge.evidence.container import About
from edge.reasons import reason_of
from edge.words import N_

TRUTH = "truth.csv"
NOTHING = N_("none")
"""The label of a recording by which nothing may be raised."""

LABELS = ("shouting", "crying", "insult", "help", NOTHING)
COLUMNS = ("file", "label", "start", "end", "place", "note", "consent", "by", "sensitivity_dbfs", "level_dba")


class NotWritten(EdgeError):
    """A recording or its expectation cannot be written."""


@dataclass(frozen=True, slots=True)
class Written:
    """Where it is."""

    sound: Path
    truth: Path


def put(file: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, onto the disk. Raises NotWritten."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    except FileExistsError as error:
        raise NotWritten(N_("{file} is there already"), file=file) from error
    except OSError as error:
        raise NotWritten(N_("{file}: cannot be written: {told}"), file=file, told=reason_of(error)) from error


def put_clear(file: Path, about: About, flac: bytes) -> Written:
    """Write a fixture in the clear, and what is expected of it into `truth.csv` beside it. Raises NotWritten."""
    assert about.fixture
    put(file, flac)
    return Written(file, expect(file, about))


def expect(file: Path, about: About) -> Path:
    """Add to `truth.csv` what a replay of this recording must raise: its label over all of it, or nothing. Raises NotWritten."""
    fixture = about.fixture
    assert fixture
    label = "" if about.label == NOTHING else about.label
    row = (file.name, label, "0.0", f"{about.seconds:.1f}", about.place, fixture.note, fixture.consent, fixture.by, fixture.sensitivity_dbfs, fixture.level_dba)
    truth = file.with_name(TRUTH)
    try:
        with os.fdopen(os.open(truth, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "a", newline="", encoding="utf-8") as opened:
            table = csv.writer(opened, lineterminator="\n")
            if opened.tell() == 0:
                table.writerow(COLUMNS)
            table.writerow(row)
    except OSError as error:
        raise NotWritten(N_("{file}: cannot be written: {told}"), file=truth, told=reason_of(error)) from error
    return truth
