"""The log-mel stream equals librosa's, however it is cut."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.features import RATE_HZ
from edge.features.logmel import LogMelSettings, LogMelStream, log_mel, mel_bank

SETTINGS = (LogMelSettings(), LogMelSettings(window=400, hop=200, bands=40, low_hz=20.0, high_hz=7600.0, floor=1e-9))


def by_librosa(samples: np.ndarray, s: LogMelSettings) -> np.ndarray:
    """What librosa makes of the same sound with the same settings."""
    power = librosa.feature.melspectrogram(
        y=samples, sr=RATE_HZ, n_fft=s.window, hop_length=s.hop, window="hann", center=False, n_mels=s.bands, fmin=s.low_hz, fmax=s.high_hz
    )
    return np.asarray(librosa.power_to_db(power, ref=1.0, amin=s.floor, top_db=None).T)


def voiced(seconds: float) -> np.ndarray:
    """A gliding harmonic sound that swells and fades by 60 dB, over the noise that every microphone has."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(180 + 120 * np.sin(2 * np.pi * 0.7 * t)) / RATE_HZ
    tone = sum(np.sin(k * phase) / k for k in range(1, 20))
    noise = np.random.default_rng(0).standard_normal(len(t)) * 1e-4
    return (0.2 * tone * 10 ** (-3 * np.abs(np.sin(2 * np.pi * 0.3 * t))) + noise).astype(np.float32)


@pytest.mark.parametrize("s", SETTINGS)
@pytest.mark.parametrize("sound", ["noise", "voiced", "silence"])
def test_log_mel_equals_librosa(s: LogMelSettings, sound: str) -> None:
    """On noise, voice-like sound and silence every value is within 1e-4 of librosa's."""
    noise = np.random.default_rng(1).standard_normal(3 * RATE_HZ).astype(np.float32) * 0.1
    x = {"noise": noise, "voiced": voiced(3.0), "silence": np.zeros(RATE_HZ, np.float32)}[sound]
    np.testing.assert_allclose(log_mel(x, s), by_librosa(x, s), rtol=1e-4, atol=1e-4)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=12))
def test_any_chunking_gives_the_same_frames(lengths: list[int]) -> None:
    """Sound in pieces of any length, empty ones among them, gives the frames of the whole."""
    s = LogMelSettings()
    x = np.random.default_rng(2).standard_normal(sum(lengths)).astype(np.float32)
    stream = LogMelStream(s)
    pieces = [stream.feed(piece) for piece in np.split(x, np.cumsum(lengths)[:-1])]
    np.testing.assert_allclose(np.concatenate(pieces), log_mel(x, s), atol=1e-4)


def test_the_bank_equals_librosas() -> None:
    """The triangles are Slaney's, area-normalised."""
    s = LogMelSettings()
    theirs = librosa.filters.mel(sr=RATE_HZ, n_fft=s.window, n_mels=s.bands, fmin=s.low_hz, fmax=s.high_hz)
    np.testing.assert_allclose(mel_bank(s), theirs.T, atol=1e-7)
