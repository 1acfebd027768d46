"""Recordings: WAV, FLAC, Ogg and MP3 of any rate and channel count, read as a stream."""

import logging
import os
import re
import stat
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.capture import RATE_HZ
from edge.capture.errors import EmptyFile, NoRecordings, NoSamples, NotSound, RecordingMissing, RecordingUnreadable
from edge.capture.resample import Resampler, downmix
from edge.reasons import reason_of

Array = NDArray[np.float32]
log = logging.getLogger(__name__)

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3")
"""What counts as sound in a folder; a file named on the command line is tried whatever it is called."""

CHUNK = 8192
"""Frames decoded at a time: a decoder that stumbles takes the whole chunk with it, so it is small."""

UNKNOWN_SIZE, UNKNOWN_FRAMES = 0x7FFF_0000, 1 << 62
"""From here on a WAV's size field, and a FLAC's length, mean "not known when the header was written" (recorders into a pipe)."""

RATES_HZ = range(1_000, 768_001)
"""A header that says anything else is damaged, and resampling from 1 Hz would fill the memory."""


class _Straight(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file read from beginning to end. soundfile seeks after every read where it can, which spoils MP3 and costs time."""

    def seekable(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording to be read; `name` as the user gave it, or relative to the folder that the user gave."""

    name: str
    path: Path


def find(paths: Sequence[str | Path]) -> list[Recording]:
    """The recordings behind files and folders (searched to the bottom, sorted, hidden names left out).

    Raises RecordingMissing, RecordingUnreadable, and NoRecordings for a folder without sound.
    """
    found: list[Recording] = []
    for given in paths:
        path = Path(given)
        if not stat.S_ISDIR(_stat(path).st_mode):
            found.append(Recording(str(given), path))
            continue
        inside = sorted(file.relative_to(path) for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        inside = [file for file in inside if not any(part.startswith(".") for part in file.parts)]
        if not inside:
            raise NoRecordings(path, SUFFIXES)
        found += [Recording(file.as_posix(), path / file) for file in inside]
    return found


def duration_s(path: Path) -> float:
    """Length by the file's own account; one that does not know is decoded once. Errors as for `read_blocks`."""
    with _open(path) as sound:
        if sound.frames < UNKNOWN_FRAMES:
            return float(sound.frames / sound.samplerate)
    return sum(len(block) for block in read_blocks(path)) / RATE_HZ


def rate_hz(path: Path) -> int:
    """The rate at which it was recorded. Errors as for `read_blocks`."""
    with _open(path) as sound:
        return int(sound.samplerate)


def read_blocks(path: Path, block_s: float = 1.0) -> Generator[Array, None, None]:
    """The sound of a recording, 16 kHz mono in -1..1, in blocks of `block_s`; the last one may be shorter, none is empty.

    A file that ends before its header says, or is damaged on the way, is read up to there, with a line in the log.
    Raises RecordingMissing, RecordingUnreadable, EmptyFile, NoSamples or NotSound, at the first block.
    """
    size = round(block_s * RATE_HZ)
    waiting, blocks = np.zeros(0, np.float32), False
    with _open(path) as sound:
        for piece in _resampled(sound, path):
            waiting = np.concatenate([waiting, piece])
            while len(waiting) >= size:
                yield waiting[:size]
                waiting, blocks = waiting[size:], True
    if len(waiting):
        yield waiting
    elif not blocks:
        raise NoSamples(path)


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError as error:
        raise RecordingMissing(path) from error
    except OSError as error:
        raise RecordingUnreadable(path, reason_of(error)) from error


def _open(path: Path) -> _Straight:
    about = _stat(path)
    if not stat.S_ISREG(about.st_mode):
        raise RecordingUnreadable(path, "not a file")
    if not about.st_size:
        raise EmptyFile(path)
    if not os.access(path, os.R_OK):
        raise RecordingUnreadable(path, "permission denied")
    try:
        sound = _Straight(path)
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: the name ends in .raw, which says nothing about what is inside
        raise NotSound(path, str(getattr(error, "error_string", error))) from error
    if not sound.frames:
        sound.close()
        raise NoSamples(path)
    if sound.samplerate not in RATES_HZ:
        sound.close()
        raise NotSound(path, f"{sound.samplerate} Hz")
    return sound


def _resampled(sound: _Straight, path: Path) -> Iterator[Array]:
    """Everything the decoder gives, in small pieces of any length at 16 kHz."""
    resampler = Resampler(sound.samplerate)
    promised, frames, told = _promised_frames(sound), 0, ""
    try:
        while len(decoded := sound.read(CHUNK, dtype="float32", always_2d=True)):
            frames += len(decoded)
            yield resampler.feed(downmix(decoded))
    except soundfile.LibsndfileError as error:
        told = str(error)
        if not frames:
            raise NotSound(path, told) from error
    yield resampler.feed(np.zeros(0, np.float32), last=True)
    if told or frames < promised:
        rate = sound.samplerate
        log.warning("recording.truncated file=%r read_s=%.2f promised_s=%.2f told=%r", str(path), frames / rate, promised / rate, told)


def _promised_frames(sound: _Straight) -> int:
    """Frames by the header. For WAV libsndfile has already corrected its count, and says so only in its log."""
    corrected = re.search(r"^data : (\d+) \(should be (\d+)\)", sound.extra_info, re.MULTILINE)
    if corrected and int(corrected[2]) < int(corrected[1]) < UNKNOWN_SIZE:
        return round(int(sound.frames) * int(corrected[1]) / max(int(corrected[2]), 1))
    return int(sound.frames) if sound.frames < UNKNOWN_FRAMES else 0
