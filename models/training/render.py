"""Clips and made sounds, each in many guises (speed, voice, room, distance, microphone, codec), as log-mel on disk.

    python -m models.training.render --corpus ../shared/corpus --out POOL --rounds 4

A pool is one folder with a shard a round: `frames.npy` (frames, bands) float16 dB re full scale at a reference level of 0 dBFS(A), and `index.csv`.
Levels, ambience and what sounds at the same time are left to `mix`, which draws them anew for each scene. A round that is on disk is not made again.
"""

import argparse
import csv
import io
import math
import multiprocessing
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile
import soxr
from numpy.typing import NDArray

from edge.features import RATE_HZ
from edge.features.level import LevelStream
from edge.features.logmel import LogMelSettings, log_mel
from models.training import made, voices
from models.training.corpus import Clip, Corpus

Array = NDArray[np.float32]
Rng = np.random.Generator
Sound = tuple[NDArray[np.float16], float]

SETTINGS = LogMelSettings()
MOST_S = 8.0

GUISES = {
    "scream": 2.0, "shout": 2.5, "sob": 1.6, "cry_baby": 0.8, "laugh": 0.8, "yell_joy": 0.8, "cough": 5, "sneeze": 1.5, "sing": 6, "cheer": 6,
    "clap": 3, "playground": 3, "whistle": 4, "bell": 2, "horn": 4, "siren": 3, "alarm": 3, "dog": 1, "cat": 1, "knock": 1.5, "speech": 0.6,
    "raised": 0.5, "read": 0.8, "sentence": 0.3, "near_miss": 0.3, "phrase": 0.06, "word": 0.03, "syllable": 0.01, "homophone": 0.2, "babble": 1.5,
}  # fmt: skip
"""Guises of a clip of each kind in one round; other kinds have 0.7."""

MADE = {"bell": 40, "whistle": 40, "horn": 60, "alarm": 40, "siren": 30, "slam": 70, "chair": 40, "clap": 40,
        "sing": 90, "laugh": 60, "cough": 80, "sneeze": 25, "cry_made": 300}  # fmt: skip
"""Sounds from signal models in one round."""

WIDE = frozenset({"dog", "cat", "animal", "bird", "siren", "alarm", "bell", "horn", "whistle", "music", "engine", "glass", "knock"})
"""Kinds that stay harmless at any speed: half of their guises are played at 0.6 to 1.7 times it."""

CHANGED = {"shouted": 350, "sung": 90, "child_cry": 70, "wail": 90, "other_scream": 160, "other_shout": 140, "other_raised": 60, "other_laugh": 100,
           "other_sob": 150, "child_speech": 60, "other_yell": 90}  # fmt: skip
"""Voices changed by the vocoder in one round."""


OTHERS = {"scream": "scream", "shout": "shout", "raised": "raised", "laugh": "laugh", "sob": "sob", "yell": "yell_joy"}
"""Kinds that other bodies make as well: their formants and pitch are moved up and down."""


REMADE = frozenset({"shout", "sing", "cry_child", "wail"})
"""Kinds that a clip of another kind may be made into: what a teacher hears in that clip does not go for them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One sound of the pool: `length` frames from frame `start` of its shard."""

    shard: int
    start: int
    length: int
    kind: str
    corpus: str
    key: str
    speaker: str
    distance_m: float

    @property
    def sort(self) -> str:
        """What its guises share: the clip, and what was made of it (speech that was made to shout is another sort than the speech)."""
        return f"{self.kind} {self.key}"


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker renders: a clip as it is, a clip changed in a way, or (clip None) a made sound of a kind."""

    kind: str
    clip: Clip | None
    change: str
    seed: tuple[int, int]


def active_level_dbfs(x: Array) -> float:
    """A-weighted level of the loud part: mean power of what is within 15 dB of the loudest 10 ms (fast)."""
    levels = LevelStream().feed(np.pad(x, (0, RATE_HZ // 10)))
    loud = levels[levels > levels.max() - 15]
    return float(10 * np.log10(np.mean(10 ** (loud / 10))))


def trimmed(x: Array, rng: Rng, most_s: float = MOST_S) -> Array:
    """x without what lies 30 dB below its loudest at both ends, at most most_s of it, with short fades."""
    n = RATE_HZ // 20
    power = np.array([np.mean(x[i : i + n] ** 2) for i in range(0, max(1, len(x) - n // 2), n)])
    loud = np.flatnonzero(power > power.max() * 1e-3)
    x = x[loud[0] * n : (loud[-1] + 1) * n].copy()
    most = int(most_s * RATE_HZ)
    if len(x) > most:
        at = rng.integers(len(x) - most)
        x = x[at : at + most].copy()
    fade = min(len(x) // 4, 160)
    x[:fade] *= np.linspace(0, 1, fade)
    x[len(x) - fade :] *= np.linspace(1, 0, fade)
    return x


def speeded(x: Array, ratio: float) -> Array:
    """Played `ratio` times faster: pitch, formants and pace together."""
    return soxr.resample(x, RATE_HZ * ratio, RATE_HZ).astype(np.float32)


def simulated_room(rng: Rng) -> Array:
    """Response of a box-shaped room from a narrow corridor to a hall (image sources, pyroomacoustics), source 0.5 to 8 m away."""
    import pyroomacoustics

    size = [(rng.uniform(1.8, 3.5), rng.uniform(8, 30), rng.uniform(2.5, 3.5)), (rng.uniform(2, 6), rng.uniform(2, 7), rng.uniform(2.4, 6)),
            (rng.uniform(6, 10), rng.uniform(7, 12), rng.uniform(2.8, 4))][rng.integers(3)]  # fmt: skip
    room = pyroomacoustics.ShoeBox(size, fs=RATE_HZ, materials=pyroomacoustics.Material(rng.uniform(0.05, 0.45)), max_order=int(rng.integers(6, 14)))
    microphone = np.array([rng.uniform(0.1, 0.4), rng.uniform(0.3, size[1] - 0.3), rng.uniform(1.8, size[2] - 0.2)])
    source = np.array([rng.uniform(0.5, size[0] - 0.3), np.clip(microphone[1] + rng.normal(0, 3), 0.3, size[1] - 0.3), rng.uniform(0.9, 1.8)])
    room.add_source(source)
    room.add_microphone(microphone)
    room.compute_rir()
    return np.asarray(room.rir[0][0], np.float32)


def in_room(x: Array, response: Array, reverberant: float) -> Array:
    """x through a response whose energy after 3 ms is `reverberant` times that of the direct sound."""
    peak = int(np.argmax(np.abs(response)))
    h = response[max(0, peak - 16) :].copy()
    direct = int(0.003 * RATE_HZ)
    early, late = float(np.sum(h[:direct] ** 2)), float(np.sum(h[direct:] ** 2))
    if early > 0 and late > 0:
        h[direct:] *= math.sqrt(float(np.clip(reverberant * early / late, 1e-3, 1e2)))
    return scipy.signal.fftconvolve(x, h)[: len(x) + RATE_HZ // 2].astype(np.float32)


def microphone(x: Array, rng: Rng) -> Array:
    """A cheap capsule behind a hole in a box: low cut, tilt, one or two resonances."""
    x = scipy.signal.sosfilt(scipy.signal.butter(int(rng.integers(1, 3)), rng.uniform(50, 220), "highpass", fs=RATE_HZ, output="sos"), x)
    x = scipy.signal.lfilter([1.0, rng.uniform(-0.25, 0.25)], [1.0], x)
    for _ in range(rng.integers(0, 3)):
        b, a = scipy.signal.iirpeak(np.exp(rng.uniform(np.log(300), np.log(5000))), rng.uniform(1.0, 4), fs=RATE_HZ)
        x = x + rng.uniform(-0.6, 1.2) * scipy.signal.lfilter(b, a, x)
    if rng.random() < 0.1:
        x = scipy.signal.sosfilt(scipy.signal.butter(4, rng.uniform(3200, 6500), "lowpass", fs=RATE_HZ, output="sos"), x)
    return x.astype(np.float32)


def codec(x: Array, rng: Rng) -> Array:
    """x through MP3 or Opus, or 8 kHz telephone band: what recordings on the net went through."""
    how = rng.integers(3)
    if how == 2:
        return soxr.resample(soxr.resample(x, RATE_HZ, 8000), 8000, RATE_HZ).astype(np.float32)[: len(x)]
    memory = io.BytesIO()
    peak = float(np.abs(x).max()) + 1e-9
    kind = {"format": "MP3", "compression_level": float(rng.uniform(0.3, 0.95))} if how == 0 else {"format": "OGG", "subtype": "OPUS"}
    soundfile.write(memory, x / peak * 0.7, RATE_HZ, **kind)
    memory.seek(0)
    return (soundfile.read(memory, dtype="float32")[0] * peak / 0.7).astype(np.float32)


def changed(x: Array, change: str, rng: Rng) -> Array:
    """x with another voice."""
    match change:
        case "shouted":
            if rng.random() < 0.3:
                x = voices.resized(x, rng.uniform(1.05, 1.25), rng.uniform(1.1, 1.6))
            return voices.shouted(x, rng, rng.uniform(0.8, 1.5))
        case "sung":
            return voices.sung(x, rng)
        case "child_cry":
            return voices.resized(x, rng.uniform(0.78, 0.95), rng.uniform(0.65, 0.95))
        case "wail":
            return voices.resized(x, rng.uniform(0.6, 0.8), rng.uniform(0.35, 0.65))
        case "child_speech":
            return voices.resized(x, rng.uniform(1.05, 1.3), rng.uniform(1.0, 1.5))
        case other if other.startswith("other_"):
            return voices.resized(x, rng.uniform(0.82, 1.3), rng.uniform(0.65, 1.5))
    return x


def rendered(job: Job, corpus: Corpus, rooms: list[Array]) -> Sound | None:
    """(frames, bands) of a job, and the distance it stands for in m; nothing of a silent clip."""
    rng = np.random.default_rng(job.seed)
    x = made.make(job.kind, rng) if job.clip is None else corpus.sound(job.clip)
    if not x.any():
        return None
    x = trimmed(x, rng)
    if job.change:
        x = changed(x, job.change, rng)
    if len(x) < 0.2 * RATE_HZ:
        x = np.pad(x, (0, int(0.2 * RATE_HZ) - len(x)))
    if job.kind in WIDE and rng.random() < 0.5:
        x = speeded(x, float(np.exp(rng.uniform(math.log(0.6), math.log(1.7)))))
    elif rng.random() < 0.6:
        x = speeded(x, rng.uniform(0.87, 1.15))
    if rng.random() < 0.15:
        x = codec(x, rng)
    distance_m = float(np.exp(rng.uniform(math.log(0.3), math.log(9.0))))
    if rng.random() < 0.92:
        room = simulated_room(rng) if rng.random() < 0.3 else rooms[rng.integers(len(rooms))]
        x = in_room(x, room, (distance_m / rng.uniform(1.0, 2.5)) ** 2)
    x = microphone(x, rng)
    level = active_level_dbfs(x)
    return log_mel(x * np.float32(10 ** (-level / 20)), SETTINGS).astype(np.float16), distance_m


def jobs(clips: list[Clip], shard: int, seed: int, only: frozenset[str] = frozenset()) -> Iterator[Job]:
    """The jobs of one round, in a random order; of these kinds only, if any are named."""
    rng = np.random.default_rng([seed, shard])
    by_kind: dict[str, list[Clip]] = {}
    for clip in clips:
        by_kind.setdefault("raised" if clip.forced else clip.kind, []).append(clip)  # nobody can say whether forced synthetic speech is shouting
    todo: list[tuple[str, Clip | None, str]] = []
    for kind, rows in by_kind.items():
        for clip in rows:
            wanted = GUISES.get(kind, 0.7)
            todo += [(kind, clip, "")] * int(wanted + rng.random())
    todo += [(kind, None, "") for kind, n in MADE.items() for _ in range(n)]
    talk = [c for k in ("speech", "read", "sentence", "raised") for c in by_kind.get(k, []) if c.seconds > 0.8 and not c.forced]
    sources = {"shouted": ("shout", talk), "sung": ("sing", talk), "child_cry": ("cry_child", by_kind.get("cry_baby", [])), "child_speech": ("speech", talk),
               "wail": ("wail", by_kind.get("cry_baby", [])),
               **{f"other_{name}": (kind, by_kind.get(kind, [])) for name, kind in OTHERS.items()}}  # fmt: skip
    for change, n in CHANGED.items():
        kind, rows = sources[change]
        by_speaker: dict[str, list[Clip]] = {}
        for clip in rows:
            by_speaker.setdefault(f"{clip.corpus} {clip.speaker}", []).append(clip)
        names = sorted(by_speaker)
        for name in rng.choice(names, n) if names else ():
            todo.append((kind, by_speaker[name][rng.integers(len(by_speaker[name]))], change))
    for i in rng.permutation(len(todo)):
        kind, clip, change = todo[i]
        if only and kind not in only:
            continue
        yield Job(kind, clip, change, (seed * 1000 + shard, int(i)))


_WORK: dict[str, object] = {}  # what forked workers inherit


def _begin(corpus: Corpus, rooms: list[Array]) -> None:
    corpus.forget_handles()
    _WORK.update(corpus=corpus, rooms=rooms)


def _do(job: Job) -> tuple[Job, Sound | None]:
    return job, rendered(job, _WORK["corpus"], _WORK["rooms"])  # type: ignore[arg-type]


def render_round(corpus: Corpus, clips: list[Clip], rooms: list[Array], folder: Path, shard: int, seed: int, workers: int, only: frozenset[str]) -> None:
    """Write one shard, its index last, so that a shard with an index is whole."""
    entries, pieces, at, silent = [], [], 0, set()
    with multiprocessing.get_context("fork").Pool(workers, _begin, (corpus, rooms)) as pool:
        for i, (job, sound) in enumerate(pool.imap(_do, jobs(clips, shard, seed, only), chunksize=16)):
            if sound is None:
                silent.add(job.clip.key)
                continue
            frames, distance_m = sound
            origin = ("made", f"{job.kind} {shard} {i}", "") if job.clip is None else (job.clip.corpus, job.clip.key, job.clip.speaker)
            entries.append(Entry(shard, at, len(frames), job.kind, origin[0], origin[1], origin[2], round(distance_m, 2)))
            pieces.append(frames)
            at += len(frames)
            if i % 500 == 0:
                print(f"round {shard}: {i} sounds, {at / 360_000:.2f} h", flush=True)
    np.save(folder / f"frames{shard:02d}.npy", np.concatenate(pieces))
    with (folder / f"index{shard:02d}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Entry)])
        writer.writeheader()
        writer.writerows(map(asdict, entries))
    if silent:
        print(f"round {shard}: left out as silent: {', '.join(sorted(silent))}", flush=True)
    print(f"round {shard}: {len(entries)} sounds, {at / 360_000:.2f} h", flush=True)


def load_pool(folder: Path) -> tuple[list[NDArray[np.float16]], list[Entry]]:
    """All whole shards of a pool: their frames (memory-mapped) and entries."""
    shards: list[NDArray[np.float16]] = []
    entries: list[Entry] = []
    for path in sorted(folder.glob("index*.csv")):
        number = path.stem[5:]
        shards.append(np.load(folder / f"frames{number}.npy", mmap_mode="r"))
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                where = len(shards) - 1, int(row["start"]), int(row["length"])
                entries.append(Entry(*where, row["kind"], row["corpus"], row["key"], row["speaker"], float(row["distance_m"])))
    return shards, entries


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--split", default="train", help="train, dev or both (train,dev)")
    parser.add_argument("--kinds", nargs="*", default=[], help="only sounds of these kinds")
    parser.add_argument("--commercial-only", action="store_true", help="only clips whose licence allows commercial use")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    corpus, splits = Corpus(args.corpus), args.split.split(",")
    clips = list(corpus.clips(splits, commercial_only=args.commercial_only))
    rooms = corpus.room_responses(splits)
    args.out.mkdir(parents=True, exist_ok=True)
    for shard in range(args.rounds):
        if not (args.out / f"index{shard:02d}.csv").exists():
            render_round(corpus, clips, rooms, args.out, shard, args.seed, args.jobs, frozenset(args.kinds))


if __name__ == "__main__":
    main()
