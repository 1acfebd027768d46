"""What the desk judged of this terminal's alerts: what raised false alarms, where they would have stayed away, what that would have cost."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from edge.calibrate.site import Proposal
from edge.calibrate.tally import GRID, UNKNOWN_HOUR, Cell, Tally
from edge.decide.period import DEFAULT
from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_

COLUMNS = ("device", "label", "raised", "score", "verdict")
"""Of the desk's file (docs/desk.md) those that are needed; `word` is shown where it is there, `phrase` is needed for those of the list."""

FALSE = ("false", "prank")
"""A prank is as much of a false alarm as a slammed door: somebody came running for nothing."""

VERDICTS = ("real", *FALSE, "drill")
MOST_WORDS = 5
LARGEST_BYTES = 64 * 1024 * 1024


class VerdictsUnreadable(EdgeError):
    """The file of verdicts cannot be used."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody judged of one alert."""

    label: str
    raised: datetime  # with its time zone
    score: float | None  # None: the desk never heard it
    verdict: str  # of VERDICTS
    word: str  # what was written beside it; may be empty
    phrase: str = ""  # of the list, as it was written; empty for other labels


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts on this terminal, and what was left out."""

    verdicts: tuple[Verdict, ...]
    others: int  # rows of other terminals
    outside: int  # rows of other days

    def of(self, label: str, kinds: Iterable[str]) -> list[Verdict]:
        """Those on one label."""
        return [one for one in self.verdicts if one.label == label and one.verdict in kinds]

    @property
    def labels(self) -> list[str]:
        """That were judged false or real, each once."""
        return sorted({one.label for one in self.verdicts if one.verdict != "drill"})


@dataclass(frozen=True, slots=True)
class Price:
    """One label at one threshold: the false alarms that would have come all the same, and the real ones that would not."""

    label: str
    threshold: float
    false_left: int
    real_lost: int


@dataclass(frozen=True, slots=True)
class Priced:
    """What the verdicts tell of one label."""

    label: str
    false: int  # false alarms and pranks
    real: int
    causes: tuple[tuple[str, int], ...]  # what people wrote of the false ones, the frequent first
    prices: tuple[Price, ...]  # at each threshold of the grid
    away_from: float | None  # the lowest threshold at which no false one would have come; None: there is none
    away_costs: int  # real ones that it would have missed
    proposed: float | None  # the highest that is proposed for any period; None: the history does not count this label
    lost: int  # real ones that what is proposed for their period would have missed

    @property
    def shown(self) -> list[Price]:
        """The thresholds at which something changes: a table that a person reads."""
        changes = [self.prices[0]]
        for price in self.prices:
            if (price.false_left, price.real_lost) != (changes[-1].false_left, changes[-1].real_lost):
                changes.append(price)
        return changes


def read_verdicts(file: Path, device: str, since: datetime | None, needed: Sequence[str] = COLUMNS) -> Judged:
    """The desk's file, as far as it is about this terminal. since: what was raised before is left out; None: all. needed: columns that must be there.

    Raises VerdictsUnreadable.
    """
    found: list[Verdict] = []
    others = outside = 0
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise VerdictsUnreadable(N_("{file}: larger than {mb} MB, which no file of verdicts is"), file=file, mb=LARGEST_BYTES // 1024**2)
        with file.open(newline="", encoding="utf-8-sig") as opened:
            reader = csv.DictReader(opened)
            if missing := [column for column in needed if column not in (reader.fieldnames or ())]:
                raise VerdictsUnreadable(N_("{file}: the column {column} is missing; it must be as `xiaoan desk --verdicts` writes it"),
                                         file=file, column=missing[0])  # fmt: skip
            for row in reader:
                if row["device"] != device:
                    others += 1
                    continue
                verdict = _verdict(row, file, reader.line_num)
                if since is not None and verdict.raised < since:
                    outside += 1
                else:
                    found.append(verdict)
    except OSError as error:
        raise VerdictsUnreadable(N_("{file}: cannot be read: {told}"), file=file, told=reason_of(error)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise VerdictsUnreadable(N_("{file}: not a CSV in UTF-8"), file=file) from error
    return Judged(tuple(found), others, outside)


def _verdict(row: dict[str, str], file: Path, line: int) -> Verdict:
    try:
        raised = datetime.fromisoformat(row["raised"])
        score = float(row["score"]) if row["score"] else None
    except (ValueError, TypeError):
        raised, score = datetime.min, None  # noqa: DTZ901 - without a zone, as below
    if raised.tzinfo is None or row["verdict"] not in VERDICTS or not (score is None or 0.0 <= score <= 1.0):
        raise VerdictsUnreadable(N_("{file}, line {line}: this is no verdict as `xiaoan desk --verdicts` writes it"), file=file, line=line)
    return Verdict(row["label"], raised, score, row["verdict"], (row.get("word") or "").strip(), row.get("phrase") or "")


def since_days(now: datetime, days: int) -> datetime:
    """The midnight from which the last so many days count."""
    return (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)


def prices(judged: Judged, label: str) -> list[Price]:
    """Each threshold of the grid. A verdict without a score counts against the threshold: as false it stays, as real it is lost."""
    false, real = judged.of(label, FALSE), judged.of(label, ("real",))
    return [
        Price(
            label, threshold, sum(one.score is None or one.score >= threshold for one in false), sum(one.score is None or one.score < threshold for one in real)
        )
        for threshold in GRID
    ]


def without_true(tally: Tally, judged: Judged, period_of: Callable[[datetime], str]) -> int:
    """Take out of a tally, in which every incident counts as false, what was real or a drill. Returns how many were found there.

    period_of: the period of the day at a local time. An incident is taken out at each threshold that its score reaches; where it was not counted
    in its hour, out of what was counted while the terminal did not know the time.
    """
    taken = 0
    for one in judged.verdicts:
        if one.verdict in FALSE or one.score is None:
            continue
        local = one.raised.astimezone()
        for key in ((period_of(local), local.hour), (DEFAULT, UNKNOWN_HOUR)):
            cell = tally.cells.get(key, Cell())
            counts = cell.raised.get(one.label, [])
            left = [max(count - (one.score >= threshold), 0) for threshold, count in zip(GRID, counts, strict=bool(counts))]
            if left != counts:
                cell.raised[one.label] = left
                taken += 1
                break
    return taken


def priced(judged: Judged, found: Proposal, period_of: Callable[[datetime], str]) -> list[Priced]:
    """Each label that was judged false or real, held against what is proposed. period_of: the period of the day at a local time."""
    every = []
    for label in judged.labels:
        false, real, at_each = judged.of(label, FALSE), judged.of(label, ("real",)), prices(judged, label)
        away = next((price for price in at_each if price.false_left == 0), None)
        proposed = [values[label] for values in found.thresholds.values() if label in values]
        lost = sum(_missed(one, _threshold(found, period_of(one.raised.astimezone()), label)) for one in real)
        words = Counter(one.word for one in false if one.word).most_common(MOST_WORDS)
        every.append(Priced(label, len(false), len(real), tuple(words), tuple(at_each), away.threshold if away else None, away.real_lost if away else 0,
                            max(proposed, default=None), lost))  # fmt: skip
    return every


def _threshold(found: Proposal, period: str, label: str) -> float | None:
    """What is proposed for a period; where nothing is, what is for all of them, as the terminal takes it."""
    return found.thresholds.get(period, {}).get(label, found.thresholds.get(DEFAULT, {}).get(label))


def _missed(one: Verdict, threshold: float | None) -> bool:
    """Whether an alert would not have come at this threshold; None: there the one of today stays."""
    return threshold is not None and (one.score is None or one.score < threshold)
