"""`xiaoan levels` in a terminal, in a pipe, and at a microphone."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.cells import cell_len

from edge.config.phrases import list_in_use
from edge.config.schema import PhraseSettings
from edge.detect.manifest import read_manifest
from edge.shipped import models_folder
from tests.command import xiaoan
from tests.pseudo_terminal import Terminal
from tests.sound_server import VirtualMicrophone

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")

DBFS = -26.0
SHIPPED = [phrase.text for phrase in list_in_use(PhraseSettings(), models_folder()).phrases]


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """Two seconds of 1 kHz at 94 dB SPL for the usual microphone; a long one beside it."""
    for name, seconds in (("tone.wav", 2), ("long.wav", 8)):
        soundfile.write(tmp_path / name, 10 ** (DBFS / 20) * np.sin(2 * np.pi * 1000 * np.arange(seconds * 16_000) / 16_000), 16_000)
    return tmp_path / "tone.wav"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a state folder of its own."""
    (tmp_path / "config.toml").write_text(f'[paths]\nstate = "{tmp_path}/state"\n')
    return tmp_path / "config.toml"


def test_a_pipe_gets_a_line_a_second(tone: Path, config: Path) -> None:
    """Plain, with both levels, the percentiles and each label's score against its threshold."""
    done = xiaoan("levels", "--recording", tone, "--config", config)
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, 2)
    assert " 94.0 dBA  94.0 dB SPL  L10 94.0" in lines[-1]
    assert "shouting 0." in lines[-1]
    threshold = read_manifest(models_folder() / "detector.toml").rules["shouting"].threshold
    assert f"/{threshold:.2f}" in lines[-1]
    assert "\x1b" not in done.stdout


def test_json_is_an_object_a_second(tone: Path, config: Path) -> None:
    """For another program."""
    told = [json.loads(line) for line in xiaoan("levels", "--json", "--recording", tone, "--config", config).stdout.splitlines()]
    assert len(told) == 2
    assert told[-1]["level_dba"] == pytest.approx(94.0, abs=0.3)
    assert told[-1]["scores"].keys() == told[-1]["thresholds"].keys()
    assert (told[-1]["measured"], told[-1]["wrong"]) == (False, [])
    assert {"help", "insult"} <= told[-1]["scores"].keys()
    assert (told[-1]["phrase"] in SHIPPED, told[-1]["phrase_threshold"]) == (True, 0.97)
    assert 0 <= told[-1]["phrase_score"] < 0.9


@pytest.mark.parametrize(("columns", "language"), [(20, "en"), (20, "zh"), (100, "en")])
def test_the_meter_fits_the_terminal(tone: Path, config: Path, columns: int, language: str) -> None:
    """At 20 characters a line as well, in both languages; it says whether the microphone was measured."""
    with Terminal("levels", "--recording", tone, "--config", config, "--lang", language, columns=columns) as shown:
        assert shown.end() == 0
        assert "94.0 dBA" in shown.text
        assert ("未实测" if language == "zh" else "not measured") in shown.text
        assert tone.name[-4:] in shown.text
        assert max(map(cell_len, shown.lines)) <= columns


def test_a_microphone_is_heard_until_ctrl_c(config: Path, virtual_microphone: VirtualMicrophone) -> None:
    """What is played is shown; Ctrl-C is the ordinary end, with status 0."""
    config.write_text(config.read_text() + f'[microphone]\ndevice = "{virtual_microphone.device}"\n')
    with Terminal("levels", "--config", config) as shown:
        shown.wait_for(r"dBA")
        virtual_microphone.play((0.5 * np.random.default_rng(1).standard_normal(48_000 * 3)).clip(-1, 1).astype(np.float32))
        shown.wait_for(r"1[01]\d\.\d dBA")
        shown.wait_for(r"clipping +0\.\d*[1-9]")
        shown.interrupt()
        assert shown.end() == 0
        assert "Traceback" not in shown.text


def test_a_microphone_that_is_not_there_is_said(config: Path, virtual_microphone: VirtualMicrophone) -> None:
    """In the meter's face, to the end and by itself, and it goes on waiting for the plug."""
    config.write_text(config.read_text() + '[microphone]\ndevice = "card:Nothing"\n')
    with Terminal("levels", "--config", config, columns=60) as shown:
        shown.wait_for(r"microphone card:Nothing not found(?s:.)*xiaoan\s+devices")
        assert "capture.lost" not in shown.text
        shown.interrupt()
        assert shown.end() == 0
    assert virtual_microphone.device != "card:Nothing"


def test_a_measurement_without_a_time_is_shown(tone: Path, config: Path) -> None:
    """A terminal whose clock is not synchronised does not know when it was."""
    calibrated = xiaoan("calibrate", "level", "--calibrator", "94", "--recording", tone.with_name("long.wav"), "--config", config)
    assert calibrated.returncode == 0, calibrated.stderr
    profile = config.parent / "state" / "profile.toml"
    profile.write_text(re.sub('at = ".*"', 'at = ""', profile.read_text()))
    with Terminal("levels", "--recording", tone, "--config", config, columns=200) as shown:
        assert shown.end() == 0
        assert "± 1.0 dB, time unknown)" in shown.text
