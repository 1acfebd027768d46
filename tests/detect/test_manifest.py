"""A model that is not what its manifest says is refused with a sentence."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from edge.detect.detector import LABELS, Detector
from edge.detect.manifest import ModelError, checked_model, read_manifest
from edge.shipped import models_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped detector that a test may spoil."""
    for name in ("detector.onnx", "detector.toml"):
        shutil.copy(models_folder() / name, tmp_path)
    return tmp_path


def replaced(folder: Path, old: str, new: str) -> None:
    """Change the manifest."""
    path = folder / "detector.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_shipped_detector_loads() -> None:
    """The shipped manifest, its hash and its shapes agree, and it has a rule for every label."""
    manifest = Detector.load(models_folder()).manifest
    assert set(manifest.labels) == set(LABELS) == set(manifest.rules)
    assert manifest.step_s <= 0.25, "the design promises at least four scores a second"


def test_another_file_under_the_models_name_is_refused(folder: Path) -> None:
    """One changed byte in the ONNX file is a wrong hash, named as such."""
    data = bytearray((folder / "detector.onnx").read_bytes())
    data[1000] ^= 1
    (folder / "detector.onnx").write_bytes(data)
    with pytest.raises(ModelError, match="sha256 differs"):
        Detector.load(folder)


def test_a_missing_model_and_a_missing_manifest_are_named(folder: Path) -> None:
    """Each missing file is named with its path."""
    (folder / "detector.onnx").unlink()
    with pytest.raises(ModelError, match=r"detector\.onnx cannot be read"):
        Detector.load(folder)
    (folder / "detector.toml").unlink()
    with pytest.raises(ModelError, match=r"detector\.toml cannot be read"):
        Detector.load(folder)


def test_a_missing_label_is_refused(folder: Path) -> None:
    """A model without a label that the terminal promises is named with the label."""
    replaced(folder, '"crying"]', '"barking"]')
    with pytest.raises(ModelError, match="does not know the label crying"):
        Detector.load(folder)


def test_a_label_without_a_rule_is_refused(folder: Path) -> None:
    """Scores that nothing decides on are a mistake in the manifest."""
    replaced(folder, "[rules.crying]", "[rules.sobbing]")
    with pytest.raises(ModelError, match="no rule for its label crying"):
        Detector.load(folder)


def test_a_wrong_shape_is_refused(folder: Path) -> None:
    """A manifest of another network's bands is told apart from the file beside it."""
    replaced(folder, "bands = 64", "bands = 40")
    with pytest.raises(ModelError, match="wrong shape"):
        Detector.load(folder)


def test_a_file_that_is_no_model_is_refused(folder: Path) -> None:
    """A file with the right hash that ONNX cannot read is a sentence, not a traceback of its own."""
    old = read_manifest(folder / "detector.toml").sha256
    (folder / "detector.onnx").write_bytes(b"not a model")
    replaced(folder, old, hashlib.sha256(b"not a model").hexdigest())
    with pytest.raises(ModelError, match="cannot be loaded"):
        Detector.load(folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("step_frames = 20", "step_frames = 0", "step_frames"), ("hop = 160", "hop = 160\nhops = 3", "hops"), ("threshold", "threshold = [", "not valid TOML")],
)
def test_a_manifest_with_a_mistake_names_the_key(folder: Path, old: str, new: str, said: str) -> None:
    """What is wrong in a manifest is named by its key."""
    replaced(folder, old, new)
    with pytest.raises(ModelError, match=said):
        read_manifest(folder / "detector.toml")


def test_the_hash_is_checked_on_the_bytes_that_are_loaded(folder: Path) -> None:
    """`checked_model` gives back the very bytes it has checked, so nothing can change in between."""
    manifest = read_manifest(folder / "detector.toml")
    assert checked_model(folder / "detector.onnx", manifest.sha256) == (folder / "detector.onnx").read_bytes()


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("low_hz", 8000.0, "low_hz must be below high_hz"),
        ("hop", 4096, "hop must not be above window"),
        ("agree", 100, "agree must not be above of"),
        ("release", 0.99, "release must not be above threshold"),
    ],
)
def test_numbers_that_cannot_be_together_are_refused(folder: Path, key: str, value: float, told: str) -> None:
    """Bands without width and rules that nothing meets would be a deaf terminal."""
    path = folder / "detector.toml"
    path.write_text(re.sub(rf"^{key} = .*$", f"{key} = {value}", path.read_text(encoding="utf-8"), flags=re.MULTILINE), encoding="utf-8")
    with pytest.raises(ModelError, match=told):
        Detector.load(folder)
