"""`xiaoan calibrate phrases --from-history --verdicts`: what the desk judged of phrases, from the desk's own file to the profile."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.calibrate.history import History, setup_for
from edge.calibrate.tally import Cell, Tally
from edge.config.load import read
from edge.config.profiles import FILE
from edge.config.profiles import read as read_profile
from edge.desk.export import verdicts
from edge.desk.school import Case
from edge.detect.manifest import read_manifest
from edge.shipped import models_folder
from tests.in_process import Done, xiaoan_with

pytestmark = pytest.mark.skipif(not (models_folder() / "phrases-model.toml").exists(), reason="there is no phrase model yet")
pytest.importorskip("scipy", reason="scipy (extra [technician]) is not installed")

LIST = 'thresholds = [0.5]\n[help]\nphrases = ["救命", "开门"]\n[insult]\nphrases = [{text = "滚出去", threshold = 0.7}, {text = "蠢猪", on = false}]\n'
NOON_MS = 1_795_147_200_000  # 2026-11-20
SCORES = {"救命": (0.52, 0.66, 0.58), "滚出去": (0.55, 0.55, 0.52)}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A terminal with a list of its own that has listened for 240 h."""
    (tmp_path / "list.toml").write_text(LIST, encoding="utf-8")
    file = tmp_path / "config.toml"
    file.write_text(f'[terminal]\nname = "east-1"\n[paths]\nstate = "{tmp_path}/state"\n[phrases]\nfile = "{tmp_path}/list.toml"\n')
    manifest = read_manifest(models_folder() / "detector.toml")
    setup = setup_for(read(file).config, manifest, -26.0)
    counted = Tally(setup, manifest.step_s)
    counted.cells["default", 1] = Cell(240 * 3600.0, {50: 10})
    history = History(tmp_path / "state", setup, manifest.step_s, 0.0)
    history._tally.add(counted)
    history.write(None, 0.0)
    return file


@pytest.fixture
def xiaoan(config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """The command with this configuration and the verdicts, in this process."""
    return xiaoan_with(config, capsys, monkeypatch, "calibrate", columns=160)


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Path]:
    """The desk's file of alerts: phrase, score, verdict and word of each."""

    def write(*rows: tuple[str, float, str, str]) -> Path:
        group = {"滚出去": "insult", "蠢猪": "insult"}
        cases = [
            Case("east-1", str(i), group.get(text, "help"), "closed", "二楼", NOON_MS, "default", score=score, phrase=text, raised_ms=NOON_MS + i * 60_000,
                 verdict=kind, word=word)
            for i, (text, score, kind, word) in enumerate(rows)
        ]  # fmt: skip
        (tmp_path / "verdicts.csv").write_text(verdicts(cases), encoding="utf-8")
        return tmp_path / "verdicts.csv"

    return write


FALSE_CALLS = [("救命", 0.52, "false", "就名单")] * 6


def test_a_phrase_that_alerted_falsely_too_often_is_raised(xiaoan: Callable[..., Done], judged: Callable[..., Path], tmp_path: Path) -> None:
    """Six in ten days are more than half a day; over their score none would have come, and the real one would. Only that phrase changes, and it is told how."""
    file = judged(*FALSE_CALLS, ("救命", 0.9, "real", "打架"), ("滚出去", 0.6, "prank", "学生"), ("蠢猪", 0.9, "false", ""))
    options = ("phrases", "--from-history", "--verdicts", file, "--by", "li")
    dry = xiaoan(*options, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    row = next(line for line in dry.stdout.splitlines() if line.startswith("救命"))
    assert row.split() == ["救命", "help", "0", "1", "6", "0.60", "(0.22-1.31)", "0.50", "0.55", "0", "0"]
    for told in ("0.00 false alarms a day, at most 0.30 (95 %)", "No threshold is lowered", "No threshold keeps pranks away", "Next: call these phrases"):
        assert told in dry.stdout
    assert "9 verdicts of the desk" in dry.stderr
    assert "1 of them are left out" in dry.stderr
    assert not (tmp_path / "state" / FILE).exists()
    assert xiaoan(*options).returncode == 0
    profile = read_profile(tmp_path / "state" / FILE)
    assert profile
    assert profile.phrases
    assert (profile.phrases.by, profile.phrases.thresholds, profile.phrases.heard_s) == ("li", {"救命": 0.55}, 240 * 3600.0)
    assert profile.phrases.how == "8 verdicts of the desk, for 0.5 false alarms a day"


def test_real_alerts_that_would_have_been_missed_are_named_and_nothing_is_written(
    xiaoan: Callable[..., Done], judged: Callable[..., Path], tmp_path: Path
) -> None:
    """Somebody has to say that they may be missed."""
    file = judged(*FALSE_CALLS, ("救命", 0.54, "real", "打架"), ("救命", 0.9, "real", ""))
    options = ("phrases", "--from-history", "--verdicts", file)
    done = xiaoan(*options)
    assert done.returncode == 1
    assert "would have been missed: 救命, 2026-11-20" in done.stdout
    assert "score 0.54, 打架" in done.stdout
    assert "Real ones just above a proposed threshold may be missed as well" in done.stdout
    assert "would have missed 1 of 2 alerts that the desk judged real" in done.stderr
    told = json.loads(xiaoan(*options, "--json").stdout)
    assert [(row["phrase"], row["false"], row["proposed"], [one["word"] for one in row["missed"]]) for row in told["phrases"]] == [("救命", 6, 0.55, ["打架"])]
    assert not (tmp_path / "state" / FILE).exists()
    assert xiaoan(*options, "--accept-misses").returncode == 0
    assert (tmp_path / "state" / FILE).exists()


def test_a_threshold_that_the_school_has_written_is_told_to_be_changed_there(xiaoan: Callable[..., Done], judged: Callable[..., Path]) -> None:
    """In the list 滚出去 has 0.7, which goes before what the profile says; an alert of 0.55 had 0.74 on its scale."""
    done = xiaoan("phrases", "--from-history", "--verdicts", judged(*[("滚出去", 0.55, "false", "")] * 6))
    assert done.returncode == 0, done.stderr
    assert "Write there: threshold = 0.75" in done.stderr


def test_what_was_judged_before_thresholds_changed_does_not_count_again(
    xiaoan: Callable[..., Done], judged: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alert's score says how far it was over the threshold of its day: held against today's it would raise it again and again."""
    now = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

    def local_time() -> datetime:
        return now.astimezone()

    monkeypatch.setattr("edge.commands.listening.local_time", local_time)
    monkeypatch.setattr("edge.commands.keeping.now_utc", lambda: "2026-11-25T12:00:00Z")
    options = ("phrases", "--from-history", "--verdicts", judged(*FALSE_CALLS))
    assert xiaoan(*options).returncode == 0
    again = xiaoan(*options)
    assert (again.returncode, "were changed at 2026-11-25T12:00:00Z" in again.stderr) == (2, True)
    now += timedelta(days=3)
    later = xiaoan(*options)
    assert (later.returncode, "6 earlier ones" in later.stderr) == (2, True)
    monkeypatch.setattr("edge.commands.listening.local_time", lambda: None)
    assert "Nobody knows when the profile's thresholds of phrases were found" in xiaoan(*options).stderr


def test_where_nothing_is_to_raise_nothing_is_written(xiaoan: Callable[..., Done], judged: Callable[..., Path], tmp_path: Path) -> None:
    """One in ten days is as rare as was asked for; a tenth of that cannot be claimed yet."""
    options = ("phrases", "--from-history", "--verdicts", judged(("救命", 0.52, "false", "")))
    done = xiaoan(*options)
    assert (done.returncode, "Every phrase keeps its threshold" in done.stderr) == (0, True)
    short = xiaoan(*options, "--target", "0.05")
    assert (short.returncode, "needs 1438 h of listening, has 240.0 h" in short.stdout) == (1, True)
    assert not (tmp_path / "state" / FILE).exists()


def test_verdicts_that_cannot_be_used_are_one_sentence(xiaoan: Callable[..., Done], judged: Callable[..., Path], tmp_path: Path) -> None:
    """No file, no phrase in it, none that is listened for, a wish to lower, a terminal that has counted nothing. `calibrate site` says where to look."""
    file = judged(("蠢猪", 0.9, "false", ""))
    older = tmp_path / "older.csv"
    older.write_text("id,device,place,label,raised,score,level_dba,verdict,word\n1,east-1,x,help,2026-11-20T01:00:00Z,0.9,80,false,\n")
    history = ("phrases", "--from-history")
    for options, told in (
        (history, "the history counts no phrases"),
        (("phrases", "--verdicts", file), "goes with --from-history"),
        ((*history, "--verdicts", older), "the column phrase is missing"),
        ((*history, "--verdicts", file), "no verdict on a phrase that is listened for"),
        ((*history, "--verdicts", file, "--lower"), "--lower does not go with --verdicts"),
    ):
        done = xiaoan(*options)
        assert (done.returncode, told in done.stderr) == (2, True), done
    assert "xiaoan calibrate phrases --from-history --verdicts" in xiaoan("site", "--from-history", "--dry-run").stdout
    for day in (tmp_path / "state" / "history").iterdir():
        day.unlink()
    empty = xiaoan(*history, "--verdicts", file)
    assert (empty.returncode, "the history is empty" in empty.stderr) == (2, True)
