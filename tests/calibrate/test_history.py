"""The terminal's own statistics: a file a day, and what is read back."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from edge.calibrate.history import EVERY_S, FOLDER, KEPT, History, read
from edge.calibrate.tally import Setup
from edge.decide.types import Rule, Step

SETUP = Setup("t-1", "", "a" * 64, -26.0, {"shouting": Rule(0.0, 0.0, 1, 1, 0.0, 1.0)})
STEP_S = 0.2


def local(day: int, hour: int = 8) -> datetime:
    """A time in November."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def heard(state: Path, day: int, scores: list[float], setup: Setup = SETUP) -> History:
    """A history that has heard so many steps on that day, and was written."""
    history = History(state, setup, STEP_S, 0.0)
    history.hear([Step(STEP_S * (i + 1), 50.0, {"shouting": score}) for i, score in enumerate(scores)], "class", local(day), 1.0)
    history.write(local(day), 2.0)
    return history


def test_a_day_is_one_file_that_grows(tmp_path: Path) -> None:
    """Two starts of one day add up; the next day has a file of its own; some kilobytes."""
    heard(tmp_path, 20, [0.1] * 50)
    heard(tmp_path, 20, [0.9] * 50)
    heard(tmp_path, 21, [0.1] * 50)
    assert len(list((tmp_path / FOLDER).iterdir())) == 2
    past = read(tmp_path, SETUP, STEP_S, 7, date(2026, 11, 21))
    assert (past.days, past.left_out, round(past.tally.heard_s)) == (2, 0, 30)
    assert past.tally.cells["class", 8].raised["shouting"][10] == 1
    assert all(file.stat().st_size < 3000 for file in (tmp_path / FOLDER).iterdir())


def test_it_is_written_at_most_once_an_hour(tmp_path: Path) -> None:
    """An SD card lives long; with nothing heard nothing is written."""
    history = History(tmp_path, SETUP, STEP_S, 100.0)
    assert history.due_s == 100.0 + EVERY_S
    history.write(local(20), 4000.0)
    assert (history.due_s, list(tmp_path.iterdir())) == (4000.0 + EVERY_S, [])


def test_only_the_last_days_of_this_setup_count(tmp_path: Path) -> None:
    """Another model's scores are others; what is damaged is left out, and begun anew when the day goes on."""
    heard(tmp_path, 1, [0.1] * 10)
    heard(tmp_path, 20, [0.1] * 10)
    heard(tmp_path, 20, [0.1] * 10, replace(SETUP, model="b" * 64))
    past = read(tmp_path, SETUP, STEP_S, 7, date(2026, 11, 21))
    assert (past.days, past.left_out, round(past.tally.heard_s)) == (1, 1, 2)
    for file in (tmp_path / FOLDER).glob("2026-11-20-*"):
        file.write_text("{")
    assert read(tmp_path, SETUP, STEP_S, 7, date(2026, 11, 21)).left_out == 2
    heard(tmp_path, 20, [0.1] * 10)
    assert read(tmp_path, SETUP, STEP_S, 7, date(2026, 11, 21)).days == 1


def test_without_a_clock_nothing_is_lost(tmp_path: Path) -> None:
    """Its hours are unknown, and they count."""
    history = History(tmp_path, SETUP, STEP_S, 0.0)
    history.hear([Step(0.2, 50.0, {"shouting": 0.1})], "default", None, 1.0)
    history.write(None, 2.0)
    for today in (None, date(2026, 11, 21)):
        assert list(read(tmp_path, SETUP, STEP_S, 7, today).tally.cells) == [("default", -1)]


def test_a_disk_that_refuses_loses_nothing(tmp_path: Path) -> None:
    """What was counted waits for the next hour."""
    (tmp_path / FOLDER).write_text("a file where the folder should be")
    history = heard(tmp_path, 20, [0.1] * 10)
    (tmp_path / FOLDER).unlink()
    history.write(local(20), 4000.0)
    assert round(read(tmp_path, SETUP, STEP_S, 7, date(2026, 11, 20)).tally.heard_s) == 2


def test_old_days_leave(tmp_path: Path) -> None:
    """As many files stay as are of use."""
    (tmp_path / FOLDER).mkdir()
    for i in range(KEPT + 5):
        (tmp_path / FOLDER / f"2025-{1 + i // 28:02d}-{1 + i % 28:02d}-00000000.json").write_text("{}")
    heard(tmp_path, 20, [0.1])
    assert len(list((tmp_path / FOLDER).iterdir())) == KEPT


def test_a_hole_in_the_sound_ends_an_incident(tmp_path: Path) -> None:
    """As at the terminal: loud before and after ten lost seconds are two."""
    history = History(tmp_path, SETUP, STEP_S, 0.0)
    for now_s, step in ((1.0, 0.2), (11.0, 0.4)):
        history.hear([Step(step, 80.0, {"shouting": 1.0})], "class", local(20), now_s)
    history.write(local(20), 12.0)
    assert read(tmp_path, SETUP, STEP_S, 7, date(2026, 11, 20)).tally.cells["class", 8].raised["shouting"][0] == 2


def test_counting_and_writing_go_on_side_by_side(tmp_path: Path) -> None:
    """The sound thread counts while the main loop writes: not a step is lost."""
    history = History(tmp_path, SETUP, STEP_S, 0.0)

    def count() -> None:
        for i in range(500):
            history.hear([Step(STEP_S * (i + 1), 50.0, {"shouting": 0.1})], "class", local(20), 1.0)

    thread = threading.Thread(target=count)
    thread.start()
    while thread.is_alive():
        history.write(local(20), 2.0)
    history.write(local(20), 2.0)
    assert round(read(tmp_path, SETUP, STEP_S, 7, date(2026, 11, 20)).tally.heard_s) == 100
