"""What a recorder makes of a sound, on log-mel frames: its band, its colour, its noise floor, its automatic gain.

Most kinds of sound come from one or two corpora, each with a recorder of its own. What the recorder did must not tell what was recorded.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Rng = np.random.Generator
Frames = TypeVar("Frames", NDArray[np.float16], NDArray[np.float32])

CUT_DB, CUT_BANDS, CUT_AT = 24.0, 5, range(26, 52)
"""A recorder's cut falls by so much over so few bands, at 1.4 to 5 kHz, and nothing comes back above it; voices, rooms and capsules fall more gently."""

COLOURED, NOISY, GATED, LEVELLED = 0.6, 0.3, 0.2, 0.2
"""Shares of sounds that another recorder changes in each way."""


def without_above(frames: Frames, first: int, fall_db: float) -> Frames:
    """Frames (..., bands) in dB of which each band from `first` on is lower than the one before by fall_db more, up to 70 dB."""
    frames = frames.copy()
    frames[..., first:] -= np.minimum(70, fall_db * np.arange(1, frames.shape[-1] - first + 1)).astype(frames.dtype)
    return frames


def narrowed(frames: Array, rng: Rng) -> Array:
    """Frames (n, bands) in dB as a recorder with a low rate would have them: nothing above 2 to 6 kHz."""
    return without_above(frames, int(rng.integers(34, 58)), rng.uniform(6, 14))


def widened(frames: Array, rng: Rng) -> Array:
    """Frames (n, bands) in dB of a voice with what a recorder cut off: the band below the cut folded upwards, falling. As they are where nothing was cut."""
    loud = frames[frames.max(axis=1) > frames.max() - 20]
    profile = 10 * np.log10(np.mean(10 ** (loud / 10), axis=0) + 1e-20)
    falls = [profile[i] - profile[i + CUT_BANDS :].max() for i in CUT_AT]
    last = CUT_AT[int(np.argmax(falls))]
    if max(falls) < CUT_DB:
        return frames
    above = np.arange(1, frames.shape[1] - last)
    missing = frames[:, last - (above - 1) % 12] - (rng.uniform(0, 8) + rng.uniform(0.3, 1.8) * above).astype(np.float32)
    frames = frames.copy()
    np.maximum(frames[:, last + 1 :], missing, out=frames[:, last + 1 :])
    return frames


def levels_db(frames: Array) -> Array:
    """(n,) power of each frame in dB."""
    return np.asarray(10 * np.log10(np.sum(10 ** (frames / 10), axis=1) + 1e-20), np.float32)


def loudness_db(frames: Array) -> float:
    """Mean power in dB of the frames within 15 dB of the loudest."""
    levels = levels_db(frames)
    return float(10 * np.log10(np.mean(10 ** (levels[levels > levels.max() - 15] / 10))))


def coloured(frames: Array, rng: Rng) -> Array:
    """With the response of another capsule and place: a curve through 4 to 8 points that spread by 4 dB."""
    points = rng.normal(0, 4, rng.integers(4, 9))
    bands = frames.shape[1]
    return frames + np.interp(np.arange(bands), np.linspace(0, bands - 1, len(points)), points).astype(np.float32)


def noisy(frames: Array, noise: Array, rng: Rng) -> Array:
    """Over a steady noise floor 22 to 55 dB below the sound, of any tilt. noise (frames, bands): of 0 dBFS."""
    floor = noise[(rng.integers(len(noise)) + np.arange(len(frames))) % len(noise)]
    floor = floor + (rng.uniform(-0.35, 0.15) * np.arange(frames.shape[1])).astype(np.float32)
    floor += np.float32(loudness_db(frames) - loudness_db(floor) - rng.uniform(22, 55))
    return np.logaddexp(frames * np.float32(np.log(10) / 10), floor * np.float32(np.log(10) / 10)) * np.float32(10 / np.log(10))


def gated(frames: Array, rng: Rng) -> Array:
    """Through an expander: what is 15 to 35 dB below the loudest falls by up to three times as much."""
    levels = levels_db(frames)
    under = np.minimum(0, levels - levels.max() + rng.uniform(15, 35))
    return frames + np.float32(rng.uniform(0.3, 2)) * under[:, None]


def levelled(frames: Array, rng: Rng) -> Array:
    """Through an automatic gain, which takes back 20 to 60 % of what the level moves in a tenth of a second to one second."""
    levels = levels_db(frames)
    levels = np.maximum(levels, levels.max() - 40)
    fall = 1 / rng.uniform(10, 100)
    smooth, now = np.empty_like(levels), levels[0]
    for i, level in enumerate(levels):
        now += (level - now) * (0.3 if level > now else fall)
        smooth[i] = now
    return frames - np.float32(rng.uniform(0.2, 0.6)) * (smooth - smooth.max())[:, None]


def recorded_again(frames: Array, noise: Array, rng: Rng) -> Array:
    """Frames (n, bands) in dB of a sound as some other recorder might have them, as loud as before. noise (frames, bands): of 0 dBFS."""
    before = loudness_db(frames)
    if rng.random() < COLOURED:
        frames = coloured(frames, rng)
    if rng.random() < LEVELLED:
        frames = levelled(frames, rng)
    if rng.random() < NOISY:
        frames = noisy(frames, noise, rng)
    if rng.random() < GATED:
        frames = gated(frames, rng)
    return frames + np.float32(before - loudness_db(frames))
