"""A short chirp, and whether it is in what was heard. Pure."""

import numpy as np
from numpy.typing import NDArray

from edge.capture import RATE_HZ

Array = NDArray[np.float32]

SECONDS = 0.3
FROM_HZ, TO_HZ = 7000.0, 3000.0
"""Falling, and over the range of voices: the same from 1 to 5 kHz is a scream to the detector. What covers a microphone takes it away first."""

HEARD = 0.25
"""Correlation with what was heard in this band; 0.3 s over 4 kHz stay under 0.12 in any noise, and an echo takes some of the 1.0 away."""


def chirp(rate_hz: int, level_dbfs: float) -> Array:
    """(n,) a sweep, softly begun and ended. level_dbfs: RMS of its middle, 0: a full-scale sine."""
    t = np.arange(round(SECONDS * rate_hz)) / rate_hz
    phase = 2 * np.pi * (FROM_HZ * t + (TO_HZ - FROM_HZ) * t**2 / (2 * SECONDS))
    fade = np.sin(np.pi * np.minimum(1.0, np.minimum(t, SECONDS - t) / 0.05) / 2) ** 2
    return (10 ** (level_dbfs / 20) * fade * np.sin(phase)).astype(np.float32)


def likeness(sound: Array) -> float:
    """(n,) at 16 kHz -> 0..1, how much the best place in it is like the chirp: the correlation within the chirp's band."""
    wanted = chirp(RATE_HZ, 0.0)
    if len(sound) < len(wanted):
        return 0.0
    size = 1 << (len(sound) + len(wanted) - 1).bit_length()
    hz = np.fft.rfftfreq(size, 1 / RATE_HZ)
    spectrum = np.fft.rfft(sound, size) * ((hz >= 0.95 * min(FROM_HZ, TO_HZ)) & (hz <= 1.05 * max(FROM_HZ, TO_HZ)))
    product = np.fft.irfft(spectrum * np.conj(np.fft.rfft(wanted, size)), size)[: len(sound) - len(wanted) + 1]
    power = np.concatenate([[0.0], np.cumsum(np.fft.irfft(spectrum, size)[: len(sound)] ** 2)])
    energy = power[len(wanted) :] - power[: len(power) - len(wanted)]
    floor = max(1e-6 * float(energy.max()), 1e-12)  # rounding is not like anything
    return float(np.max(np.abs(product) / np.sqrt(np.maximum(energy, floor) * np.sum(wanted.astype(np.float64) ** 2))))
