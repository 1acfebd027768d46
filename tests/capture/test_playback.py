"""A recording in the microphone's place."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.capture import RATE_HZ
from edge.capture.errors import RecordingMissing
from edge.capture.playback import PacedRecording
from edge.health.faults import Fault
from tests.capture.sounds import noise


class Clock:
    """Time that passes only while somebody sleeps."""

    now_s = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        assert seconds >= 0
        self.now_s += seconds


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """1.25 s of noise."""
    soundfile.write(tmp_path / "a.wav", noise(1.25, 0.1), RATE_HZ)
    return tmp_path / "a.wav"


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_each_block_comes_when_its_last_sample_would_have_been_heard(recording: Path, speed: float) -> None:
    """At real speed the third block of 0.1 s comes 0.3 s after the first call, at four times the speed after 0.075 s; then it ends."""
    clock = Clock()
    with PacedRecording(recording, speed=speed, clock=clock, sleep=clock.sleep) as source:
        times, blocks = [], []
        while not source.finished:
            blocks.append(source.read(1.0))
            times.append((clock.now_s - 100.0) * speed)
        assert source.read(0.5) is None
    np.testing.assert_allclose(times, [*np.arange(1, 13) * 0.1, 1.25])
    np.testing.assert_allclose(np.concatenate([block for block in blocks if block is not None]), soundfile.read(recording, dtype="float32")[0])


def test_a_short_timeout_gives_nothing_yet_and_loses_nothing(recording: Path) -> None:
    """Nobody waits longer than asked for, and the block comes at its time all the same."""
    clock = Clock()
    source = PacedRecording(recording, clock=clock, sleep=clock.sleep)
    assert source.read(0.04) is None
    assert clock.now_s == pytest.approx(100.04)
    assert source.read(0.04) is None
    block = source.read(0.04)
    assert block is not None
    assert clock.now_s == pytest.approx(100.1)


def test_it_shows_faults_of_the_signal_like_a_microphone(tmp_path: Path) -> None:
    """A recording of digital silence is a dead microphone."""
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE_HZ * 12), RATE_HZ)
    clock = Clock()
    source = PacedRecording(tmp_path / "a.wav", clock=clock, sleep=clock.sleep)
    while not source.finished:
        source.read(1.0)
    assert source.faults() == {Fault.SILENCE}
    assert (source.dropped_blocks, source.restarts) == (0, 0)


def test_a_bad_file_is_said_when_it_is_opened(tmp_path: Path) -> None:
    """Not at the first block, when everything else already runs."""
    with pytest.raises(RecordingMissing):
        PacedRecording(tmp_path / "none.wav")
