"""Speech for the phrase model on disk: sound, what was said, and a teacher's posteriors of each clip, so that training reads no tar and runs no teacher.

    python -m models.training.phrases.data --teachers ../shared/teachers --corpus ../shared/corpus --speech SPEECH ... --out STORE

A shard a folder of speech: `sound.npy` (samples,) int16, `best.npy` (frames, BEST) uint16 units with `shares.npy` float16, `tones.npy` (frames,) uint8, and
`index.json`.
A folder that has grown gets a further shard with what is new.
"""

import argparse
import csv
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.features import RATE_HZ
from models.training.corpus import Corpus
from models.training.phrases.speech import load
from models.training.render import active_level_dbfs

TEACHER_FRAME_S = 0.03
BEST = 4
"""Units a frame that are kept of the teacher's posteriors; the rest is below a hundredth nearly always."""
UNHEARD = 2e-3
"""Share of a unit that the teacher does not have among its best."""
TEACHER_LEVEL_DBFS = -25.0
"""Of ordinary recordings, as the teacher knows them."""
FOREIGN = ("speechocean", "emodb", "nemo", "ravdess")
"""Speech that is not Mandarin: the teacher's posteriors are all that is known of it."""
CALLS = "calls"
"""The corpus of clips that `calls` made of others."""
SAID_AS = {"zhei": "zhe", "nei": "na", "shei": "shui", "lve": "lue", "nve": "nue", "lv": "lv", "r": "er"}
"""Colloquial readings, as the teacher's characters are read."""


TOLD = 0.3
"""Share of a frame from which on it tells its syllable's tone."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip of a shard."""

    corpus: str
    key: str
    kind: str
    speaker: str
    split: str
    start: int  # of its samples
    length: int
    frame: int  # of its teacher's frames
    frames: int
    units: list[int] | None  # what was said; None: not known in the units


@dataclass(frozen=True, slots=True)
class Store:
    """All shards of a folder."""

    sounds: Sequence[NDArray[np.int16]]
    best: Sequence[NDArray[np.uint16]]
    shares: Sequence[NDArray[np.float16]]
    tones: Sequence[NDArray[np.uint8]]  # 1 to 5; 0: none, or not to be asked
    clips: Sequence[tuple[int, Clip]]  # shard, clip


def toneless(pinyin: str, number: dict[str, int]) -> list[int] | None:
    """Units of a text in pinyin with tones; None where one is missing."""
    units = []
    for toned in pinyin.replace("u:", "v").replace("ü", "v").split():
        syllable = re.sub(r"[0-9]", "", toned)
        for name in (syllable, SAID_AS.get(syllable, ""), syllable.removesuffix("r")):
            if name in number:
                units.append(number[name])
                break
        else:
            return None
    return units


def tones(pinyin: str) -> list[int]:
    """Of each syllable 1 to 5; 0 where it is said otherwise than it is written: a third tone before a third, 一, 不."""
    found = [int(toned[-1]) if toned[-1:] in "12345" else 0 for toned in pinyin.split()]
    before_third = [tone == 3 and following == 3 for tone, following in zip(found, [*found[1:], 0], strict=True)]
    moving = [toned in ("yi1", "bu4") for toned in pinyin.split()]
    return [0 if a or b else tone for tone, a, b in zip(found, before_third, moving, strict=True)]


def aligned(
    best: NDArray[np.uint16], shares: NDArray[np.float16], units: Sequence[int]
) -> tuple[NDArray[np.uint16], NDArray[np.float16], NDArray[np.intp]]:
    """The teacher's posteriors, given what was said: of each frame the chance of each unit on the paths that say just that, and which syllable it tells.

    CTC's forward and backward sums: the teacher hears one sentence in seven without a mistake; what was said is known, only when is not.
    best, shares: (frames, BEST). Returned as they are where the text has no room in the frames. The syllable: from 1 on, 0 where none has TOLD of a frame.
    """
    path = np.zeros(2 * len(units) + 1, int)
    path[1::2] = units
    skips = np.zeros(len(path), bool)
    skips[3::2] = path[3::2] != path[1:-2:2]
    if len(best) < len(units) + int((~skips[3::2]).sum()) + 1:
        return best, shares, np.zeros(len(best), np.intp)
    emitted = np.full((len(best), len(path)), UNHEARD)
    for column in range(best.shape[1]):
        emitted += np.where(best[:, column, None] == path, shares[:, column, None].astype(float), 0.0)

    def swept(rows: NDArray[np.float64], skip: NDArray[np.bool_]) -> NDArray[np.float64]:
        sums, now = np.empty_like(rows), np.zeros(len(path))
        now[0] = 1.0
        for t, row in enumerate(rows):
            before = now
            now = before.copy()
            now[1:] += before[:-1] if t else 0
            now[2:] += np.where(skip[2:], before[:-2], 0) if t else 0
            if not t:
                now[1] = 1.0
            now = now * row
            now /= now.sum()
            sums[t] = now
        return sums

    before_and_at = swept(emitted, skips)
    back = np.concatenate([[False, False], skips[::-1][:-2]])
    at_and_after = swept(emitted[::-1, ::-1], back)[::-1, ::-1]
    chance = before_and_at * at_and_after / emitted
    chance /= chance.sum(axis=1, keepdims=True)
    told = np.where(chance[:, 1::2].max(axis=1) >= TOLD, chance[:, 1::2].argmax(axis=1) + 1, 0)
    share = np.concatenate([chance[:, ::2].sum(axis=1, keepdims=True), chance[:, 1::2]], axis=1)  # all blanks are one unit
    names = np.concatenate([[0], path[1::2]])
    order = np.argsort(-share, axis=1)[:, :BEST]
    missing = max(0, BEST - order.shape[1])
    given = np.pad(np.take_along_axis(share, order, 1), ((0, 0), (0, missing)))
    return np.pad(names[order], ((0, 0), (0, missing))).astype(np.uint16), given.astype(np.float16), told


def rows(corpus: Path, speech: Sequence[Path]) -> Iterator[tuple[str, dict[str, str]]]:
    """(name of the shard's folder, row) of everything that is speech."""
    for name, manifest in (("corpus", corpus / "manifest.csv"), *((s.name, s / "manifest.csv") for s in speech)):
        with manifest.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["lang"] == "cmn" or row["pinyin"] or (row["corpus"] in FOREIGN and row["kind"] in ("speech", "read", "sentence", "shout", "raised")):
                    yield name, row


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--teachers", "--corpus", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--speech", type=Path, nargs="*", default=[])
    args = parser.parse_args()
    teachers, corpus = load(args.teachers / "teachers.py"), Corpus(args.corpus)
    names, _, number = teachers.syllables()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "units.json").write_text(json.dumps(names), encoding="utf-8")
    known = {c.key for _, c in read_store(args.out).clips}
    folders = {s.name: s for s in args.speech}
    clips_of = {c.key: c for c in corpus.clips(("train", "dev"))}
    for shard in ("corpus", *folders):
        clips, sounds, best, shares, tone, at = [], [], [], [], [], 0
        for name, row in rows(args.corpus, args.speech):
            key = f"{row['corpus']}/{row['file']}"
            if name != shard or key in known:
                continue
            sound = corpus.sound(clips_of[key]) if shard == "corpus" else soundfile.read(folders[shard] / row["file"], dtype="float32")[0]
            if len(sound) < RATE_HZ // 5 or not np.any(sound):
                continue
            level = active_level_dbfs(sound)
            sound = np.clip(sound * np.float32(10 ** ((TEACHER_LEVEL_DBFS - level) / 20)), -1, 1)
            posteriors = teachers.syllable_posteriors(sound)
            order = np.argsort(-posteriors, axis=1)[:, :BEST]
            units = toneless(row["pinyin"], number) if row["pinyin"] else None
            taught = order.astype(np.uint16), np.take_along_axis(posteriors, order, 1).astype(np.float16)
            toned = np.zeros(len(order), np.uint8)
            if units:
                *taught, told = aligned(*taught, units)
                toned = np.array([0, *tones(row["pinyin"])], np.uint8)[told]
            clips.append(Clip(row["corpus"], key, row["kind"], row["speaker"], row["split"], 0, len(sound), 0, len(order), units))
            sounds.append((sound * 32767).astype(np.int16))
            best.append(taught[0])
            shares.append(taught[1])
            tone.append(toned)
            at += len(sound)
            if len(clips) % 1000 == 0:
                print(f"{shard}: {len(clips)} clips, {at / RATE_HZ / 3600:.2f} h", flush=True)
        if clips:
            write_shard(args.out, shard, clips, {"sound": sounds, "best": best, "shares": shares, "tones": tone})


def write_shard(store: Path, name: str, clips: Sequence[Clip], parts: Mapping[str, Sequence[NDArray[Any]]]) -> None:
    """A further shard of a store. parts: of each clip, one after the other, what is in each of its files, by which the clips get their places."""
    folder = store / f"{name}-{sum(1 for _ in store.glob(f'{name}-*'))}"
    folder.mkdir()
    for file, of_clips in parts.items():
        np.save(folder / f"{file}.npy", np.concatenate(of_clips))
    starts, frames = (itertools.accumulate(sizes, initial=0) for sizes in ((c.length for c in clips), (c.frames for c in clips)))
    index = [asdict(replace(c, start=start, frame=frame)) for c, start, frame in zip(clips, starts, frames, strict=False)]
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    hours = sum(c.length for c in clips) / RATE_HZ / 3600
    print(f"{folder.name}: {len(clips)} clips, {hours:.2f} h; not known in the units: {sum(c.units is None for c in clips)}", flush=True)


def read_store(folder: Path) -> Store:
    """All shards, memory-mapped; a shard without an index is not whole and left out."""
    parts = [p.parent for p in sorted(folder.glob("*/index.json"))]
    arrays = [[np.load(p / f"{name}.npy", mmap_mode="r") for p in parts] for name in ("sound", "best", "shares", "tones")]
    clips = [(i, Clip(**c)) for i, p in enumerate(parts) for c in json.loads((p / "index.json").read_text(encoding="utf-8"))]
    return Store(*arrays, clips)


if __name__ == "__main__":
    main()
