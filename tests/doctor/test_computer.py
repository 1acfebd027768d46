"""What is said of the computer and of the terminal's own files."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge.alerts.lock import only_one
from edge.calibrate.history import Past
from edge.calibrate.tally import GRID, Cell, Setup, Tally
from edge.config.profiles import FILE, Calibration, Here, MeasuredLevel, MeasuredThresholds, Profile, in_use, save
from edge.config.schema import Config, MicrophoneSettings
from edge.doctor import computer, terminal
from edge.doctor.check import Check, State
from edge.health.clock import Moment
from edge.health.machine import THROTTLED

MODEL = "a" * 64
HERE = Here("", "", MODEL)


def names(checks: list[Check]) -> dict[str, State]:
    """Each check's state by its name."""
    return {check.name: check.state for check in checks}


@pytest.mark.parametrize(
    ("synchronised", "periods", "zone", "states"),
    [
        (True, True, "CST-8", {"clock": State.GOOD, "time_zone": State.GOOD}),
        (False, False, "UTC", {"clock": State.WARNING, "time_zone": State.GOOD}),
        (True, True, "UTC", {"clock": State.GOOD, "time_zone": State.WARNING}),
    ],
)
def test_clock_and_zone(synchronised: bool, periods: bool, zone: str, states: dict[str, State], monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """A clock nobody set is said; UTC is suspect only where periods go by local time."""
    import time  # noqa: PLC0415

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert names(list(computer.clock(Moment(0.0, 1_795_000_000_000, synchronised), has_periods=periods))) == states
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(("millidegrees", "state"), [("45000", State.GOOD), ("72000", State.WARNING), ("83000", State.BAD)])
def test_temperature(tmp_path: Path, millidegrees: str, state: State) -> None:
    """Warm is a warning, too hot is bad; a computer without a thermometer is not spoken of."""
    assert list(computer.temperature(tmp_path)) == []
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "temp").write_text(millidegrees)
    assert [check.state for check in computer.temperature(tmp_path)] == [state]


@pytest.mark.parametrize(
    ("enabled", "active", "state"),
    [
        ("enabled", "active", State.GOOD),
        ("enabled", "failed", State.BAD),
        ("disabled", "active", State.BAD),
        ("not-found", "inactive", State.WARNING),
        ("", "", State.WARNING),
    ],
)
def test_the_service(tmp_path: Path, enabled: str, active: str, state: State) -> None:
    """It must start by itself and run; nothing is said where there is no systemd."""
    answers = {"is-enabled": enabled, "is-active": active}
    assert [check.state for check in computer.unit(answers.__getitem__, tmp_path)] == [state]
    assert list(computer.unit(answers.__getitem__, tmp_path / "absent")) == []


@pytest.mark.parametrize(
    ("told", "states"),
    [("0x0", [State.GOOD]), ("0x50005", [State.BAD]), ("0x8", [State.BAD]), ("0x10000", [State.WARNING]), ("0xe0000", [State.WARNING])],
)
def test_throttling(tmp_path: Path, told: str, states: list[State]) -> None:
    """By the number of the Raspberry Pi's firmware: what is now is bad, what was is a warning; other computers are not spoken of."""
    assert list(computer.throttled(tmp_path)) == []
    (tmp_path / THROTTLED).parent.mkdir(parents=True)
    (tmp_path / THROTTLED).write_text(told)
    assert [check.state for check in computer.throttled(tmp_path)] == states


@pytest.mark.parametrize(
    ("enabled", "every", "states"),
    [("enabled", "30s", [State.GOOD]), ("enabled", "0", [State.WARNING]), ("disabled", "infinity", [State.WARNING]), ("not-found", "", [])],
)
def test_the_watchdog(tmp_path: Path, enabled: str, every: str, states: list[State]) -> None:
    """A unit that systemd does not watch is said, whether it is enabled or not; without a unit there is nothing to say."""
    answers = {"is-enabled": enabled, "show --property=WatchdogUSec --value": every}
    assert [check.state for check in computer.watchdog(answers.__getitem__, tmp_path)] == states
    assert list(computer.watchdog(answers.__getitem__, tmp_path / "absent")) == []


def test_the_state_folder(tmp_path: Path) -> None:
    """One that can be made is good, a file in its place is bad."""
    assert terminal.state(tmp_path / "a" / "b").state is State.GOOD
    assert terminal.state(tmp_path).state is State.GOOD
    (tmp_path / "file").touch()
    assert terminal.state(tmp_path / "file").state is State.BAD


def test_a_running_terminal_is_known_by_its_lock(tmp_path: Path) -> None:
    """As long as it holds it."""
    assert not terminal.runs(tmp_path)
    with only_one(tmp_path):
        assert terminal.runs(tmp_path)
    assert not terminal.runs(tmp_path)


def test_the_model_is_loaded_as_the_terminal_would(tmp_path: Path) -> None:
    """A missing one is bad, with the sentence of its error."""
    check, detector = terminal.model(tmp_path)
    assert (check.state, detector) == (State.BAD, None)
    assert "cannot be read" in check.told(str)


@pytest.mark.parametrize(
    ("level_dba", "hours", "states"),
    [(52, 10.0, {"place": State.GOOD}), (70, 10.0, {"place": State.WARNING}), (30, 10.0, {"place": State.WARNING}), (70, 1.0, {})],
)
def test_a_place_that_has_changed_is_said(level_dba: int, hours: float, states: dict[str, State]) -> None:
    """Louder or quieter by far than when its thresholds were found; after an hour nothing is said yet, nor without such thresholds."""
    tally = Tally(Setup("", "", MODEL, -26.0, {}), 0.2)
    tally.cells["class", 8] = Cell(hours * 3600, {level_dba: 10})
    site = MeasuredThresholds(by="li", at="", how="", heard_s=6e5, model=MODEL, sensitivity_dbfs=-30.0, periods={}, l10_dba=54.0, l50_dba=50.0)
    assert names(list(terminal.place(site, Past(tally, 7, 0)))) == states
    assert list(terminal.place(None, Past(tally, 7, 0))) == []


@pytest.mark.parametrize(("count", "state"), [(0, State.GOOD), (7, State.GOOD), (9, State.WARNING)])
def test_scores_that_have_left_the_profile_are_said(count: int, state: State) -> None:
    """Half an incident a day was promised: in a week of listening 7 are a bad week and 9 another place. At the threshold in use, of its period alone."""
    raised = {"shouting": [count * (threshold <= 0.6) + 50 * (threshold <= 0.5) for threshold in GRID], "crying": [99] * len(GRID)}
    tally = Tally(Setup("", "", MODEL, -26.0, {}), 0.2)
    tally.cells["class", 8] = Cell(7 * 86_400, {54: 10}, raised)
    tally.cells["night", 1] = Cell(60.0, {54: 10}, raised)
    site = MeasuredThresholds(by="li", at="", how="", heard_s=6e5, model=MODEL, sensitivity_dbfs=-30.0, periods={"class": {"shouting": 0.58}}, l10_dba=54.0,
                              l50_dba=54.0, target_per_day=0.5)  # fmt: skip
    assert names(list(terminal.place(site, Past(tally, 7, 0)))) == {"place": State.GOOD, "incidents": state}


def profile_states(config: Config, folder: Path, here: Here = HERE) -> dict[str, State]:
    """What is said of the profile."""
    found: Calibration = in_use(config, folder, here)
    return names(list(terminal.profile(config, folder, found)))


def test_the_profile(tmp_path: Path) -> None:
    """Nothing measured, all measured, a configured sensitivity, thresholds of another sensitivity or model, and a broken file."""
    level = MeasuredLevel(by="li", at="", how="", heard_s=5, model=MODEL, sensitivity_dbfs=-30.0, uncertainty_db=1.0)
    site = MeasuredThresholds(by="li", at="", how="", heard_s=6e5, model=MODEL, sensitivity_dbfs=-30.0, periods={"default": {"shouting": 0.4}})
    good, warning = State.GOOD, State.WARNING
    assert profile_states(Config(), tmp_path) == {"sensitivity": warning, "thresholds": warning}
    profile = Profile(machine="", device="", level=level, thresholds=site)
    save(tmp_path, profile)
    assert profile_states(Config(), tmp_path) == {"sensitivity": good, "thresholds": good}
    assert "(time unknown)" in next(terminal.profile(Config(), tmp_path, in_use(Config(), tmp_path, HERE))).told(str)
    explicit = Config(microphone=MicrophoneSettings(sensitivity_dbfs=-40.0))
    assert profile_states(explicit, tmp_path) == {"sensitivity": good, "thresholds": warning}
    assert profile_states(Config(), tmp_path, replace(HERE, model="b" * 64)) == {"profile": State.BAD, "sensitivity": good}
    (tmp_path / FILE).write_text("broken")
    assert profile_states(Config(), tmp_path) == {"profile": State.BAD}
