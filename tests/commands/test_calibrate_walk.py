"""`xiaoan calibrate walk` at a terminal with a microphone."""

import re
from pathlib import Path

import numpy as np
import pytest

from edge.demo import sounds
from edge.demo.voice import MAN
from edge.shipped import models_folder
from tests.command import xiaoan
from tests.pseudo_terminal import Terminal
from tests.sound_server import VirtualMicrophone

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")


def test_a_walk_ends_in_a_sheet(tmp_path: Path, virtual_microphone: VirtualMicrophone) -> None:
    """A shout at 1 m is raised, with level and score; what is left out keeps the walk from being accepted; the sheet says who, where and what."""
    (tmp_path / "config.toml").write_text(
        f'[terminal]\nname = "t1"\nplace = "二楼"\n[microphone]\ndevice = "{virtual_microphone.device}"\n[paths]\nstate = "{tmp_path}/state"\n'
    )
    shouts = np.concatenate([sounds.at_level(sounds.shout(np.random.default_rng(seed), MAN), 90) for seed in range(8)])
    with Terminal("calibrate", "walk", "--sheet", tmp_path / "sheet.html", "--by", "李老师", "--config", tmp_path / "config.toml") as shown:
        shown.wait_for("1/16  1 m away, shout")
        virtual_microphone.play(shouts, 16_000)
        shown.press("\n")
        shown.wait_for(r"as it must be: shouting,( crying,)? \d\d+ dBA, shouting [01]\.\d\d")  # made shouts in a row are taken for crying as well
        shown.wait_for("2/16  1 m away, clap")
        shown.press("s\n")
        shown.wait_for("3/16  1 m away, read")
        shown.press("s\n")
        shown.wait_for("4/16  1 m away, call as somebody in trouble would: 救命啊")
        shown.press("q\n")
        assert shown.end() == 1
        assert "Not accepted: 0 of 1 did not come out as they must, 15 were left out." in shown.text
    sheet = (tmp_path / "sheet.html").read_text()
    assert re.search("<td>at</td><td>[^<]{16}", sheet)  # without a clock there is room to write it by hand
    assert all(told in sheet for told in ("school/t1", "二楼", "李老师", "Not accepted; 15 trials were left out.", "1 m"))


def test_a_walk_needs_somebody(tmp_path: Path) -> None:
    """In a pipe nobody presses Enter; a folder that is not there is said before the walk."""
    assert "no terminal to ask on" in xiaoan("calibrate", "walk").stderr
    with Terminal("calibrate", "walk", "--sheet", tmp_path / "nowhere" / "sheet.html", columns=300) as shown:
        assert shown.end() == 2
        assert "there is no folder" in shown.text
    with Terminal("calibrate", "walk") as shown:
        shown.wait_for("1/16")
        shown.press("\x04")
        assert shown.end() == 130
