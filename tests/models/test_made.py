"""Sounds from signal models."""

import numpy as np
import pytest

from models.training.made import MAKERS, make


@pytest.mark.parametrize("kind", MAKERS)
def test_made_sounds_are_finite_and_bounded(kind: str) -> None:
    """Whatever the dice say: between 0.1 and 30 s, a peak of 0.5, no number missing, and more than a click."""
    for seed in range(25):
        x = make(kind, np.random.default_rng(seed))
        assert np.isfinite(x).all()
        assert 0.1 < len(x) / 16_000 < 30
        assert np.abs(x).max() == pytest.approx(0.5, rel=1e-3)
        assert np.mean(np.abs(x) > 0.005) > 0.01


@pytest.mark.parametrize("kind", MAKERS)
def test_a_seed_makes_one_sound(kind: str) -> None:
    """The same seed gives the same sound, so that a training can be made again; another one gives another."""
    first, again, other = (make(kind, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
