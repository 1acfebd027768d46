"""The microphone's sensitivity from a sound whose level is known: an acoustic calibrator's tone, or steady noise beside a sound level meter.

Pure. Levels in dBFS: 0 is the RMS of a full-scale sine. Times count from the first sample given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from edge.capture.signal import FULL_SCALE
from edge.errors import EdgeError
from edge.features import RATE_HZ
from edge.features.level import SILENCE_DBFS, a_weight_db
from edge.words import N_

Array = NDArray[np.float32]

CALIBRATOR_DB = (94.0, 114.0)
TONE_HZ = 1000.0
HZ_TOLERANCE = 0.02  # IEC 60942, class 2

FRAME_S = 0.5
TONE_S = 5.0
"""So long the tone must be steady."""
NOISE_S = 10.0
"""So long steady noise is averaged."""

TONE_SPREAD_DB = 0.3
"""Between the loudest and the softest half second of a calibrator that sits well; class 2 itself may fluctuate by 0.2 dB (IEC 60942)."""
NOISE_SPREAD_DB = 4.0
"""The same between the seconds of noise: pink noise from a loudspeaker stays within 2 dB, speech and music do not."""
DRIFT_DB = 0.8
"""Between the first and the last third: more is a gain that adjusts itself."""
FOLLOW_DB = 1.5
"""So far the step between two levels may be from the step of their references; two positions of a meter differ by about 1 dB."""
LEAST_STEP_DB = 8.0
"""A smaller step between two references shows no automatic gain."""
PURITY_DB = 15.0
"""The tone above everything else. A calibrator that leaks, or a room that is louder than it, has less."""
HARMONICS_DB = -26.0
"""Second to fifth harmonic against the tone, 5 %: the acoustic overload point of a MEMS microphone is given at 10 %, and we stay away from it."""
CLIPPED = 1e-4
"""Share of samples at full scale that is too many: one cycle in ten seconds is chance, more is not."""

LOWEST_DBFS, HIGHEST_DBFS = -60.0, -3.0
"""No microphone's sensitivity lies outside of this."""

# Standard uncertainties in dB (k = 1), Type B; rectangular limits are divided by the square root of 3 (GUM, 4.3.7).
_CALIBRATOR_DB = 0.75 / sqrt(3)  # IEC 60942:2003 class 2, tolerance of the level
_FIT_DB = 0.5 / sqrt(3)  # another volume in front of the microphone than the calibrator was made for
_METER_DB = 1.0 / sqrt(3)  # IEC 61672-1:2013 class 2, acceptance limit at 1 kHz
_PLACE_DB = 1.5 / sqrt(3)  # meter and microphone hear not quite the same, and not with the same response


class NotCalibrated(EdgeError):
    """The sound cannot tell the sensitivity, and the sentence says why."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One reference level as the microphone gave it."""

    reference_db: float  # what it was: dB SPL of a 1 kHz tone, or dBA
    level_dbfs: float  # what came out, weighted alike
    deviation_db: float  # standard deviation of its pieces
    pieces: int
    heard_s: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The result."""

    sensitivity_dbfs: float  # at 94 dB SPL
    uncertainty_db: float  # expanded, k = 2: about 95 %
    followed_db: float | None  # how far the step between two references was missed; None: there was one alone


def tone(samples: Array, reference_db: float) -> Heard:
    """A calibrator's tone. samples: (n,) at least TONE_S of it. Raises NotCalibrated."""
    frames = _pieces(samples, FRAME_S, TONE_S)
    _not_silent_not_clipped(samples)
    spectra = [_spectrum(frame) for frame in frames]
    hz = np.fft.rfftfreq(len(frames[0]), 1 / RATE_HZ)
    total = np.sum(spectra, axis=0)
    strongest = float(hz[np.argmax(np.where(hz > 100, total, 0))])
    if abs(strongest - TONE_HZ) > TONE_HZ * HZ_TOLERANCE + 1 / FRAME_S:
        sentence = N_("no tone of 1 kHz: the strongest sound is at {hz:.0f} Hz. Is the calibrator on, and does it sit over the microphone's hole?")
        raise NotCalibrated(sentence, hz=strongest)
    near = [np.abs(hz - k * strongest) < 30 for k in (1, 2, 3, 4, 5)]
    powers = [float(total[band].sum()) for band in near]
    harmonics_db = 10 * np.log10(sum(powers[1:]) / powers[0] + 1e-30)
    if harmonics_db > HARMONICS_DB:
        sentence = N_("the tone is distorted (harmonics at {db:.0f} dB): the microphone overloads. Turn its gain down, or use 94 dB instead of 114 dB")
        raise NotCalibrated(sentence, db=harmonics_db)
    rest = float(total[(hz > 100) & ~np.any(near, axis=0)].sum())
    purity_db = 10 * np.log10(powers[0] / (rest + 1e-30))
    if purity_db < PURITY_DB:
        sentence = N_("the tone stands only {db:.0f} dB above other sound; seat the calibrator tightly, or wait for quiet")
        raise NotCalibrated(sentence, db=purity_db)
    # Hann, energy-normalised: the band's sum is the tone's power.
    levels = np.array([10 * np.log10(2.0 * spectrum[near[0]].sum() + 1e-30) for spectrum in spectra])
    _steady(levels, TONE_SPREAD_DB, N_("the tone is not stable: it varies by {db:.1f} dB. Hold the calibrator still, and check its battery"))
    return Heard(reference_db, float(levels.mean()), float(levels.std(ddof=1)), len(levels), len(samples) / RATE_HZ)


def noise(samples: Array, reference_dba: float) -> Heard:
    """Steady noise, of which a sound level meter beside the microphone reads `reference_dba` (LAeq or slow).

    samples: (n,) at least NOISE_S of it. Raises NotCalibrated.
    """
    seconds = _pieces(samples, 1.0, NOISE_S)
    _not_silent_not_clipped(samples)
    weights = 10 ** (a_weight_db(np.fft.rfftfreq(len(seconds[0]), 1 / RATE_HZ)) / 10)
    powers = np.array([float((_spectrum(second) * weights).sum()) for second in seconds])
    levels = 10 * np.log10(2.0 * powers + 1e-30)
    _steady(levels, NOISE_SPREAD_DB, N_("the noise is not steady: it varies by {db:.1f} dB from second to second. Use pink noise, not speech or music"))
    mean = float(10 * np.log10(2.0 * powers.mean()))
    return Heard(reference_dba, mean, float(levels.std(ddof=1)), len(levels), len(samples) / RATE_HZ)


def sensitivity(heard: Sequence[Heard], *, calibrator: bool) -> Sensitivity:
    """What one or two reference levels tell. Raises NotCalibrated where the microphone does not follow from one to the other, or no microphone is like that."""
    values = [h.level_dbfs - (h.reference_db - 94.0) for h in heard]
    followed_db = None
    check_step([h.reference_db for h in heard])
    if len(heard) > 1:
        step_db = heard[1].reference_db - heard[0].reference_db
        heard_db = heard[1].level_dbfs - heard[0].level_dbfs
        followed_db = heard_db - step_db
        if abs(followed_db) > FOLLOW_DB:
            sentence = N_(
                "the microphone does not follow: the sound changed by {step:+.1f} dB, what is heard by {heard:+.1f} dB. Switch automatic gain control "
                "and noise suppression off (alsamixer, F4), or take another microphone"
            )
            raise NotCalibrated(sentence, step=step_db, heard=heard_db)
    value = float(np.mean(values))
    if not LOWEST_DBFS <= value <= HIGHEST_DBFS:
        sentence = N_("this would be a sensitivity of {value:.0f} dBFS at 94 dB, which no microphone has; check the reference level and the microphone's gain")
        raise NotCalibrated(sentence, value=value)
    parts = [_CALIBRATOR_DB, _FIT_DB] if calibrator else [_METER_DB, _PLACE_DB]
    parts.append(max(h.deviation_db / sqrt(h.pieces) for h in heard))
    parts.append(abs(followed_db or 0.0) / 2 / sqrt(3))
    return Sensitivity(value, 2.0 * sqrt(sum(part**2 for part in parts)), followed_db)


def check_step(references_db: Sequence[float]) -> None:
    """Raise NotCalibrated where two references are too near to each other to show whether the microphone follows."""
    if len(references_db) > 1 and (apart_db := abs(references_db[1] - references_db[0])) < LEAST_STEP_DB:
        sentence = N_("the two levels are {db:.1f} dB apart; take two that differ by at least {least:.0f} dB")
        raise NotCalibrated(sentence, db=apart_db, least=LEAST_STEP_DB)


def has_tone(samples: Array) -> bool:
    """Whether these (n,) samples are mostly a tone near 1 kHz: the calibrator has been switched on."""
    spectrum = _spectrum(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    inside = float(spectrum[np.abs(hz - TONE_HZ) < 60].sum())
    return inside > 1e-9 and inside > 0.8 * float(spectrum[hz > 100].sum())


def _pieces(samples: Array, seconds: float, needed_s: float) -> list[Array]:
    if len(samples) < round(needed_s * RATE_HZ):
        raise NotCalibrated(N_("{heard:.1f} s of sound are too little; {needed:.0f} s are needed"), heard=len(samples) / RATE_HZ, needed=needed_s)
    size = round(seconds * RATE_HZ)
    whole = len(samples) // size
    return np.split(samples[: whole * size], whole)


def _spectrum(frame: Array) -> NDArray[np.float64]:
    """(n,) -> (n / 2 + 1,) power by frequency; the sum is the mean square."""
    window = np.hanning(len(frame) + 1)[:-1]
    spectrum = np.abs(np.fft.rfft(frame * window)) ** 2
    spectrum[1:-1] *= 2.0
    power: NDArray[np.float64] = spectrum / (len(frame) * np.sum(window**2))
    return power


def _not_silent_not_clipped(samples: Array) -> None:
    if 10 * np.log10(2.0 * float(np.mean(samples.astype(np.float64) ** 2)) + 1e-30) < SILENCE_DBFS + 60:
        raise NotCalibrated(N_("the microphone gives silence; is it muted?"))
    share = float(np.mean(np.abs(samples) >= FULL_SCALE))
    if share > CLIPPED:
        sentence = N_("the sound clips ({share:.2%} of it at full scale). Turn the microphone's gain down (alsamixer, F4), and begin again")
        raise NotCalibrated(sentence, share=share)


def _steady(levels: NDArray[np.float64], most_db: float, unsteady: str) -> None:
    """Raise NotCalibrated where the levels drift, or with the sentence `unsteady` where they vary by more than `most_db`."""
    third = len(levels) // 3
    drift_db = float(levels[-third:].mean() - levels[:third].mean())
    at = np.arange(len(levels))
    around_db = float(np.std(levels - np.polyval(np.polyfit(at, levels, 1), at)))
    spread_db = float(np.ptp(levels))
    if spread_db > most_db and around_db > abs(drift_db) / 3:  # up and down, not one way
        raise NotCalibrated(unsteady, db=spread_db)
    if abs(drift_db) > DRIFT_DB:
        sentence = N_(
            "the level drifts by {db:+.1f} dB though the sound is steady: automatic gain control or noise suppression is at work. "
            "Switch it off (alsamixer, F4), or take another microphone"
        )
        raise NotCalibrated(sentence, db=drift_db)
    if spread_db > most_db:
        raise NotCalibrated(unsteady, db=spread_db)
