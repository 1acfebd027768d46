"""The search for sound finds it, and only it."""

import base64
import json

import numpy as np
import pytest

from edge.demo.sounds import at_level, scream
from tests.audio_search import found, windows
from tests.capture.sounds import Array

RATE_HZ = 16_000
SCREAM: Array = at_level(scream(np.random.default_rng(4)), 90.0)
PIECE = SCREAM[4000:8000]
TEXT = json.dumps([{"seq": n, "level_dba": 40.0 + n % 7, "place": "二楼东侧洗手间"} for n in range(400)], ensure_ascii=False).encode()
PCM16 = (PIECE * 32767).astype("<i2").tobytes()

HIDDEN = {
    "16 bits": PCM16,
    "8 bits": ((PIECE + 1) * 127).astype("u1").tobytes(),
    "float32": PIECE.astype("<f4").tobytes(),
    "base64 of 16 bits": base64.b64encode(PCM16),
    "base64 of float32": base64.b64encode(PIECE.astype("<f4").tobytes()),
    "hex": PCM16.hex().encode(),
    "decimal": json.dumps([round(float(sample), 4) for sample in PIECE]).encode(),
    "quieter": (PIECE * 300).astype("<i2").tobytes(),
}


@pytest.mark.parametrize("way", HIDDEN)
def test_a_quarter_of_a_second_is_found_however_it_is_written(way: str) -> None:
    """At any byte, between other things."""
    assert found(TEXT + b"x" + HIDDEN[way] + TEXT, [windows(SCREAM, RATE_HZ)])


@pytest.mark.parametrize("data", [TEXT, np.random.default_rng(1).bytes(60_000), bytes(60_000)], ids=["text", "noise", "zeros"])
def test_what_is_no_sound_is_not_found(data: bytes) -> None:
    """JSON of numbers, random bytes, a file full of zeros."""
    assert found(data, [windows(SCREAM, RATE_HZ)]) == ""

