"""A-weighted sound level with the time weighting F (IEC 61672-1:2013), as a stream."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from edge.features import RATE_HZ

Array = NDArray[np.float32]

BLOCK = 160
"""Samples between two levels: 10 ms, short against the time constant."""

FAST_S = 0.125
"""Time constant of the time weighting F (IEC 61672-1, 5.8.1)."""

TAPS = 2048
"""Length of the weighting filter: 8 Hz of resolution, enough for the slope at 31.5 Hz."""

SIZES = (4096, 8192, 16384, 32768)
"""Of the filter's FFT; the more sound comes at once, the longer it is, and the less of it goes to what was heard before."""

SILENCE_DBFS = -160.0
"""What digital silence is given as: far below any microphone, and finite."""


def a_weight_db(hz: NDArray[np.floating]) -> NDArray[np.float64]:
    """The A-weighting in dB at each frequency, 0 at 1 kHz (IEC 61672-1, annex E, equation E.6)."""
    square = np.maximum(hz, 1e-3) ** 2
    f1, f2, f3, f4 = 20.598997**2, 107.65265**2, 737.86223**2, 12194.217**2
    gain = f4 * square**2 / ((square + f1) * np.sqrt((square + f2) * (square + f3)) * (square + f4))
    weighting: NDArray[np.float64] = 20.0 * np.log10(gain) + 2.0
    return weighting


@cache
def _filter(size: int) -> NDArray[np.complex64]:
    """Spectrum (for overlap-save with FFTs of `size`) of a minimum-phase FIR whose gain is the A-weighting.

    Minimum phase from the real cepstrum (Oppenheim & Schafer, Discrete-Time Signal Processing, 13.5), so that the level does not lag.
    """
    fine = 16 * TAPS
    log_gain = a_weight_db(np.fft.rfftfreq(fine, 1 / RATE_HZ)) * np.log(10) / 20
    cepstrum = np.fft.irfft(np.maximum(log_gain, -12.0))
    cepstrum[1 : fine // 2] *= 2.0
    cepstrum[fine // 2 + 1 :] = 0.0
    impulse = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:TAPS]
    return np.fft.rfft(impulse, size).astype(np.complex64)


@cache
def _decay() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights in the F-weighted mean square at the end of block i: (i, j) of block j, and (i,) of the mean square before the first block."""
    blocks = np.arange((SIZES[-1] - TAPS) // BLOCK)
    keep = np.exp(-BLOCK / RATE_HZ / FAST_S)
    age = blocks[:, None] - blocks[None, :]
    return np.where(age >= 0, (1.0 - keep) * keep ** np.maximum(age, 0), 0.0), keep ** (1.0 + blocks)


class LevelStream:
    """Fast A-weighted level of sound that comes in pieces of any length."""

    def __init__(self) -> None:
        self._past = np.zeros(TAPS, np.float32)
        self._rest = np.zeros(0, np.float32)
        self._mean_square = 0.0

    def feed(self, samples: Array) -> Array:
        """(n,) more samples -> (m,) levels, one each 10 ms, in dBFS(A): 0 is the RMS of a full-scale sine at 1 kHz."""
        sound = np.concatenate([self._rest, samples])
        whole = len(sound) // BLOCK * BLOCK
        self._rest = sound[whole:]
        most = len(_decay()[1]) * BLOCK
        levels = [self._levels(sound[i : min(i + most, whole)]) for i in range(0, whole, most)]
        return np.concatenate(levels) if levels else np.zeros(0, np.float32)

    def _levels(self, sound: Array) -> Array:
        """Levels of whole blocks, at most as many as the longest FFT takes."""
        joined = np.concatenate([self._past, sound])
        self._past = joined[-TAPS:]
        size = next(size for size in SIZES if size >= len(joined))
        weighted = np.fft.irfft(np.fft.rfft(joined, size) * _filter(size), size)[TAPS : len(joined)].reshape(-1, BLOCK)
        squares = np.einsum("ij,ij->i", weighted, weighted) / BLOCK
        of_block, of_before = (weights[: len(squares)] for weights in _decay())
        means = of_block[:, : len(squares)] @ squares + of_before * self._mean_square
        self._mean_square = float(means[-1])
        levels: Array = np.maximum(10.0 * np.log10(2.0 * means + 1e-30), SILENCE_DBFS).astype(np.float32)
        return levels
