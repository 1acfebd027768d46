"""What is taken from an unpacked package: sounds of known names, also out of archives, each once, with kind and speaker."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.training import packages

PACKAGE = "hedgewars-data"


def wav(seconds: float) -> bytes:
    """A recording of a hum."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.sin(np.arange(int(seconds * 16_000)) / 10) / 4, 16_000, format="WAV")
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package with voices in a folder, one of them too short, and others in an archive."""
    folder = tmp_path / PACKAGE
    voices = folder / "usr" / "Sounds" / "voices"
    for name, seconds in (("Pirate/Laugh.wav", 1.0), ("Pirate/Traitor.wav", 0.8), ("Pirate/Hurry.wav", 0.1), ("Pirate/readme.txt", 1.0)):
        (voices / name).parent.mkdir(parents=True, exist_ok=True)
        (voices / name).write_bytes(wav(seconds))
    with zipfile.ZipFile(folder / "more.pk3", "w") as archive:
        archive.writestr("Sounds/voices/Singer/Laugh.wav", wav(0.5))
    return folder


def test_a_sound_is_of_the_first_sort_that_fits_and_whoever_speaks_is_named(folder: Path, tmp_path: Path) -> None:
    """The singer's laugh is among what is sung; what is shorter than a quarter of a second is left."""
    found = list(packages.files(folder))
    with tarfile.open(tmp_path / "out.tar", "w") as tar:
        rows = list(packages.rows_of(PACKAGE, found, tar, np.random.default_rng(1), ()))
    kinds = sorted((r["kind"], r["speaker"], r["seconds"]) for r in rows)
    assert kinds == [("laugh", "Pirate", "1.00"), ("raised", "Pirate", "0.80"), ("sing", "Singer", "0.50")]
    with tarfile.open(tmp_path / "out.tar") as tar:
        for row in rows:
            member = tar.extractfile(row["file"])
            assert member
            assert soundfile.info(io.BytesIO(member.read())).duration == pytest.approx(float(row["seconds"]))


def test_of_many_sounds_some_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as the sort allows, by the seed."""
    monkeypatch.setattr(packages, "SORTS", (packages.Sort(PACKAGE, "voices", "other", 2),))
    found = [packages.Found(f"voices/{n}.wav", wav(0.5)) for n in range(9)]
    with tarfile.open(tmp_path / "out.tar", "w") as tar:
        drawn = [[r["file"] for r in packages.rows_of(PACKAGE, found, tar, np.random.default_rng(seed), ())] for seed in (1, 1, 2, 3)]
    assert [len(names) for names in drawn] == [2, 2, 2, 2]
    assert drawn[0] == drawn[1]
    assert len({tuple(names) for names in drawn}) > 1


def test_what_is_taught_is_for_training(tmp_path: Path) -> None:
    """The rest is to judge by."""
    found = [packages.Found("voices/Pirate/Hurry.wav", wav(0.5))]
    with tarfile.open(tmp_path / "out.tar", "w") as tar:
        splits = [[r["split"] for r in packages.rows_of(PACKAGE, found, tar, np.random.default_rng(1), taught)] for taught in ((), (PACKAGE,))]
    assert splits == [["dev"], ["train"]]
