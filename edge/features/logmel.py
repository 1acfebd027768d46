"""Streaming log-mel spectrogram: one implementation for the daemon, replay and training."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from edge.features import RATE_HZ

Array = NDArray[np.float32]

PIECE = 48
"""Frames worked on at once. Larger pieces need memory that the system takes back and maps anew each time, which costs more than the FFT."""


@dataclass(frozen=True, slots=True)
class LogMelSettings:
    """How sound becomes log-mel frames; a model's manifest holds the ones it was trained with.

    The same as `librosa.power_to_db(librosa.feature.melspectrogram(..., window="hann", center=False), top_db=None)`.
    """

    window: int = 512  # samples of a frame, and size of its FFT
    hop: int = 160  # samples between two frames
    bands: int = 64  # mel bands (Slaney's scale, area-normalised triangles)
    low_hz: float = 50.0  # lower edge of the lowest band
    high_hz: float = 8000.0  # upper edge of the highest band
    floor: float = 1e-10  # smallest power before the logarithm


def _hz_to_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's mel scale (Auditory Toolbox, 1998): linear to 1 kHz, then 27 steps for a factor of 6.4."""
    return np.where(hz < 1000.0, hz * 3.0 / 200.0, 15.0 + 27.0 * np.log(np.maximum(hz, 1.0) / 1000.0) / np.log(6.4))


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0))


@cache
def mel_bank(settings: LogMelSettings) -> Array:
    """Triangular weights (window / 2 + 1, bands), each of area 2 / its width in Hz, as `librosa.filters.mel` has them."""
    ends = _hz_to_mel(np.array([settings.low_hz, settings.high_hz]))
    edges = _mel_to_hz(np.linspace(ends[0], ends[1], settings.bands + 2))
    bins = np.fft.rfftfreq(settings.window, 1 / RATE_HZ)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (edges[2:] - edges[:-2])
    return np.ascontiguousarray(weights, np.float32)


@cache
def _hann(window: int) -> Array:
    """Periodic Hann window (window,)."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)


def log_mel(samples: Array, settings: LogMelSettings) -> Array:
    """Log-mel of a whole stretch of sound.

    samples: (n,) in -1..1 at 16 kHz.  Returns (frames, bands) in dB re full-scale power, frames = 1 + (n - window) // hop,
    none where n < window. Frame i covers samples i * hop to i * hop + window.
    """
    if len(samples) < settings.window:
        return np.zeros((0, settings.bands), np.float32)
    samples = np.ascontiguousarray(samples, np.float32)
    size, count = samples.itemsize, 1 + (len(samples) - settings.window) // settings.hop
    frames = np.ndarray((count, settings.window), np.float32, samples, strides=(settings.hop * size, size))  # a view, faster made than a sliding one
    window, bank, floor = _hann(settings.window), mel_bank(settings), np.float32(settings.floor)
    decibels = np.empty((len(frames), settings.bands), np.float32)
    for at in range(0, len(frames), PIECE):
        spectrum = np.fft.rfft(frames[at : at + PIECE] * window)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        decibels[at : at + PIECE] = 10.0 * np.log10(np.maximum(power @ bank, floor))
    return decibels


class LogMelStream:
    """Log-mel frames of sound that comes in pieces of any length; the same frames as `log_mel` gives for the whole."""

    def __init__(self, settings: LogMelSettings) -> None:
        self._settings = settings
        self._rest = np.zeros(0, np.float32)

    def feed(self, samples: Array) -> Array:
        """(n,) more samples -> (frames, bands) that are complete by now, maybe none."""
        sound = np.concatenate([self._rest, samples])
        frames = log_mel(sound, self._settings)
        self._rest = sound[len(frames) * self._settings.hop :]
        return frames
