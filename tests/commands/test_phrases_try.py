"""`xiaoan phrases try`, in a pipe and on a terminal."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.shipped import models_folder
from tests.command import xiaoan
from tests.pseudo_terminal import Terminal

pytestmark = pytest.mark.skipif(not (models_folder() / "phrases.onnx").exists(), reason="there is no phrase model yet")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Three seconds of quiet."""
    path = tmp_path / "quiet.wav"
    soundfile.write(path, 0.001 * np.random.default_rng(1).standard_normal(48_000), 16_000)
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a state folder of its own."""
    (tmp_path / "config.toml").write_text(f'[paths]\nstate = "{tmp_path}/state"\n')
    return tmp_path / "config.toml"


def test_a_pipe_gets_the_best_phrases_each_second(recording: Path, config: Path, tmp_path: Path) -> None:
    """Those of the list that is given, the best first."""
    listed = tmp_path / "list.toml"
    listed.write_text('[help]\nphrases = ["救命", "开门"]\n', encoding="utf-8")
    done = xiaoan("phrases", "try", "--recording", recording, "--phrases", listed, "--json", "--config", config)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, len(told)) == (0, 2), done.stderr
    assert {p["phrase"] for p in told[-1]["phrases"]} == {"救命", "开门"}
    scores = [p["score"] for p in told[-1]["phrases"]]
    assert scores == sorted(scores, reverse=True)


def test_a_terminal_shows_them_live(recording: Path, config: Path) -> None:
    """Five of the shipped list, with a score each."""
    with Terminal("phrases", "try", "--recording", str(recording), "--config", str(config)) as shown:
        shown.wait_for(r"\d\.\d\d #* +\S+")
        assert shown.end() == 0


def test_nothing_to_listen_for_is_one_sentence(recording: Path, config: Path) -> None:
    """Status 2."""
    with config.open("a") as file:
        file.write("[labels.help]\non = false\n[labels.insult]\non = false\n")
    done = xiaoan("phrases", "try", "--recording", recording, "--config", config)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no phrase is listened for" in done.stderr
