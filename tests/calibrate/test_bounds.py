"""Limits against published values."""

import pytest

from edge.calibrate.bounds import hours_needed, poisson_at_most, poisson_limits, poisson_tail, wilson

pytest.importorskip("scipy", reason="scipy (extra [technician]) is not installed")


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.025, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.390)])
def test_poisson_limits(count: int, low: float, high: float) -> None:
    """The tables of exact limits (Garwood 1936; Altman, Statistics with Confidence, table 18.3)."""
    assert poisson_limits(count) == pytest.approx((low, high), abs=0.001)


def test_the_tail_of_a_poisson_count() -> None:
    """At least 3 where 1 is usual: 0.0803 (any table of the Poisson distribution); at least none is certain, and ten thousand is no overflow."""
    assert poisson_tail(3, 1.0) == pytest.approx(0.0803, abs=1e-4)
    assert (poisson_tail(0, 1.0), poisson_tail(1, 0.0)) == (1.0, 0.0)
    assert poisson_tail(10_000, 3.5) == pytest.approx(0.0, abs=1e-12)


def test_the_rule_of_three() -> None:
    """Nothing in n tries: at most 3 in as many, with 95 %; for half an alarm a day that takes 144 hours."""
    assert poisson_at_most(0) == pytest.approx(2.9957, abs=1e-4)
    assert poisson_at_most(3) == pytest.approx(7.754, abs=0.001)
    assert round(hours_needed(0.5)) == 144


def test_wilson() -> None:
    """Newcombe 1998, table I: 81 of 263, 0 of 20 and 20 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(20, 20) == pytest.approx((0.8389, 1.0), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
