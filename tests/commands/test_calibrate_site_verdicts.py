"""`xiaoan calibrate site --from-history --verdicts`: what the desk judged, held against what the terminal has counted."""

import json
from pathlib import Path

import pytest

from edge.calibrate.history import History, setup_for
from edge.calibrate.tally import GRID, Cell, Tally
from edge.config.load import read
from edge.config.profiles import FILE
from edge.config.profiles import read as read_profile
from edge.detect.manifest import read_manifest
from edge.shipped import models_folder
from tests.command import xiaoan

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")
pytest.importorskip("scipy", reason="scipy (extra [technician]) is not installed")

UTC = {"TZ": "UTC"}
HEADER = "id,device,place,label,raised,score,level_dba,verdict,word\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A terminal that has counted 240 h: two incidents up to 0.9 and four more up to 0.5."""
    file = tmp_path / "config.toml"
    file.write_text(f'[terminal]\nname = "east-1"\nplace = "二楼"\n[paths]\nstate = "{tmp_path}/state"\n')
    manifest = read_manifest(models_folder() / "detector.toml")
    setup = setup_for(read(file).config, manifest, -26.0)
    counted = Tally(setup, manifest.step_s)
    counted.cells["default", 1] = Cell(240 * 3600.0, {50: 10}, {"shouting": [2 * (t <= 0.9) + 4 * (t <= 0.5) for t in GRID], "crying": [0] * len(GRID)})
    history = History(tmp_path / "state", setup, manifest.step_s, 0.0)
    history._tally.add(counted)
    history.write(None, 0.0)
    return file


def judged(folder: Path, *rows: tuple[str, float, str]) -> Path:
    """The desk's file: verdict, score, word."""
    lines = [f"{i},east-1,二楼,shouting,2026-11-20T01:{i:02d}:00.000Z,{score},80.0,{verdict},{word}" for i, (verdict, score, word) in enumerate(rows)]
    (folder / "verdicts.csv").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    return folder / "verdicts.csv"


def test_what_was_real_is_no_reason_for_a_higher_threshold(config: Path, tmp_path: Path) -> None:
    """Without verdicts the two loudest push the threshold over themselves; judged real, they do not, and the four false ones alone decide."""
    options = ("calibrate", "site", "--from-history", "--json", "--config", config)
    blind = json.loads(xiaoan(*options, "--dry-run", environment=UTC, timeout_s=300).stdout)
    assert blind["thresholds"]["default"]["shouting"] > 0.9
    verdicts = judged(tmp_path, *[("false", 0.52, "搬桌子")] * 3, ("prank", 0.52, "学生试喊"), ("real", 0.92, "打架"), ("real", 0.93, "摔倒"))
    done = xiaoan(*options, "--verdicts", verdicts, environment=UTC, timeout_s=300)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["thresholds"]["default"]["shouting"] == 0.55
    (one,) = told["judged"]
    assert {key: one[key] for key in ("false", "real", "away_from", "away_costs", "proposed", "lost")} == {
        "false": 4, "real": 2, "away_from": 0.55, "away_costs": 0, "proposed": 0.55, "lost": 0,
    }  # fmt: skip
    assert one["causes"] == {"搬桌子": 3, "学生试喊": 1}
    assert "6 verdicts of the desk" in done.stderr
    profile = read_profile(tmp_path / "state" / FILE)
    assert profile
    assert profile.thresholds
    assert profile.thresholds.periods["default"]["shouting"] == 0.55


def test_thresholds_that_would_have_missed_a_real_one_are_not_written_by_themselves(config: Path, tmp_path: Path) -> None:
    """It is said what they would have cost, in words and in the report; whoever wants them has to say so."""
    verdicts, out = judged(tmp_path, ("false", 0.92, "搬桌子"), ("false", 0.93, ""), ("real", 0.5, "打架")), tmp_path / "report.html"
    options = ("calibrate", "site", "--from-history", "--verdicts", verdicts, "--config", config)
    done = xiaoan(*options, "--report", out, environment=UTC, timeout_s=300)
    assert done.returncode == 1, done.stderr
    assert "From a threshold of 0.95 on none of the false ones would have come; that would have cost 1 of the 1 real ones." in done.stdout
    assert "as the desk wrote it: 搬桌子 (1)" in done.stdout
    assert "they would have missed 1 of 1 alerts that the desk judged real" in done.stderr
    assert not (tmp_path / "state" / FILE).exists()
    assert "What the desk judged" in out.read_text()
    assert xiaoan(*options, "--accept-misses", environment=UTC, timeout_s=300).returncode == 0
    assert (tmp_path / "state" / FILE).exists()


def test_verdicts_that_cannot_be_used_are_one_sentence(config: Path, tmp_path: Path) -> None:
    """None on this terminal, or not from the history."""
    (tmp_path / "v.csv").write_text(HEADER + "1,west,x,shouting,2026-11-20T01:00:00Z,0.9,80,false,\n")
    for options, told in ((["--from-history"], "has no verdict on east-1"), ([], "goes with --from-history")):
        done = xiaoan("calibrate", "site", *options, "--verdicts", tmp_path / "v.csv", "--config", config, timeout_s=300)
        assert (done.returncode, told in done.stderr) == (2, True)
