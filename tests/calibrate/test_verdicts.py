"""The desk's verdicts: read, priced, and taken out of what the terminal has counted. By hand."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.calibrate.site import Proposal
from edge.calibrate.tally import GRID, UNKNOWN_HOUR, Cell, Setup, Tally
from edge.calibrate.verdicts import Judged, Verdict, VerdictsUnreadable, priced, prices, read_verdicts, since_days, without_true
from edge.decide.types import Rule

HEADER = "id,device,place,label,raised,score,threshold_of_a_later_version,level_dba,verdict,word\n"
AT = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


def row(device: str = "east-1", label: str = "shouting", raised: str = "2026-11-20T01:00:00.000Z", score: str = "0.52", verdict: str = "false") -> str:
    """A line of the file."""
    return f"1,{device},二楼,{label},{raised},{score},,70.1,{verdict},搬桌子\n"


def judged(*found: tuple[str, float | None, str]) -> Judged:
    """Verdicts on shouting: verdict, score, word."""
    return Judged(tuple(Verdict("shouting", AT, score, verdict, word) for verdict, score, word in found), 0, 0)


def test_only_this_terminal_and_these_days_count(tmp_path: Path) -> None:
    """The file is of the whole school; columns go by their names, and there may be more."""
    file = tmp_path / "v.csv"
    file.write_text(HEADER + row() + row(device="east-2") + row(raised="2026-10-01T08:00:00Z") + row(score="", verdict="real"), encoding="utf-8-sig")
    found = read_verdicts(file, "east-1", datetime(2026, 11, 1, tzinfo=UTC))
    assert (found.others, found.outside) == (1, 1)
    assert [(one.verdict, one.score, one.word) for one in found.verdicts] == [("false", 0.52, "搬桌子"), ("real", None, "搬桌子")]
    assert len(read_verdicts(file, "east-1", None).verdicts) == 3
    assert since_days(datetime(2026, 11, 28, 15, 30, tzinfo=UTC), 28) == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,device,label\n1,2,3\n", "the column raised is missing"),
        (HEADER + row(verdict="maybe"), "line 2: this is no verdict"),
        (HEADER + row() + row(raised="yesterday"), "line 3: this is no verdict"),
        (HEADER + row(raised="2026-11-20T01:00:00"), "line 2: this is no verdict"),
        (HEADER + row(score="7"), "line 2: this is no verdict"),
        (HEADER + row(score="nan"), "line 2: this is no verdict"),
        (HEADER + "1,east-1\n", "line 2: this is no verdict"),
    ],
)
def test_what_is_no_verdict_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    """Another table, a word that is none, a time that is none or has no zone, a score out of bounds, half a line."""
    (tmp_path / "v.csv").write_text(text, encoding="utf-8")
    with pytest.raises(VerdictsUnreadable, match=told):
        read_verdicts(tmp_path / "v.csv", "east-1", None)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """Absent, or not text."""
    with pytest.raises(VerdictsUnreadable, match="cannot be read"):
        read_verdicts(tmp_path / "absent.csv", "east-1", None)
    (tmp_path / "v.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(VerdictsUnreadable, match="not a CSV"):
        read_verdicts(tmp_path / "v.csv", "east-1", None)


def test_each_threshold_has_its_price() -> None:
    """False ones at 0.42 and 0.7, a prank at 0.55, real ones at 0.6 and 0.9: from 0.75 on nothing false comes, which costs one of the two."""
    found = judged(("false", 0.42, "桌子"), ("false", 0.7, "桌子"), ("prank", 0.55, "学生"), ("real", 0.6, ""), ("real", 0.9, ""), ("drill", 0.99, ""))
    at = {price.threshold: (price.false_left, price.real_lost) for price in prices(found, "shouting")}
    assert (at[0.4], at[0.45], at[0.55], at[0.6], at[0.65], at[0.75], at[0.95]) == ((3, 0), (2, 0), (2, 0), (1, 0), (1, 1), (0, 1), (0, 2))
    proposal = Proposal({"default": {"shouting": 0.5}, "break": {"shouting": 0.65}}, 0.5, 0, 150.0, 0.0, 0.4, 144.0, reachable=True)
    (one,) = priced(found, proposal, lambda _: "default")
    assert (one.proposed, one.lost) == (0.65, 0)
    (one,) = priced(found, proposal, lambda _: "night")
    assert one.lost == 0
    (one,) = priced(found, replace(proposal, thresholds={"default": {"shouting": 0.65}}), lambda _: "night")
    assert one.lost == 1, "a period without thresholds of its own goes by those of all"
    (one,) = priced(found, proposal, lambda _: "break")
    assert (one.false, one.real, one.away_from, one.away_costs, one.proposed, one.lost) == (3, 2, 0.75, 1, 0.65, 1)
    assert one.causes == (("桌子", 2), ("学生", 1))
    assert [price.threshold for price in one.shown] == [0.05, 0.45, 0.6, 0.65, 0.75, 0.95]


def test_what_nobody_scored_counts_against_a_threshold() -> None:
    """A false one without a score stays at every threshold, a real one without is lost at each: nothing is claimed that was not seen."""
    found = judged(("false", None, ""), ("real", None, ""))
    assert {(price.false_left, price.real_lost) for price in prices(found, "shouting")} == {(1, 1)}
    (one,) = priced(found, Proposal({}, 0.5, 0, 1.0, 0.0, 0.0, 144.0, reachable=True), str)
    assert (one.away_from, one.proposed, one.lost) == (None, None, 0)


def test_what_was_true_is_no_false_alarm_of_the_history() -> None:
    """Of three incidents up to 0.6 in that hour one was real at 0.9 and one a drill at 0.5; other periods stay, and nothing gets below zero."""
    tally = Tally(Setup("", "", "a" * 64, -26.0, {"shouting": Rule(0.3, 0.15, 2, 3, 0.0, 6.0)}), 0.2)
    hour = AT.astimezone().hour
    for key in (("default", hour), ("break", hour)):
        tally.cells[key] = Cell(3600.0, {50: 1}, {"shouting": [3 * (threshold <= 0.6) for threshold in GRID]})
    true = judged(("real", 0.9, ""), ("drill", 0.5, ""), ("false", 0.6, ""), ("real", None, ""))
    assert without_true(tally, true, lambda _: "default") == 2
    counts = dict(zip(GRID, tally.cells["default", hour].raised["shouting"], strict=True))
    assert (counts[0.05], counts[0.5], counts[0.55], counts[0.6], counts[0.65]) == (1, 1, 2, 2, 0)
    assert tally.cells["break", hour].raised["shouting"][0] == 3


def test_a_terminal_without_a_clock_is_judged_by_the_desks() -> None:
    """It counted no hour, and the desk's file has one: what was real is taken out all the same, but not twice."""
    tally = Tally(Setup("", "", "a" * 64, -26.0, {"shouting": Rule(0.3, 0.15, 2, 3, 0.0, 6.0)}), 0.2)
    hour = AT.astimezone().hour
    tally.cells["default", UNKNOWN_HOUR] = Cell(3600.0, {50: 1}, {"shouting": [2] * len(GRID)})
    tally.cells["lesson", hour] = Cell(3600.0, {50: 1}, {"shouting": [1] * len(GRID)})
    assert without_true(tally, judged(("real", 1.0, ""), ("drill", 1.0, "")), lambda _: "lesson") == 2
    assert [cell.raised["shouting"][0] for cell in tally.cells.values()] == [1, 0]
