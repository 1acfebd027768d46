"""`xiaoan calibrate show|history|restore`, and the profile where other commands use it."""

import json
from pathlib import Path

import pytest

from edge.config.profiles import FILE, Here, MeasuredLevel, MeasuredThresholds, Profile, here, save
from edge.config.schema import Config
from edge.detect.manifest import read_manifest
from edge.shipped import models_folder
from tests.command import xiaoan
from tests.small_disk import fill, small_disk

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")


@pytest.fixture
def this() -> Here:
    """The machine that tests, with the default microphone."""
    return here(Config(), read_manifest(models_folder() / "detector.toml").sha256)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a state folder of its own."""
    (tmp_path / "config.toml").write_text(f'[paths]\nstate = "{tmp_path}/state"\n')
    return tmp_path / "config.toml"


def profile_for(this: Here, sensitivity_dbfs: float = -31.5, model: str = "") -> Profile:
    """A whole profile."""
    level = MeasuredLevel(
        by="李老师", at="2026-11-23T08:00:00Z", how="calibrator 94 dB", heard_s=5.0, model=this.model, sensitivity_dbfs=sensitivity_dbfs, uncertainty_db=1.1
    )
    thresholds = MeasuredThresholds(
        by="李老师", at="2026-11-24T08:00:00Z", how="site", heard_s=6e5, model=model or this.model, sensitivity_dbfs=-31.5,
        periods={"default": {"shouting": 0.55}, "break": {"shouting": 0.8}},
    )  # fmt: skip
    return Profile(machine=this.machine, device=this.device, level=level, thresholds=thresholds)


def test_show_tells_what_was_found_by_whom_and_how(tmp_path: Path, config: Path, this: Here) -> None:
    """In words and as JSON; without a profile it says how to begin."""
    assert "Begin with: xiaoan calibrate level" in xiaoan("calibrate", "show", "--config", config).stdout
    save(tmp_path / "state", profile_for(this))
    shown = xiaoan("calibrate", "show", "--config", config)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Sensitivity: -31.5 dBFS at 94 dB SPL, give or take 1.1 dB\n  by 李老师, 2026-11-23T08:00:00Z, calibrator 94 dB, from 5 s of sound" in shown.stdout
    assert "Thresholds (break): shouting 0.80\n  by 李老师, 2026-11-24T08:00:00Z, site, from 166.7 h of sound" in shown.stdout
    told = json.loads(xiaoan("calibrate", "show", "--json", "--config", config).stdout)
    assert (told["profile"]["level"]["by"], told["in_use"]["sensitivity_dbfs"], told["problem"]) == ("李老师", -31.5, None)


def test_a_profile_for_another_model_is_said_and_partly_used(tmp_path: Path, config: Path, this: Here) -> None:
    """Status 1, the reason on standard error, the sensitivity in use."""
    save(tmp_path / "state", profile_for(this, model="b" * 64))
    shown = xiaoan("calibrate", "show", "--config", config)
    assert shown.returncode == 1
    assert "made for another model (bbbbbbbb…" in shown.stderr
    assert "In use: -31.5 dBFS at 94 dB SPL (measured)" in shown.stdout


def test_history_lists_and_restore_brings_back(tmp_path: Path, config: Path, this: Here) -> None:
    """The one in use is marked; a dry run writes nothing; what came back is the newest of the history."""
    state = tmp_path / "state"
    for sensitivity_dbfs in (-31.5, -28.0):
        save(state, profile_for(this, sensitivity_dbfs))
    rows = [line.split() for line in xiaoan("calibrate", "history", "--config", config).stdout.splitlines()[1:3]]
    assert [(row[0], row[1] == "*", "-28.0" in row) for row in rows] == [("2", True, True), ("1", False, False)]
    before = (state / FILE).read_text()
    dry = xiaoan("calibrate", "restore", "1", "--dry-run", "--config", config)
    assert (dry.returncode, (state / FILE).read_text()) == (0, before)
    assert "stays as it is" in dry.stderr
    assert "number 3 of the history" in xiaoan("calibrate", "restore", "1", "--config", config).stderr
    told = [json.loads(line) for line in xiaoan("calibrate", "history", "--json", "--config", config).stdout.splitlines()]
    assert [one["number"] for one in told] == [3, 2, 1]
    assert told[0]["profile"]["level"]["sensitivity_dbfs"] == -31.5
    refused = xiaoan("calibrate", "restore", "7", "--config", config)
    assert (refused.returncode, refused.stderr) == (2, "xiaoan: there is no profile 7; kept are: 3, 2, 1\n")


def test_restore_refuses_what_was_made_elsewhere(tmp_path: Path, config: Path, this: Here) -> None:
    """With the reason, and nothing is written."""
    save(tmp_path / "state", profile_for(Here(this.machine, "card:Other", this.model)))
    refused = xiaoan("calibrate", "restore", "1", "--config", config)
    assert refused.returncode == 2
    assert "was made with the microphone card:Other, the configuration names default" in refused.stderr


def test_the_configuration_shows_what_comes_from_the_profile(tmp_path: Path, config: Path, this: Here) -> None:
    """Each value with its origin."""
    save(tmp_path / "state", profile_for(this))
    told = [json.loads(line) for line in xiaoan("config", "show", "--json", "--config", config).stdout.splitlines()]
    values = {key: (row["value"], row["from"]) for row in told for key, row in row.items()}
    assert values["microphone.sensitivity_dbfs"] == (-31.5, "profile")
    assert values["labels.shouting.threshold"] == (0.55, "profile")
    assert values["labels.crying.threshold"][1] == "model"


def test_how_it_was_found_is_told_in_chinese(tmp_path: Path, config: Path, this: Here) -> None:
    """The file keeps it in English; `show` and `history` translate it."""
    profile = profile_for(this)
    assert profile.level
    assert profile.thresholds
    level, thresholds = (part.model_copy(update={"how": how}) for part, how in (
        (profile.level, "acoustic calibrator, 94 dB SPL"), (profile.thresholds, "history, for 0.5 false alarms a day")))  # fmt: skip
    save(tmp_path / "state", profile.model_copy(update={"level": level, "thresholds": thresholds}))
    shown = xiaoan("calibrate", "show", "--lang", "zh", "--config", config).stdout
    assert "声校准器" in shown
    assert "按每天 0.5 次误报" in shown
    assert "按每天 0.5 次误报" in xiaoan("calibrate", "history", "--lang", "zh", "--config", config).stdout


def test_a_full_disk_leaves_the_profile_as_it_is_and_sudo_is_no_remedy(tmp_path: Path, config: Path, this: Here) -> None:
    """Nothing is half written."""
    with small_disk(tmp_path / "state") as state:
        save(state, profile_for(this))
        before = {file: file.read_bytes() for file in state.rglob("*.toml")}
        fill(state)
        done = xiaoan("calibrate", "restore", "1", "--config", config)
        assert (done.returncode, done.stderr) == (2, f"xiaoan: {state / FILE}: cannot be written: No space left on device\n")
        assert {file: file.read_bytes() for file in state.rglob("*") if file.suffix != ".toml" and file.is_file() and file.name != "filler"} == {}
        assert {file: file.read_bytes() for file in state.rglob("*.toml")} == before
