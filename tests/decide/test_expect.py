"""What was raised against what should have been."""

from pathlib import Path

import pytest

from edge.decide.expect import Event, Found, TruthError, compare, read_truth
from edge.decide.types import Closed

SHOUT = Event("shouting", 5.0, 7.0)


def alert(label: str, onset_s: float, raised_s: float, end_s: float) -> Closed:
    """An incident at these times."""
    return Closed(label, onset_s, raised_s, end_s, 0.9, 80.0, None)


def truth(folder: Path, text: str) -> Path:
    """A file of expectations."""
    path = folder / "truth.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("onset_s", "end_s", "hit"), [(4.0, 4.9, False), (4.0, 5.0, True), (6.0, 9.0, True), (8.5, 9.0, True), (8.6, 9.0, False)])
def test_an_alert_hits_from_the_start_to_a_moment_after_the_end(onset_s: float, end_s: float, hit: bool) -> None:  # noqa: FBT001
    """Overlap counts, and so does a beginning up to 1.5 s after the end; anything else is a miss and a false alarm."""
    outcome = compare([SHOUT], [alert("shouting", onset_s, end_s, end_s)])
    assert (len(outcome.found), len(outcome.missed), len(outcome.false)) == ((1, 0, 0) if hit else (0, 1, 1))


def test_the_delay_runs_from_the_start_to_the_first_decision() -> None:
    """Of two alerts in one event the first decision counts; one that was decided before the start has no delay."""
    (found,) = compare([SHOUT], [alert("shouting", 6.0, 6.8, 6.9), alert("shouting", 5.25, 5.5, 5.75)]).found
    assert found == Found(SHOUT, 0.5)
    assert compare([SHOUT], [alert("shouting", 4.0, 4.4, 6.0)]).found[0].delay_s == 0.0


def test_another_label_within_an_event_is_neither_hit_nor_false() -> None:
    """A scream called crying brings the same help: no false alarm, but the scream is still missed."""
    outcome = compare([SHOUT], [alert("crying", 5.5, 6.0, 7.0)])
    assert (outcome.found, outcome.missed, outcome.false) == ((), (SHOUT,), ())


def test_where_nothing_may_be_raised_everything_is_false() -> None:
    """Each alert in a harmless recording counts."""
    assert len(compare([], [alert("crying", 1, 2, 3), alert("shouting", 5, 6, 7)]).false) == 2


def test_truth_is_read_by_recording(tmp_path: Path) -> None:
    """Rows of one file add up, an empty label means nothing, further columns are left alone."""
    read = read_truth(truth(tmp_path, "file,label,start,end,kind\na.wav,shouting,5,7,scream\na.wav,crying,9,12,sob\nb.wav,,0,0,talk\n"))
    assert read.of("a.wav") == (SHOUT, Event("crying", 9.0, 12.0))
    assert read.of("b.wav") == ()
    assert read.of("c.wav") is None


def test_recordings_are_recognised_by_the_end_of_their_path(tmp_path: Path) -> None:
    """A path on the command line may be longer or shorter than in the truth, but a whole part of it never differs."""
    read = read_truth(truth(tmp_path, "file,label,start,end\nday/a.wav,shouting,5,7\nnight/a.wav,,0,0\nb.wav,,0,0\n"))
    assert read.of("fixtures/day/a.wav") == (SHOUT,)
    assert read.of("night/a.wav") == ()
    assert read.of("fixtures/b.wav") == ()
    assert read.of("xb.wav") is None
    assert read.without(["fixtures/day/a.wav", "b.wav"]) == ["night/a.wav"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("file,label,start\n", "column end is missing"),
        ("", "column file is missing"),
        ("file,label,start,end\n", "no row"),
        ("file,label,start,end\na.wav,screaming,1,2\n", "line 2: screaming is not a label"),
        ("file,label,start,end\na.wav,,,\na.wav,shouting,2,1\n", "line 3: start 2 and end 1"),
        ("file,label,start,end\na.wav,shouting,x,1\n", "line 2: start x"),
    ],
)
def test_what_is_wrong_with_a_truth_is_said_with_its_line(tmp_path: Path, text: str, part: str) -> None:
    """A slip in the file of expectations is named, never read as "nothing expected"."""
    with pytest.raises(TruthError, match=part):
        read_truth(truth(tmp_path, text))


def test_a_truth_that_is_not_there_or_not_text_is_an_error(tmp_path: Path) -> None:
    """Missing file and binary file end in a sentence."""
    with pytest.raises(TruthError, match="cannot be read"):
        read_truth(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(TruthError, match="not a text file"):
        read_truth(tmp_path / "bytes.csv")
