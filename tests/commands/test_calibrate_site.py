"""`xiaoan calibrate site`: with recordings, at a microphone, and over several runs."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.calibrate.tally import from_json
from edge.config.profiles import FILE, read
from edge.shipped import models_folder
from tests.command import xiaoan
from tests.pseudo_terminal import Terminal
from tests.sound_server import VirtualMicrophone

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")
pytest.importorskip("scipy", reason="scipy (extra [technician]) is not installed")


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """Half a minute of a quiet room."""
    soundfile.write(tmp_path / "quiet.wav", 1e-3 * np.random.default_rng(1).standard_normal(30 * 16_000), 16_000)
    return tmp_path / "quiet.wav"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a state folder of its own."""
    (tmp_path / "config.toml").write_text(f'[terminal]\nplace = "二楼 <东侧>"\n[paths]\nstate = "{tmp_path}/state"\n')
    return tmp_path / "config.toml"


def test_too_little_listening_is_said_and_nothing_is_written(quiet: Path, config: Path, tmp_path: Path) -> None:
    """Half a minute against 144 hours: status 1, tables all the same, the statistics kept for the next run, no profile."""
    done = xiaoan("calibrate", "site", "--recording", quiet, "--config", config)
    assert done.returncode == 1
    assert "needs 144 h of listening, has 0.0 h" in done.stdout
    assert "shouting: false alarms to expect in a day" in done.stdout
    assert "No thresholds are written" in done.stderr
    assert not (tmp_path / "state" / FILE).exists()
    tally = from_json((tmp_path / "state" / "site.json").read_text(), 0.2)
    assert tally.heard_s == pytest.approx(30.0, abs=0.5)


def test_listening_goes_on_where_it_ended(quiet: Path, config: Path, tmp_path: Path) -> None:
    """Two runs are a minute; a target that a minute of quiet proves is written; --hours 0 only shows; --dry-run leaves everything."""
    options = ("calibrate", "site", "--target", "6000", "--config", config)
    assert xiaoan(*options, "--recording", quiet, "--dry-run").returncode == 1
    assert not (tmp_path / "state").exists()
    assert xiaoan(*options, "--recording", quiet).returncode == 1
    done = xiaoan(*options, "--recording", quiet, "--by", "li", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["proven"], told["incidents"]) == (0, True, 0)
    assert told["heard_h"] == pytest.approx(60 / 3600, abs=2e-4)
    profile = read(tmp_path / "state" / FILE)
    assert profile
    assert profile.thresholds
    assert profile.thresholds.by == "li"
    assert set(profile.thresholds.periods["default"]) == {"shouting", "crying"}
    again = json.loads(xiaoan(*options, "--hours", "0", "--json").stdout)
    assert again["heard_h"] == told["heard_h"]
    fresh = xiaoan(*options, "--recording", quiet, "--fresh", "--json")
    assert json.loads(fresh.stdout)["heard_h"] == pytest.approx(30 / 3600, abs=2e-4)


def test_statistics_of_another_setup_are_not_continued(quiet: Path, config: Path, tmp_path: Path) -> None:
    """Another sensitivity gives other scores; what differs is named. A damaged file is refused, too, and kept."""
    assert xiaoan("calibrate", "site", "--recording", quiet, "--config", config).returncode == 1
    config.write_text(config.read_text() + "[microphone]\nsensitivity_dbfs = -30.0\n")
    refused = xiaoan("calibrate", "site", "--hours", "0", "--config", config)
    assert refused.returncode == 2
    assert "gathered with another setup (sensitivity_dbfs)" in refused.stderr
    (tmp_path / "state" / "site.json").write_text("{}")
    assert "Begin anew with --fresh" in xiaoan("calibrate", "site", "--hours", "0", "--config", config).stderr
    assert (tmp_path / "state" / "site.json").read_text() == "{}"


def test_nothing_heard_and_bad_numbers_are_one_sentence(config: Path) -> None:
    """Status 2."""
    for options, told in ((["--hours", "0"], "nothing was heard yet"), (["--target", "0"], "0 is no number from 0.001 to 100000")):
        done = xiaoan("calibrate", "site", *options, "--config", config)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert told in done.stderr


def test_the_report_is_one_file_with_charts(quiet: Path, config: Path, tmp_path: Path) -> None:
    """In the language asked for, nothing fetched from elsewhere, the place's words escaped."""
    pytest.importorskip("matplotlib", reason="matplotlib (extra [technician]) is not installed")
    out = tmp_path / "report.html"
    done = xiaoan("calibrate", "site", "--recording", quiet, "--report", out, "--lang", "zh", "--config", config)
    assert done.returncode == 1, done.stderr
    html = out.read_text()
    assert html.count("<svg") == 2
    assert "二楼 &lt;东侧&gt;" in html
    assert "每天的误报数" in html
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', html.replace("xlink:", "")) == []
    nowhere = xiaoan("calibrate", "site", "--recording", quiet, "--report", "/nowhere/r.html", "--config", config)
    assert (nowhere.returncode, "there is no folder /nowhere" in nowhere.stderr) == (2, True)


def test_a_technician_listens_until_ctrl_c(config: Path, tmp_path: Path, virtual_microphone: VirtualMicrophone) -> None:
    """A line shows how far it is; after Ctrl-C come chart and tables, and the statistics are kept."""
    config.write_text(config.read_text() + f'[microphone]\ndevice = "{virtual_microphone.device}"\n')
    virtual_microphone.play((0.01 * np.random.default_rng(1).standard_normal(48_000 * 30)).astype(np.float32))
    with Terminal("calibrate", "site", "--config", config) as shown:
        shown.wait_for(r"144 h of quiet prove the target; now [5-9]\d dBA")
        shown.interrupt()
        assert shown.end() == 1
        assert "has 0.0 h" in shown.text
        assert "Traceback" not in shown.text
    assert from_json((tmp_path / "state" / "site.json").read_text(), 0.2).heard_s > 0


def test_levels_without_a_time_of_day_are_shown_all_the_same(quiet: Path, config: Path, tmp_path: Path) -> None:
    """As one line of the chart in any width, and in the report."""
    done = xiaoan("calibrate", "site", "--recording", quiet, "--config", config, "--report", tmp_path / "site.html")
    assert re.search(r"the time of day was not known\n +┃ +\d\d  \d\d  \d\d\n", done.stdout), done.stdout
    assert re.search(r"L10 \d\d dBA, L50 \d\d dBA, L90 \d\d dBA", (tmp_path / "site.html").read_text())


def test_a_history_without_a_file_says_who_writes_it(config: Path) -> None:
    """The running terminal; listening by hand would not help."""
    done = xiaoan("calibrate", "site", "--from-history", "--config", config)
    assert (done.returncode, "it writes once an hour" in done.stderr) == (2, True)
