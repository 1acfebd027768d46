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
    """One scream of 1.4 to 2 s: high, strained, breathy, the larynx drawn up (shorter tract)."""
    strained = replace(voice, tract=min(1.42, voice.tract * 1.15), tilt_db=-5.5)
    top = rng.uniform(1_330, 1_480)
    melody = [(0, top * 0.66), (0.15, top * 0.97), (0.4, top), (0.75, top * 0.97), (1, top * 0.82)]
    loud = [(0, 0), (0.06, 0.8), (0.2, 1), (0.8, 0.9), (1, 0)]
    return utter(rng, strained, rng.uniform(1.4, 2.0), melody, loud, ("ae", "a"), effort=0.88, rough=0.2, breath=0.26)


def shout(rng: Rng, voice: Voice = MAN, syllables: int = 4) -> Sound:
    """Shouted syllables: pitch raised far, vowels drawn out, flat tilt, breath under pressure."""
    parts: list[Sound] = []
    pressed = replace(voice, tract=voice.tract * 1.08, tilt_db=-5.0)
    top = float(np.clip(voice.f0_hz * rng.uniform(2.2, 2.6), 280, 600))
    for i in range(syllables):
        last = i == syllables - 1
        peak = top * rng.uniform(0.92, 1.08)
        melody = [(0, peak * 0.85), (0.3, peak), (0.7, peak * 0.97), (1, peak * 0.66)]
        loud = [(0, 0), (0.1, 0.9), (0.35, 1), (0.8, 0.8), (1, 0)]
        vowels = [str(v) for v in rng.choice(["a", "e", "o", "ae"], 2)]
        parts.append(_consonant(rng, 0.9))
        duration_s = rng.uniform(0.6, 0.8) if last else rng.uniform(0.2, 0.4)
        parts.append(utter(rng, pressed, duration_s, melody, loud, vowels, effort=0.9, rough=0.25, breath=0.12))
        parts.append(_pause(rng.uniform(0.03, 0.12)))
    return np.concatenate(parts)


def sob(rng: Rng, voice: Voice = WOMAN, breaths: int = 3) -> Sound:
    """Sobbing: on each breath a long moan and falling bursts at three to four a second, a gasp before the next."""
    parts: list[Sound] = []
    choked = replace(voice, tract=min(1.45, voice.tract * 1.14), tilt_db=-6.0, jitter=0.025)
    for _ in range(breaths):
        count = int(rng.integers(3, 6))
        start = min(voice.f0_hz * rng.uniform(1.9, 2.3), 480.0)
        for i in range(count):
            f0 = start * 0.72 ** (i / count) * rng.uniform(0.96, 1.04)
            strong = 0.92**i
            duration_s = rng.uniform(0.24, 0.31) * (3.2 if i == 0 else 1.0)
            melody = [(0, f0), (0.2, f0 * 1.12), (1, f0 * 0.78)]
            loud = [(0, 0), (0.18, strong), (0.5, 0.75 * strong), (1, 0)]
            parts.append(utter(rng, choked, duration_s, melody, loud, ("ae", "@"), effort=0.4, rough=0.35, breath=0.15))
            parts.append(_breath(rng, choked, rng.uniform(0.04, 0.08), 0.14))
        parts.append(_pause(rng.uniform(0.05, 0.12)))
        parts.append(_gasp(rng, choked, rng.uniform(0.2, 0.3), 0.36))
        parts.append(_pause(rng.uniform(0.05, 0.15)))
    return np.concatenate(parts)


def wail(rng: Rng, voice: Voice = CHILD, breaths: int = 3) -> Sound:
    """A child's crying: long rough wails that sink, each ended by a few sobs and a gasp."""
    parts: list[Sound] = []
    for _ in range(breaths):
        top = voice.f0_hz * rng.uniform(1.6, 2.0)
        melody = [(0, top * 0.8), (0.15, top), (0.5, top * 0.95), (1, top * 0.68)]
        loud = [(0, 0), (0.12, 1), (0.6, 0.8), (1, 0)]
        parts.append(utter(rng, voice, rng.uniform(0.7, 1.2), melody, loud, ("ae", "a", "@"), effort=0.6, rough=0.3, breath=0.08))
        parts.append(sob(rng, voice, 1))
    return np.concatenate(parts)


def baby_cry(rng: Rng, cries: int = 4) -> Sound:
    """A baby's crying: bursts of about a second that rise and fall, the breath drawn in between."""
    parts: list[Sound] = []
    for _ in range(cries):
        top = BABY.f0_hz * rng.uniform(0.98, 1.2)
        melody = [(0, top * 0.78), (0.15, top * 0.98), (0.4, top), (0.75, top * 0.93), (1, top * 0.72)]
        loud = [(0, 0), (0.08, 0.8), (0.3, 1), (0.8, 0.85), (1, 0)]
        parts.append(utter(rng, BABY, rng.uniform(0.75, 1.15), melody, loud, ("ae", "ae", "a"), effort=0.7, rough=0.25, breath=0.05))
        parts.append(_pause(rng.uniform(0.05, 0.1)))
        parts.append(_gasp(rng, BABY, rng.uniform(0.18, 0.28), 0.25))
        parts.append(_pause(rng.uniform(0.02, 0.08)))
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
