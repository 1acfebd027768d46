"""A voice as source and filter: harmonics of a gliding fundamental and breath, both shaped by formants.

Source: Fant, Acoustic Theory of Speech Production (1960); roughness of screams as amplitude modulation of 30 to 150 Hz after
Arnal et al., Human screams occupy a privileged niche in the communication soundscape (2015).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.features import RATE_HZ

Sound = NDArray[np.float32]
Curve = NDArray[np.float64]
Points = Sequence[tuple[float, float]]  # (place in 0..1 of the duration, value)

_HIGHEST_HZ = 7_400.0
_CONTROL = 32  # samples between two values of a formant: 2 ms
_SUBHARMONIC = 0.3  # above this roughness the folds also swing at half the frequency


@dataclass(frozen=True, slots=True)
class Voice:
    """What stays the same about a speaker."""

    f0_hz: float  # at ease
    tract: float  # formants of a grown man times this: 1.0 man, 1.17 woman, 1.35 child
    tilt_db: float = -9.0  # source and radiation, dB an octave at ease; effort makes it flatter
    jitter: float = 0.012  # relative wandering of the fundamental
    breath_db: float = -28.0  # breath against the harmonics


MAN = Voice(115.0, 1.0)
WOMAN = Voice(205.0, 1.17)
CHILD = Voice(290.0, 1.35)
BABY = Voice(430.0, 1.75)

VOWELS: dict[str, tuple[float, ...]] = {  # formants of a man, Hz (Peterson and Barney 1952; F4, F5 usual values)
    "a": (730, 1090, 2440, 3400, 4500),
    "e": (530, 1840, 2480, 3500, 4500),
    "i": (270, 2290, 3010, 3600, 4500),
    "o": (570, 840, 2410, 3300, 4500),
    "u": (300, 870, 2240, 3300, 4500),
    "@": (500, 1500, 2490, 3450, 4500),
    "ae": (660, 1720, 2410, 3400, 4500),
}


def curve(points: Points, samples: int) -> Curve:
    """(samples,) straight lines through the points, smoothed over 10 ms so that nothing clicks."""
    places, values = zip(*points, strict=True)
    line = np.interp(np.linspace(0, 1, samples), places, values)
    width = min(160, max(1, samples // 4))
    padded = np.pad(line, (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, np.ones(width) / width, mode="valid")


def wander(rng: np.random.Generator, samples: int, cut_hz: float) -> Curve:
    """(samples,) slow random movement below about cut_hz, standard deviation 1."""
    knots = max(4, int(samples / RATE_HZ * cut_hz * 2) + 2)
    slow = np.interp(np.linspace(0, knots - 1, samples), np.arange(knots), rng.standard_normal(knots))
    return slow / max(1e-9, float(np.std(slow)))


def formant_gain(hz: Curve, formants_hz: Curve, widths_hz: Sequence[float]) -> Curve:
    """Gain of the vocal tract as resonators in a row: hz (n,), formants_hz (formants, n) -> (n,)."""
    gain = np.ones(len(hz))
    for centre, width in zip(formants_hz, widths_hz, strict=True):
        gain *= centre**2 / np.sqrt((centre**2 - hz**2) ** 2 + (hz * width) ** 2)
    return gain


def utter(
    rng: np.random.Generator,
    voice: Voice,
    duration_s: float,
    f0_hz: Points,
    loud: Points,
    vowels: Sequence[str],
    effort: float = 0.0,
    rough: float = 0.0,
    breath: float = 0.0,
) -> Sound:
    """One stretch of voice, RMS about 1 where it is loudest.

    f0_hz: melody.  loud: amplitude 0..1.  vowels: what the mouth glides through.  effort 0..1: from speech to a scream (flatter
    source, wider mouth).  rough 0..1: depth of the fast modulation and of the subharmonic.  breath 0..1: share of noise.
    """
    n = int(duration_s * RATE_HZ)
    melody = curve(f0_hz, n) * (1 + voice.jitter * (1 + 2 * rough) * wander(rng, n, 25) + 0.006 * wander(rng, n, 4))
    envelope = curve(loud, n) * np.clip(1 + 0.10 * wander(rng, n, 12), 0.3, 1.7)
    tract = _tract(vowels, voice, effort, n)
    tilt_db = voice.tilt_db * (1 - 0.62 * effort)
    phase = 2 * np.pi * np.cumsum(melody) / RATE_HZ
    voiced = np.zeros(n)
    apart = 0.5 if rough > _SUBHARMONIC else 1.0
    partials = np.arange(apart, _HIGHEST_HZ / float(melody.min()) + 1, apart)
    at = np.arange(0, n, _CONTROL)
    for k in partials:
        hz = k * melody[at]
        if hz.min() > _HIGHEST_HZ:
            break
        gain = formant_gain(hz, tract[:, at], _widths(effort)) * 10 ** (tilt_db * np.log2(max(k, 1.0)) / 20)
        gain *= np.clip((_HIGHEST_HZ - hz) / 400, 0, 1)
        if k != round(k):  # the subharmonic of a rough voice comes and goes
            gain *= 0.35 * rough * np.clip(wander(rng, len(at), 6 * _CONTROL), 0, 1)
        voiced += np.interp(np.arange(n), at, gain) * np.sin(k * phase + rng.uniform(0, 2 * np.pi))
    if rough:
        rate = 70 + 25 * wander(rng, n, 8)
        voiced *= 1 + rough * 0.8 * np.sin(2 * np.pi * np.cumsum(rate) / RATE_HZ)
        voiced *= 1 + 0.5 * rough * wander(rng, n, 90)
    voiced /= max(1e-9, float(np.sqrt(np.mean(voiced**2))))
    noise = shaped_noise(rng, tract)
    breath_gain = 10 ** (voice.breath_db / 20) * (1 - breath) + breath * 1.2
    return ((voiced * (1 - 0.9 * breath) + noise * breath_gain) * envelope).astype(np.float32)


def shaped_noise(rng: np.random.Generator, tract_hz: Curve) -> Curve:
    """(n,) breath through a tract (formants, n), RMS 1: overlapping windows of 16 ms, each filtered by the formants there."""
    n = tract_hz.shape[1]
    size, hop = 512, 256
    out = np.zeros(n + 2 * size)
    hz = np.asarray(np.fft.rfftfreq(size, 1 / RATE_HZ), np.float64)
    window = np.sqrt(np.hanning(size + 1)[:size])
    for start in range(0, n + size, hop):
        centre = tract_hz[:, min(n - 1, max(0, start - hop))]
        gain = formant_gain(hz, np.repeat(centre[:, None], len(hz), axis=1), (250.0,) * len(centre)) * np.minimum(1, hz / 500)
        out[start : start + size] += window * np.fft.irfft(np.fft.rfft(window * rng.standard_normal(size)) * gain)
    out = out[size : size + n]
    return out / max(1e-9, float(np.sqrt(np.mean(out**2))))


def _tract(vowels: Sequence[str], voice: Voice, effort: float, n: int) -> Curve:
    """(formants, n): the mouth glides from vowel to vowel; with effort the first formant rises, for the mouth opens."""
    marks = np.linspace(0, 1, max(2, len(vowels)))
    names = list(vowels) if len(vowels) > 1 else [vowels[0]] * 2
    table = np.array([VOWELS[v] for v in names]) * voice.tract
    table[:, 0] *= 1 + 0.45 * effort
    table[:, 1] *= 1 + 0.12 * effort
    return np.array([curve(list(zip(marks, column, strict=True)), n) for column in table.T.clip(max=7_000)])


def _widths(effort: float) -> tuple[float, ...]:
    """Bandwidths of five formants, Hz; an open glottis damps the first ones more."""
    return (80 + 90 * effort, 100 + 80 * effort, 140 + 80 * effort, 220 + 80 * effort, 300)
