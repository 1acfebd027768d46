"""`xiaoan calibrate level` with recordings, and at a terminal with a microphone."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.config.profiles import FILE, read
from edge.shipped import models_folder
from tests.command import xiaoan
from tests.pseudo_terminal import Terminal
from tests.sound_server import VirtualMicrophone

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")

RATE_HZ = 48_000


def sine(dbfs: float, seconds: float) -> NDArray[np.float32]:
    """1 kHz at that level."""
    return (10 ** (dbfs / 20) * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """A second of quiet, then a calibrator's tone at -31.5 dBFS."""
    quiet = 1e-4 * np.random.default_rng(1).standard_normal(RATE_HZ)
    soundfile.write(tmp_path / "tone.wav", np.concatenate([quiet, sine(-31.5, 8.0)]), RATE_HZ)
    return tmp_path / "tone.wav"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a state folder of its own."""
    (tmp_path / "config.toml").write_text(f'[paths]\nstate = "{tmp_path}/state"\n')
    return tmp_path / "config.toml"


def test_a_recorded_tone_becomes_a_profile(tone: Path, config: Path, tmp_path: Path) -> None:
    """The tone is found behind the quiet; result, uncertainty, who and how are kept, and what to do next is said."""
    done = xiaoan("calibrate", "level", "--calibrator", "94", "--recording", tone, "--by", "李老师", "--config", config)
    assert done.returncode == 0, done.stderr
    assert "Sensitivity: -31.5 dBFS at 94 dB SPL, give or take 1.0 dB" in done.stdout
    assert "--calibrator 94 114" in done.stdout
    assert "xiaoan calibrate site" in done.stdout
    profile = read(tmp_path / "state" / FILE)
    assert profile
    assert profile.level
    assert profile.level.sensitivity_dbfs == pytest.approx(-31.5, abs=0.05)
    assert (profile.level.by, profile.level.how) == ("李老师", "acoustic calibrator, 94 dB SPL")


def test_a_dry_run_writes_nothing(tone: Path, config: Path, tmp_path: Path) -> None:
    """The result is said all the same, as JSON if wished."""
    done = xiaoan("calibrate", "level", "--calibrator", "94", "--recording", tone, "--dry-run", "--json", "--config", config)
    assert json.loads(done.stdout)["sensitivity_dbfs"] == pytest.approx(-31.5, abs=0.05)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--calibrator", "94"], "the sound clips"),
        (["--meter", "74"], "the sound clips"),
        (["--calibrator", "100"], "argument --calibrator: a calibrator gives 94 or 114 dB, not 100"),
        (["--meter", "200"], "argument --meter: 200 is no number from 40 to 115"),
        (["--calibrator", "94", "114"], "one or two levels can be given, and a recording for each of them"),
        ([], "one of the arguments --calibrator --meter is required"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_sentence(config: Path, tmp_path: Path, options: list[str], told: str) -> None:
    """Status 2, no profile."""
    soundfile.write(tmp_path / "loud.wav", np.clip(sine(12.0, 12.0), -1, 1), RATE_HZ)
    done = xiaoan("calibrate", "level", *options, "--recording", tmp_path / "loud.wav", "--config", config)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert not (tmp_path / "state" / FILE).exists()


def test_a_profile_of_another_microphone_is_not_built_on(tone: Path, config: Path) -> None:
    """It is refused before anybody listens; --replace begins a new one."""
    options = ("calibrate", "level", "--calibrator", "94", "--recording", tone, "--config", config)
    assert xiaoan(*options).returncode == 0
    config.write_text(config.read_text() + '[microphone]\ndevice = "card:New"\n')
    refused = xiaoan(*options)
    assert refused.returncode == 2
    assert "made with the microphone default, the configuration names card:New" in refused.stderr
    assert xiaoan(*options, "--replace").returncode == 0


def test_automatic_gain_control_is_found(config: Path, tmp_path: Path) -> None:
    """With a meter: two readings that differ by 12 dB, heard as 3 dB. It says what to switch off, and keeps nothing."""
    noise = np.random.default_rng(1).standard_normal(RATE_HZ * 11)
    for name, amplitude in (("soft.wav", 0.03), ("loud.wav", 0.0424)):
        soundfile.write(tmp_path / name, amplitude * noise, RATE_HZ)
    recordings = (tmp_path / "soft.wav", tmp_path / "loud.wav")
    done = xiaoan("calibrate", "level", "--meter", "74.5", "86.5", "--recording", *recordings, "--config", config)
    assert done.returncode == 2
    assert "changed by +12.0 dB, what is heard by +3.0 dB" in done.stderr
    assert not (tmp_path / "state" / FILE).exists()


def test_a_technician_calibrates_at_the_terminal(config: Path, tmp_path: Path, virtual_microphone: VirtualMicrophone) -> None:
    """Asked to set the calibrator to 94 dB and then to 114 dB, with Enter after each; the microphone follows, and the result is kept."""
    config.write_text(config.read_text() + f'[microphone]\ndevice = "{virtual_microphone.device}"\n')
    with Terminal("calibrate", "level", "--calibrator", "94", "114", "--config", config) as shown:
        shown.wait_for("Set the calibrator to 94 dB")
        first = virtual_microphone.play(sine(-40.0, 30.0))
        shown.press("\n")
        shown.wait_for("Set the calibrator to 114 dB")
        first.kill()
        first.wait()
        virtual_microphone.play(sine(-20.0, 30.0))
        shown.press("\n")
        assert shown.end() == 0
        assert "The microphone follows" in shown.text
        assert "Sensitivity: -40.0 dBFS" in shown.text
    profile = read(tmp_path / "state" / FILE)
    assert profile
    assert profile.level
    assert profile.level.heard_s == pytest.approx(10.0, abs=0.3)
    assert profile.level.gains_percent == {"wall.monitor": 100}


def test_levels_that_are_too_near_are_refused_before_anybody_listens(config: Path) -> None:
    """Twice the same, or 2 dB apart."""
    for way in (("--calibrator", "94", "94"), ("--meter", "74", "76")):
        done = xiaoan("calibrate", "level", *way, "--config", config)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert "take two that differ by at least 8 dB" in done.stderr


def test_noise_at_a_low_rate_is_refused(config: Path, tmp_path: Path) -> None:
    """A telephone's recording lacks half of what the meter heard."""
    soundfile.write(tmp_path / "narrow.wav", 0.05 * np.random.default_rng(1).standard_normal(8000 * 12), 8000)
    done = xiaoan("calibrate", "level", "--meter", "74", "--recording", tmp_path / "narrow.wav", "--config", config)
    assert (done.returncode, done.stdout) == (2, "")
    assert "was recorded at 8000 Hz" in done.stderr


def test_the_meters_reading_is_asked_for(config: Path) -> None:
    """Until it is one; Ctrl-C ends the asking."""
    with Terminal("calibrate", "level", "--meter", "--config", config) as shown:
        shown.wait_for("type what it reads")
        shown.press("x\n")
        shown.wait_for("no level from 40 to 115")
        shown.press("74\N{FULLWIDTH COMMA}5\n")
        shown.wait_for("listening")
        assert shown.text.count("no level from 40 to 115") == 1
        shown.interrupt()
        assert shown.end() == 130
