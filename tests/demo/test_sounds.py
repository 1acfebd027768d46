"""Sounds made by rule."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from edge.demo import sounds
from edge.demo.voice import CHILD, MAN, WOMAN, Sound
from edge.features import RATE_HZ
from edge.features.level import LevelStream

MAKERS: dict[str, Callable[[np.random.Generator], Sound]] = {
    "scream": sounds.scream,
    "shout": sounds.shout,
    "sob": sounds.sob,
    "cry": sounds.cry,
    "laugh": sounds.laugh,
    "talk": lambda rng: sounds.talk(rng, MAN, 3.0),
    "chatter": lambda rng: sounds.chatter(rng, 2.0),
    "door_slam": sounds.door_slam,
    "bell": sounds.bell,
    "corridor": lambda rng: sounds.corridor(rng, 2.0),
}


def pitch_hz(sound: Sound, low_hz: float, high_hz: float) -> float:
    """The fundamental of a stretch, from the peak of its autocorrelation."""
    spectrum = np.fft.rfft(sound, 2 * len(sound))
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)
    lags = np.arange(int(RATE_HZ / high_hz), int(RATE_HZ / low_hz))
    return float(RATE_HZ / lags[np.argmax(correlation[lags])])


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_seed_makes_the_same_sound(name: str) -> None:
    """Float32, finite, never silent; another seed makes another sound."""
    one, again, other = (MAKERS[name](np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.dtype == np.float32
    assert np.isfinite(one).all()
    assert np.abs(one).max() > 0
    np.testing.assert_array_equal(one, again)
    assert len(one) != len(other) or not np.array_equal(one, other)


@pytest.mark.parametrize("level_dba", [50.0, 90.0])
def test_a_level_is_what_the_meter_shows(level_dba: float) -> None:
    """At 1 m or at 4 m, a sound set to a level measures as that level (loud part) with the microphone's sensitivity."""
    sound = sounds.at_level(sounds.bell(np.random.default_rng(1)), level_dba)
    assert float(np.median(LevelStream().feed(sound)[50:-50])) + 94 + 26 == pytest.approx(level_dba, abs=1.5)


def test_sound_gets_quieter_with_distance_and_less_so_in_the_reverberant_field() -> None:
    """At 1 m it is the given level; each doubling costs less than 6 dB, and less and less."""
    levels = [sounds.at_distance(90, d) for d in (1, 2, 4, 8)]
    falls = -np.diff(levels)
    assert levels[0] == pytest.approx(90)
    assert all(0 < b < a < 6.1 for a, b in pairwise(falls))


def test_the_voices_have_the_pitch_of_their_kind() -> None:
    """Screams lie at 600 to 900 Hz, a man's talk near 115 Hz, a child's near 290 Hz."""
    scream = sounds.scream(np.random.default_rng(3), WOMAN)
    middle = scream[len(scream) // 3 : len(scream) // 3 + 1600]
    assert 600 < pitch_hz(middle, 400, 1500) < 900
    for voice, low_hz, high_hz in ((MAN, 80, 170), (CHILD, 220, 400)):
        assert low_hz < pitch_hz(sounds.talk(np.random.default_rng(3), voice, 1.0), 60, 600) < high_hz


def test_a_corridor_makes_sound_last() -> None:
    """Half a second after a blow the reverberation is still there, and quieter than the blow."""
    dry = np.zeros(8000, np.float32)
    dry[0] = 1.0
    wet = sounds.in_corridor(np.random.default_rng(1), dry)
    assert 0 < float(np.abs(wet[6400:7200]).max()) < 0.1 * float(np.abs(wet[:800]).max())


def test_a_phrase_is_spoken_where_the_program_is_installed() -> None:
    """espeak-ng gives a second or so of Mandarin at 16 kHz."""
    spoken = sounds.phrase("lao3shi1")
    if spoken is None:
        pytest.skip("espeak-ng is not installed")
    assert spoken.dtype == np.float32
    assert 0.4 < len(spoken) / RATE_HZ < 3
