"""Voices changed by the WORLD vocoder: speech into shouting and singing, grown-ups and babies into children.

Shouting is thin in the corpus (some 300 acted clips), children who cry are not in it at all. What shouting changes is known
(Rostolland 1982; Traunmüller & Eriksson 2000; Raitio et al. 2013): pitch up by half an octave and more, first formant up, flatter spectral tilt,
smaller dynamics, a rougher source. `python -m models.training.voices` compares it with real pairs of the same actor, to which the ranges are fitted:
their pitch moves more, not less, and their vowels are not longer.
"""

from dataclasses import dataclass

import numpy as np
import pyworld
from numpy.typing import NDArray

from edge.features import RATE_HZ

Array = NDArray[np.float32]
Wide = NDArray[np.float64]

FRAME_S = 0.005
FFT = 1024
HZ = np.fft.rfftfreq(FFT, 1 / RATE_HZ)


@dataclass(frozen=True, slots=True)
class Voice:
    """WORLD's parameters of a stretch of voice: f0_hz (T,) 0 where unvoiced, envelope and aperiodicity (T, FFT / 2 + 1)."""

    f0_hz: Wide
    envelope: Wide
    aperiodicity: Wide


def analyse(x: Array) -> Voice:
    """Voice of x, mono 16 kHz."""
    wide = x.astype(np.float64)
    f0, at = pyworld.dio(wide, RATE_HZ, f0_floor=70.0, f0_ceil=1000.0, frame_period=FRAME_S * 1000)
    f0 = pyworld.stonemask(wide, f0, at, RATE_HZ)
    return Voice(f0, pyworld.cheaptrick(wide, f0, at, RATE_HZ, fft_size=FFT), pyworld.d4c(wide, f0, at, RATE_HZ, fft_size=FFT))


def sound(voice: Voice) -> Array:
    """The voice spoken again."""
    return pyworld.synthesize(voice.f0_hz, voice.envelope, voice.aperiodicity, RATE_HZ, FRAME_S * 1000).astype(np.float32)


def resampled(voice: Voice, at: Wide) -> Voice:
    """The voice read at fractional frames `at`: lengthens, shortens, turns around."""
    near = np.clip(np.round(at).astype(int), 0, len(voice.f0_hz) - 1)
    return Voice(voice.f0_hz[near], voice.envelope[near], voice.aperiodicity[near])


def warped(voice: Voice, from_hz: Wide) -> Voice:
    """The voice whose envelope at HZ[i] is the old one at from_hz[i]: moves formants."""
    low = np.clip(np.floor(from_hz / HZ[1]).astype(int), 0, len(HZ) - 2)
    part = np.clip(from_hz / HZ[1] - low, 0, 1)

    def move(m: Wide) -> Wide:
        return np.ascontiguousarray(m[:, low] * (1 - part) + m[:, low + 1] * part)

    return Voice(voice.f0_hz, move(voice.envelope), move(voice.aperiodicity))


def smooth_noise(rng: np.random.Generator, n: int, frames: int) -> Wide:
    """(n,) unit-variance noise that wanders over about `frames` frames."""
    white = np.convolve(rng.standard_normal(n + frames), np.hanning(frames + 2)[1:-1], "same")[:n]
    return white / (white.std() + 1e-9)


def shouted(x: Array, rng: np.random.Generator, effort: float) -> Array:
    """Speech as if shouted. effort: 0.5 raised .. 1.5 at the top of the voice. Its loudness is left to the mixer."""
    voice = analyse(x)
    voiced = voice.f0_hz > 0
    if voiced.sum() < 10:
        return x
    # The pace of vowels and consonants changes apart.
    pace = np.where(voiced, rng.uniform(0.8, 1.2), rng.uniform(0.85, 1.1))
    steps = np.cumsum(1 / pace)
    voice = resampled(voice, np.interp(np.arange(steps[-1]), steps, np.arange(len(steps))))
    voiced = voice.f0_hz > 0
    # Pitch: up, and wider around its median; rough: jitter, and a subharmonic that comes and goes.
    middle = np.median(voice.f0_hz[voiced])
    rise = 2 ** (rng.uniform(0.5, 1.05) * effort) if middle < 180 else 2 ** (rng.uniform(0.35, 0.85) * effort)
    f0 = middle * rise * (np.maximum(voice.f0_hz, 1.0) / middle) ** rng.uniform(0.9, 1.7)
    f0 *= 1 + rng.uniform(0.003, 0.02) * effort * smooth_noise(rng, len(f0), 4)
    f0 = np.where(voiced, np.clip(f0, 60, 900), 0.0)
    # First formant up by a sixth to a third, the rest a little.
    lift = 1 + rng.uniform(0.18, 0.4) * effort
    rest = 1 + rng.uniform(0.0, 0.06) * effort
    from_hz = np.interp(HZ, [0, 300 * lift, 1000 * lift, 2500 * rest, 8000], [0, 300, 1000, 2500, 8000 / rest])
    voice = warped(Voice(f0, voice.envelope, voice.aperiodicity), from_hz)
    # Tilt: less below 500 Hz, more between 1 and 4 kHz.
    db = np.interp(HZ, [0, 250, 700, 1500, 3000, 5000, 8000], np.array([-7, -5, 0, 6, 7, 1, -3]) * effort * rng.uniform(0.8, 1.3))
    envelope = voice.envelope * 10 ** (db / 10)
    # Dynamics: what is voiced comes closer together.
    power = envelope.sum(axis=1) + 1e-12
    envelope *= ((power / np.median(power[voiced])) ** -rng.uniform(0.2, 0.5))[:, None].clip(0.05, 4.0)
    aperiodicity = np.clip(voice.aperiodicity * (1 + rng.uniform(-0.3, 0.5)), 1e-3, 1.0)
    return _roughened(sound(Voice(f0, envelope, aperiodicity)), f0, rng, effort)


def _roughened(y: Array, f0: Wide, rng: np.random.Generator, effort: float) -> Array:
    """Amplitude modulation at half the pitch where the voice breaks, and the soft clipping of a forced voice."""
    at_hz = np.interp(np.arange(len(y)) / RATE_HZ / FRAME_S, np.arange(len(f0)), np.maximum(f0, 60.0))
    depth = rng.uniform(0, 0.5) * effort * np.clip(smooth_noise(rng, len(f0), 40), 0, 1)
    depth = np.interp(np.arange(len(y)) / RATE_HZ / FRAME_S, np.arange(len(f0)), depth)
    y = y * (1 + depth * np.sin(2 * np.pi * np.cumsum(at_hz / 2) / RATE_HZ))
    peak = np.percentile(np.abs(y), 99.5) + 1e-9
    return np.tanh(rng.uniform(0.8, 2.0) * y / peak).astype(np.float32)


def sung(x: Array, rng: np.random.Generator) -> Array:
    """Speech as if sung: each voiced stretch held and on a note of one key, with vibrato."""
    voice = analyse(x)
    voiced = voice.f0_hz > 0
    if voiced.sum() < 10:
        return x
    steps = np.cumsum(np.where(voiced, rng.uniform(1.5, 3.0), 1.0))
    voice = resampled(voice, np.interp(np.arange(steps[-1]), steps, np.arange(len(steps))))
    voiced = voice.f0_hz > 0
    base = np.median(voice.f0_hz[voiced]) * 2 ** rng.uniform(-0.2, 0.7)
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12
    n, at, notes = len(voice.f0_hz), 0, np.zeros(len(voice.f0_hz))
    while at < n:
        length = int(rng.uniform(0.25, 1.0) / FRAME_S)
        notes[at : at + length] = rng.choice(scale)
        at += length
    notes = np.convolve(np.pad(notes, 8, "edge"), np.ones(17) / 17, "valid")
    vibrato = rng.uniform(0, 0.03) * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * np.arange(n) * FRAME_S)
    f0 = np.where(voiced, np.clip(base * 2**notes * (1 + vibrato), 60, 900), 0.0)
    return sound(Voice(f0, voice.envelope, voice.aperiodicity))


def resized(x: Array, formants: float, pitch: float) -> Array:
    """The voice of another body: formants and pitch multiplied (1.2, 1.5 makes a child of a woman; 0.85, 0.8 a child of a baby)."""
    voice = analyse(x)
    f0 = np.where(voice.f0_hz > 0, np.clip(voice.f0_hz * pitch, 60, 950), 0.0)
    return sound(warped(Voice(f0, voice.envelope, voice.aperiodicity), HZ / formants))


def traits(x: Array) -> dict[str, float]:
    """What shouting moves: pitch, its spread, spectral balance, centre of the first formant's region, share of rough (aperiodic) energy."""
    voice = analyse(x)
    voiced = voice.f0_hz > 0
    if voiced.sum() < 20:
        return {}
    power = voice.envelope[voiced].mean(axis=0)
    first = (HZ > 300) & (HZ < 1200)

    def level(low: float, high: float) -> float:
        return float(10 * np.log10(power[(low <= HZ) & (high > HZ)].mean()))

    return {
        "pitch, semitones re 100 Hz": float(12 * np.log2(np.median(voice.f0_hz[voiced]) / 100)),
        "spread of pitch, semitones": float(12 * np.std(np.log2(voice.f0_hz[voiced]))),
        "1 to 4 kHz over 0.1 to 1 kHz, dB": level(1000, 4000) - level(100, 1000),
        "4 to 8 kHz over 0.1 to 1 kHz, dB": level(4000, 8000) - level(100, 1000),
        "centre of 300 to 1200 Hz, Hz": float((HZ * power)[first].sum() / power[first].sum()),
        "median length of a voiced stretch, s": float(np.median(np.diff(np.flatnonzero(np.diff(np.r_[0, voiced, 0].astype(int)))[::1])[::2]) * FRAME_S),
    }


def main() -> None:
    """Print how real shouting differs from the same actors' speech (ravdess), and how speech that we made shout does."""
    import argparse
    from pathlib import Path

    from models.training.corpus import Corpus

    parser = argparse.ArgumentParser(description="compare made shouting with real pairs of the same actor")
    parser.add_argument("--corpus", type=Path, required=True)
    args = parser.parse_args()
    corpus, rng = Corpus(args.corpus), np.random.default_rng(1)
    clips = [c for c in corpus.clips(["train", "dev"]) if c.corpus == "ravdess"]
    differences: dict[str, dict[str, list[float]]] = {"real": {}, "made": {}}
    for actor in sorted({c.speaker for c in clips}):
        calm = [corpus.sound(c) for c in clips if c.speaker == actor and c.kind == "speech"][:4]
        loud = [corpus.sound(c) for c in clips if c.speaker == actor and c.kind == "shout"][:4]
        base = [t for x in calm if (t := traits(x))]
        for name, sounds in (("real", loud), ("made", [shouted(x, rng, rng.uniform(0.8, 1.5)) for x in calm])):
            found = [t for x in sounds if (t := traits(x))]
            for key in base[0] if found else ():
                differences[name].setdefault(key, []).append(float(np.mean([t[key] for t in found]) - np.mean([t[key] for t in base])))
    for key, real in differences["real"].items():
        print(f"{key:40s}" + "".join(f"  {name} {np.median(v):+7.2f} [{np.percentile(v, 10):+.2f}, {np.percentile(v, 90):+.2f}]"
                                     for name, v in (("real", real), ("made", differences["made"][key]))))  # fmt: skip


if __name__ == "__main__":
    main()
