"""`xiaoan doctor` as a technician runs it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

from edge.shipped import models_folder
from tests.broker import Broker
from tests.command import xiaoan
from tests.sound_server import VirtualMicrophone

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")


def test_a_terminal_in_order(tmp_path: Path, broker: Broker, virtual_microphone: VirtualMicrophone) -> None:
    """Microphone, model, state and broker are good, status 0; in Chinese not a word of English sentences is left."""
    (tmp_path / "config.toml").write_text(
        f'[terminal]\nname = "t1"\n[microphone]\ndevice = "{virtual_microphone.device}"\n'
        f'[broker]\nhost = "127.0.0.1"\nport = {broker.port}\n[paths]\nstate = "{tmp_path}/state"\n'
    )
    noise = (0.01 * np.random.default_rng(1).standard_normal(48_000 * 10)).astype(np.float32)
    virtual_microphone.play(np.tile(noise, 30))  # for as long as a slow machine takes
    done = xiaoan("doctor", "--json", "--config", tmp_path / "config.toml")
    told = {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert [name for name, line in told.items() if line["state"] == "bad"] == []
    assert done.returncode == 0
    assert {"versions", "config", "name", "clock", "disk", "state", "model", "phrases", "sensitivity", "microphone", "sound", "broker.receive"} <= told.keys()
    assert "opens at" in told["microphone"]["told"]
    assert told["sensitivity"]["remedy"] == "run: xiaoan calibrate level"
    chinese = xiaoan("doctor", "--lang", "zh", "--config", tmp_path / "config.toml")
    assert all("\u4e00" <= line[0] <= "\u9fff" or line.strip().startswith("→") for line in chinese.stdout.splitlines()[:-1])


def test_what_is_missing_is_bad_with_its_remedy(tmp_path: Path, virtual_microphone: VirtualMicrophone) -> None:
    """No such microphone, no broker: status 1, and what to do under each line."""
    assert virtual_microphone.device
    (tmp_path / "config.toml").write_text(f'[microphone]\ndevice = "card:Nothing"\n[paths]\nstate = "{tmp_path}/state"\n')
    done = xiaoan("doctor", "--config", tmp_path / "config.toml")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("bad     microphone card:Nothing not found; present: "))
    assert lines[at + 1] == "        → check the plug, then run: xiaoan devices"
    assert any(line.startswith("bad     no MQTT broker is configured") for line in lines)


def test_a_microphone_that_hears_silence_is_bad(tmp_path: Path, virtual_microphone: VirtualMicrophone) -> None:
    """A muted one opens like any other."""
    (tmp_path / "config.toml").write_text(f'[microphone]\ndevice = "{virtual_microphone.device}"\n[paths]\nstate = "{tmp_path}/state"\n')
    told = {line["name"]: line for line in map(json.loads, xiaoan("doctor", "--json", "--config", tmp_path / "config.toml").stdout.splitlines())}
    assert (told["microphone"]["state"], told["sound"]["state"]) == ("good", "bad")


def test_a_typo_in_the_configuration_is_the_last_line(tmp_path: Path) -> None:
    """Nothing else can be looked at without it."""
    (tmp_path / "config.toml").write_text("[broker]\nhots = 1\n")
    done = xiaoan("doctor", "--config", tmp_path / "config.toml")
    assert done.returncode == 1
    assert "did you mean host?" in done.stdout.splitlines()[-2]


def test_chinese_lines_stand_in_one_column(tmp_path: Path) -> None:
    """A Chinese sign is two cells wide; a remedy stands under what was seen."""
    (tmp_path / "config.toml").write_text("[broker]\nhots = 1\n")
    done = xiaoan("doctor", "--lang", "zh", "--config", tmp_path / "config.toml")
    heads = [re.match(r"\S+ +", line) for line in done.stdout.splitlines()[:-1]]
    assert [head and cell_len(head[0]) for head in heads] == [8] * len(heads)
