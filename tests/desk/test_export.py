"""What leaves the desk as CSV."""

import csv
import io
from dataclasses import replace

from edge.desk.export import HISTORY, VERDICTS, history, verdicts
from edge.desk.school import Case
from tests.desk.say import ID, NOON_MS, PLACE

JUDGED = Case("t1", ID, "shouting", "closed", PLACE, NOON_MS, "break", score=0.914, level_dba=88.2, raised_ms=NOON_MS - 1500, verdict="false", word="搬桌子")


def test_a_verdict_is_one_row_with_what_a_calibration_needs() -> None:
    """As docs/desk.md describes it; whose raising the terminal could not date has the desk's time."""
    undated = replace(JUDGED, id="b", raised_ms=None, score=None, level_dba=None, verdict="prank", word="")
    drill = replace(undated, id="c", label="help", phrase="救命", verdict="real", drill=True)
    assert verdicts([JUDGED, undated, drill]).splitlines() == [
        "id,device,place,label,raised,score,level_dba,verdict,word,phrase",
        f"{ID},t1,{PLACE},shouting,2027-01-15T07:59:58.500Z,0.914,88.2,false,搬桌子,",
        f"b,t1,{PLACE},shouting,2027-01-15T08:00:00.000Z,,,prank,,",
        f"c,t1,{PLACE},help,2027-01-15T08:00:00.000Z,,,drill,,救命",
    ]


def test_what_nobody_judged_teaches_nothing() -> None:
    """Neither an open alert nor "not known"."""
    assert verdicts([replace(JUDGED, verdict=None), replace(JUDGED, verdict="none")]) == ",".join(VERDICTS) + "\n"


def test_what_people_write_is_text_for_a_spreadsheet_too() -> None:
    """A formula does not run, nor one in the wide signs of a Chinese keyboard, a comma and a line break stay in their field."""
    written = [replace(JUDGED, word=word) for word in ('=HYPERLINK("http://x")', "+1", "a,b\n“c”")]
    assert [row["word"] for row in csv.DictReader(io.StringIO(verdicts(written)))] == ["'=HYPERLINK(\"http://x\")", "'+1", "a,b\n“c”"]
    foreign = [replace(JUDGED, word=word) for word in ("\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x", "\n=1")]
    assert [row["word"][0] for row in csv.DictReader(io.StringIO(verdicts(foreign)))] == ["'"] * 5
    hostile = replace(JUDGED, id="=1+1", terminal="-1+1|x")
    assert verdicts([hostile, replace(JUDGED, terminal="-east")]).splitlines()[1:] == [
        f"'=1+1,'-1+1|x,{PLACE},shouting,2027-01-15T07:59:58.500Z,0.914,88.2,false,搬桌子,",
        f"{ID},-east,{PLACE},shouting,2027-01-15T07:59:58.500Z,0.914,88.2,false,搬桌子,",
    ]


def test_the_history_has_every_moment() -> None:
    """One field for each name of the header."""
    (row,) = csv.DictReader(io.StringIO(history([replace(JUDGED, acknowledged_ms=NOON_MS + 9000, by="李老师", repeat=1)])))
    assert tuple(row) == HISTORY
    assert (row["acknowledged"], row["arrived"], row["said"], row["by"], row["drill"]) == ("2027-01-15T08:00:09.000Z", "", "2", "李老师", "no")
