"""Sounds whose frequency and level are known, and how to find them again."""

import numpy as np
from numpy.typing import NDArray

from edge.capture import RATE_HZ

Array = NDArray[np.float32]


def tone(hz: float = 440.0, seconds: float = 1.0, amplitude: float = 0.5, rate_hz: int = RATE_HZ) -> Array:
    """(n,) a sine."""
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def noise(seconds: float, rms: float, rate_hz: int = RATE_HZ, seed: int = 1) -> Array:
    """(n,) white noise."""
    return (rms * np.random.default_rng(seed).standard_normal(round(seconds * rate_hz))).astype(np.float32)


def frequency_hz(sound: Array) -> float:
    """The strongest frequency of sound at 16 kHz."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(spectrum) * RATE_HZ / len(sound))


def rms(sound: Array) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
