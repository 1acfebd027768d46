"""What is sealed: of each part a header in JSON, and the sound as FLAC. In the clear it exists in memory only."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.capture import RATE_HZ

FORMAT = 1
FULL = 32767.0
LONGEST_S = 120.0
"""No terminal seals more around one alert: whoever opens a file must not drown in what somebody else has sealed."""

Samples = NDArray[np.int16]


class Malformed(ValueError):
    """What was sealed is none of ours."""


@dataclass(frozen=True, slots=True)
class Fixture:
    """What makes a recording of use to the maintainers, and by whose leave it was made."""

    consent: str  # in words
    by: str  # who recorded it
    note: str  # what was done, in words; may be empty
    device: str  # the microphone as configured; empty: the system's default
    sensitivity_dbfs: float  # without which a replay judges its level wrongly
    level_dba: float  # the loudest moment


@dataclass(frozen=True, slots=True)
class About:
    """Which sound it is."""

    alert: str  # id
    label: str
    place: str
    terminal: str  # site/name
    onset_at: str | None  # ISO 8601 UTC, None while the clock was not synchronised
    before_s: float  # seconds of sound before the onset, negative where it began earlier than the sound, or than this part of it
    seconds: float  # of sound altogether, or in this part
    fixture: Fixture | None = None  # where it was recorded for the maintainers, and not around an alert


def to_int16(block: NDArray[np.float32]) -> Samples:
    """(n,) sound in -1..1 in half the memory."""
    return (np.clip(block, -1.0, 1.0) * FULL).astype(np.int16)


def pack(about: About, sound: Samples) -> bytes:
    """Both as bytes: one part."""
    told = {name: value for name, value in asdict(about).items() if value is not None or name != "fixture"}
    header = json.dumps({"format": FORMAT, **told}, ensure_ascii=False)
    return header.encode("utf-8") + b"\n" + as_flac(sound)


def join(parts: Sequence[bytes]) -> tuple[About, bytes]:
    """The header of the whole, and its FLAC. parts: one at least, in the order of the sound. Raises Malformed."""
    unpacked = [unpack(part) for part in parts]
    abouts = [about for about, _ in unpacked]
    for before, after in pairwise(abouts):
        if abs(before.before_s - before.seconds - after.before_s) * RATE_HZ > 0.5 or before.alert != after.alert:
            raise Malformed("parts that do not follow each other")
    if sum(about.seconds for about in abouts) > LONGEST_S:
        raise Malformed("longer than any evidence")
    sound = np.concatenate([_sound(about, flac) for about, flac in unpacked])
    about = replace(abouts[0], seconds=len(sound) / RATE_HZ)
    return about, unpacked[0][1] if len(parts) == 1 else as_flac(sound)


def unpack(clear: bytes) -> tuple[About, bytes]:
    """The header of a part, and the FLAC as it stands. Raises Malformed."""
    head, _, flac = clear.partition(b"\n")
    try:
        header = json.loads(head)
        if header.pop("format") != FORMAT:
            raise Malformed("made by another version")
        about = About(**header)
        if about.fixture is not None:
            about = replace(about, fixture=Fixture(**header["fixture"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Malformed(str(error)) from error
    texts, numbers = [about.alert, about.label, about.place, about.terminal, about.onset_at or ""], [about.before_s, about.seconds]
    told: list[object] = [*numbers]
    if (fixture := about.fixture) is not None:
        texts += [fixture.consent, fixture.by, fixture.note, fixture.device]
        told += [fixture.sensitivity_dbfs, fixture.level_dba]
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(number, int | float) for number in told):
        raise Malformed("a field of another kind")
    if not all(abs(number) <= LONGEST_S for number in numbers):
        raise Malformed("longer than any evidence")
    return about, flac


def as_flac(sound: Samples) -> bytes:
    """(n,) sound as a FLAC file."""
    flac = io.BytesIO()
    soundfile.write(flac, sound, RATE_HZ, format="FLAC", subtype="PCM_16")
    return flac.getvalue()


def _sound(about: About, flac: bytes) -> Samples:
    try:
        with soundfile.SoundFile(io.BytesIO(flac)) as file:
            if (file.format, file.samplerate, file.channels) != ("FLAC", RATE_HZ, 1) or file.frames != round(about.seconds * RATE_HZ):
                raise Malformed("another kind of sound")
            sound: Samples = file.read(file.frames, dtype="int16")
    except soundfile.SoundFileError as error:
        raise Malformed(str(error)) from error
    if len(sound) != round(about.seconds * RATE_HZ):
        raise Malformed("less sound than its header says")
    return sound
