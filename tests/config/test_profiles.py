"""Profiles: what holds, what is refused, and that a write is whole."""

import tomllib
from pathlib import Path

import pytest

from edge.config import profiles
from edge.config.profiles import (
    FILE,
    FOLDER,
    KEPT,
    Here,
    MeasuredLevel,
    MeasuredThresholds,
    NoSuchProfile,
    Profile,
    ProfileBroken,
    ProfileForeign,
    history,
    in_use,
    kept,
    refuse_foreign,
    save,
    to_build_on,
)
from edge.config.schema import Config, MicrophoneSettings

MODEL, OTHER_MODEL = "a" * 64, "b" * 64
HERE = Here("t-1", "card:USB", MODEL)
CONFIG = Config(microphone=MicrophoneSettings(device="card:USB"))
LEVEL = MeasuredLevel(by='李 "Lee"', at="2026-11-23T08:00:00Z", how="calibrator", heard_s=5.0, model=MODEL, sensitivity_dbfs=-31.5, uncertainty_db=1.1)
THRESHOLDS = MeasuredThresholds(
    by="li", at="", how="site", heard_s=6e5, model=MODEL, sensitivity_dbfs=-31.5, periods={"default": {"shouting": 0.5}, "break": {"shouting": 0.8}}
)
PROFILE = Profile(machine="t-1", device="card:USB", level=LEVEL, thresholds=THRESHOLDS)


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Quotes and Chinese in a name, small numbers, absent parts."""
    level = LEVEL.model_copy(update={"gains_percent": {"Mic": 75, "Line In 'x'": 0}})
    for profile in (PROFILE, PROFILE.model_copy(update={"level": level}), Profile(machine="", device=""), PROFILE.model_copy(update={"thresholds": None})):
        save(tmp_path, profile)
        assert profiles.read(tmp_path / FILE) == profile
    assert profiles.read(tmp_path / "absent.toml") is None


def test_what_was_measured_holds_where_the_configuration_is_silent(tmp_path: Path) -> None:
    """Sensitivity and thresholds of the profile; a configured sensitivity goes first, even where it is the usual value."""
    save(tmp_path, PROFILE)
    found = in_use(CONFIG, tmp_path, HERE)
    assert (found.sensitivity_dbfs, found.thresholds, found.measured, found.problem) == (-31.5, THRESHOLDS.periods, LEVEL, None)
    explicit = Config(microphone=MicrophoneSettings(device="card:USB", sensitivity_dbfs=-26.0))
    assert (in_use(explicit, tmp_path, HERE).sensitivity_dbfs, in_use(explicit, tmp_path, HERE).measured) == (-26.0, None)


def test_without_a_profile_the_configuration_holds(tmp_path: Path) -> None:
    """And nothing is wrong with that."""
    found = in_use(CONFIG, tmp_path, HERE)
    assert (found.sensitivity_dbfs, found.thresholds, found.problem) == (-26.0, {}, None)


def test_thresholds_of_another_model_are_left_and_the_sensitivity_stays(tmp_path: Path) -> None:
    """A microphone hears the same whatever the model; scores do not."""
    save(tmp_path, PROFILE)
    found = in_use(CONFIG, tmp_path, Here("t-1", "card:USB", OTHER_MODEL))
    assert (found.sensitivity_dbfs, found.thresholds) == (-31.5, {})
    assert "another model (aaaaaaaa…; installed is bbbbbbbb…)" in str(found.problem)


@pytest.mark.parametrize(
    ("here", "told"),
    [
        (Here("t-2", "card:USB", MODEL), "another terminal (t-1; this one is t-2)"),
        (Here("t-1", "", MODEL), "the microphone card:USB, the configuration names default"),
    ],
)
def test_nothing_of_another_device_holds(tmp_path: Path, here: Here, told: str) -> None:
    """An image copied from another terminal, or a microphone that was changed."""
    save(tmp_path, PROFILE)
    found = in_use(CONFIG, tmp_path, here)
    assert (found.sensitivity_dbfs, found.thresholds) == (-26.0, {})
    assert told in str(found.problem)


def test_a_machine_without_an_id_cannot_tell(tmp_path: Path) -> None:
    """Nothing is refused for what nobody knows."""
    save(tmp_path, PROFILE)
    assert in_use(CONFIG, tmp_path, Here("", "card:USB", MODEL)).problem is None


@pytest.mark.parametrize(
    "text",
    ["", "not toml", 'format = 2\nmachine = ""\ndevice = ""', "\x00", "[[[[", 'machine = ""\ndevice = ""\nextra = 1', '[level]\nsensitivity_dbfs = "-26"'],
)
def test_a_broken_profile_is_left_alone_and_named(tmp_path: Path, text: str) -> None:
    """The terminal listens with the shipped values; the file stays, so that the fault does."""
    (tmp_path / FILE).write_text(text)
    found = in_use(CONFIG, tmp_path, HERE)
    assert (found.sensitivity_dbfs, found.thresholds) == (-26.0, {})
    assert isinstance(found.problem, ProfileBroken)
    assert (tmp_path / FILE).read_text() == text


def test_the_hash_tells_what_holds(tmp_path: Path) -> None:
    """It changes with the profile and with the configuration, and what is not used does not change it."""
    bare = in_use(CONFIG, tmp_path, HERE).sha256
    save(tmp_path, PROFILE)
    whole = in_use(CONFIG, tmp_path, HERE).sha256
    other = in_use(Config(microphone=MicrophoneSettings(device="card:USB", block_s=0.2)), tmp_path, HERE).sha256
    foreign = in_use(CONFIG, tmp_path, Here("t-2", "card:USB", MODEL)).sha256
    assert len({bare, whole, other}) == 3
    assert foreign == bare


def test_the_last_ten_are_kept_and_come_back(tmp_path: Path) -> None:
    """Numbers rise, the newest stands first, the oldest leave; a broken one is shown as such."""
    for db in range(KEPT + 2):
        save(tmp_path, PROFILE.model_copy(update={"level": LEVEL.model_copy(update={"sensitivity_dbfs": -20.0 - db})}))
    assert [one.number for one in history(tmp_path)] == list(range(12, 2, -1))
    brought = kept(tmp_path, 4)
    assert brought.level is not None
    assert brought.level.sensitivity_dbfs == -23.0
    (tmp_path / FOLDER / "0012.toml").write_text("broken")
    assert isinstance(history(tmp_path)[0].profile, ProfileBroken)
    with pytest.raises(ProfileBroken):
        kept(tmp_path, 12)
    with pytest.raises(NoSuchProfile, match=r"no profile 2; kept are: 12, 11"):
        kept(tmp_path, 2)
    assert save(tmp_path, PROFILE) == 13


def test_no_half_of_a_profile_is_left_behind(tmp_path: Path) -> None:
    """Only whole files under their names, readable by the service's user."""
    save(tmp_path, PROFILE)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["0001.toml", FILE, FOLDER]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o644
    assert tomllib.loads((tmp_path / FILE).read_text())["level"]["by"] == '李 "Lee"'


def test_calibration_does_not_build_on_what_is_foreign(tmp_path: Path) -> None:
    """It is refused; with `replace` what holds here is kept: all but thresholds for another model, nothing for another microphone."""
    save(tmp_path, PROFILE)
    assert to_build_on(tmp_path, HERE, replace=False) == PROFILE
    for here, left in ((Here("t-1", "card:USB", OTHER_MODEL), LEVEL), (Here("t-1", "other", MODEL), None)):
        with pytest.raises(ProfileForeign):
            to_build_on(tmp_path, here, replace=False)
        with pytest.raises(ProfileForeign):
            refuse_foreign(PROFILE, here)
        built = to_build_on(tmp_path, here, replace=True)
        assert (built.level, built.thresholds, built.device) == (left, None, here.device)
    (tmp_path / FILE).write_text("broken")
    with pytest.raises(ProfileBroken):
        to_build_on(tmp_path, HERE, replace=False)
    assert to_build_on(tmp_path, HERE, replace=True) == Profile(machine="t-1", device="card:USB")
