"""What is sealed: a header in JSON, and the sound as FLAC. It exists in memory only."""

import io
import json
from dataclasses import asdict, dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.capture import RATE_HZ

FORMAT = 1
FULL = 32767.0

Samples = NDArray[np.int16]


class Malformed(ValueError):
    """What was sealed is none of ours."""


@dataclass(frozen=True, slots=True)
class About:
    """Which sound it is."""

    alert: str  # id
    label: str
    place: str
    terminal: str  # site/name
    onset_at: str | None  # ISO 8601 UTC, None while the clock was not synchronised
    before_s: float  # seconds of sound before the onset, negative where it began earlier than the sound
    seconds: float  # of sound altogether


def to_int16(block: NDArray[np.float32]) -> Samples:
    """(n,) sound in -1..1 in half the memory."""
    return (np.clip(block, -1.0, 1.0) * FULL).astype(np.int16)


def pack(about: About, sound: Samples) -> bytes:
    """Both as bytes."""
    flac = io.BytesIO()
    soundfile.write(flac, sound, RATE_HZ, format="FLAC", subtype="PCM_16")
    header = json.dumps({"format": FORMAT, **asdict(about)}, ensure_ascii=False)
    return header.encode("utf-8") + b"\n" + flac.getvalue()


def unpack(clear: bytes) -> tuple[About, bytes]:
    """The header, and the FLAC as it stands. Raises Malformed."""
    head, _, flac = clear.partition(b"\n")
    try:
        header = json.loads(head)
        if header.pop("format") != FORMAT:
            raise Malformed("made by another version")
        about = About(**header)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Malformed(str(error)) from error
    texts, numbers = (about.alert, about.label, about.place, about.terminal, about.onset_at or ""), (about.before_s, about.seconds)
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(number, int | float) for number in numbers):
        raise Malformed("a field of another kind")
    return about, flac
