"""Short clips of a store once more, called out: their vowels drawn out and their pitch raised, by the WORLD vocoder; a further shard of it.

    python -m models.training.phrases.calls --store STORE

Who calls for help draws vowels out, and consonants hardly. Frames stretched by straight lines are no stand-in: a network learns how smooth they are, and
hears a voice that really is drawn out no better.
"""

import argparse
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from edge.features import RATE_HZ
from models.training import voices
from models.training.phrases.data import CALLS, TEACHER_FRAME_S, Clip, Store, read_store, write_shard

Array = NDArray[np.float32]
Rng = np.random.Generator

COUNTS = {"phrase": 900, "contrast": 450, "near_miss": 150, "running": 500, "minimal_pair": 400, "words": 300, "word": 500}
"""Clips of each kind."""
SYLLABLES, SHORTER_THAN_S, LONGEST_S = (2, 8), 2.5, 5.0
LONGER = (1.3, 4.5)
"""How many times as long a steady vowel becomes."""
HIGHER = (0.0, 0.8)
"""By how many octaves the pitch rises."""
STEADY = (0.5, 0.8)
"""Of what is voiced and loud, the share that changes least is steady; what is beyond the second share is not."""
CHANGE_S = 0.06
LOUD_DB = (25.0, 15.0)
"""Below the loudest: what is quieter than the first is not drawn out."""
KNOT_S = 0.3


def drawn_out(voice: voices.Voice, longer: float, rng: Rng) -> NDArray[np.float64]:
    """Which frame of a voice (T,) sounds at each frame of the same called out, vowels up to so many times as long: some of them more, or all alike."""
    db = 10 * np.log10(voice.envelope + 1e-12)
    level = 10 * np.log10(voice.envelope.sum(axis=1) + 1e-12)
    loud = np.interp(level - level.max(), np.negative(LOUD_DB), (0, 1)) * (voice.f0_hz > 0)
    if not loud.any():
        return np.arange(len(level), dtype=float)
    half = round(CHANGE_S / 2 / voices.FRAME_S)
    at = np.arange(len(level))
    change = np.abs(db[np.minimum(at + half, at[-1])] - db[np.maximum(at - half, 0)]).mean(axis=1)
    steady = loud * np.interp(change, np.quantile(change[loud > 0], STEADY), (1, 0))
    steady = scipy.ndimage.uniform_filter1d(steady, half)
    if rng.random() < 0.5:
        knots = np.arange(0, len(level) + KNOT_S / voices.FRAME_S, KNOT_S / voices.FRAME_S)
        steady *= np.interp(at, knots, rng.uniform(0, 1, len(knots)))
    more = min(longer - 1, (LONGEST_S / voices.FRAME_S - len(level)) / (steady.sum() + 1e-6))
    ends = np.cumsum(1 + more * steady)
    return np.interp(np.arange(int(ends[-1])), np.concatenate([[0], ends[:-1]]), at)


def called_out(x: Array, longer: float, octaves: float, rng: Rng) -> tuple[Array, NDArray[np.float64]]:
    """A clip called out, as loud as it was at its loudest, and when in the clip (s) what sounds at each of its voice's frames was said.

    longer: as of `drawn_out`; octaves: by how many its pitch rises.
    """
    voice = voices.analyse(x)
    at = drawn_out(voice, longer, rng)
    call = voices.resampled(voice, at)
    f0_hz = call.f0_hz * 2**octaves * (1 + 0.01 * voices.smooth_noise(rng, len(at), 10))
    y = voices.sound(voices.Voice(np.where(call.f0_hz > 0, np.clip(f0_hz, 60, 900), 0.0), call.envelope, call.aperiodicity))
    return y * (np.abs(x).max() / (np.abs(y).max() + 1e-9)), at * voices.FRAME_S


def chosen(store: Store, rng: Rng) -> Iterator[tuple[int, Clip]]:
    """Short clips of the training part whose text is known, COUNTS of each kind or as many as there are."""
    for kind, count in COUNTS.items():
        short = [(shard, c) for shard, c in store.clips if c.kind == kind and c.split == "train" and c.corpus != CALLS and c.length < SHORTER_THAN_S * RATE_HZ
                 and c.units and SYLLABLES[0] <= len(c.units) <= SYLLABLES[1]]  # fmt: skip
        for i in rng.permutation(len(short))[:count]:
            yield short[i]


@cache
def _opened(path: Path) -> Store:
    """Once for each process: handing one over would copy all its sound."""
    return read_store(path)


def made(which: tuple[int, Clip], path: Path, seed: int) -> tuple[Clip, dict[str, NDArray[np.generic]]]:
    """A clip of the store at `path` called out, and its part of the shard's files; each syllable is told where it was."""
    store, (shard, clip) = _opened(path), which
    x = store.sounds[shard][clip.start : clip.start + clip.length].astype(np.float32) / 32767
    rng = np.random.default_rng([seed, *clip.key.encode()])
    y, when_s = called_out(x, float(rng.uniform(*LONGER)), float(rng.uniform(*HIGHER)), rng)
    at_s = np.arange(int(len(y) / RATE_HZ / TEACHER_FRAME_S)) * TEACHER_FRAME_S
    rows = (np.interp(at_s, np.arange(len(when_s)) * voices.FRAME_S, when_s) / TEACHER_FRAME_S).astype(int)
    rows = clip.frame + np.minimum(rows, clip.frames - 1)
    taught = {"best": store.best, "shares": store.shares, "tones": store.tones}
    return replace(clip, corpus=CALLS, key=f"{CALLS}/{clip.key}", length=len(y), frames=len(rows)), {
        "sound": (np.clip(y, -1, 1) * 32767).astype(np.int16), **{name: part[shard][rows] for name, part in taught.items()}
    }  # fmt: skip


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    which = list(chosen(_opened(args.store), np.random.default_rng(args.seed)))
    if not which:
        print("no clip of the store is short enough to be called out")
        return
    with ProcessPoolExecutor(args.jobs) as pool:
        clips, parts = zip(*pool.map(partial(made, path=args.store, seed=args.seed), which, chunksize=20), strict=True)
    write_shard(args.store, CALLS, clips, {name: [part[name] for part in parts] for name in parts[0]})


if __name__ == "__main__":
    main()
