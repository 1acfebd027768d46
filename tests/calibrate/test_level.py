"""The microphone's sensitivity from sounds whose level is known, and every reason for refusing them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.calibrate.level import Heard, NotCalibrated, has_tone, noise, sensitivity, tone
from edge.features import RATE_HZ
from edge.features.level import LevelStream

RNG = np.random.default_rng(1)


def sine(dbfs: float, seconds: float = 5.0, hz: float = 1000.0) -> NDArray[np.float32]:
    """A tone of that level, with the noise of a quiet room."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * time_s) + 1e-4 * RNG.standard_normal(len(time_s))).astype(np.float32)


def pink(dbfs: float, seconds: float = 10.0) -> NDArray[np.float32]:
    """Pink noise whose A-weighted level is `dbfs`, by the level meter of the terminal."""
    spectrum = np.fft.rfft(RNG.standard_normal(round(seconds * RATE_HZ)))
    sound = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 100.0)), round(seconds * RATE_HZ)).astype(np.float32)
    levels = LevelStream().feed(sound)[100:].astype(np.float64)
    return np.asarray(sound * 10 ** ((dbfs - 10 * np.log10(np.mean(10 ** (levels / 10)))) / 20), np.float32)


@pytest.mark.parametrize("dbfs", [-39.0, -26.0, -6.0])
def test_a_tone_tells_the_sensitivity(dbfs: float) -> None:
    """94 dB that come out as x dBFS are a sensitivity of x, and 114 dB one of x - 20; the uncertainty is that of the calibrator and its fit."""
    found = sensitivity([tone(sine(dbfs), 94.0)], calibrator=True)
    assert found.sensitivity_dbfs == pytest.approx(dbfs, abs=0.02)
    assert found.uncertainty_db == pytest.approx(2 * np.hypot(0.75 / 3**0.5, 0.5 / 3**0.5), abs=0.05)
    assert sensitivity([tone(sine(dbfs), 114.0)], calibrator=True).sensitivity_dbfs == pytest.approx(dbfs - 20, abs=0.02)


def test_noise_beside_a_meter_tells_the_sensitivity() -> None:
    """Read as 74 dBA, heard at -46 dBFS(A): -26 dBFS at 94 dB, less sure than by a calibrator."""
    found = sensitivity([noise(pink(-46.0), 74.0)], calibrator=False)
    assert found.sensitivity_dbfs == pytest.approx(-26.0, abs=0.3)
    assert 2.0 < found.uncertainty_db < 2.5


def test_two_levels_show_that_the_microphone_follows() -> None:
    """20 dB more, heard as 20 dB more; half a dB off is said and widens the uncertainty."""
    found = sensitivity([tone(sine(-40.0), 94.0), tone(sine(-20.5), 114.0)], calibrator=True)
    assert found.followed_db == pytest.approx(-0.5, abs=0.02)
    assert found.sensitivity_dbfs == pytest.approx(-40.25, abs=0.02)
    exact = sensitivity([tone(sine(-40.0), 94.0), tone(sine(-20.0), 114.0)], calibrator=True)
    assert exact.uncertainty_db < found.uncertainty_db


def test_a_microphone_that_evens_levels_out_is_refused() -> None:
    """20 dB more came out as 6 dB more: automatic gain control."""
    with pytest.raises(NotCalibrated, match=r"does not follow: the sound changed by \+20\.0 dB, what is heard by \+6\.0 dB"):
        sensitivity([tone(sine(-40.0), 94.0), tone(sine(-34.0), 114.0)], calibrator=True)
    with pytest.raises(NotCalibrated, match=r"3\.0 dB apart; take two that differ by at least 8 dB"):
        sensitivity([noise(pink(-46.0), 74.0), noise(pink(-43.0), 77.0)], calibrator=False)


def falling(sound: NDArray[np.float32], db: float) -> NDArray[np.float32]:
    """The same, lower by so much at its end."""
    return (sound * 10 ** (-np.linspace(0, db, len(sound)) / 20)).astype(np.float32)


@pytest.mark.parametrize(
    ("sound", "told"),
    [
        (sine(-26.0, hz=440.0), "no tone of 1 kHz: the strongest sound is at 440 Hz"),
        (pink(-26.0), "no tone of 1 kHz|only .* dB above other sound"),
        (np.zeros(80_000, np.float32), "gives silence"),
        (np.clip(4 * sine(0.0), -1, 1), "clips"),
        (np.clip(2 * sine(-26.0), -0.05, 0.05), r"distorted \(harmonics at -1\d dB\)"),
        (sine(-26.0) + pink(-36.0, 5.0), r"only \d+ dB above other sound"),
        (falling(sine(-26.0), 3.0), r"drifts by -2\.\d dB"),
        (sine(-26.0) * np.where(np.arange(80_000) % 32_000 < 16_000, 1.0, 0.93).astype(np.float32), r"not stable: it varies by 0\.6 dB"),
        (sine(-26.0, 4.0), "4.0 s of sound are too little; 5 s are needed"),
    ],
)
def test_a_tone_that_tells_nothing_is_refused_with_the_reason(sound: NDArray[np.float32], told: str) -> None:
    """Wrong sound, clipping, an overload, a leak, automatic gain, a loose calibrator."""
    with pytest.raises(NotCalibrated, match=told):
        tone(sound, 94.0)


@pytest.mark.parametrize(
    ("sound", "told"),
    [
        (falling(pink(-40.0), 6.0), r"drifts by -\d\.\d dB though the sound is steady"),
        (pink(-40.0) * np.repeat(np.tile([1.0, 0.4], 5), RATE_HZ).astype(np.float32), r"not steady: it varies by [789]\.\d dB"),
        (np.zeros(160_000, np.float32), "gives silence"),
        (pink(-40.0, 5.0), "too little; 10 s are needed"),
    ],
)
def test_noise_that_tells_nothing_is_refused_with_the_reason(sound: NDArray[np.float32], told: str) -> None:
    """Noise suppression, somebody who talks, a muted microphone."""
    with pytest.raises(NotCalibrated, match=told):
        noise(sound, 74.0)


def test_a_sensitivity_that_no_microphone_has_is_refused() -> None:
    """A reference level that was typed wrong, mostly."""
    for dbfs, reference in ((-1.0, 94.0), (-50.0, 114.0)):
        with pytest.raises(NotCalibrated, match="which no microphone has"):
            sensitivity([Heard(reference, dbfs, 0.01, 10, 5.0)], calibrator=True)


def test_a_tone_is_told_from_other_sound() -> None:
    """Half a second of it is enough; noise, another tone and silence are none."""
    size = RATE_HZ // 2
    assert has_tone(sine(-40.0)[:size])
    assert [has_tone(sound[:size]) for sound in (pink(-20.0), sine(-20.0, hz=800.0), np.zeros(size, np.float32))] == [False] * 3
