"""The sounds themselves. Each takes a random generator (same seed, same sound) and gives float32 mono at 16 kHz, level not yet set."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile

from edge.demo.voice import BABY, CHILD, MAN, WOMAN, Points, Sound, Voice, curve, shaped_noise, utter, wander
from edge.features import RATE_HZ
from edge.features.level import LevelStream

Rng = np.random.Generator


def at_level(sound: Sound, level_dba: float, sensitivity_dbfs: float = -26.0) -> Sound:
    """The sound so that its loud part (mean of the fast levels within 15 dB of the highest) has this level at the microphone."""
    levels = LevelStream().feed(sound)
    active = levels[levels > levels.max() - 15]
    now_dbfs = 10 * np.log10(np.mean(10 ** (active.astype(np.float64) / 10)))
    gain = np.float32(10 ** ((level_dba - 94 + sensitivity_dbfs - now_dbfs) / 20))
    return sound * gain


def at_distance(level_1m_dba: float, distance_m: float, critical_m: float = 1.6) -> float:
    """Level at a distance in a room: direct sound falls by 6 dB a doubling, the reverberant part stays (critical distance)."""
    return level_1m_dba + float(10 * np.log10((1 / distance_m**2 + 1 / critical_m**2) / (1 + 1 / critical_m**2)))


def in_corridor(rng: Rng, sound: Sound, wet: float = 0.5, decay_s: float = 0.9) -> Sound:
    """The sound with the reverberation of a hard corridor: a decaying noise, darker as it decays. Longer by 0.6 s."""
    n = int(0.6 * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    tail = rng.standard_normal(n) * 10 ** (-3 * t / decay_s)
    dark = np.convolve(tail, np.ones(4) / 4, mode="same")
    fade = np.minimum(1, t / 0.25)
    tail = tail * (1 - fade) + dark * fade
    tail[: int(0.004 * RATE_HZ)] = 0.0
    tail *= wet / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    size = 1 << (len(sound) + n - 1).bit_length()
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: len(sound) + n].astype(np.float32)


def scream(rng: Rng, voice: Voice = WOMAN) -> Sound:
    """One scream of 1.5 to 1.8 s: high, strained, breathy, rough, the larynx drawn up (shorter tract)."""
    strained = replace(voice, tract=min(1.51, voice.tract * 1.27), tilt_db=-6.0, jitter=0.011)
    top = rng.uniform(660, 800)
    melody = [(0, top * 0.71), (0.13, top * 0.97), (0.5, top), (0.75, top), (1, top * 0.65)]
    loud = [(0, 0), (0.06, 0.8), (0.2, 1), (0.8, 0.9), (1, 0)]
    return utter(rng, strained, rng.uniform(1.5, 1.8), melody, loud, ("ae", "e"), effort=0.62, rough=0.28, breath=0.36)


def shout(rng: Rng, voice: Voice = CHILD, syllables: int = 5) -> Sound:
    """Shouted syllables: pitch raised far, vowels drawn out, flat tilt, hard onsets."""
    parts: list[Sound] = []
    pressed = replace(voice, tract=min(1.41, voice.tract * 1.12), tilt_db=-3.2, jitter=0.03)
    top = float(np.clip(voice.f0_hz * rng.uniform(1.8, 2.0), 330, 440))
    for _ in range(syllables):
        peak = top * rng.uniform(0.92, 1.08)
        melody = [(0, peak * 0.85), (0.3, peak), (0.7, peak * 0.97), (1, peak * 0.7)]
        loud = [(0, 0), (0.1, 0.9), (0.35, 1), (0.8, 0.8), (1, 0)]
        vowels = [str(v) for v in rng.choice(["a", "e", "o", "ae"], 2)]
        parts.append(_consonant(rng, 0.9))
        parts.append(utter(rng, pressed, rng.uniform(0.3, 0.42), melody, loud, vowels, effort=0.78, rough=0.34, breath=0.12))
        parts.append(_pause(rng.uniform(0.07, 0.11)))
    return np.concatenate(parts)


def sob(rng: Rng, voice: Voice = WOMAN, breaths: int = 3) -> Sound:
    """Sobbing: on each breath a long moan and two falling bursts, a gasp before the next."""
    parts: list[Sound] = []
    choked = replace(voice, tract=min(1.53, voice.tract * 1.3), tilt_db=-7.4, jitter=0.014)
    for _ in range(breaths):
        start = float(np.clip(voice.f0_hz * rng.uniform(1.95, 2.05), 380, 430))
        for i in range(3):
            f0 = start * 0.71 ** (i / 3) * rng.uniform(0.97, 1.03)
            strong = 0.92**i
            duration_s = rng.uniform(0.31, 0.36) * (3.4 if i == 0 else 1.0)
            melody = [(0, f0 * 0.98), (0.2, f0 * 1.12), (1, f0 * 0.78)]
            loud = [(0, 0), (0.18, strong), (0.5, 0.75 * strong), (1, 0)]
            parts.append(utter(rng, choked, duration_s, melody, loud, ("ae", "u"), effort=0.13, rough=0.15, breath=0.07))
            parts.append(_breath(rng, choked, rng.uniform(0.04, 0.06), 0.34))
        parts.append(_pause(rng.uniform(0.06, 0.1)))
        parts.append(_gasp(rng, choked, rng.uniform(0.15, 0.19), 0.42))
        parts.append(_pause(rng.uniform(0.08, 0.15)))
    return np.concatenate(parts)


def cry(rng: Rng, voice: Voice = BABY, cries: int = 4) -> Sound:
    """Crying of a baby or a small child: bursts of about a second that rise and sink, the breath drawn in between."""
    parts: list[Sound] = []
    open_mouth = replace(voice, tract=min(1.73, voice.tract * 1.2), tilt_db=-8.0, jitter=0.03)
    for _ in range(cries):
        top = float(np.clip(voice.f0_hz * rng.uniform(0.97, 1.07), 400, 470))
        melody = [(0, top * 0.83), (0.15, top * 0.98), (0.4, top), (0.75, top * 0.94), (1, top * 0.54)]
        loud = [(0, 0), (0.08, 0.8), (0.3, 1), (0.8, 0.85), (1, 0)]
        parts.append(utter(rng, open_mouth, rng.uniform(1.0, 1.3), melody, loud, ("a", "@"), effort=0.66, rough=0.22, breath=0.06))
        parts.append(_pause(rng.uniform(0.05, 0.09)))
        parts.append(_gasp(rng, open_mouth, rng.uniform(0.24, 0.28), 0.34))
        parts.append(_pause(rng.uniform(0.04, 0.07)))
    return np.concatenate(parts)


def laugh(rng: Rng, voice: Voice = WOMAN, bouts: int = 2) -> Sound:
    """Laughter: "ha" at five a second, each begun by breath, falling and dying away. Harmless."""
    parts: list[Sound] = []
    smiling = replace(voice, tract=voice.tract * 1.12, tilt_db=-5.5, jitter=0.027)  # spread lips shorten the tract
    for _ in range(bouts):
        start = voice.f0_hz * rng.uniform(1.8, 2.1)
        count = int(rng.integers(7, 10))
        breath_s, voiced_s = rng.uniform(0.10, 0.12), rng.uniform(0.08, 0.09)
        for i in range(count):
            f0 = start * 0.92 ** (i / count) * rng.uniform(0.96, 1.04)
            strong = float(np.interp(i / count, [0, 0.2, 1], [0.8, 1, 0.4]))
            parts.append(_breath(rng, smiling, breath_s * rng.uniform(0.9, 1.1), 0.3 * strong))
            melody = [(0, f0 * 0.97), (0.3, f0), (1, f0 * 0.88)]
            loud = [(0, 0), (0.2, strong), (0.6, 0.7 * strong), (1, 0)]
            parts.append(utter(rng, smiling, voiced_s * rng.uniform(0.9, 1.1), melody, loud, ("e", "@"), effort=0.5, rough=0.3, breath=0.04))
        parts.append(_pause(0.1))
        parts.append(_gasp(rng, voice, 0.35, 0.2))
        parts.append(_pause(rng.uniform(0.1, 0.3)))
    return np.concatenate(parts)


def talk(rng: Rng, voice: Voice, duration_s: float) -> Sound:
    """Speech-like babble of one voice: syllables of a Mandarin rhythm with tones, phrases and pauses. No words."""
    parts: list[Sound] = []
    length = 0
    while length < duration_s * RATE_HZ:
        for i in range(int(rng.integers(4, 9))):
            f0 = voice.f0_hz * rng.uniform(0.92, 1.18) * (1.08 - 0.02 * i)
            low, high = [(1.0, 1.02), (0.85, 1.15), (1.2, 0.8), (0.9, 0.85)][int(rng.integers(4))]  # four tones, roughly
            loud = [(0, 0), (0.15, 0.9), (0.5, 1), (0.85, 0.6), (1, 0)]
            vowels = [str(v) for v in rng.choice(["a", "e", "i", "o", "u", "@"], 2)]
            parts.append(_consonant(rng, 0.35))
            parts.append(utter(rng, voice, rng.uniform(0.12, 0.22), [(0, f0 * low), (1, f0 * high)], loud, vowels))
        parts.append(_pause(rng.uniform(0.2, 0.5)))
        length = sum(map(len, parts))
    return np.concatenate(parts)[: int(duration_s * RATE_HZ)]


def chatter(rng: Rng, duration_s: float, voices: Sequence[Voice] = (CHILD, WOMAN, CHILD, MAN)) -> Sound:
    """Several talking at once."""
    return np.asarray(np.sum([talk(rng, v, duration_s) * rng.uniform(0.5, 1.0) for v in voices], axis=0), np.float32)


def door_slam(rng: Rng) -> Sound:
    """A door: a broad blow, the leaf's low modes, the rattle of the lock."""
    n = int(0.7 * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    modes = sum(
        rng.uniform(0.5, 1) * np.exp(-t * rng.uniform(12, 30)) * np.sin(2 * np.pi * f * t + rng.uniform(0, 6))
        for f in rng.uniform(55, 420, 9)
    )
    blow = rng.standard_normal(n) * np.exp(-t / 0.012) * 2.5
    rattle = np.zeros(n)
    rattle[int(0.045 * RATE_HZ) :] = blow[: n - int(0.045 * RATE_HZ)] * 0.25
    return np.asarray(modes + blow + rattle, np.float32)


def bell(rng: Rng, duration_s: float = 3.0) -> Sound:
    """An electric school bell: a gong struck 22 times a second, inharmonic partials of a steel bowl."""
    n = int(duration_s * RATE_HZ)
    t = np.arange(int(0.5 * RATE_HZ)) / RATE_HZ
    base = rng.uniform(900, 1_150)
    strike = np.zeros(len(t))
    for ratio, gain, decay_s in ((1, 1, 0.35), (1.48, 0.5, 0.3), (2.63, 0.8, 0.2), (3.91, 0.5, 0.12), (5.4, 0.3, 0.08)):
        strike += gain * np.exp(-t / decay_s) * np.sin(2 * np.pi * min(base * ratio, 7_000) * t)
    out = np.zeros(n + len(t))
    for start_s in np.arange(0.02, duration_s - 0.3, 1 / 22):
        i = int((start_s + rng.normal(0, 0.0015)) * RATE_HZ)
        out[i : i + len(t)] += strike * rng.uniform(0.8, 1.1)
    return np.asarray(out[:n], np.float32)


def corridor(rng: Rng, duration_s: float) -> Sound:
    """An empty corridor: dark noise of ventilation that breathes a little, and a trace of mains hum."""
    n = int(duration_s * RATE_HZ)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    spectrum *= 1 / np.maximum(hz, 60) ** 0.8
    noise = np.fft.irfft(spectrum, n)
    noise /= np.std(noise)
    hum = sum(np.sin(2 * np.pi * 100 * k * np.arange(n) / RATE_HZ) / k**2 for k in (1, 2, 3))
    return np.asarray(noise * (1 + 0.12 * wander(rng, n, 0.7)) + 0.1 * hum, np.float32)


def phrase(text: str, pitch: int = 50, speed_wpm: int = 170) -> Sound | None:
    """A Mandarin phrase spoken by espeak-ng, or None where the program is not installed. `text` in characters or pinyin."""
    if (program := shutil.which("espeak-ng")) is None:
        return None
    with TemporaryDirectory() as folder:
        path = Path(folder) / "phrase.wav"
        command = [program, "-v", "cmn-latn-pinyin", "-p", str(pitch), "-s", str(speed_wpm), "-w", str(path), text]
        subprocess.run(command, check=True, capture_output=True)
        sound, rate_hz = soundfile.read(path, dtype="float32")
    at = np.arange(int(len(sound) * RATE_HZ / rate_hz)) * rate_hz / RATE_HZ
    return np.asarray(np.interp(at, np.arange(len(sound)), sound), np.float32)


def _pause(duration_s: float) -> Sound:
    return np.zeros(int(duration_s * RATE_HZ), np.float32)


def _breath(rng: Rng, voice: Voice, duration_s: float, loud: float) -> Sound:
    """Air before a voice."""
    return _air(rng, voice, duration_s, loud, [(0, 0), (0.4, 1), (1, 0.2)])


def _gasp(rng: Rng, voice: Voice, duration_s: float, loud: float) -> Sound:
    """Air drawn in, faster and faster."""
    return _air(rng, voice, duration_s, loud, [(0, 0), (0.75, 1), (1, 0)])


def _air(rng: Rng, voice: Voice, duration_s: float, loud: float, shape: Points) -> Sound:
    n = int(duration_s * RATE_HZ)
    tract = np.repeat(np.array([[700.0], [1500.0], [2600.0], [3500.0], [4500.0]]) * min(voice.tract, 1.5), n, axis=1)
    return (loud * shaped_noise(rng, tract) * curve(shape, n)).astype(np.float32)


def _consonant(rng: Rng, loud: float) -> Sound:
    """A stop's burst, a fricative or nothing."""
    kind = int(rng.integers(3))
    if kind == 0:
        return _pause(0.01)
    duration_s = 0.03 if kind == 1 else rng.uniform(0.05, 0.09)
    n = int(duration_s * RATE_HZ)
    noise = np.diff(rng.standard_normal(n + 1))
    return (0.25 * loud * noise * curve([(0, 0), (0.3, 1), (1, 0)], n)).astype(np.float32)
