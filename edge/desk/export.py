"""What leaves the desk as CSV. Pure. docs/desk.md describes the columns; new ones come at the end."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from unicodedata import normalize

from edge.desk.figures import kind
from edge.desk.school import Case
from edge.link.messages import utc

VERDICTS = ("id", "device", "place", "label", "raised", "score", "level_dba", "verdict", "word", "phrase")
HISTORY = (
    "id", "device", "place", "label", "phrase", "period", "raised", "heard", "acknowledged", "arrived", "closed", "score", "level_dba", "said", "incidents",
    "drill", "verdict", "by", "word",
)  # fmt: skip
JUDGED = ("real", "false", "prank", "drill")

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet would run a cell that begins so; one in Chinese takes the wide signs for the narrow ones."""
_WORD = re.compile(r"[a-z0-9-]*")
"""As terminals are called: with nothing in it that could be run."""


def verdicts(cases: Iterable[Case]) -> str:
    """What somebody judged, for the next calibration: one row an alert, the oldest first. A drill is one whatever was said of it."""
    return table(VERDICTS, ([
        text(case.id), text(case.terminal), text(case.place), case.label, raised(case), case.score, case.level_dba, kind(case), text(case.word),
        text(case.phrase or ""),
    ] for case in cases if case.verdict in JUDGED))  # fmt: skip


def history(cases: Iterable[Case]) -> str:
    """Everything that is kept of each alert but its trace: one row an alert, the oldest first."""
    return table(HISTORY, ([
        text(case.id), text(case.terminal), text(case.place), case.label, text(case.phrase or ""), text(case.period), raised(case), utc(case.first_ms),
        utc(case.acknowledged_ms), utc(case.arrived_ms), utc(case.closed_ms), case.score, case.level_dba, case.repeat + 1, case.count,
        "yes" if case.drill else "no", case.verdict, text(case.by or ""), text(case.word),
    ] for case in cases))  # fmt: skip


def raised(case: Case) -> str | None:
    """When the alert was raised; by the desk's clock where the terminal's was not set."""
    return utc(case.first_ms if case.raised_ms is None else case.raised_ms)


def text(written: str) -> str:
    """What comes from outside, so that a spreadsheet takes it for text."""
    return f"'{written}" if normalize("NFKC", written[:1]) in _FORMULA and not _WORD.fullmatch(written) else written


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV; None is an empty field."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
