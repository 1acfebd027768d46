"""The child that says the sentence, and what it plays."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.capture.player import LONGEST_S, beeps, recorded
from edge.panel.speaker import AFTER_FAILURE_S, START_S, Speaker

PLAYS = (sys.executable, "-c", "pass")
BROKEN = (sys.executable, "-c", "import sys; print('no such loudspeaker'); sys.exit(1)")
HANGING = (sys.executable, "-c", "import time; time.sleep(600)")


def ended(speaker: Speaker, now_s: float) -> None:
    """Wait for its child, and tell it the time."""
    assert speaker._player
    speaker._player.wait(20)
    speaker.tick(now_s)


def test_it_speaks_until_its_child_ends() -> None:
    """One thing at a time; afterwards it is known when it spoke last."""
    speaker = Speaker("default", PLAYS)
    assert speaker.spoke_s == -np.inf
    assert speaker.say("a.wav", 100.0)
    assert not speaker.beep(3, 100.0)
    assert speaker.spoke_s == np.inf
    ended(speaker, 103.0)
    assert speaker.spoke_s == 103.0
    assert speaker.beep(3, 103.0)
    ended(speaker, 106.0)


def test_a_loudspeaker_that_is_broken_does_not_make_the_terminal_deaf_at_each_alert(caplog: pytest.LogCaptureFixture) -> None:
    """The player's own word is in the journal, one that hangs is ended, and for ten minutes it is not tried again."""
    for command, end_s in ((BROKEN, 101.0), (HANGING, 100.0 + START_S + LONGEST_S)):
        speaker = Speaker("default", command)
        assert speaker.say("a.wav", 100.0)
        if command is BROKEN:
            ended(speaker, end_s)
        else:
            speaker.tick(end_s - 1)
            assert speaker.spoke_s == np.inf
            speaker.tick(end_s)
            ended(speaker, end_s + 1.0)
        assert speaker.spoke_s == end_s
        assert not speaker.say("a.wav", end_s + AFTER_FAILURE_S - 1)
        assert speaker.say("a.wav", end_s + AFTER_FAILURE_S)
        speaker.close()
    assert "no such loudspeaker" in caplog.text
    assert not Speaker("default", ("/nonexistent",)).say("a.wav", 0.0)


def test_a_recording_is_cut_and_made_to_fit_the_loudspeaker(tmp_path: Path) -> None:
    """Stereo at 8 kHz becomes one channel at 48 kHz; of a minute only the beginning is played."""
    soundfile.write(tmp_path / "a.wav", np.full((60 * 8000, 2), 0.5), 8000)
    sound = recorded(tmp_path / "a.wav", 48_000)
    assert len(sound) == round(LONGEST_S * 48_000)
    assert abs(float(np.median(sound)) - 0.5) < 0.01


def test_beeps_are_one_a_second() -> None:
    """Softly begun, with a pause after each."""
    sound = beeps(3, 16_000, -20.0)
    assert len(sound) == 48_000
    assert [bool(np.abs(sound[i * 16_000 + 5000 : (i + 1) * 16_000]).max() == 0) for i in range(3)] == [True] * 3
    assert 0.09 < np.abs(sound).max() < 0.11
