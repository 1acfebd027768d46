"""Curves of phrases that nobody has measured, by a network's posteriors of ordinary speech."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from edge.detect.background import LEAST, STRETCH, STRETCH_S, TAIL_PER_H, Background, centres, kept, read_background
from edge.detect.manifest import ModelError
from edge.detect.search import BLANK_WEIGHT, Array, closeness, costs, paths, start, walk

NAMES = ("<blank>", "jiu", "ming", "lai")
WIDTH = 0.3
STRETCHES = 40
PHRASES = ((frozenset({"jiu"}), frozenset({"ming"})), (frozenset({"ming"}), frozenset({"lai"})))


@pytest.fixture
def posteriors() -> Array:
    """Log-posteriors (steps, units) in which jiu ming is said in each stretch, more or less clearly, and ming lai never."""
    rng = np.random.default_rng(4)
    chances = rng.dirichlet((30, 1, 1, 1), STRETCH * STRETCHES)
    for stretch in range(STRETCHES):
        for step, unit in ((100, 1), (104, 2)):
            chances[stretch * STRETCH + step, unit] += rng.uniform(0.5, 3.0)
    return np.asarray(np.log(chances / chances.sum(axis=1, keepdims=True)), np.float32)


def test_what_is_kept_costs_what_it_cost(posteriors: Array) -> None:
    """To a step of the scale; what is much worse than the best unit is not kept."""
    whole = costs(posteriors)
    again = np.concatenate(list(kept(posteriors).stretches(len(NAMES))))
    near = posteriors > posteriors.max(axis=1, keepdims=True) + LEAST
    assert (again[~near] <= whole[~near]).all()
    for found in (whole, again):
        found[:, 0] /= BLANK_WEIGHT
    np.testing.assert_allclose(again[near], whole[near], atol=0.2)


def test_tones_are_kept_as_well(posteriors: Array) -> None:
    """Of all five what they cost, to a step of the scale."""
    tones = np.log(np.random.default_rng(5).dirichlet(np.full(5, 0.3), len(posteriors))).astype(np.float32)
    both = np.concatenate([posteriors, tones], axis=1)
    whole, again = costs(both, 5), np.concatenate(list(kept(both, 5).stretches(len(NAMES))))
    assert again.shape == whole.shape
    np.testing.assert_allclose(again[:, len(NAMES) :], whole[:, len(NAMES) :], atol=0.05)


def test_a_phrase_that_is_often_said_must_fit_better(posteriors: Array) -> None:
    """Than one that never is, by as much as its fits on this speech are better."""
    walked = paths(PHRASES, NAMES)
    often, never = centres(kept(posteriors), walked, len(NAMES), WIDTH)
    fits = walk(start(walked), costs(posteriors), walked)[1].reshape(-1, STRETCH, 2).max(axis=1)
    highest = closeness(np.sort(fits, axis=0)[-round(TAIL_PER_H * STRETCHES * STRETCH_S / 3600) - 1])
    assert often > never + 0.5
    assert often - never == pytest.approx(highest[0] - highest[1], abs=0.05)


def test_a_smaller_slope_asks_for_less(posteriors: Array) -> None:
    """Where rare peaks are hardly better than common ones, a score of a half is nearer to those."""
    walked = paths(PHRASES, NAMES)
    steep, flat = (centres(kept(posteriors), walked, len(NAMES), width) for width in (0.1, 0.4))
    assert (flat > steep).all()


@pytest.mark.parametrize("content", [b"no such thing", b""])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    """With its name."""
    (tmp_path / "phrases-background.npz").write_bytes(content)
    with pytest.raises(ModelError, match=r"phrases-background.npz cannot be loaded"):
        read_background(tmp_path / "phrases-background.npz", hashlib.sha256(content).hexdigest())


def test_it_is_read_as_it_was_written(tmp_path: Path, posteriors: Array) -> None:
    """All parts; what was made before there were tones has none."""
    part = kept(posteriors)
    np.savez_compressed(tmp_path / "b.npz", counts=part.counts, units=part.units, below=part.below)
    again = read_background(tmp_path / "b.npz", hashlib.sha256((tmp_path / "b.npz").read_bytes()).hexdigest())
    assert isinstance(again, Background)
    assert all(np.array_equal(getattr(again, name), getattr(part, name)) for name in ("counts", "units", "below", "tones"))
