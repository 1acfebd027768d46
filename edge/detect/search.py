"""The search for phrases in a network's syllable posteriors: the best path through each phrase of a list, at every step. Pure."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edge.detect.manifest import ModelError
from edge.detect.units import Units, parted, toneless
from edge.words import N_

Array = NDArray[np.float32]

FLOOR = -14.0
"""Smallest log-posterior that counts: one syllable that is not there must not cost without end."""
PAUSE_COST = 0.02
"""Of a step of 40 ms between two syllables: a pause of two seconds costs as much as a syllable that was heard at a third of its certainty."""
BLANK_WEIGHT = 2.5
"""Of what it costs that something is said between two syllables which is no part of the phrase."""
STEEPNESS = 0.1
"""A syllable that is x worse than the best unit costs x (1 + STEEPNESS x): a near miss, wrong in one, must cost more than a mumble, not quite right in all."""
TONE_FLOOR = -4.0
"""Smallest log-posterior of a tone against the best one that counts: who shouts, or speaks another dialect, has other tones."""
TONE_WEIGHT = 0.6
"""Of a tone's cost beside its syllable's."""
NEVER = -1e9


@dataclass(frozen=True, slots=True)
class Paths:
    """A list of phrases as the search walks them: a column a phrase, its syllables in the even states, blanks in the odd ones.

    `at` holds for each state the units of which the best counts; `tones` for each of these the column of the tones that are accepted with it.
    """

    at: NDArray[np.intp]  # (alternatives, states, phrases)
    tones: NDArray[np.intp] | None  # the same, None: nobody asks for tones
    barred: Array  # (states, phrases) 0 where a state may follow the state two before it, else NEVER
    last: NDArray[np.intp]  # (phrases,) the last syllable's state
    columns: NDArray[np.intp]  # (phrases,) 0, 1, ...
    length: Array  # (phrases,) syllables


@lru_cache(maxsize=4)  # each recording of a replay begins with the same ones
def paths(phrases: tuple[Units, ...], units: tuple[str, ...], tones: int = 0) -> Paths:
    """The paths of phrases over these units and so many tones. Raises ModelError where a phrase needs a syllable that the model does not have."""
    number = {name: i for i, name in enumerate(units)}
    every = (1 << tones) - 1
    states = max((2 * len(p) - 1 for p in phrases), default=1)
    alternatives = max((len(place) for p in phrases for place in p), default=1)
    at, barred = np.zeros((alternatives, states, len(phrases)), np.intp), np.full((states, len(phrases)), NEVER, np.float32)
    masks = np.full(at.shape, every, np.intp)
    for column, phrase in enumerate(phrases):
        before: frozenset[str] = frozenset()
        for i, place in enumerate(phrase):
            known = sorted((number[name], sum(1 << int(tone) - 1 for tone in told) & every or every) for name, told in map(parted, place) if name in number)
            if not known:
                raise ModelError(N_("the phrase model does not know the syllable {syllable}"), syllable=" / ".join(sorted(toneless(place))))
            at[:, 2 * i, column], masks[:, 2 * i, column] = zip(*(known * alternatives)[:alternatives], strict=True)
            if not toneless(place) & before:  # the same syllable twice needs a blank between
                barred[2 * i, column] = 0.0
            before = toneless(place)
    last, length = np.array([2 * len(p) - 2 for p in phrases], np.intp), np.array([len(p) for p in phrases], np.float32)
    return Paths(at, masks + len(units) if tones else None, barred, last, np.arange(len(phrases)), length)


@lru_cache(maxsize=1)
def _sets(tones: int) -> NDArray[np.bool_]:
    """(sets, tones) whether a tone is in each set of them, by its bit mask."""
    return (np.arange(1 << tones)[:, None] >> np.arange(tones) & 1).astype(bool)


def costs(posteriors: Array, tones: int = 0) -> Array:
    """Log-posteriors (..., units + tones) -> what each unit costs at each step, at most 0: 0 for the best one, and for those below it more than they are below.

    The first unit is the blank, between syllables. Behind the units' columns, where there are tones, one for each set of them that may be
    accepted, as a bit mask: what the best of the set costs.
    """
    of_units = posteriors[..., : posteriors.shape[-1] - tones]
    below = np.maximum(of_units - of_units.max(axis=-1, keepdims=True), FLOOR)
    found = below * (1 - np.float32(STEEPNESS) * below)
    found[..., 0] *= np.float32(BLANK_WEIGHT)
    if tones:
        of_tones = posteriors[..., -tones:]
        worse = np.maximum(of_tones - of_tones.max(axis=-1, keepdims=True), TONE_FLOOR) * TONE_WEIGHT
        of_sets = np.where(_sets(tones), worse[..., None, :], TONE_FLOOR * TONE_WEIGHT).max(axis=-1)
        found = np.concatenate([found, of_sets], axis=-1)
    return np.asarray(found, np.float32)


def start(walked: Paths) -> Array:
    """Totals (states, phrases) before any sound: of the best path that ends in each state."""
    return np.full(walked.at.shape[1:], NEVER, np.float32)


def walk(totals: Array, cost: Array, walked: Paths) -> tuple[Array, Array]:
    """Some steps of 40 ms. totals: of the step before them; cost: of each, as from `costs`.

    Returns the totals after them and each phrase's fits (steps, phrases), at most 0: the mean cost of its syllables, pauses between them included. Pure.
    """
    here = cost[:, walked.at] if walked.tones is None else cost[:, walked.at] + cost[:, walked.tones]
    here = here[:, 0] if len(walked.at) == 1 else here.max(axis=1)
    here[:, 1::2] -= np.float32(PAUSE_COST)
    rows = np.zeros((len(here) + 1, totals.shape[0] + 2, totals.shape[1]), np.float32)  # above the states two that are always 0: a phrase may begin at any step
    rows[0, 2:] = totals
    skipped = np.empty_like(totals)
    for before, after, own in zip(rows[:-1], rows[1:, 2:], here, strict=True):
        np.maximum(before[2:], before[1:-1], out=after)
        np.add(before[:-2], walked.barred, out=skipped)
        np.maximum(after, skipped, out=after)
        np.add(after, own, out=after)
    return rows[-1, 2:].copy(), np.asarray(rows[1:, 2 + walked.last, walked.columns] / walked.length, np.float32)


def closeness(fits: Array) -> Array:
    """Fits, at most 0 -> up to 2.3: differences near a perfect fit count for more than those far from it."""
    return np.asarray(-np.log(0.1 - np.minimum(fits, 0.0)), np.float32)


def scores(near: Array, curves: Array) -> Array:
    """Closeness (phrases,) by curves (phrases, 2) of centre and width -> 0..1, 0.5 at the centre."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits(near, curves), -30, 30))), np.float32)


def logits(near: Array, curves: Array) -> Array:
    """The same as the scores' log-odds."""
    return np.asarray((near - curves[:, 0]) / curves[:, 1], np.float32)


def part(walked: Paths, columns: NDArray[np.intp]) -> Paths:
    """The paths of some of the phrases alone, as many states long as the longest of them all."""
    tones = None if walked.tones is None else walked.tones[:, :, columns]
    return Paths(walked.at[:, :, columns], tones, walked.barred[:, columns], walked.last[columns], np.arange(len(columns)), walked.length[columns])
