"""Sounds of a school that the corpus has too few of, from signal models: bells, whistles, horns, alarms, slams, chairs, clapping, coughs, singing, crying.

Voices that sing, laugh, cough, cry are a source of pulses and breath through formants (source and filter, after Fant 1960).
"""

from collections.abc import Callable

import numpy as np
import scipy.signal
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


FORMANTS_HZ = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240), (640, 1190, 2390))
"""Of vowels of men (Peterson & Barney 1952); women's lie a sixth, children's a third higher."""


def _smooth(rng: Rng, n: int, hz: float) -> NDArray[np.float64]:
    """(n,) values of about unit spread that wander `hz` times a second."""
    points = rng.standard_normal(max(4, int(n / RATE_HZ * hz) + 4))
    return np.interp(np.arange(n), np.linspace(0, n, len(points)), points)


def _voiced(f0_hz: NDArray[np.float64], rng: Rng, size: float, breath: float, tilt_db: float) -> NDArray[np.float64]:
    """A voice of pitch f0_hz at each sample: pulses (tilt_db an octave) and breath noise, through a vowel that glides to another. size: of the formants."""
    n = len(f0_hz)
    f0_hz = f0_hz * (1 + rng.uniform(0.002, 0.015) * _smooth(rng, n, 30))
    source = _harmonics(np.clip(f0_hz, 50, 1500), tilt_db, rng, 40) * (1 + rng.uniform(0, 0.25) * _smooth(rng, n, 20))
    source = source / (np.abs(source).max() + 1e-9) + breath * _noise(rng, n, 300, 7000) * (0.4 + 0.6 * np.abs(_smooth(rng, n, 15)))
    return _through_vowels(source, rng, size)


def _through_vowels(source: NDArray[np.float64], rng: Rng, size: float) -> NDArray[np.float64]:
    """The source through the formants of one vowel, faded to those of another."""
    fade = np.linspace(0, 1, len(source))
    ways = []
    for vowel in rng.choice(len(FORMANTS_HZ), 2):
        y = source
        for f in (*FORMANTS_HZ[vowel], 3500, 4600):
            hz = min(f * size * rng.uniform(0.93, 1.07), 7000)
            r = np.exp(-np.pi * rng.uniform(0.06, 0.14) * hz / RATE_HZ)
            y = scipy.signal.lfilter([1 - r], [1, -2 * r * np.cos(2 * np.pi * hz / RATE_HZ), r * r], y)
        ways.append(y / (np.abs(y).max() + 1e-9))
    return ways[0] * (1 - fade) + ways[1] * fade


def _person(rng: Rng) -> tuple[float, float]:
    """(pitch of speech in Hz, size of the formants) of a man, a woman or a child."""
    low, high, size = ((85, 150, 1.0), (160, 260, 1.16), (220, 380, 1.33))[rng.integers(3)]
    return float(rng.uniform(low, high)), size * float(rng.uniform(0.93, 1.08))


def _edged(y: NDArray[np.float64], attack_s: float, release_s: float) -> NDArray[np.float64]:
    """With a soft beginning and end."""
    t = np.arange(len(y)) / RATE_HZ
    return y * np.clip(t / attack_s, 0, 1) * np.clip(t[::-1] / release_s, 0, 1)


def sing(rng: Rng) -> NDArray[np.float64]:
    """One to eight people who sing the same tune: held vowels on the notes of a scale, with vibrato, glides and breath between phrases."""
    pace, notes = rng.uniform(0.25, 0.9), rng.integers(4, 10)
    scale = np.array(((0, 2, 4, 5, 7, 9, 11, 12), (0, 2, 4, 7, 9, 12, 14, 16))[rng.integers(2)])
    place, tune = int(rng.integers(8)), []
    for _ in range(notes):
        place = int(np.clip(place + rng.integers(-2, 3), 0, 7))
        tune.append((scale[place], pace * rng.choice([0.5, 1, 1, 1, 2]), rng.random() < 0.2))
    total = np.zeros(int(sum(length for _, length, _ in tune) * RATE_HZ) + RATE_HZ)
    for _ in range(1 if rng.random() < 0.5 else rng.integers(2, 9)):
        pitch, size = _person(rng)
        base, detune = pitch * 2 ** rng.uniform(0, 0.6), rng.normal(0, 0.15)
        at = int(rng.uniform(0, 0.06) * RATE_HZ)
        vibrato, speed = rng.uniform(0, 0.025), rng.uniform(4.5, 6.8)
        before = tune[0][0]
        for note, length, pause in tune:
            t = _time(length * rng.uniform(0.94, 1.0))
            glide = note + (before - note) * np.exp(-t / rng.uniform(0.02, 0.08))
            f0 = base * 2 ** ((glide + detune) / 12) * (1 + vibrato * np.clip(t / 0.3, 0, 1) * np.sin(2 * np.pi * speed * t))
            y = _edged(_voiced(f0, rng, size, rng.uniform(0, 0.08), rng.uniform(-12, -5)), rng.uniform(0.02, 0.08), 0.3 if pause else 0.04)
            total[at : at + len(y)] += y[: len(total) - at]
            at, before = at + int(length * RATE_HZ), note
    return total


def laugh(rng: Rng) -> NDArray[np.float64]:
    """Laughter: short bursts four to six times a second, each with an h before it, whose pitch and force fall; one to five people."""
    total = np.zeros(int(rng.uniform(1.5, 5.0) * RATE_HZ))
    for _ in range(1 if rng.random() < 0.6 else rng.integers(2, 6)):
        pitch, size = _person(rng)
        at = int(rng.uniform(0, 0.3) * len(total))
        while at < len(total):
            rate, bursts, high = rng.uniform(3.8, 6.5), rng.integers(3, 12), pitch * rng.uniform(1.1, 2.6)
            for k in range(bursts):
                t = _time(rng.uniform(0.06, 0.13))
                f0 = high * (1 - 0.4 * k / bursts) * (1 + rng.normal(0, 0.05)) * (1 + rng.uniform(-0.1, 0.25) * np.sin(np.pi * t / t[-1]))
                voice = _edged(_voiced(f0, rng, size, rng.uniform(0.1, 0.6), rng.uniform(-12, -4)), 0.02, 0.04)
                h = _edged(_through_vowels(_noise(rng, int(0.07 * RATE_HZ), 500, 6000), rng, size), 0.03, 0.01) * rng.uniform(0.1, 0.5)
                y = np.concatenate([h, voice]) * (1 - 0.6 * k / bursts) * rng.uniform(0.7, 1)
                total[at : at + len(y)] += y[: max(0, len(total) - at)]
                at += int(RATE_HZ / rate * rng.uniform(0.9, 1.1))
                if at >= len(total):
                    break
            at += int(rng.uniform(0.3, 1.2) * RATE_HZ)
    return total


def cough(rng: Rng) -> NDArray[np.float64]:
    """One to five coughs: a burst, some noise through the throat, and often a voiced end."""
    pitch, size = _person(rng)
    pieces = []
    for _ in range(rng.integers(1, 6)):
        n = int(rng.uniform(0.15, 0.4) * RATE_HZ)
        t = np.arange(n) / RATE_HZ
        noise = _through_vowels(_noise(rng, n, rng.uniform(150, 600), rng.uniform(3000, 7500)), rng, size)
        y = noise * (np.exp(-t * rng.uniform(25, 60)) + rng.uniform(0.1, 0.4) * np.exp(-t * rng.uniform(4, 12)))
        if rng.random() < 0.7:
            f0 = pitch * rng.uniform(1.0, 2.2) * np.linspace(1.1, rng.uniform(0.6, 1.0), n)
            end = np.clip((t - rng.uniform(0.05, 0.15)) / 0.04, 0, 1) * np.clip((t[-1] - t) / 0.05, 0, 1)
            y += rng.uniform(0.05, 0.6) * _voiced(f0, rng, size, rng.uniform(0.3, 1.5), rng.uniform(-12, -5)) * end
        pieces += [_edged(y, 0.003, 0.05) * rng.uniform(0.5, 1), np.zeros(int(rng.uniform(0.05, 0.5) * RATE_HZ))]
    return np.concatenate(pieces)


def sneeze(rng: Rng) -> NDArray[np.float64]:
    """A breath drawn in, often voiced, and a hiss that bursts out, with or without a voice in it."""
    pitch, size = _person(rng)
    n, m = int(rng.uniform(0.2, 0.7) * RATE_HZ), int(rng.uniform(0.2, 0.5) * RATE_HZ)
    inward = _edged(_through_vowels(_noise(rng, n, 400, 6000), rng, size), n / RATE_HZ * 0.8, 0.03) * rng.uniform(0.1, 0.5)
    if rng.random() < 0.5:
        inward += _edged(_voiced(pitch * np.linspace(1.2, 2.0, n), rng, size, 0.4, -10), n / RATE_HZ * 0.8, 0.03) * rng.uniform(0.1, 0.5)
    t = np.arange(m) / RATE_HZ
    out = _noise(rng, m, rng.uniform(800, 2500), 7800) * np.exp(-t * rng.uniform(6, 20))
    out = out / (np.abs(out).max() + 1e-9)
    if rng.random() < 0.7:
        out += rng.uniform(0.2, 1.5) * _voiced(pitch * rng.uniform(1.2, 2.5) * np.linspace(1.2, 0.8, m), rng, size, 0.5, -6) * np.exp(-t * rng.uniform(5, 15))
    return np.concatenate([inward, np.zeros(int(rng.uniform(0, 0.1) * RATE_HZ)), _edged(out, 0.005, 0.08)])


def cry(rng: Rng) -> NDArray[np.float64]:
    """A baby or a small child that cries: breaths drawn in, often squeaking, and long voiced ones out whose pitch rises and falls; whimpers and pauses.

    Figures after Wasz-Hoeckert et al. 1968, Golub & Corwin 1985, LaGasse et al. 2005: pitch 300 to 650 Hz, breaths out of 0.3 to 4 s, in of 0.1 to 0.4 s.
    """
    age = rng.random()  # 0: newborn, 1: six years
    size, pitch = (2.0 - 0.65 * age) * rng.uniform(0.93, 1.08), rng.uniform(360, 600) * (1 - 0.22 * age)
    tilt_db, breath = rng.uniform(-11, -1), rng.uniform(0.0, 0.12)
    rough, slow = rng.choice([0.0, rng.uniform(0, 0.9)]), rng.uniform(0.5, 1.6)
    whimpers, pauses, uneven_db = rng.choice([0.0, rng.uniform(0, 0.7)]), rng.uniform(0.2, 1.5), rng.uniform(3, 20)
    total, pieces = rng.choice([0.1, rng.uniform(1.5, 8.0)], p=[0.2, 0.8]), list[NDArray[np.float64]]()
    while sum(map(len, pieces)) < total * RATE_HZ:
        if rng.random() < whimpers:
            pieces += _whimpers(rng, pitch, size, breath, tilt_db - 3)
        if rng.random() < 0.75:
            n = int(rng.uniform(0.1, 0.4) * RATE_HZ)
            inward = _edged(_through_vowels(_noise(rng, n, 600, 7000), rng, size), 0.05, 0.02) * rng.uniform(0.02, 0.25)
            if rng.random() < 0.4:
                squeak = _voiced(pitch * np.linspace(1.1, rng.uniform(1.2, 2), n), rng, size, 0.3, -8)
                inward += rng.uniform(0.05, 0.4) * _edged(squeak, 0.05, 0.02)
            pieces.append(inward)
        f0_hz = _wail_pitch(rng, float(np.clip(slow * rng.lognormal(0, 0.5), 0.3, 4.0)), pitch)
        if rng.random() < 0.07:  # shrill
            f0_hz = f0_hz * rng.uniform(1.5, 2.6)
        n, t = len(f0_hz), np.linspace(0, 1, len(f0_hz))
        y = _voiced(f0_hz, rng, size, breath, tilt_db)
        part = np.clip(_smooth(rng, n, rng.uniform(1, 4)) + 2 * rough - 0.8, 0, 1)  # where half the pitch is heard beside it, and noise
        half = 1 + rng.uniform(0.2, 0.9) * np.sin(np.pi * np.cumsum(f0_hz) / RATE_HZ) * (1 + 0.3 * _smooth(rng, n, 80))
        hiss = rng.uniform(0.05, 0.6) * _through_vowels(_noise(rng, n, 700, 7500), rng, size)
        y = (y * (1 - part) + part * (y * half + hiss)) * (1 - rng.uniform(0, 0.6) * t**2)
        if rng.random() < 0.3:  # broken by sobs
            sobs = np.clip(3 * np.sin(2 * np.pi * rng.uniform(3, 6) * n / RATE_HZ * t), 0, 1) * np.clip(2 * t - 0.6, 0, 1)
            y *= 1 - rng.uniform(0.4, 1) * sobs
        pieces.append(_edged(y, rng.uniform(0.02, 0.12), rng.uniform(0.05, 0.2)) * 10 ** (-uneven_db * rng.random() ** 2 / 20))
        if rng.random() < 0.6:
            pieces.append(np.zeros(int(rng.uniform(0.02, pauses) * RATE_HZ)))
    return _recorded(np.concatenate(pieces), rng)


def _whimpers(rng: Rng, pitch: float, size: float, breath: float, tilt_db: float) -> list[NDArray[np.float64]]:
    """One to five short, soft, breathy sounds with pauses after them."""
    pieces = []
    for _ in range(rng.integers(1, 6)):
        f0_hz = _wail_pitch(rng, rng.uniform(0.06, 0.35), pitch * rng.uniform(0.7, 1.1))
        y = _voiced(f0_hz, rng, size, breath + rng.uniform(0, 0.3), tilt_db)
        pieces += [_edged(y, 0.02, 0.04) * 10 ** (-rng.uniform(4, 22) / 20), np.zeros(int(rng.uniform(0.03, 0.4) * RATE_HZ))]
    return pieces


def _recorded(y: NDArray[np.float64], rng: Rng) -> NDArray[np.float64]:
    """A sound as somebody's telephone had it: at times overdriven, often with noise under it, by 20 to 55 dB; peak about 1."""
    y = y / (np.abs(y).max() + 1e-9)
    if rng.random() < 0.35:
        drive = rng.uniform(1.5, 6)
        y = np.tanh(drive * y) / np.tanh(drive)
    if rng.random() < 0.6:
        noise = _noise(rng, len(y), rng.uniform(30, 300), rng.uniform(800, 7500))
        y += noise / np.abs(noise).max() * 10 ** (-rng.uniform(20, 55) / 20)
    return y


def _wail_pitch(rng: Rng, seconds: float, pitch: float) -> NDArray[np.float64]:
    """Pitch in Hz of one breath of crying: an arc or several, a tremor, and now and then a leap."""
    t = _time(seconds) / seconds
    arcs = 1 if rng.random() < 0.5 else rng.integers(1, 1 + max(2, int(seconds / 0.6)))
    shape = np.sin(np.pi * t ** rng.uniform(0.25, 1.2)) if arcs == 1 else np.abs(np.sin(np.pi * arcs * t)) ** 0.5
    f0_hz = pitch * rng.uniform(0.85, 1.2) * (1 + rng.uniform(0.05, 0.45) * (shape - 0.5)) * (1 - rng.uniform(0, 0.2) * t)
    f0_hz *= 1 + rng.uniform(0, 0.03) * np.sin(2 * np.pi * rng.uniform(5, 12) * seconds * t) + rng.uniform(0, 0.02) * _smooth(rng, len(t), 8)
    if rng.random() < 0.08:
        at = int(rng.uniform(0, 0.7) * len(t))
        f0_hz[at : at + int(rng.uniform(0.1, 0.5) * RATE_HZ)] *= rng.choice([1.5, 2.0, 2.5])
    return f0_hz


MAKERS: dict[str, Callable[[Rng], NDArray[np.float64]]] = {
    "bell": bell, "whistle": whistle, "horn": horn, "alarm": alarm, "siren": siren, "slam": slam, "chair": chair, "clap": clap,
    "sing": sing, "laugh": laugh, "cough": cough, "sneeze": sneeze, "cry_made": cry,
}  # fmt: skip


def make(kind: str, rng: Rng) -> Array:
    """One sound of a kind, peak 0.5, mono 16 kHz."""
    y = MAKERS[kind](rng)
    return (0.5 * y / (np.abs(y).max() + 1e-9)).astype(np.float32)
