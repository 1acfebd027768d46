"""What the doctor says of what hangs on the wall."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.config.schema import Config, KeySettings, LampSettings, SounderSettings
from edge.doctor.check import State
from edge.doctor.panel import parts
from tests.panel.parts import Board

GOOD, WARNING, BAD = State.GOOD, State.WARNING, State.BAD


def states(config: Config, *, terminal_runs: bool = False) -> dict[str, State]:
    """Each part's state by its name."""
    return {check.name: check.state for check in parts(config, terminal_runs=terminal_runs)}


def test_what_is_not_configured_is_not_spoken_of() -> None:
    """Most terminals have no key."""
    assert states(Config()) == {}


def test_a_pipe_is_looked_at_and_not_made(tmp_path: Path) -> None:
    """Made by root it would be of no use to the service."""
    pipe = tmp_path / "key"
    config = Config(key=KeySettings(driver="pipe", pipe=str(pipe)), lamp=LampSettings(driver="pipe", pipe=str(pipe)))
    assert states(config) == {"key": GOOD, "lamp": GOOD}
    assert not pipe.exists()
    os.mkfifo(pipe)
    assert states(config) == {"key": GOOD, "lamp": GOOD}
    pipe.unlink()
    pipe.touch()
    assert states(config) == {"key": BAD, "lamp": BAD}


def test_what_cannot_be_opened_is_bad(tmp_path: Path) -> None:
    """With the sentence of its error, which says what to do."""
    config = Config(
        key=KeySettings(driver="usb", device=f"{tmp_path}/event0"),
        lamp=LampSettings(driver="relay", port=f"{tmp_path}/ttyUSB0"),
        sounder=SounderSettings(driver="gpio", line="GPIO17", chip="nowhere", sentence=f"{tmp_path}/none.wav"),
    )
    assert states(config) == {"key": BAD, "lamp": BAD, "sounder": BAD, "sentence": BAD}
    assert all("{" not in check.told(str) + check.told_remedy(str) for check in parts(config, terminal_runs=True))


def test_a_relay_of_the_running_terminal_is_left_alone() -> None:
    """Whoever closes its port switches the lamp off."""
    board = Board()
    config = Config(lamp=LampSettings(driver="relay", port=str(board.port)))
    assert states(config, terminal_runs=True) == {"lamp": GOOD}
    assert board.frames() == []
    assert states(config) == {"lamp": GOOD}
    board.pull()


@pytest.mark.parametrize(("seconds", "state"), [(3, GOOD), (20, WARNING)])
def test_a_sentence_that_is_too_long_is_said(tmp_path: Path, seconds: int, state: State) -> None:
    """The rest of it would be cut off."""
    soundfile.write(tmp_path / "a.wav", np.zeros(seconds * 8000), 8000)
    assert states(Config(sounder=SounderSettings(sentence=f"{tmp_path}/a.wav"))) == {"sentence": state}
