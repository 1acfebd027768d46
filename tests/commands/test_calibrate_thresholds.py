"""`xiaoan calibrate thresholds` on the made fixtures."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.config.profiles import FILE, read
from edge.demo import scene
from edge.shipped import models_folder
from tests.command import xiaoan
from tests.pseudo_terminal import Terminal

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")
pytest.importorskip("scipy", reason="scipy (extra [technician]) is not installed")


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder of recordings and its truth."""
    folder = tmp_path_factory.mktemp("labelled")
    return folder, scene.write_fixtures(folder)


def test_the_made_fixtures_give_a_curve_and_thresholds(fixtures: tuple[Path, Path], tmp_path: Path) -> None:
    """All is found and nothing is false at the model's thresholds; a target that some minutes can prove is written, the usual one is not."""
    (tmp_path / "config.toml").write_text(f'[paths]\nstate = "{tmp_path}/state"\n')
    folder, truth = fixtures
    options = ("calibrate", "thresholds", folder, "--truth", truth, "--config", tmp_path / "config.toml")
    short = xiaoan(*options)
    assert short.returncode == 1, short.stderr
    assert "it needs 144 h of listening" in short.stdout
    assert "recall (95 %)" in short.stdout
    done = xiaoan(*options, "--target", "5000", "--json", "--report", tmp_path / "curve.html")
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    chosen = {p["label"]: p for p in told["points"] if told["thresholds"][p["label"]] == p["threshold"]}
    assert all(p["recall"] == 1.0 and p["false"] == 0 and p["recall_limits"][0] < 0.9 for p in chosen.values())
    assert (tmp_path / "curve.html").read_text().count("<svg") == 2
    profile = read(tmp_path / "state" / FILE)
    assert profile
    assert profile.thresholds
    assert profile.thresholds.periods["default"] == told["thresholds"]


def test_recordings_that_are_missing_are_named(fixtures: tuple[Path, Path], tmp_path: Path) -> None:
    """A truth that speaks of more than there is would look like a success."""
    (tmp_path / "truth.csv").write_text("file,label,start,end\nlost.wav,shouting,0,1\n")
    done = xiaoan("calibrate", "thresholds", fixtures[0], "--truth", tmp_path / "truth.csv")
    assert (done.returncode, "expects something of lost.wav" in done.stderr) == (2, True)


def test_nothing_is_cut_off_in_a_narrow_terminal(tmp_path: Path) -> None:
    """What has no room goes on below; recordings of a low rate are said."""
    (tmp_path / "config.toml").write_text(f'[paths]\nstate = "{tmp_path}/state"\n')
    (tmp_path / "truth.csv").write_text("file,label,start,end\nnarrow.wav,,,\n")
    soundfile.write(tmp_path / "narrow.wav", 0.01 * np.random.default_rng(1).standard_normal(8000 * 5), 8000)
    options = ("--truth", tmp_path / "truth.csv", "--config", tmp_path / "config.toml")
    with Terminal("calibrate", "thresholds", tmp_path / "narrow.wav", *options, columns=40) as shown:
        assert shown.end() == 1
        assert "…" not in shown.text
        assert "1 of 1 recordings have less than 16000 Hz" in shown.text
