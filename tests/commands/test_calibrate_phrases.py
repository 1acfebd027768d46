"""`xiaoan calibrate phrases`: with recordings, over several runs, and what the terminal then hears by."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.calibrate.phrase_counts import PhraseSetup
from edge.calibrate.tally import GRID, Cell, Tally, from_json
from edge.config.profiles import FILE, read
from edge.shipped import models_folder
from tests.in_process import Done, xiaoan_with
from tests.pseudo_terminal import Terminal
from tests.sound_server import VirtualMicrophone

pytestmark = pytest.mark.skipif(not (models_folder() / "phrases.onnx").exists(), reason="there is no phrase model yet")
pytest.importorskip("scipy", reason="scipy (extra [technician]) is not installed")

LIST = 'thresholds = [0.5]\n[help]\nphrases = ["救命", "开门"]\n[insult]\nphrases = [{text = "滚出去", threshold = 0.7}, {text = "蠢猪", on = false}]\n'


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """A folder with half a minute of a quiet room."""
    (tmp_path / "sound").mkdir()
    soundfile.write(tmp_path / "sound" / "quiet.wav", 1e-3 * np.random.default_rng(1).standard_normal(30 * 16_000), 16_000)
    return tmp_path / "sound"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a state folder and a list of its own."""
    (tmp_path / "list.toml").write_text(LIST, encoding="utf-8")
    (tmp_path / "config.toml").write_text(f'[paths]\nstate = "{tmp_path}/state"\n[phrases]\nfile = "{tmp_path}/list.toml"\n')
    return tmp_path / "config.toml"


@pytest.fixture
def xiaoan(config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """`xiaoan` with this configuration, in this process."""
    return xiaoan_with(config, capsys, monkeypatch)


def gathered(state: Path) -> Tally:
    """What is kept there."""
    return from_json((state / "phrases.json").read_text(encoding="utf-8"), 0.2, PhraseSetup)


def test_what_was_gathered_becomes_thresholds(quiet: Path, xiaoan: Callable[..., Done], tmp_path: Path) -> None:
    """Half a minute against 144 hours is too little, and said; the statistics wait for the next run; a phrase that was heard too often is raised then.

    What the list itself says of a phrase goes first. Statistics of another list are refused.
    """
    state = tmp_path / "state"
    assert xiaoan("calibrate", "phrases", "--recording", quiet, "--dry-run").returncode == 1
    assert not state.exists()
    first, short = (xiaoan("calibrate", "phrases", "--recording", quiet, "--json"), xiaoan("calibrate", "phrases", "--recording", quiet))
    assert (first.returncode, short.returncode) == (1, 1), short.stderr
    assert json.loads(first.stdout)["heard_h"] == pytest.approx(30 / 3600, abs=2e-4)
    assert gathered(state).heard_s == pytest.approx(60, abs=1.0)
    assert "3 phrases keep their thresholds" in short.stdout
    assert "needs 144 h of listening, has 0.0 h" in short.stdout
    assert "No thresholds are written" in short.stderr
    assert sorted(f.name for f in state.rglob("*")) == ["phrases.json"]
    tally = gathered(state)
    tally.cells["class", 9] = Cell(200 * 3600, {}, {"救命": [9 * (t < 0.7) for t in GRID], "滚出去": [9 * (t < 0.9) for t in GRID]})
    (state / "phrases.json").write_text(tally.as_json(), encoding="utf-8")
    shown = xiaoan("calibrate", "phrases", "--hours", "0", "--by", "li", "--json")
    told = json.loads(shown.stdout)
    assert (shown.returncode, told["proven"], told["incidents"]) == (0, True, 0), shown.stderr
    assert {p["phrase"]: (p["before"], p["proposed"]) for p in told["phrases"]} == {"救命": (0.5, 0.7), "开门": (0.5, 0.5), "滚出去": (0.7, 0.9)}
    profile = read(state / FILE)
    assert profile
    assert profile.phrases
    assert (profile.phrases.by, profile.phrases.thresholds) == ("li", {"救命": 0.7, "开门": 0.5, "滚出去": 0.9})
    checked = xiaoan("phrases", "check", "--json")
    assert [json.loads(line)["threshold"] for line in checked.stdout.splitlines()] == [0.7, 0.5, 0.7, 0.5]
    assert "Thresholds of 3 phrases" in xiaoan("calibrate", "show").stdout
    lower = xiaoan("calibrate", "phrases", "--hours", "0", "--lower", "--dry-run")
    assert [line.split()[:4] for line in lower.stdout.splitlines() if line.startswith("开门")] == [["开门", "help", "0.50", "0.25"]]
    (tmp_path / "list.toml").write_text(LIST.replace("开门", "开开门"), encoding="utf-8")
    refused = xiaoan("calibrate", "phrases", "--hours", "0")
    assert (refused.returncode, "another setup (rules)" in refused.stderr) == (2, True)


def test_the_chain_goes_by_the_profile_until_the_model_changes(xiaoan: Callable[..., Done], tmp_path: Path) -> None:
    """What just reaches a phrase's own threshold comes out at its label's, so a lower one lifts the label's score; one for another model is left, and said."""
    swell = np.abs(np.sin(np.arange(10 * 16_000) / 4_000)) * np.random.default_rng(1).standard_normal(10 * 16_000)
    noise, file = tmp_path / "noise.wav", tmp_path / "state" / FILE
    soundfile.write(noise, 0.05 * swell.clip(-4, 4), 16_000)

    def odds() -> float:
        assert xiaoan("replay", "--scores", tmp_path / "scores.csv", "--jobs", "1", noise).returncode == 0
        with (tmp_path / "scores.csv").open(newline="", encoding="utf-8") as table:
            score = max(float(row["help"]) for row in csv.DictReader(table))
        return score / (1 - score)

    assert xiaoan("calibrate", "phrases", "--recording", noise, "--target", "90000").returncode == 0
    before = odds()
    lower = re.sub(r'"(救命|开门)" = 0\.5\d*', r'"\1" = 0.001', file.read_text(encoding="utf-8"))
    file.write_text(lower, encoding="utf-8")
    assert odds() > 100 * before
    stale = re.sub(r'(?s)(\[phrases\].*?model = ")[0-9a-f]{8}', r"\g<1>bbbbbbbb", lower)
    file.write_text(stale, encoding="utf-8")
    assert odds() == before
    left = xiaoan("calibrate", "show")
    assert left.returncode == 1
    assert "made for another phrase model (bbbbbbbb…" in left.stderr
    assert xiaoan("calibrate", "phrases", "--hours", "0").returncode == 2


def test_a_technician_listens_until_ctrl_c(config: Path, tmp_path: Path, virtual_microphone: VirtualMicrophone) -> None:
    """A line shows how far it is; after Ctrl-C come the conclusions, and the statistics are kept."""
    with config.open("a") as file:
        file.write(f'[microphone]\ndevice = "{virtual_microphone.device}"\n')
    virtual_microphone.play((0.01 * np.random.default_rng(1).standard_normal(48_000 * 30)).astype(np.float32))
    with Terminal("calibrate", "phrases", "--config", config) as shown:
        shown.wait_for(r"144 h of quiet prove the target; now [5-9]\d dBA", patience_s=300.0)
        shown.interrupt()
        assert shown.end() == 1
        assert "has 0.0 h" in shown.text
        assert "Traceback" not in shown.text
    assert gathered(tmp_path / "state").heard_s > 0
