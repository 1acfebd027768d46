"""The running terminal and its profile."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.config.profiles import FILE, Here, MeasuredLevel, MeasuredThresholds, Profile, here, save
from edge.config.schema import Config
from edge.detect.manifest import read_manifest
from edge.shipped import models_folder
from tests.broker import Broker, Desk
from tests.command import xiaoan
from tests.system.terminal import Terminal, loud

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")


@pytest.fixture
def terminal(tmp_path: Path, broker: Broker) -> Iterator[Terminal]:
    """A terminal that has not begun."""
    terminal = Terminal(tmp_path, broker.port)
    yield terminal
    terminal.end()


@pytest.fixture
def this() -> Here:
    """The machine that tests, with the default microphone."""
    return here(Config(), read_manifest(models_folder() / "detector.toml").sha256)


def level(this: Here, sensitivity_dbfs: float) -> MeasuredLevel:
    """A measured sensitivity."""
    return MeasuredLevel(by="li", at="", how="calibrator", heard_s=5.0, model=this.model, sensitivity_dbfs=sensitivity_dbfs, uncertainty_db=1.0)


def test_the_terminal_hears_with_the_profiles_sensitivity_though_its_thresholds_are_stale(
    tmp_path: Path, terminal: Terminal, desk: Desk, this: Here
) -> None:
    """10 dB less sensitive, 10 dB louder; thresholds for another model are the fault profile_stale and do not stop it."""
    old = MeasuredThresholds(by="li", at="", how="site", heard_s=1.0, model="b" * 64, sensitivity_dbfs=-36.0, periods={"default": {"shouting": 1.0}})
    save(terminal.state, Profile(machine=this.machine, device="", level=level(this, -36.0), thresholds=old))
    terminal.start(loud(tmp_path))
    assert desk.wait("alert")["level_dba"] > 112
    assert "profile_stale" in desk.wait("health")["faults"]


def test_a_broken_profile_does_not_stop_the_terminal(tmp_path: Path, terminal: Terminal, desk: Desk) -> None:
    """It listens with the shipped values and says the fault; the file is still there for whoever repairs it."""
    terminal.state.mkdir()
    (terminal.state / FILE).write_text("half a prof")
    terminal.start(loud(tmp_path))
    assert 100 < desk.wait("alert")["level_dba"] < 110
    assert "profile_stale" in desk.wait("health")["faults"]
    assert (terminal.state / FILE).read_text() == "half a prof"


def test_what_the_terminal_heard_becomes_thresholds(tmp_path: Path, terminal: Terminal, desk: Desk) -> None:
    """At its end it has written what it counted; the technician's command reads it, finds the incident, and says that it is too little."""
    pytest.importorskip("scipy", reason="scipy (extra [technician]) is not installed")
    terminal.start(loud(tmp_path))
    desk.wait("alert")
    assert terminal.stop() == 0
    shown = xiaoan("calibrate", "site", "--from-history", "--json", "--config", tmp_path / "config.toml")
    told = json.loads(shown.stdout)
    assert (shown.returncode, told["proven"]) == (1, False)
    assert told["heard_h"] > 1.5 / 3600
    assert "From the history of 1 days; 0 files" in shown.stderr
    (row,) = [row for row in told["expected"] if row["period"] is None and row["threshold"] == 0.05]
    assert row["label"] == "shouting"


def test_a_good_profile_is_no_fault(tmp_path: Path, terminal: Terminal, desk: Desk, this: Here) -> None:
    """Health and alerts carry the hash of what holds."""
    save(terminal.state, Profile(machine=this.machine, device="", level=level(this, -26.0)))
    terminal.start(loud(tmp_path))
    health = desk.wait("health")
    assert "profile_stale" not in health["faults"]
    assert desk.wait("alert")["profile"] == health["profile"]
