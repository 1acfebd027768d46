"""Finds sound in bytes, however it is written down: the test for what must not be there."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tests.capture.sounds import Array

WINDOW_S = 0.064  # the shortest run that is looked for is twice as long
ALIKE = 0.5  # correlation of a window; noise and text stay under 0.3
LEAST = 256  # samples that are worth looking at

BINARY = ("<f4", "<i2", ">i2", "<i4", ">i4", ">f4", "<f8", "u1", "i1")
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{200,}={0,2}")
EMPTY = re.compile(rb"(?:\0{256})+")
HEX = re.compile(rb"(?:[0-9a-fA-F]{2}[\s:]?){200,}")
NUMBERS = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def windows(sound: Array, rate_hz: int) -> NDArray[np.float64]:
    """(n, w) the sound cut into windows of WINDOW_S without their mean, at unit energy; silent ones left out."""
    size = round(WINDOW_S * rate_hz)
    cut = sound[: len(sound) // size * size].reshape(-1, size).astype(np.float64)
    cut -= cut.mean(axis=1, keepdims=True)
    energy = np.sqrt(np.sum(cut**2, axis=1, keepdims=True))
    return np.asarray((cut / np.maximum(energy, 1e-12))[energy[:, 0] > 0.05 * energy.max()])


def found(data: bytes, sounds: Sequence[NDArray[np.float64]]) -> str:
    """How any of the sounds (each as `windows` gives it) is written in `data`; empty: it is not there."""
    for name, samples in _readings(EMPTY.sub(b"", data)):
        for windows_ in sounds:
            if len(samples) >= windows_.shape[1] and _alike(samples, windows_) >= ALIKE:
                return name
    return ""


def _readings(data: bytes) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Everything that the bytes may mean as samples."""
    yield from _binary("", data)
    for name, pattern, decode, group in (("base64 ", BASE64, _unbase64, 4), ("hex ", HEX, _unhex, 2)):
        for run in pattern.finditer(data):
            for offset in range(group):  # what stands before it may belong to the alphabet
                yield from _binary(name, decode(run[0][offset:]))
    numbers = [float(number) for number in NUMBERS.findall(data)]
    if len(numbers) >= LEAST:
        yield "numbers", _tame(np.array(numbers))


def _binary(name: str, data: bytes) -> Iterator[tuple[str, NDArray[np.float64]]]:
    for kind in BINARY:
        width = np.dtype(kind).itemsize
        for offset in range(width):
            usable = data[offset : offset + (len(data) - offset) // width * width]
            if len(usable) // width >= LEAST:
                with np.errstate(all="ignore"):  # most readings make no sense, and say so
                    yield f"{name}{kind}", _tame(np.frombuffer(usable, kind).astype(np.float64))


def _tame(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """What cannot be a sample is silence, and no single value outweighs the rest."""
    samples = np.where(np.abs(np.nan_to_num(samples, nan=np.inf)) < 2.0**32, samples, 0.0)
    return np.clip(samples, *np.percentile(samples, [0.5, 99.5]))


def _alike(samples: NDArray[np.float64], windows_: NDArray[np.float64]) -> float:
    """The highest correlation of any window with any place in the samples."""
    count, size = windows_.shape
    length = 1 << (len(samples) + size - 1).bit_length()
    spectrum = np.fft.rfft(samples, length)
    sums, squares = (np.concatenate([[0.0], np.cumsum(samples**power)]) for power in (1, 2))
    energy = squares[size:] - squares[:-size] - (sums[size:] - sums[:-size]) ** 2 / size
    scale = np.sqrt(np.maximum(energy, 1e-9 * max(float(energy.max()), 1e-30)))
    best = 0.0
    for at in range(count):
        product = np.fft.irfft(spectrum * np.conj(np.fft.rfft(windows_[at], length)), length)[: len(samples) - size + 1]
        best = max(best, float(np.max(np.abs(product) / scale)))
    return best


def _unbase64(run: bytes) -> bytes:
    run = run.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    return base64.b64decode(run[: len(run) // 4 * 4])


def _unhex(run: bytes) -> bytes:
    run = re.sub(rb"[\s:]", b"", run)
    return binascii.unhexlify(run[: len(run) // 2 * 2])
