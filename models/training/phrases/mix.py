"""Scenes of speech for training, drawn anew each time: several clips in rooms at their level, ambience, loud sounds that are no speech."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import librosa
import numpy as np
from numpy.typing import NDArray

from edge.detect.looks import between
from edge.features import RATE_HZ
from edge.features.logmel import log_mel
from models.training.corpus import Corpus
from models.training.mix import DBFS_AT_0_DBA, LEVEL_1M, SHRINK
from models.training.phrases.data import CALLS, FOREIGN, TEACHER_FRAME_S, TEACHER_LEVEL_DBFS, Clip, Store, read_store
from models.training.phrases.network import DELAY
from models.training.render import SETTINGS, Entry, in_room, load_pool, microphone, simulated_room, speeded

Array = NDArray[np.float32]
Rng = np.random.Generator

FRAMES = 800  # of a scene: 8 s
STEPS = FRAMES // SHRINK
STEP_S = SHRINK * SETTINGS.hop / RATE_HZ
GAPS_S = (0.05, 0.9)
LONGEST_S = 6.5
SHARES = {
    "spoken": 0.33, "contrast": 0.15, "reader": 0.20, "vocabulary": 0.07, "phrase": 0.07, "foreign": 0.06,
    "sentence": 0.05, "student": 0.04, "word": 0.02, "syllable": 0.01, "call": 0.12,
}  # fmt: skip
"""How often each pool of speech is drawn from. `spoken`: made for this; `reader`, `vocabulary`: real people who read sentences and words, who are few
and are learned far more slowly than synthetic voices; `student`: real ones, but 20 words; `contrast`: phrases with a syllable that is not theirs, more often
than the phrases themselves; `call`: what is called out with its vowels drawn out (`calls.py`)."""
BY_CLIP = ("spoken", "contrast", "phrase", "call")
"""Pools of which each clip is drawn as often as another; of the others each speaker is."""
LEVELS_DBA = {"plain": (66, 7), "shout": (80, 6)}
BEDS = ("ambience", "babble", "rain", "wind", "music", "playground", "engine", "water", "footsteps", "bird")
REAL = {"dspspeech": "student", "aishell_bits": "reader", "magicdata_cs": "reader", "hsk_words": "vocabulary"}
HELD = 0.2
HELD_OF = {"student": 1.0, "reader": 1.0, "vocabulary": 1.0, "contrast": 0.0, "call": 0.0}
"""How much a further training is held to what the network made of a clip before, for each pool: real people are few, and are soon forgotten."""
ANEW = 0.25
"""Share of clips that get another room and pace than the last time."""
CUT = 0.35
"""Share of longer utterances of which some syllables in a row are taken: few readers have few sentences, and the network must not learn those by heart."""
CUT_FROM = 4  # syllables
JOINED = {"reader": 0.5, "sentence": 0.5, "spoken": 0.3, "phrase": 0.4}
"""Share of longer utterances of a pool in place of which pieces of several by the same speaker are said without a pause between them. Whole sentences are soon
known by heart: of those that a network had learnt it misheard 3 syllables in 100 of clean sound, of others by the same readers 36.
What a blended voice says is mostly one utterance: its parts come in another order. Of phrases, lest the network complete by heart what it heard begin.

Lam et al., On-the-fly aligned data augmentation for sequence-to-sequence ASR, 2021.
"""
PIECES, PIECE = (2, 6), 4
"""So many of them, of up to so many syllables."""
FADE = 80  # samples at either end of such a piece
ROOMS_MADE = 20
LOUD = 0.25
"""Share of scenes in which something loud that is no speech sounds as well."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a network is shown.

    frames (FRAMES, bands) dB; best, shares (STEPS, n): the teacher's units and their shares; tones (STEPS,) 1 to 5, 0 where there is none to ask for;
    units: what is said in the scene, empty where not known; held (STEPS,): how much a further training is held to what it began at.
    """

    frames: Array
    best: NDArray[np.int64]
    shares: Array
    tones: NDArray[np.int64]
    units: list[int]
    held: Array


@dataclass(frozen=True, slots=True)
class _Guise:
    """A clip in a room: frames (n, bands) dB, its pace, the room's decay to where it stands."""

    frames: NDArray[np.float16]
    ratio: float
    decay_db: float


def pool_of(clip: Clip) -> str:
    """Which of SHARES a clip belongs to."""
    if clip.corpus == CALLS:
        return "call"
    if clip.kind in ("contrast", "near_miss", "homophone", "minimal_pair"):
        return "contrast"
    if clip.corpus.startswith("speech") and clip.corpus != "speechocean":
        return "spoken"
    if clip.corpus in FOREIGN:
        return "foreign"
    if clip.corpus in REAL:
        return REAL[clip.corpus]
    return {"speech": "sentence", "read": "sentence"}.get(clip.kind, clip.kind)


def cut(clip: Clip, best: NDArray[np.uint16], rng: Rng, most: int = FRAMES) -> Clip:
    """Some syllables in a row of a clip, cut halfway between the frames that tell them; the clip where the teacher did not tell each. best: (frames,)."""
    assert clip.units
    told = np.flatnonzero((best != 0) & (best != np.concatenate([[0], best[:-1]])))
    if best[told].tolist() != clip.units:
        return clip
    count = int(rng.integers(2, min(most + 1, len(told))))
    first = int(rng.integers(len(told) - count + 1))
    joints = np.concatenate([[0], (told[:-1] + told[1:]) // 2 + 1, [clip.frames]])
    low, high = int(joints[first]), int(joints[first + count])
    start, end = (min(round(f * TEACHER_FRAME_S * RATE_HZ), clip.length) for f in (low, high))
    return replace(clip, key=f"{clip.key}:{low}-{high}", start=clip.start + start, length=end - start,
                   frame=clip.frame + low, frames=high - low, units=clip.units[first : first + count])  # fmt: skip


def other_tract(frames: Array, length: float) -> Array:
    """Log-mel frames (n, bands) of a voice whose vocal tract is so many times as long, and its formants as much lower.

    Vocal tract length perturbation: Jaitly and Hinton, 2013.
    """
    centres_hz = librosa.mel_frequencies(SETTINGS.bands + 2, fmin=SETTINGS.low_hz, fmax=SETTINGS.high_hz)[1:-1]
    at = np.interp(centres_hz * length, centres_hz, np.arange(SETTINGS.bands))
    return between(frames.T, at).T


def stretched(frames: Array, ratio: float) -> Array:
    """Frames (n, bands) of what is said so many times faster with the same pitch and formants, (about n / ratio, bands)."""
    return between(frames, np.arange(int((len(frames) - 1) / ratio) + 1) * ratio)


class Mixer:
    """Draws scenes."""

    def __init__(
        self, store: Store, beds: tuple[Sequence[NDArray[np.float16]], Sequence[Entry]], rooms: Sequence[Array], splits: Sequence[str] = ("train",),
        tracts: float = 0.0, paces: float = 0.0,
    ) -> None:  # fmt: skip
        """tracts: half of the clips get another vocal tract, up to e ** tracts times as long or as short; paces: and half are said as much faster or slower."""
        self._store, self._rooms, self._tracts, self._paces = store, rooms, tracts, paces
        self._kept: dict[str, _Guise] = {}
        self._pools: dict[str, dict[str, list[tuple[int, Clip]]]] = {}
        for shard, clip in store.clips:
            if clip.split in splits and clip.length < LONGEST_S * RATE_HZ:
                self._pools.setdefault(pool_of(clip), {}).setdefault(clip.speaker, []).append((shard, clip))
        self._groups = {n: [list(itertools.chain(*of.values()))] if n in BY_CLIP else list(of.values()) for n, of in self._pools.items()}
        self._names = [n for n in SHARES if n in self._pools]
        weights = np.array([SHARES[n] for n in self._names])
        self._weights = weights / weights.sum()
        self._shards, entries = beds
        self._beds = [e for e in entries if e.kind in BEDS and e.length > 20]
        self._loud = [e for e in entries if e.kind not in BEDS and e.length > 20]

    def _said(self, rng: Rng) -> list[tuple[int, Clip]]:
        """What a voice says: a clip, a part of one, or parts of several."""
        name = self._names[rng.choice(len(self._names), p=self._weights)]
        groups = self._groups[name]
        rows = groups[rng.integers(len(groups))]
        shard, clip = rows[rng.integers(len(rows))]
        if rng.random() < JOINED.get(name, 0.0):
            same = self._pools[name][clip.speaker]
            taken = [same[rng.integers(len(same))] for _ in range(rng.integers(*PIECES))]
            pieces = [(shard, self._part(shard, clip, rng, PIECE)) for shard, clip in taken if clip.units and len(clip.units) >= CUT_FROM]
            if pieces := [(shard, piece) for shard, piece in pieces if piece.units and len(piece.units) <= PIECE]:
                return pieces
        if clip.units and len(clip.units) >= CUT_FROM and rng.random() < CUT:
            return [(shard, self._part(shard, clip, rng))]
        return [(shard, clip)]

    def _part(self, shard: int, clip: Clip, rng: Rng, most: int = FRAMES) -> Clip:
        return cut(clip, self._store.best[shard][clip.frame : clip.frame + clip.frames, 0], rng, most)

    def _sound(self, said: Sequence[tuple[int, Clip]]) -> Array:
        sounds = [self._store.sounds[shard][clip.start : clip.start + clip.length].astype(np.float32) / 32767 for shard, clip in said]
        if len(sounds) > 1:
            ramp = np.linspace(0, 1, FADE, dtype=np.float32)
            for x in sounds:
                x[:FADE] *= ramp
                x[-FADE:] *= ramp[::-1]
        return np.concatenate(sounds)

    def _frames(self, entry: Entry) -> Array:
        return self._shards[entry.shard][entry.start : entry.start + entry.length].astype(np.float32)

    def _bed(self, rng: Rng) -> Array:
        piece = self._frames(self._beds[rng.integers(len(self._beds))])
        at = (rng.integers(len(piece)) + np.arange(FRAMES)) % len(piece)
        level = float(np.clip(rng.normal(45, 9), 22, 64)) + DBFS_AT_0_DBA
        return np.exp((piece[at] + level) * np.float32(math.log(10) / 10))

    def _voice(self, rng: Rng, said: Sequence[tuple[int, Clip]]) -> tuple[Array, float]:
        """(frames, bands) power of what is said in a room at its level, and how many times faster than it was it is said.

        Most are taken as they were rendered before: filters and the transform would cost more than the training itself.
        """
        key, kind = said[0][1].key, said[0][1].kind
        again = len(said) == 1 and ":" not in key  # a piece hardly comes again
        guise = self._kept.get(key) if again else None
        if guise is None or rng.random() < ANEW:
            x = self._sound(said)
            ratio = float(rng.uniform(0.87, 1.16)) if rng.random() < 0.7 else 1.0
            if ratio != 1.0:
                x = speeded(x, ratio)
            distance_m, critical_m = float(np.exp(rng.uniform(math.log(0.4), math.log(6.0)))), float(rng.uniform(1.0, 2.5))
            room = self._rooms[rng.integers(len(self._rooms))]
            x = microphone(in_room(x, room, (distance_m / critical_m) ** 2), rng)
            decay_db = 10 * math.log10((1 / distance_m**2 + 1 / critical_m**2) / (1 + 1 / critical_m**2))
            frames = log_mel(x, SETTINGS)
            if self._tracts and rng.random() < 0.5:
                frames = other_tract(frames, math.exp(rng.uniform(-self._tracts, self._tracts)))
            if self._paces and rng.random() < 0.5:
                pace = math.exp(rng.uniform(-self._paces, self._paces))
                frames, ratio = stretched(frames, pace), ratio * pace
            guise = _Guise(frames.astype(np.float16), ratio, decay_db)
            if again:
                self._kept[key] = guise
        level = rng.normal(*LEVELS_DBA["shout" if "shout" in kind or rng.random() < 0.25 else "plain"])
        gain_db = np.float32(level + guise.decay_db + DBFS_AT_0_DBA - TEACHER_LEVEL_DBFS)
        return np.exp((guise.frames.astype(np.float32) + gain_db) * np.float32(math.log(10) / 10)), guise.ratio

    def scene(self, rng: Rng, delay: int = DELAY) -> Scene:
        """Draw one. delay: how many steps late it is taught."""
        power = self._bed(rng)
        width = self._store.best[0].shape[1]
        best, shares = np.zeros((STEPS, width), np.int64), np.zeros((STEPS, width), np.float32)
        tones, held = np.zeros(STEPS, np.int64), np.full(STEPS, HELD, np.float32)
        shares[:, 0] = 1.0
        units: list[int] = []
        known = True
        at_s = float(rng.uniform(0.05, 0.8))
        while True:
            said = self._said(rng)
            frames, ratio = self._voice(rng, said)
            length_s = sum(clip.length for _, clip in said) / RATE_HZ / ratio
            if at_s + length_s + delay * STEP_S + 0.3 > FRAMES * SETTINGS.hop / RATE_HZ:
                break
            at = round(at_s * RATE_HZ / SETTINGS.hop)
            frames = frames[: FRAMES - at]
            power[at : at + len(frames)] += frames
            held[at // SHRINK + delay : (at + len(frames)) // SHRINK + delay] = HELD_OF.get(pool_of(said[0][1]), HELD)
            for shard, clip in said:
                self._teach(best, shares, tones, shard, clip, round(at_s * RATE_HZ / SETTINGS.hop), ratio, delay)
                at_s += clip.length / RATE_HZ / ratio
                known = known and clip.units is not None
                units += clip.units or []
            at_s += float(rng.uniform(*GAPS_S))
        if rng.random() < LOUD:
            entry = self._loud[rng.integers(len(self._loud))]
            mean, spread = LEVEL_1M.get(entry.kind, (76, 8))
            frames = self._frames(entry)[:FRAMES] + np.float32(rng.normal(mean - 8, spread + 2) + DBFS_AT_0_DBA)
            at = int(rng.integers(max(1, FRAMES - len(frames))))
            power[at : at + len(frames)] += np.exp(frames * np.float32(math.log(10) / 10))
        power += 10 ** ((rng.uniform(26, 38) + DBFS_AT_0_DBA - 22) / 10)  # the microphone's own noise, spread over the bands
        db = 10 * np.log10(power) + rng.normal(0, 2.5)
        db += np.interp(np.arange(SETTINGS.bands), np.linspace(0, SETTINGS.bands - 1, 5), rng.normal(0, 1.5, 5))
        for _ in range(rng.integers(3)):
            low = rng.integers(SETTINGS.bands)
            db[:, low : low + rng.integers(1, 7)] = rng.normal(-85, 6)
        np.maximum(db, 10 * math.log10(SETTINGS.floor), out=db)
        return Scene(db.astype(np.float32), best, shares, tones, units if known else [], held)

    def _teach(self, best: NDArray[np.int64], shares: Array, tones: NDArray[np.int64], shard: int, clip: Clip, at: int, ratio: float, delay: int) -> None:
        """Write the teacher's posteriors, so many steps later than it has them."""
        first = at // SHRINK
        count = min(math.ceil(clip.length / RATE_HZ / ratio / STEP_S), STEPS - first - delay)
        times_s = (np.arange(first, first + count + 1) * STEP_S - at * SETTINGS.hop / RATE_HZ) * ratio
        edges = np.clip(np.ceil(times_s / TEACHER_FRAME_S - 1e-6).astype(int), 0, clip.frames)
        table = self._store.shares[shard][clip.frame : clip.frame + clip.frames], self._store.best[shard][clip.frame : clip.frame + clip.frames]
        said = np.where(table[1] == 0, 0, table[0]).sum(axis=1)  # not blank
        # Of the teacher's frames that begin in a step the one that says most: a syllable is often told in one frame of 30 ms.
        rows = [low + int(np.argmax(said[low:high])) if high > low else min(low, clip.frames - 1) for low, high in itertools.pairwise(edges)]
        rows = np.array(rows) + clip.frame
        to = slice(first + delay, first + delay + count)
        best[to], shares[to], tones[to] = (part[shard][rows] for part in (self._store.best, self._store.shares, self._store.tones))


def rooms(corpus: Path, made: int, rng: Rng) -> list[Array]:
    """The first second of each measured room response of the training part, and of so many simulated ones."""
    return [room[:RATE_HZ] for room in (*Corpus(corpus).room_responses(["train"]), *(simulated_room(rng) for _ in range(made)))]


def drawn(store: Path, beds: Path, corpus: Path, count: int, rng: Rng) -> Array:
    """Frames (count, FRAMES, bands) of scenes in measured rooms and some simulated ones, as training hears them. Paths: as `train` takes them."""
    mixer = Mixer(read_store(store), load_pool(beds), rooms(corpus, ROOMS_MADE, rng))
    return np.stack([mixer.scene(rng).frames for _ in range(count)])
