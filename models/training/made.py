"""Sounds of a school that the corpus has too few of, from signal models: bells, whistles, horns, alarms, slams, chairs, clapping."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge.features import RATE_HZ

Array = NDArray[np.float32]
Rng = np.random.Generator


def _time(seconds: float) -> NDArray[np.float64]:
    return np.arange(int(seconds * RATE_HZ)) / RATE_HZ


def _noise(rng: Rng, n: int, low_hz: float, high_hz: float) -> NDArray[np.float64]:
    """Gaussian noise with power between two frequencies only, with soft edges."""
    hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    gain = 1 / (1 + (low_hz / np.maximum(hz, 1)) ** 4) / (1 + (hz / high_hz) ** 4)
    return np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * gain, n)


def _harmonics(f0_hz: NDArray[np.float64], slope_db: float, rng: Rng, most: int = 30) -> NDArray[np.float64]:
    """Harmonics of a gliding pitch, each `slope_db` an octave below the one before, with random phases and small deviations."""
    phase, y = 2 * np.pi * np.cumsum(f0_hz) / RATE_HZ, np.zeros(len(f0_hz))
    for k in range(1, most):
        if k * f0_hz.max() > 7800:
            break
        y += 10 ** ((slope_db * np.log2(k) + rng.normal(0, 3)) / 20) * np.sin(k * phase + rng.uniform(0, 6.3))
    return y


def bell(rng: Rng) -> NDArray[np.float64]:
    """A struck bell, an electric bell (hammered 12 to 25 times a second), or the three tones of a loudspeaker."""
    if rng.random() < 0.3:
        notes = rng.choice([392, 440, 494, 523, 587, 659, 784, 880], rng.integers(2, 9))
        length = rng.uniform(0.25, 0.7)
        t = _time(length)
        decay = np.exp(-t * rng.uniform(1, 6))
        return np.concatenate([_harmonics(np.full(len(t), float(f)), rng.uniform(-24, -8), rng, 6) * decay for f in notes])
    seconds, f0 = rng.uniform(1.0, 5.0), rng.uniform(400, 2200)
    ratios = np.array([1, 2.0, 2.76, 3.0, 4.07, 5.4, 6.8]) * rng.uniform(0.97, 1.03, 7)
    one = _time(min(seconds, rng.uniform(0.3, 3.0)))
    ring = sum(rng.uniform(0.2, 1) / (i + 1) ** 0.5 * np.sin(2 * np.pi * f0 * r * one + rng.uniform(0, 6.3)) * np.exp(-one * rng.uniform(1, 8) * (1 + i / 2))
               for i, r in enumerate(ratios) if f0 * r < 7800)  # fmt: skip
    y, n = np.zeros(int(seconds * RATE_HZ)), 0
    rate = rng.uniform(12, 25) if rng.random() < 0.6 else rng.uniform(0.4, 2)
    while n < len(y):
        m = min(len(ring), len(y) - n)
        y[n : n + m] += ring[:m] * rng.uniform(0.8, 1)
        n += max(1, int(RATE_HZ / rate * rng.uniform(0.97, 1.03)))
    return y


def whistle(rng: Rng) -> NDArray[np.float64]:
    """A referee's whistle (with or without a pea), or a person whistling."""
    t = _time(rng.uniform(0.2, 1.8))
    if rng.random() < 0.6:
        f = rng.uniform(2000, 4200) * (1 + rng.uniform(0, 0.05) * np.sin(2 * np.pi * rng.uniform(20, 60) * t))
        am = 1 + rng.uniform(0, 0.6) * np.sin(2 * np.pi * rng.uniform(20, 60) * t)
    else:
        f = rng.uniform(900, 2500) * 2 ** (rng.uniform(-0.8, 0.8) * np.sin(2 * np.pi * rng.uniform(0.3, 2) * t + rng.uniform(0, 6.3)))
        am = np.ones(len(t))
    tone = np.sin(2 * np.pi * np.cumsum(f) / RATE_HZ) + rng.uniform(0, 0.2) * np.sin(4 * np.pi * np.cumsum(f) / RATE_HZ)
    y = am * tone + rng.uniform(0.02, 0.3) * _noise(rng, len(t), 1500, 6000)
    pulses = rng.integers(1, 4)
    gap = np.zeros(int(rng.uniform(0.08, 0.3) * RATE_HZ))
    return np.concatenate([np.concatenate([y, gap]) for _ in range(pulses)])


def horn(rng: Rng) -> NDArray[np.float64]:
    """A car's, scooter's or lorry's horn: one to three tones with strong harmonics, long or in short blows."""
    def blow(seconds: float) -> NDArray[np.float64]:
        t = _time(seconds)
        glide = 1 - 0.06 * np.exp(-t * 40)
        y = sum(_harmonics(f * glide, slope, rng) for f in roots)
        edge = np.minimum(1, np.minimum(t, t[::-1]) * 80)
        return np.tanh(y / (np.abs(y).max() + 1e-9) * drive) * edge

    low = rng.choice([rng.uniform(110, 250), rng.uniform(300, 520), rng.uniform(400, 600)])
    roots = [low, low * rng.uniform(1.15, 1.3), low * rng.uniform(1.4, 1.6)][: rng.integers(1, 4)]
    slope, drive = rng.uniform(-9, 0), rng.uniform(1, 4)
    blows = [blow(rng.uniform(0.15, 0.5)) for _ in range(rng.integers(1, 4))] if rng.random() < 0.6 else [blow(rng.uniform(0.6, 3.0))]
    return np.concatenate([np.concatenate([b, np.zeros(int(rng.uniform(0.08, 0.3) * RATE_HZ))]) for b in blows])


def alarm(rng: Rng) -> NDArray[np.float64]:
    """Beeps, two-tone alarms, sweeps, buzzers."""
    kind, t = rng.integers(4), _time(rng.uniform(1.5, 5.0))
    base, rate = rng.uniform(400, 3200), rng.uniform(0.5, 8)
    swing = np.sin(2 * np.pi * rate * t)
    if kind == 0:
        return _harmonics(np.full(len(t), base), rng.uniform(-20, -3), rng) * (swing > rng.uniform(-0.7, 0.7))
    if kind == 1:
        return _harmonics(np.where(swing > 0, base / 2, base / 2 * rng.uniform(1.15, 1.6)), rng.uniform(-20, -3), rng)
    if kind == 2:
        return _harmonics(rng.uniform(400, 900) * 2 ** (rng.uniform(0.3, 0.8) * np.sin(2 * np.pi * rng.uniform(0.15, 4) * t)), rng.uniform(-15, -3), rng)
    return np.sign(np.sin(2 * np.pi * rng.uniform(80, 500) * t)) + 0.3 * _noise(rng, len(t), 200, 6000)


def siren(rng: Rng) -> NDArray[np.float64]:
    """An ambulance or police: wail (up and down over seconds), yelp (several a second), or two tones in turn, from a driven horn loudspeaker."""
    t = _time(rng.uniform(3.0, 8.0))
    low = rng.uniform(350, 800)
    top = low * rng.uniform(1.5, 3.0)
    way = rng.integers(3)
    if way == 0:
        swing = 0.5 + 0.5 * np.sin(2 * np.pi * t / rng.uniform(2.0, 8.0) + rng.uniform(0, 6.3))
    elif way == 1:
        swing = (t * rng.uniform(1.5, 5.0)) % 1.0
        swing = swing if rng.random() < 0.5 else np.abs(2 * swing - 1)
    else:
        swing = ((t * rng.uniform(0.7, 2.0)) % 1.0 > 0.5) * rng.uniform(0.3, 0.6)
    f0 = low * (top / low) ** swing * rng.uniform(0.94, 1.06)
    y = np.tanh(rng.uniform(0.5, 4) * _harmonics(f0, rng.uniform(-14, -2), rng))
    return y * (1 + rng.uniform(0, 0.6) * np.interp(t, np.arange(0, 9, 0.3), rng.uniform(-1, 1, 30)))


def slam(rng: Rng) -> NDArray[np.float64]:
    """A door, a locker, something that falls: a few impacts, each wide-band with low and metallic resonances."""
    y = np.zeros(int(rng.uniform(0.5, 1.5) * RATE_HZ))
    at, blows = 0, rng.integers(1, 5)
    for _ in range(blows):
        t = _time(rng.uniform(0.2, 0.6))
        hit = _noise(rng, len(t), 30, rng.uniform(800, 6000)) * np.exp(-t * rng.uniform(15, 80))
        for _ in range(rng.integers(2, 8)):
            hit += rng.uniform(0, 0.7) * np.sin(2 * np.pi * np.exp(rng.uniform(np.log(50), np.log(3000))) * t) * np.exp(-t * rng.uniform(8, 60))
        m = min(len(hit), len(y) - at)
        y[at : at + m] += hit[:m] * rng.uniform(0.3, 1)
        at = min(len(y) - 1, at + int(rng.uniform(0.02, 0.3) * RATE_HZ))
    return y


def chair(rng: Rng) -> NDArray[np.float64]:
    """A chair or table dragged over the floor: stick-slip that wanders in pitch, with rumble."""
    t = _time(rng.uniform(0.3, 1.6))
    f = np.exp(rng.uniform(np.log(120), np.log(1500))) * 2 ** (0.3 * np.cumsum(rng.standard_normal(len(t))) / 400)
    y = _harmonics(np.clip(f, 80, 3000), rng.uniform(-6, 0), rng)
    y *= 1 + 0.8 * np.sin(2 * np.pi * np.cumsum(rng.uniform(15, 60) + 5 * rng.standard_normal(len(t))) / RATE_HZ)
    y = y / (np.abs(y).max() + 1e-9) + rng.uniform(0.2, 2) * _noise(rng, len(t), 100, 3000) * 0.2
    return y * np.minimum(1, np.minimum(t, t[::-1]) * 30)


def clap(rng: Rng) -> NDArray[np.float64]:
    """Clapping of one to forty people, steady or not."""
    seconds, people = rng.uniform(1.0, 5.0), int(np.exp(rng.uniform(0, np.log(40))))
    y = np.zeros(int(seconds * RATE_HZ))
    for _ in range(people):
        t = _time(0.05)
        one = _noise(rng, len(t), rng.uniform(500, 1200), rng.uniform(1800, 4500)) * np.exp(-t * rng.uniform(80, 250))
        rate, at = rng.uniform(2, 6), rng.uniform(0, 0.5)
        gain = rng.uniform(0.3, 1)
        while at < seconds - 0.06:
            n = int(at * RATE_HZ)
            y[n : n + len(one)] += one * gain * rng.uniform(0.6, 1)
            at += rng.uniform(0.85, 1.15) / rate
    return y


MAKERS: dict[str, Callable[[Rng], NDArray[np.float64]]] = {
    "bell": bell, "whistle": whistle, "horn": horn, "alarm": alarm, "siren": siren, "slam": slam, "chair": chair, "clap": clap,
}  # fmt: skip


def make(kind: str, rng: Rng) -> Array:
    """One sound of a kind, peak 0.5, mono 16 kHz."""
    y = MAKERS[kind](rng)
    return (0.5 * y / (np.abs(y).max() + 1e-9)).astype(np.float32)
