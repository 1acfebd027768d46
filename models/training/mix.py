"""Scenes for training, drawn anew each time: ambience, one or several sounds in front at their level, a microphone's noise.

Sounds add in the log-mel power domain (their cross terms vanish on average), which costs a hundredth of mixing waveforms and convolving anew.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.features import RATE_HZ
from edge.features.logmel import log_mel
from models.training.recorder import narrowed, widened
from models.training.render import SETTINGS, Entry

Array = NDArray[np.float32]
Rng = np.random.Generator

FRAMES = 1000  # of a scene: 10 s
SHRINK = 4  # frames of input for one of output
TAIL = 150  # frames after an event in which it may still be told
DBFS_AT_0_DBA = -26.0 - 94.0  # a microphone of the usual sensitivity

SHOUTING, CRYING = ("scream", "shout", "quarrel"), ("cry_baby", "cry_child", "cry_made", "wail", "sob")
OUTPUTS = ("shouting", "crying", "scream", "shout", "cry_baby", "cry_child", "sob", "laugh", "yell_joy", "voice", "sing", "impact", "tone", "animal", "cough")
GROUPS = {
    "voice": ("speech", "raised", "read", "sentence", "near_miss", "phrase", "word", "syllable", "homophone", "babble", "whisper"),
    "sing": ("sing", "choir", "music"), "impact": ("slam", "knock", "clap", "glass", "footsteps", "chair"), "cough": ("cough", "sneeze", "breath"),
    "tone": ("bell", "siren", "horn", "alarm", "whistle"), "animal": ("dog", "cat", "bird", "animal"),
}  # fmt: skip
OUTPUT_OF = {kind: name for name, kinds in GROUPS.items() for kind in kinds} | {k: k for k in OUTPUTS}

# dBA at 1 m (mean, spread): vocal efforts after ISO 9921 and ANSI S3.5-1997, the rest from published ranges; spread widened for rooms not seen.
LEVEL_1M = {
    "scream": (95, 6), "shout": (83, 5), "quarrel": (79, 5), "cry_baby": (86, 7), "cry_child": (82, 7), "cry_made": (84, 7),
    "wail": (79, 8), "sob": (68, 6), "laugh": (74, 7),
    "cheer": (84, 6), "yell_joy": (86, 6), "cough": (77, 6), "sneeze": (79, 6), "breath": (52, 6), "sing": (76, 7), "choir": (82, 6), "music": (72, 8),
    "speech": (65, 6), "raised": (71, 5), "read": (63, 5), "babble": (66, 6), "playground": (77, 7), "slam": (86, 7), "knock": (75, 7), "chair": (77, 7),
    "bell": (86, 7), "siren": (80, 7), "horn": (85, 7), "alarm": (82, 7), "dog": (84, 7), "cat": (73, 7), "bird": (66, 7), "animal": (74, 8),
    "footsteps": (58, 6), "rain": (57, 6), "wind": (55, 7), "water": (61, 6), "engine": (70, 7), "glass": (82, 7), "clap": (79, 7),
    "whistle": (86, 7), "ambience": (52, 7),
}  # fmt: skip
OTHER_LEVEL = (70, 8)
SPEECH_LEVEL = (66, 6)

BEDS = {"ambience": 5, "babble": 4, "rain": 1, "wind": 1, "music": 1, "playground": 1.5, "engine": 1, "water": 1, "footsteps": 0.7, "bird": 0.7}

FRONTS = {
    "scream": 9, "shout": 15, "cry_baby": 7, "cry_child": 4, "cry_made": 5, "wail": 2, "sob": 11, "quarrel": 4,
    "speech": 6, "raised": 4, "read": 3, "sentence": 3, "near_miss": 1, "phrase": 1, "word": 0.7, "laugh": 7, "yell_joy": 5.5, "cough": 3, "sneeze": 1.5,
    "breath": 1, "sing": 4.5, "music": 2, "crowd": 5, "playground": 0.7, "cheer": 1, "slam": 2, "knock": 1.2, "chair": 1.5, "bell": 2, "siren": 2,
    "horn": 2, "alarm": 1.5, "dog": 3.5, "cat": 1.7, "bird": 0.7, "animal": 1.5, "clap": 1.2, "whistle": 1.5, "glass": 0.8, "footsteps": 0.5, "engine": 0.7,
    "water": 0.5, "other": 3.5, "none": 3,
}  # fmt: skip
"""How often each kind stands in front."""

PACES = (0.87, 1.15)
"""How much shorter or longer a sound may become each time it is drawn."""

MOST_MADE = 16
"""Speakers that made sounds of a kind count as, lest they crowd out recordings, of which there are few."""

MISTAKEN = 0.15
"""Of the sounds in front are drawn by how alarming the network found them before, where that is known (`mine`)."""

CROWDS = (("yell_joy", "laugh", "clap"), ("speech", "raised", "laugh", "yell_joy"), ("speech", "sentence", "read"), ("sing",), ("raised", "yell_joy"))
"""Kinds that a crowd is mixed of: cheering, a playground, babble, a choir, noisy play."""

VOICES = frozenset({"scream", "shout", "cry_baby", "cry_child", "sob", "laugh", "yell_joy", *GROUPS["voice"], *GROUPS["sing"], *GROUPS["cough"]})
WIDENED, NARROWED, CRYING_NARROWED = 0.8, 0.2, 0.4
"""Of voices that a recorder cut off get the band above again; of the other sounds lose it, and of crying, which has the fewest recorders.

Wails, which are made of babies, are not widened.
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a network is shown.

    frames (FRAMES, bands) dB; target (FRAMES / SHRINK, outputs) 1, 0 or -1 for "do not ask"; bag (2,) shouting and crying likewise;
    reach (FRAMES / SHRINK, 2) where the bag's event may be told; entry: index of the sound in front in the pool, -1 if none.
    """

    frames: Array
    target: Array
    bag: Array
    reach: NDArray[np.bool_]
    entry: int


class Mixer:
    """Draws scenes from a pool."""

    def __init__(
        self,
        shards: Sequence[NDArray[np.float16]],
        entries: Sequence[Entry],
        without: Sequence[str] = (),
        fronts: dict[str, float] | None = None,
        mistaken: Mapping[str, float] | None = None,
    ) -> None:
        self._shards = shards
        self._entries = entries
        self._by_kind: dict[str, dict[str, dict[str, list[int]]]] = {}
        for i, e in enumerate(entries):
            if e.corpus not in without and e.length >= 8:
                self._by_kind.setdefault(e.kind, {}).setdefault(e.corpus, {}).setdefault(e.speaker or e.key, []).append(i)
        self._beds = [(k, w) for k, w in BEDS.items() if k in self._by_kind]
        self._crowds = [there for kinds in CROWDS if (there := [k for k in kinds if k in self._by_kind])]
        possible = {*self._by_kind, "none"} | ({"crowd"} if self._crowds else set()) | ({"quarrel"} if "shout" in self._by_kind else set())
        self._fronts = [(k, w) for k, w in (fronts or FRONTS).items() if k in possible]
        score = np.array([(mistaken or {}).get(e.sort, 0.0) if e.corpus not in without else 0.0 for e in entries])
        self._mistaken = score / score.sum() if score.any() else None
        noise = np.random.default_rng(0).standard_normal(30 * RATE_HZ).astype(np.float32) / math.sqrt(2)
        self._noise = log_mel(noise, SETTINGS)  # of 0 dBFS

    def _pick(self, rng: Rng, kind: str) -> int:
        """An entry: a corpus by the root of its number of speakers (of made sounds, each is one), each speaker in it as likely as another."""
        corpora = self._by_kind[kind]
        names = sorted(corpora)
        weights = np.sqrt([min(len(corpora[c]), MOST_MADE if c == "made" else 10**6) for c in names])
        speakers = corpora[names[rng.choice(len(names), p=weights / weights.sum())]]
        chosen = list(speakers.values())[rng.integers(len(speakers))]
        return chosen[rng.integers(len(chosen))]

    def _frames(self, i: int) -> Array:
        e = self._entries[i]
        return self._shards[e.shard][e.start : e.start + e.length].astype(np.float32)

    def _varied(self, rng: Rng, i: int) -> Array:
        """The frames of an entry, half of the time faster or slower and with all that it holds a band or two higher or lower.

        Another recorder has its part in it: nearly all recordings of babies end at 4 kHz, and what was made of them lower still.
        """
        recorded = frames = self._frames(i)
        kind = self._entries[i].kind
        if kind in VOICES and rng.random() < WIDENED:
            frames = widened(frames, rng)
        if frames is recorded and rng.random() < (CRYING_NARROWED if kind in CRYING else NARROWED):
            frames = narrowed(frames, rng)
        if rng.random() < 0.5:
            rows = np.linspace(0, len(frames) - 1, max(8, int(len(frames) * rng.uniform(*PACES))))
            bands = np.clip(np.arange(SETTINGS.bands) - rng.integers(-2, 3), 0, SETTINGS.bands - 1)
            frames = frames[np.ix_(np.round(rows).astype(int), bands)]
        return frames

    def _level_db(self, rng: Rng, kind: str, distance_m: float) -> float:
        """Gain for a pool entry: its kind's level at 1 m, with direct and reverberant field (critical distance 1 to 2.5 m)."""
        mean, spread = LEVEL_1M.get(kind, SPEECH_LEVEL if OUTPUT_OF.get(kind) == "voice" else OTHER_LEVEL)
        critical = rng.uniform(1.0, 2.5)
        decay = 10 * math.log10((1 / distance_m**2 + 1 / critical**2) / (1 + 1 / critical**2))
        return float(rng.normal(mean, spread) + decay + DBFS_AT_0_DBA)

    def _bed(self, rng: Rng) -> Array:
        """Power (FRAMES, bands) of ambience that fills the scene."""
        weights = np.array([w for _, w in self._beds])
        piece = self._frames(self._pick(rng, self._beds[rng.choice(len(weights), p=weights / weights.sum())][0]))
        at = rng.integers(len(piece))
        rows = (at + np.arange(FRAMES)) % len(piece)
        level = float(np.clip(rng.normal(48, 8), 28, 68)) + DBFS_AT_0_DBA
        return np.exp((piece[rows] + level) * np.float32(math.log(10) / 10))

    def _crowd(self, rng: Rng) -> tuple[Array, str]:
        """Several people at once, as loud together as a crowd is; (frames dB at 0 dBFS, kind)."""
        kinds = self._crowds[rng.integers(len(self._crowds))]
        length = int(rng.uniform(200, 700))
        power = np.zeros((length, SETTINGS.bands), np.float32)
        for _ in range(rng.integers(3, 14)):
            piece = self._frames(self._pick(rng, kinds[rng.integers(len(kinds))]))[:length]
            at = rng.integers(max(1, length - len(piece)))
            power[at : at + len(piece)] += np.exp((piece + rng.normal(0, 5)) * np.float32(math.log(10) / 10))
        db = 10 * np.log10(power + 1e-9)
        return db - 10 * math.log10(power.sum(axis=1).max() + 1e-9) + 22, "playground" if kinds[0] != "sing" else "choir"

    def _front(self, rng: Rng, kind: str) -> tuple[Array, str, int]:
        """Frames (n, bands) in dB at their level of one sound in front, its kind, its entry; for MISTAKEN of them one that was mistaken before."""
        if self._mistaken is not None and rng.random() < MISTAKEN:
            return self._single(rng, int(rng.choice(len(self._entries), p=self._mistaken)))
        if kind == "crowd":
            frames, what = self._crowd(rng)
            return frames + np.float32(self._level_db(rng, what, float(np.exp(rng.uniform(0, math.log(8))))) - 3), "crowd", -1
        if kind == "quarrel":
            who = [self._pick(rng, "shout"), self._pick(rng, "shout")]
            near = float(np.exp(rng.uniform(0, math.log(8))))
            pieces = []
            for turn in range(rng.integers(3, 6)):
                e = self._entries[who[turn % 2]]
                same = self._by_kind["shout"][e.corpus][e.speaker or e.key]
                pieces.append(self._varied(rng, same[rng.integers(len(same))])[:300] + np.float32(self._level_db(rng, "quarrel", near)))
                pieces.append(np.full((rng.integers(1, 30), SETTINGS.bands), -150, np.float32))
            return np.concatenate(pieces)[:900], "quarrel", -1
        return self._single(rng, self._pick(rng, kind))

    def _single(self, rng: Rng, i: int) -> tuple[Array, str, int]:
        """An entry in front."""
        e = self._entries[i]
        return self._varied(rng, i) + np.float32(self._level_db(rng, e.kind, e.distance_m)), e.kind, i

    def scene(self, rng: Rng, front: int = -1) -> Scene:
        """Draw one; with this entry alone in front, if one is given."""
        power = self._bed(rng)
        target = np.zeros((FRAMES // SHRINK, len(OUTPUTS)), np.float32)
        bag, reach = np.zeros(2, np.float32), np.ones((FRAMES // SHRINK, 2), bool)
        weights = np.array([w for _, w in self._fronts])
        entry = -1
        for n in range(1 + (front < 0 and rng.random() < 0.25)):
            kind = self._fronts[rng.choice(len(weights), p=weights / weights.sum())][0]
            if front < 0 and (kind == "none" or (n and kind in SHOUTING + CRYING)):
                continue
            frames, kind, i = self._single(rng, front) if front >= 0 else self._front(rng, kind)
            entry = i if n == 0 else -1
            at = int(rng.integers(20, max(21, FRAMES - min(len(frames), 600))))
            frames = frames[: FRAMES - at]
            one = np.exp(frames * np.float32(math.log(10) / 10))
            under = power[at : at + len(one)].sum(axis=1)
            power[at : at + len(one)] += one
            self._label(kind, at, one.sum(axis=1), under, target, bag, reach)
        gain = rng.normal(0, 2) + rng.uniform(-4, 4)
        own = self._noise[(rng.integers(len(self._noise)) + np.arange(FRAMES)) % len(self._noise)] + rng.uniform(26, 38) + DBFS_AT_0_DBA
        db = 10 * np.log10(power + np.exp(own * np.float32(math.log(10) / 10))) + gain
        db += np.interp(np.arange(SETTINGS.bands), np.linspace(0, SETTINGS.bands - 1, 5), rng.normal(0, 1.2, 5))
        if rng.random() < 0.25:
            low = rng.integers(SETTINGS.bands)
            db[:, low : low + rng.integers(1, 8)] = rng.normal(-85, 5)
        np.maximum(db, 10 * math.log10(SETTINGS.floor), out=db)
        return Scene(db.astype(np.float32), target, bag, reach, entry)

    @staticmethod
    def _label(kind: str, at: int, power: Array, under: Array, target: Array, bag: Array, reach: NDArray[np.bool_]) -> None:
        """Write what a sound at frame `at` makes of the targets: its own outputs, and what nobody should ask there."""
        end = at + len(power)
        rows = slice(at // SHRINK, math.ceil(end / SHRINK))
        loud = np.zeros(math.ceil(end / SHRINK) * SHRINK, bool)
        loud[at:end] = (power > power.max() * 10**-2.5) & (power > under * 0.3)
        active = loud.reshape(-1, SHRINK).any(axis=1)[rows]
        heard = bool(active.any())
        if kind in CRYING and heard:  # the pauses of crying are crying
            on = np.flatnonzero(active)
            gaps = np.diff(on)
            for i in np.flatnonzero(gaps < 25):
                active[on[i] : on[i + 1]] = True
        names = {
            "scream": ["shouting", "scream"],
            "shout": ["shouting", "shout"],
            "quarrel": ["shouting", "shout"],
            "cry_baby": ["crying", "cry_baby"],
            "cry_child": ["crying", "cry_child"],
            "cry_made": ["crying"],
            "wail": ["crying"],
            "sob": ["crying", "sob"],
            "crowd": [],
        }.get(kind, [OUTPUT_OF[kind]] if kind in OUTPUT_OF else [])
        after = slice(rows.start, min(len(target), rows.stop + TAIL // SHRINK))
        for name in names:
            column = OUTPUTS.index(name)
            target[rows, column] = np.where(active, 1, -1)
            target[rows.stop : after.stop, column] = -1
        unasked = {"raised": ["shouting", "shout"]}.get(kind, [])
        unasked += ["crying"] if kind in SHOUTING else ["shouting"] if kind in CRYING else []
        for name in unasked:
            target[after, OUTPUTS.index(name)] = -1
        if kind == "crowd":
            for name in ("laugh", "yell_joy", "voice", "sing"):
                target[after, OUTPUTS.index(name)] = -1
        for label, kinds in enumerate((SHOUTING, CRYING)):
            if kind in kinds:
                bag[label] = 1 if heard else -1
                reach[:, label] = False
                reach[after, label] = True
            elif OUTPUTS[label] in unasked:
                reach[after, label] = False
