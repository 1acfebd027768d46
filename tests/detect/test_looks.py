"""Hearing again in other voices what nearly held a phrase, with the shipped network, against the same worked out by hand."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from edge.detect.looks import Look, heard_as
from edge.detect.phrases import BEFORE_S, SYLLABLE_S, PhraseModel, PhraseStream
from edge.detect.search import Array, closeness, costs, paths, scores, start, walk
from edge.detect.units import units_of
from edge.shipped import models_folder

TEXTS = ("救命", "老师老师有人要打我")
BANDS, STEP, RUN, RUNS = 64, 20, 40, 30
SHORTER, FASTER = Look(0.95, 1.0), Look(1.0, 1.08)
ALWAYS, NEVER = (-4.0, 1.0), (6.0, 1.0)  # curves by which any sound nearly fits, and none


@lru_cache(maxsize=1)
def shipped() -> PhraseModel:
    """Unchanged."""
    return PhraseModel.load(models_folder(), at_once=True)


def model(*looks: Look, curve: tuple[float, float] = ALWAYS) -> PhraseModel:
    """The shipped one with other looks, and the same curve for each phrase."""
    own = PhraseModel.load(models_folder(), at_once=True)
    own.manifest = replace(own.manifest, looks=looks, curves=dict.fromkeys(TEXTS, curve))
    return own


def stream(*looks: Look, curve: tuple[float, float] = ALWAYS) -> PhraseStream:
    """Of both phrases."""
    return PhraseStream(model(*looks, curve=curve), TEXTS, list(units_of(TEXTS, toned=True).values()), STEP)


def sound() -> Array:
    """(frames, bands) something that comes and goes in broad bands, as speech does."""
    rng = np.random.default_rng(4)
    slow, broad = (np.repeat(rng.normal(0, 12, (size, 1)), times, axis=0) for size, times in ((RUNS * RUN // 8, 8), (BANDS // 8, 8)))
    return np.asarray(-55 + slow + broad.T + rng.normal(0, 3, (RUNS * RUN, BANDS)), np.float32)


def test_the_same_voice_is_the_same_sound() -> None:
    """The last frames of it."""
    np.testing.assert_array_equal(heard_as(sound(), Look(1.0, 1.0), 100), sound()[-100:])


@pytest.mark.parametrize(
    ("look", "frame", "band"), [(Look(0.8, 1.0), 150, 25), (Look(1.25, 1.0), 150, 16), (Look(1.0, 1.25), 159, 20), (Look(1.0, 0.8), 137, 20)]
)
def test_a_shorter_tract_is_higher_and_a_faster_voice_nearer_to_the_end(look: Look, frame: int, band: int) -> None:
    """A sound in band 20, 49 frames before the last of 200."""
    frames = np.full((200, BANDS), -90, np.float32)
    frames[150, 20] = 0
    heard = heard_as(frames, look, 200)
    at = divmod(int(heard.argmax()), BANDS)
    assert at in {(frame + late, band) for late in (0, 1)}


def test_sound_from_before_the_beginning_is_the_first_frame() -> None:
    """And no error."""
    frames = sound()[:100]
    heard = heard_as(frames, FASTER, 120)
    np.testing.assert_array_equal(heard[:20], np.repeat(frames[:1], 20, axis=0))


def by_hand(frames: Array, run: int, phrase: int) -> float:
    """Closeness of a phrase at the end of a run, the mean of all three."""
    own, units = shipped(), list(units_of(TEXTS, toned=True).values())
    walked = paths(tuple(units), own.manifest.units, own.manifest.tones)

    def best(heard: Array) -> float:
        fits = walk(start(walked), costs(own.run(heard, own.start())[0], own.manifest.tones), walked)[1]
        return float(closeness(fits[-RUN // 4 :, phrase].max(keepdims=True))[0])

    end = (run + 1) * RUN
    longest = max(map(len, TEXTS))  # what both ask for, as both are heard again at once
    count = min(end, int(np.ceil((BEFORE_S + SYLLABLE_S * longest) * 100 / RUN)) * RUN)
    rows, bands = np.arange(end - count, end), np.arange(BANDS)
    shorter = np.array([np.interp(0.95 * bands, bands, frames[row]) for row in rows], np.float32)
    at = end - 1 - 1.08 * np.arange(count)[::-1]
    faster = np.stack([np.interp(at, np.arange(end), frames[:end, band]) for band in range(BANDS)], axis=1).astype(np.float32)
    return float(np.mean([best(frames[:end]), best(shorter), best(faster)]))


@pytest.mark.parametrize("run", [0, 4, RUNS - 1])
def test_what_nearly_fits_counts_by_the_mean_of_all_voices(run: int) -> None:
    """At the beginning of the sound, where little was heard yet, and later."""
    found = stream(SHORTER, FASTER).steps(sound())
    for phrase in range(len(TEXTS)):
        wanted = scores(np.array([by_hand(sound(), run, phrase)], np.float32), np.array([ALWAYS], np.float32))
        assert found[2 * run + 1, phrase] == pytest.approx(wanted[0], abs=2e-3)
    assert np.abs(found - stream().steps(sound())).max() > 0.02


def test_what_does_not_nearly_fit_is_heard_once() -> None:
    """As without other voices."""
    np.testing.assert_array_equal(stream(SHORTER, FASTER, curve=NEVER).steps(sound()), stream(curve=NEVER).steps(sound()))


@pytest.mark.parametrize("piece", [STEP, 7 * STEP])
def test_pieces_are_heard_as_the_whole(piece: int) -> None:
    """Whatever their length; products of integers differ by a rounding."""
    whole, pieces = stream(SHORTER, FASTER).steps(sound()), stream(SHORTER, FASTER)
    found = np.concatenate([pieces.steps(sound()[at : at + piece]) for at in range(0, RUNS * RUN, piece)])
    np.testing.assert_allclose(found, whole, atol=2e-3)


def test_thresholds_measured_with_other_voices_or_curves_are_of_another_scale() -> None:
    """The same network or not; what says nothing of scores changes nothing."""
    manifest = shipped().manifest
    others: list[dict[str, Any]] = [{}, {"looks": ()}, {"curves": {}}, {"curve_by_length": ((0.0, 1.0),)}, {"sha256": "0" * 64}]
    scales = {replace(manifest, **other).scale_sha256 for other in others}
    assert len(scales) == 5
    assert replace(manifest, name="other").scale_sha256 == manifest.scale_sha256
