"""A detector that fails while it runs: an ONNX file written field by field (onnx/onnx.proto), for which no library is needed."""

import hashlib
import struct
from pathlib import Path

from edge.detect.manifest import read_manifest
from edge.shipped import models_folder

FLOAT, INT64 = 1, 7
LOUD_DB = -20.0
"""Of the loudest band of a frame, between a quiet room and a shout."""


def write_failing_detector(folder: Path, *, nan: bool = False) -> None:
    """Calm scores for a quiet room; where it is loud, onnxruntime raises: an index is out of bounds. nan: it gives no numbers instead."""
    manifest = read_manifest(models_folder() / "detector.toml", ("shouting", "crying"))
    labels, bands = len(manifest.labels), manifest.features.bands
    calm = [0.01] * labels
    table = _tensor("table", [2 if nan else 1, 1, 1, labels], FLOAT, struct.pack(f"<{labels * (1 + nan)}f", *calm, *[float("nan")] * labels * nan))
    graph = b"".join([
        _node("ReduceMax", ["frames"], "loudest", _integer("keepdims", 0)),
        _node("Greater", ["loudest", "limit"], "loud"),
        _node("Cast", ["loud"], "row", _integer("to", INT64)),
        _node("Gather", ["table", "row"], "scores"),
        _text(2, "by hand"),
        _field(5, _tensor("limit", [], FLOAT, struct.pack("<f", LOUD_DB))),
        _field(5, table),
        _field(11, _value("frames", [1, manifest.step_frames, bands])),
        _field(12, _value("scores", [1, 1, labels])),
    ])  # fmt: skip
    model = _number(1, 8) + _field(7, graph) + _field(8, _text(1, "") + _number(2, 13))
    folder.mkdir(exist_ok=True)
    (folder / "detector.onnx").write_bytes(model)
    shipped = (models_folder() / "detector.toml").read_text(encoding="utf-8")
    (folder / "detector.toml").write_text(shipped.replace(manifest.sha256, hashlib.sha256(model).hexdigest()), encoding="utf-8")


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _varint(value >> 7)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, text: str) -> bytes:
    return _field(field, text.encode())


def _integer(name: str, value: int) -> bytes:
    """An attribute."""
    return _field(5, _text(1, name) + _number(3, value) + _number(20, 2))


def _node(kind: str, takes: list[str], gives: str, attributes: bytes = b"") -> bytes:
    return _field(1, b"".join(_text(1, name) for name in takes) + _text(2, gives) + _text(4, kind) + attributes)


def _tensor(name: str, shape: list[int], kind: int, raw: bytes) -> bytes:
    return b"".join(_number(1, size) for size in shape) + _number(2, kind) + _text(8, name) + _field(9, raw)


def _value(name: str, shape: list[int]) -> bytes:
    sizes = b"".join(_field(1, _number(1, size)) for size in shape)
    return _text(1, name) + _field(2, _field(1, _number(1, FLOAT) + _field(2, sizes)))
