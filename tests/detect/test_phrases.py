"""The search through phrases against brute force, and what a phrase model's manifest must hold."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.detect.manifest import ModelError
from edge.detect.phrases import read_phrase_manifest
from edge.detect.search import NEVER, PAUSE_COST, TONE_FLOOR, TONE_WEIGHT, Array, Paths, closeness, costs, paths, scores, start, walk
from edge.detect.units import Units, parted

NAMES = ("<blank>", "jiu", "ming", "lai")


def units(*places: str) -> Units:
    """Syllables, alternatives apart by a slash."""
    return tuple(frozenset(place.split("/")) for place in places)


def fits(posteriors: Array, walked: Paths, tones: int = 0) -> Array:
    """(steps, phrases) of a whole stretch."""
    return walk(start(walked), costs(posteriors, tones), walked)[1]


def cost_of(name: str, posteriors: Array, tones: int) -> Array:
    """(steps,) what a syllable costs in the tones that are accepted with it."""
    syllable, accepted = parted(name)
    of_unit = costs(posteriors[:, : len(NAMES)])[:, NAMES.index(syllable)]
    if not tones or not accepted:
        return of_unit
    of_tones = posteriors[:, len(NAMES) :]
    worse = (of_tones - of_tones.max(axis=1, keepdims=True))[:, [int(tone) - 1 for tone in accepted]].max(axis=1)
    return np.asarray(of_unit + TONE_WEIGHT * np.maximum(worse, TONE_FLOOR), np.float32)


def brute_force(posteriors: Array, phrase: Units, tones: int = 0) -> list[float]:
    """The fit at each step, of all ways to say the phrase up to there: which step each state begins at, one after another."""
    relative = costs(posteriors[:, : len(NAMES)])
    of_place = [np.max([cost_of(n, posteriors, tones) for n in place if parted(n)[0] in NAMES], axis=0) for place in phrase]
    fit = []
    for end in range(len(posteriors)):
        best = -np.inf
        for stays in itertools.product(range(end + 2), repeat=2 * len(phrase) - 1):  # steps in each state; blanks may have none
            if any(s == 0 for s in stays[::2]) or sum(stays) > end + 1:
                continue
            if any(gap == 0 and phrase[i] & phrase[i + 1] for i, gap in enumerate(stays[1::2])):
                continue
            at, total = end + 1 - sum(stays), 0.0
            for state, stay in enumerate(stays):
                row = of_place[state // 2][at : at + stay] if state % 2 == 0 else relative[at : at + stay, 0] - PAUSE_COST
                total += float(row.sum())
                at += stay
            best = max(best, total)
        fit.append(best / len(phrase) if best > -np.inf else NEVER)
    return fit


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["jiu", "jiu ming", "lai lai", "jiu/lai ming", "jiu ming/lai lai"]))
def test_the_search_finds_what_brute_force_finds(seed: int, syllables: str) -> None:
    """Every way of saying the phrase, in every place."""
    phrase = units(*syllables.split())
    posteriors = np.log(np.random.default_rng(seed).dirichlet(np.full(len(NAMES), 0.3), 4)).astype(np.float32)
    ours = fits(posteriors, paths((phrase,), NAMES))[:, 0]
    ours[ours < NEVER / 10] = NEVER  # no path yet
    np.testing.assert_allclose(ours, brute_force(posteriors, phrase), atol=1e-3)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["jiu4", "jiu23 ming", "jiu1/lai45 ming2", "jiu ming4/lai3"]))
def test_so_it_does_with_tones(seed: int, syllables: str) -> None:
    """Each syllable has those that are accepted with it."""
    phrase, rng = units(*syllables.split()), np.random.default_rng(seed)
    posteriors = np.concatenate([np.log(rng.dirichlet(np.full(n, 0.3), 4)) for n in (len(NAMES), 5)], axis=1).astype(np.float32)
    ours = fits(posteriors, paths((phrase,), NAMES, 5), 5)[:, 0]
    ours[ours < NEVER / 10] = NEVER
    np.testing.assert_allclose(ours, brute_force(posteriors, phrase, 5), atol=1e-3)


def test_another_tone_costs_less_than_another_syllable() -> None:
    """And where no tone is asked for, or the model hears none, nothing."""
    heard = np.concatenate([said("jiu", "ming"), np.log(np.tile([0.01, 0.01, 0.01, 0.96, 0.01], (6, 1)))], axis=1).astype(np.float32)
    right, other, open_ = fits(heard, paths((units("jiu4", "ming4"), units("jiu4", "ming2"), units("jiu", "ming24")), NAMES, 5), 5)[-1]
    assert right == pytest.approx(open_)
    assert right - TONE_WEIGHT * 4 / 2 - 0.01 < other < right - 0.3
    deaf = fits(heard[:, : len(NAMES)], paths((units("jiu4", "ming2"),), NAMES))[-1, 0]
    assert deaf == pytest.approx(right)


def test_phrases_of_a_list_do_not_disturb_each_other() -> None:
    """Each fit is the one that the phrase has alone."""
    posteriors = np.log(np.random.default_rng(2).dirichlet(np.full(len(NAMES), 0.3), 30)).astype(np.float32)
    listed = units("jiu", "ming"), units("lai"), units("jiu/lai", "ming", "lai", "lai")
    together = fits(posteriors, paths(listed, NAMES))
    for i, phrase in enumerate(listed):
        np.testing.assert_allclose(together[:, i], fits(posteriors, paths((phrase,), NAMES))[:, 0], rtol=1e-6)


def test_pieces_of_any_length_give_the_fits_of_the_whole() -> None:
    """What was heard before is in the totals."""
    posteriors = np.log(np.random.default_rng(3).dirichlet(np.full(len(NAMES), 0.3), 40)).astype(np.float32)
    walked = paths((units("jiu", "ming"), units("lai", "jiu/ming", "lai")), NAMES)
    totals, found = start(walked), []
    for piece in np.split(posteriors, [1, 2, 7, 8, 30]):
        totals, some = walk(totals, costs(piece), walked)
        found.append(some)
    np.testing.assert_allclose(np.concatenate(found), fits(posteriors, walked), rtol=1e-6)


def said(*names: str, steps: int = 3) -> Array:
    """Log-posteriors of these units, one after another, each for one step after `steps - 1` of blank; certain but for a hundredth."""
    order = [n for name in names for n in (*["<blank>"] * (steps - 1), name)]
    chance = np.full((len(order), len(NAMES)), 0.01 / (len(NAMES) - 1))
    chance[np.arange(len(order)), [NAMES.index(n) for n in order]] = 0.99
    return np.asarray(np.log(chance), np.float32)


def test_a_phrase_fits_where_it_is_said_and_a_near_miss_does_not() -> None:
    """One wrong syllable of three costs more than a third."""
    walked = paths((units("jiu", "ming", "lai"),), NAMES)
    right, wrong = fits(said("jiu", "ming", "lai"), walked)[-1, 0], fits(said("jiu", "jiu", "lai"), walked)[-1, 0]
    assert right > -0.1
    assert wrong < -2


def test_what_is_said_between_two_syllables_counts_more_than_a_pause() -> None:
    """Where another syllable is half heard, the blank that is less likely than it costs more than so much of a syllable of the phrase."""
    walked, between = paths((units("jiu", "ming"),), NAMES), said("jiu", "<blank>", "ming")
    between[5] = np.log([0.2, 0.05, 0.05, 0.7])
    unsure = said("jiu", "<blank>", "ming")
    unsure[8] = np.log([0.05, 0.05, 0.2, 0.7])
    clear, inserted, mumbled = (fits(posteriors, walked)[-1, 0] for posteriors in (said("jiu", "<blank>", "ming"), between, unsure))
    assert inserted - clear < 2 * (mumbled - clear) < 0


def test_the_same_syllable_twice_must_be_said_twice() -> None:
    """A long one is one."""
    walked = paths((units("lai", "lai"),), NAMES)
    long = np.repeat(said("lai", steps=1), 4, axis=0)
    assert fits(long, walked)[-1, 0] < -1
    assert fits(said("lai", "lai"), walked)[-1, 0] > -0.1


def test_a_long_pause_costs() -> None:
    """Syllables ten seconds apart are no phrase."""
    walked = paths((units("jiu", "ming"),), NAMES)
    assert fits(said("jiu", "ming", steps=4), walked)[-1, 0] > fits(said("jiu", "ming", steps=250), walked)[-1, 0] + 1


def test_a_score_is_a_half_at_the_centre() -> None:
    """And rises with the fit."""
    given_ = scores(closeness(np.array([-1.0, -0.5, 0.0], np.float32)), np.array([[0.51082563, 0.2]] * 3, np.float32))
    assert given_[1] == pytest.approx(0.5)
    assert given_[0] < 0.1
    assert given_[2] > 0.9


def test_a_syllable_that_the_model_lacks_is_named() -> None:
    """Nothing is left out in silence."""
    with pytest.raises(ModelError, match="hng"):
        paths((units("jiu", "hng"),), NAMES)


def test_a_manifest_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    """With the key's name."""
    path = tmp_path / "phrases-model.toml"
    path.write_text('name = "phrases"\nspeed = 1\n')
    with pytest.raises(ModelError, match=r"phrases-model\.toml"):
        read_phrase_manifest(path)
