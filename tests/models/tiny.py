"""What tests of training share: a corpus of a few noises (tars, a manifest and room responses, as the real one has them), and a mark."""

import csv
import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from models.training.corpus import add

COLUMNS = (
    "corpus", "file", "seconds", "kind", "group", "speaker", "lang", "text", "pinyin", "phrase_group", "effect", "effort_db", "licence", "origin", "split",
)  # fmt: skip
ROOMS = 12
LEGACY = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::torch.jit.TracerWarning")
"""What torch says of the exporter that names weights as `begin` reads them."""


def row(corpus: str, kind: str, split: str, licence: str = "Apache-2.0", **more: str) -> dict[str, str]:
    """A row of the manifest, of a clip of its own."""
    name = f"{corpus}-{kind}-{split}"
    return {**dict.fromkeys(COLUMNS, ""), "corpus": corpus, "file": f"{name}.wav", "seconds": "0.8", "kind": kind, "speaker": name,
            "licence": licence, "split": split, **more}  # fmt: skip


def wav(samples: NDArray[np.float64], rate_hz: int = 16_000) -> bytes:
    """A file of these samples."""
    memory = io.BytesIO()
    soundfile.write(memory, samples, rate_hz, format="WAV")
    return memory.getvalue()


def write_corpus(folder: Path, rows: Sequence[Mapping[str, str]], rate_hz: int = 16_000) -> Path:
    """Write the rows with 0.8 s of noise each (those of the effect "silence": of nothing), in two channels, and some room responses. Returns the folder."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    for corpus in {r["corpus"] for r in rows}:
        noise = rng.standard_normal((round(0.8 * rate_hz), 2)) * 0.1
        files = {r["file"]: wav(noise * (r["effect"] != "silence") * (1 + i), rate_hz) for i, r in enumerate(rows) if r["corpus"] == corpus}
        _tar(folder / f"{corpus}.tar", files)
    decay = np.exp(-np.arange(4000) / 800)
    _tar(folder / "rirs.tar", {f"room{i}.wav": wav(0.1 * rng.standard_normal(4000) * decay) for i in range(ROOMS)})
    return folder


def _tar(path: Path, members: Mapping[str, bytes]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            add(tar, name, data)
