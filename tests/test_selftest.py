"""The daily chirp: played by a child, heard by the microphone, told in `health`."""

import sys
from datetime import datetime, timedelta

import numpy as np
import pytest

from edge.capture import RATE_HZ
from edge.capture.chirp import HEARD, chirp, likeness
from edge.capture.microphone import Microphone
from edge.chain import Chain
from edge.config.schema import LoudspeakerSettings, MicrophoneSettings
from edge.demo.sounds import at_level, bell, chatter, in_corridor, scream
from edge.detect.detector import Detector
from edge.health.clock import Moment
from edge.selftest import AFTER_S, DAY_S, PATIENCE_S, SelfTest
from edge.shipped import models_folder
from tests.broker import wait_for
from tests.capture.sounds import Array, noise
from tests.sound_server import VirtualMicrophone

START = datetime.fromisoformat("2026-11-23T06:00:00+08:00")
SILENT = (sys.executable, "-c", "pass")
BROKEN = (sys.executable, "-c", "import sys; print('no such loudspeaker'); sys.exit(1)")
HANGING = (sys.executable, "-c", "import time; time.sleep(600)")


def room(rng: np.random.Generator, sound: Array, level_dba: float = 45.0) -> Array:
    """Three seconds of people talking, with this sound in them after one."""
    talk = at_level(chatter(rng, 3.0), level_dba)[: 3 * RATE_HZ]
    talk[RATE_HZ : RATE_HZ + len(sound)] += sound[: 2 * RATE_HZ]
    return talk


def test_the_chirp_is_found_in_a_corridor_full_of_voices() -> None:
    """With echo, at the level of the voices; in one sample of any cut."""
    rng = np.random.default_rng(1)
    echoing = at_level(in_corridor(rng, chirp(RATE_HZ, -20.0)), 55.0)
    assert likeness(room(rng, echoing, 55.0)) > 1.4 * HEARD
    assert likeness(chirp(RATE_HZ, -50.0)) > 0.95
    assert likeness(np.concatenate([np.zeros(777, np.float32), chirp(RATE_HZ, -20.0)])) > 0.95


def test_nothing_else_is_taken_for_it() -> None:
    """Voices, screams, bells, noise, silence, too little sound."""
    rng = np.random.default_rng(2)
    silence = np.zeros(RATE_HZ, np.float32)
    others = [room(rng, scream(rng)), room(rng, at_level(bell(rng), 80.0)), noise(20.0, 0.1), noise(0.1, 0.1), silence, silence[:0]]
    assert [likeness(sound) < 0.7 * HEARD for sound in others] == [True] * 6


@pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")
def test_the_chirp_is_no_alert() -> None:
    """Too quiet or far too loud, with the echo of a corridor: a terminal must not cry for help each morning."""
    rng = np.random.default_rng(3)
    echoing = in_corridor(rng, chirp(RATE_HZ, 0.0))
    detector = Detector.load(models_folder())
    rules = detector.manifest.rules
    for level_dbfs in (-50, -40, -30, -20, -10):
        sound = noise(5.0, 0.0005)
        sound[2 * RATE_HZ : 2 * RATE_HZ + len(echoing)] += echoing * np.float32(10 ** (level_dbfs / 20))
        steps = Chain(detector, -26.0).feed(sound.clip(-1, 1))
        highest = {label: max(step.scores[label] for step in steps[5:]) for label in rules}
        assert all(score < rules[label].threshold for label, score in highest.items()), (level_dbfs, highest)
        assert level_dbfs > -20 or max(highest.values()) < 0.25, (level_dbfs, highest)


class Day:
    """A self-test, and the time of day, which goes on when it is told to."""

    def __init__(self, command: tuple[str, ...], *, synchronised: bool = True, device: str = "default") -> None:
        self.now_s = 0.0
        self.synchronised = synchronised
        self.test = SelfTest(LoudspeakerSettings(device=device, at="06:50"), 0.0, command)

    def tick(self, at_s: float) -> None:
        """It is so many seconds later."""
        self.now_s = at_s
        local = START + timedelta(seconds=at_s)
        self.test.tick(Moment(at_s, round(local.timestamp() * 1000), self.synchronised), local if self.synchronised else None)

    def through(self, begin_s: float, sound: Array) -> bool | None:
        """Begin one there, have this heard, wait for its end. None: there is none."""
        self.tick(begin_s)
        self.test.hear(sound)
        if self.test._player is not None:
            self.test._player.wait(20)
        self.tick(begin_s + 1)
        self.tick(begin_s + 1 + AFTER_S)
        tested, self.test.tested = self.test.tested, None
        return tested.heard if tested else None


def test_once_a_day_at_its_time() -> None:
    """Not before, not twice in the same minute, again the next day; heard or not."""
    day, sound = Day(SILENT), room(np.random.default_rng(1), chirp(RATE_HZ, -20.0))
    assert day.through(60, sound) is None
    assert day.through(50 * 60, sound) is True
    assert day.through(50 * 60 + 10, sound) is None
    assert day.through(DAY_S + 50 * 60, noise(3.0, 0.01)) is False


def test_without_a_known_time_of_day_it_is_a_day_after_the_start() -> None:
    """And each day after that; without a loudspeaker never."""
    day = Day(SILENT, synchronised=False)
    assert day.through(DAY_S - 10, noise(1.0, 0.1)) is None
    assert day.through(DAY_S, noise(1.0, 0.1)) is False
    assert day.through(DAY_S + 60, noise(1.0, 0.1)) is None
    assert Day(SILENT, device="").through(50 * 60, noise(1.0, 0.1)) is None


def test_a_loudspeaker_that_cannot_play_is_not_heard_and_said_why(caplog: pytest.LogCaptureFixture) -> None:
    """The player's own word is in the journal; one that hangs is ended."""
    assert Day(BROKEN).through(50 * 60, noise(1.0, 0.1)) is False
    assert "no such loudspeaker" in caplog.text
    day = Day(HANGING)
    day.tick(50 * 60)
    player = day.test._player
    assert player
    day.tick(50 * 60 + PATIENCE_S - 1)
    assert day.test._player
    day.tick(50 * 60 + PATIENCE_S)
    assert player.wait(20) == -9
    day.tick(50 * 60 + PATIENCE_S + AFTER_S)
    assert day.test.tested
    assert not day.test.tested.heard
    assert Day(("/nonexistent",)).through(50 * 60, noise(1.0, 0.1)) is False


@pytest.mark.parametrize(("device", "heard"), [(VirtualMicrophone.loudspeaker, True), ("no-such-thing", False)])
def test_a_microphone_hears_the_loudspeaker_in_its_room(virtual_microphone: VirtualMicrophone, device: str, *, heard: bool) -> None:
    """The real child plays to a real sound server, and the real capture child hears it there."""
    settings = MicrophoneSettings(device=virtual_microphone.device)
    with Microphone(settings) as microphone:
        wait_for(lambda: microphone.read(0.5) is not None, "the first sound", 40.0)
        test = SelfTest(LoudspeakerSettings(device=device, at="06:50"), 0.0)
        at_s = 50 * 60.0

        def done() -> bool:
            nonlocal at_s
            if (block := microphone.read(0.5)) is not None:
                test.hear(block)
                at_s += len(block) / RATE_HZ
            test.tick(Moment(at_s, 0, synchronised=True), START + timedelta(seconds=50 * 60))
            return test.tested is not None

        wait_for(done, "the self-test", 60.0)
        test.close()
    assert test.tested
    assert test.tested.heard is heard
