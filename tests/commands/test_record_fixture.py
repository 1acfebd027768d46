"""`xiaoan record-fixture` at a microphone, from the warning to a replay."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.demo import sounds
from edge.evidence.fixture import LABELS
from edge.evidence.sealing import MAGIC, as_text, make_key
from edge.panel.announce import announce, warning_in
from edge.shipped import models_folder
from edge.words import translator
from tests.command import xiaoan
from tests.pseudo_terminal import Terminal
from tests.sound_server import VirtualMicrophone

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")

CONSENT = "李老师与两名学生当面同意"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a state folder of its own."""
    (tmp_path / "config.toml").write_text(f'[terminal]\nname = "t1"\nplace = "二楼"\n[paths]\nstate = "{tmp_path}/state"\n')
    return tmp_path / "config.toml"


def test_a_recording_is_announced_sealed_and_opened_into_a_replay(config: Path, tmp_path: Path, virtual_microphone: VirtualMicrophone) -> None:
    """The terminal says it, the sealed file gives nothing away, and whoever has the key gets sound and expectation of it."""
    pytest.importorskip("nacl", reason="PyNaCl (extra [evidence]) is not installed")
    parts = f'[microphone]\ndevice = "{virtual_microphone.device}"\n[loudspeaker]\ndevice = "{virtual_microphone.loudspeaker}"\n'
    config.write_text(config.read_text() + parts)
    public, out = as_text(make_key(tmp_path / "key")), tmp_path / "out"
    out.mkdir()
    scream = np.concatenate([sounds.at_level(sounds.scream(np.random.default_rng(seed)), 95) for seed in range(6)])
    virtual_microphone.play(np.tile(scream, 60), 16_000)  # ten minutes: however slow the machine is, it is still there
    soundfile.write(tmp_path / "own.wav", scream[:8000], 16_000)
    options = ("--seconds", "3", "--key", public, "--folder", out, "--warning", tmp_path / "own.wav", "--json", "--config", config)
    done = xiaoan("record-fixture", "shouting", "--consent", CONSENT, *options, timeout_s=300)
    assert done.returncode == 0, done.stderr
    assert "Sound will now be recorded" in done.stderr
    told = json.loads(done.stdout)
    assert (told["sealed"], told["seconds"], told["consent"]) == (True, 3.0, CONSENT)
    (sealed,) = out.iterdir()
    assert sealed.stat().st_mode & 0o777 == 0o600
    assert sealed.read_bytes().startswith(MAGIC)
    assert CONSENT.encode() not in sealed.read_bytes()
    opened = xiaoan("evidence", "open", sealed, "--key", tmp_path / "key", "--who", "li", "--why", "test", "--out", out / "scream.flac", timeout_s=300)
    assert opened.returncode == 0, opened.stderr
    assert CONSENT in opened.stdout
    sound, rate_hz = soundfile.read(out / "scream.flac")
    assert (len(sound), rate_hz) == (48_000, 16_000)
    judged = xiaoan("replay", out, "--expect", out / "truth.csv", "--config", config, timeout_s=300)
    assert "of 1 expected alerts raised" in judged.stdout, judged.stderr  # raised or not: what a busy machine recorded may have holes


def test_in_the_clear_only_when_asked_and_never_without_a_warning(config: Path, tmp_path: Path, virtual_microphone: VirtualMicrophone) -> None:
    """Without a loudspeaker somebody must say it: at a terminal Enter is waited for, elsewhere it is refused; `none` is an empty label."""
    config.write_text(config.read_text() + f'[microphone]\ndevice = "{virtual_microphone.device}"\n')
    options = ("record-fixture", "none", "--consent", CONSENT, "--seconds", "2", "--folder", tmp_path, "--config", config)
    unsealed = xiaoan(*options, timeout_s=300)
    assert (unsealed.returncode, "there is no key to seal to" in unsealed.stderr) == (2, True)
    unwarned = xiaoan(*options, "--clear", timeout_s=300)
    assert (unwarned.returncode, "nobody was warned: no loudspeaker is configured" in unwarned.stderr) == (2, True)
    silent = xiaoan(*options, "--clear", "--said", timeout_s=300)
    assert (silent.returncode, "the microphone gives silence" in silent.stderr) == (2, True)
    assert not list(tmp_path.glob("fixture*"))
    virtual_microphone.play(np.tile((0.01 * np.random.default_rng(1).standard_normal(16_000 * 10)).astype(np.float32), 60), 16_000)
    with Terminal(*options, "--clear", columns=200) as shown:
        shown.wait_for("Say it aloud yourself, then press Enter", 300)
        shown.press("\n")
        assert shown.end(300) == 0
        assert "Next: xiaoan replay" in shown.text
    with (tmp_path / "truth.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["label"], row["start"], row["end"], row["consent"]) == ("", "0.0", "2.0", CONSENT)
    assert soundfile.info(tmp_path / row["file"]).duration == 2.0


def test_consent_must_say_something(config: Path) -> None:
    """Left out, or a tick: nothing is recorded."""
    assert "--consent" in xiaoan("record-fixture", "crying", "--config", config).stderr
    done = xiaoan("record-fixture", "crying", "--consent", " ok ", "--config", config)
    assert (done.returncode, done.stderr) == (2, "xiaoan: --consent must say who agreed and how, in some words\n")


def test_the_warning_is_there_in_both_languages_and_short_enough_to_be_played() -> None:
    """A loudspeaker that is not there is a reason, not a crash."""
    assert warning_in("zh_CN") != warning_in("en")
    assert all(3 < soundfile.info(warning_in(language)).duration < 15 for language in ("zh_CN", "en"))
    assert "no such" in announce("no such loudspeaker", warning_in("en"))


def test_each_label_has_its_chinese() -> None:
    """That of a recording by which nothing may be raised too."""
    chinese = translator("zh_CN")
    assert [label for label in LABELS if chinese(label) == label] == []
