"""The corpus: clips in tars beside a manifest.csv, by split, licence and corpus."""

import csv
import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from edge.features import RATE_HZ

Array = NDArray[np.float32]

COMMERCIAL = ("Apache-2.0", "MIT", "CC0", "CC BY 3.0", "CC BY 4.0", "CC-BY-4.0", "CC BY-SA", "CC-BY-SA", "ODbL", "Pixabay")
"""Beginnings of the licences that allow commercial use; whatever is unknown does not."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One row of the manifest."""

    corpus: str
    file: str
    seconds: float
    kind: str
    group: str
    speaker: str
    lang: str
    text: str
    effect: str
    licence: str
    split: str

    @property
    def key(self) -> str:
        """Its name over all corpora."""
        return f"{self.corpus}/{self.file}"

    @property
    def forced(self) -> bool:
        """Whether it is synthetic speech that was made to sound forced."""
        return "shout" in self.effect

    @property
    def commercial(self) -> bool:
        """Whether the licence is known to allow commercial use."""
        return self.licence.startswith(COMMERCIAL)


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """One more file in a corpus's tar that is being written."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


@dataclass(slots=True)
class Corpus:
    """Reads clips by manifest row; opens each tar once (and once more in each forked worker)."""

    folder: Path
    _tars: dict[str, tuple[BinaryIO, dict[str, tuple[int, int]]]] = field(default_factory=dict)

    def clips(self, splits: Iterable[str], without: Iterable[str] = (), *, commercial_only: bool = False) -> Iterator[Clip]:
        """The clips of these splits, less whole corpora left out and, if asked, those that may not be used commercially."""
        splits, without = set(splits), set(without)
        names = Clip.__dataclass_fields__
        with (self.folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                clip = Clip(**{n: row[n] for n in names if n != "seconds"}, seconds=float(row["seconds"]))
                if clip.split in splits and clip.corpus not in without and (clip.commercial or not commercial_only):
                    yield clip

    def _read(self, tar: str, name: str) -> bytes:
        if tar not in self._tars:
            path = self.folder / f"{tar}.tar"
            with tarfile.open(path) as members:
                index = {m.name: (m.offset_data, m.size) for m in members}
            self._tars[tar] = (path.open("rb"), index)
        handle, index = self._tars[tar]
        offset, size = index[name]
        handle.seek(offset)
        return handle.read(size)

    def forget_handles(self) -> None:
        """Close the tars; a forked worker calls it first, since a shared file position would mix up their reads."""
        for handle, _ in self._tars.values():
            handle.close()
        self._tars.clear()

    def sound(self, clip: Clip) -> Array:
        """The clip, mono at 16 kHz."""
        data, rate = soundfile.read(io.BytesIO(self._read(clip.corpus, clip.file)), dtype="float32", always_2d=True)
        mono = data.mean(axis=1)
        return mono if rate == RATE_HZ else soxr.resample(mono, rate, RATE_HZ).astype(np.float32)

    def room_responses(self, splits: Iterable[str]) -> list[Array]:
        """The measured responses of `rirs.tar`; a fifth of the rooms, chosen by the hash of the name, is `dev`."""
        splits, responses = set(splits), []
        with tarfile.open(self.folder / "rirs.tar") as tar:
            names = sorted(m.name for m in tar if m.isfile() and m.name.endswith((".wav", ".flac")))
        for name in names:
            split = "dev" if int(hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(), 16) % 5 == 0 else "train"
            if split in splits:
                data, rate = soundfile.read(io.BytesIO(self._read("rirs", name)), dtype="float32", always_2d=True)
                responses.append(data[:, 0] if rate == RATE_HZ else soxr.resample(data[:, 0], rate, RATE_HZ))
        return responses
