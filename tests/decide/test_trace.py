"""Scores and levels around an onset."""

from edge.decide.trace import around
from edge.decide.types import Step


def test_the_trace_has_both_sides_of_the_onset() -> None:
    """Ten seconds at four a second with the onset in the middle, each point the highest of its quarter; what lies outside is left out."""
    steps = [Step(round(0.2 * i, 3), 40.0 + i % 2, {"shouting": 0.9 if i > 100 else 0.1}) for i in range(1, 200)]
    points = around("shouting", 20.0, steps)
    assert [p.offset_s for p in points] == [i / 4 for i in range(-19, 21)]
    assert all(p.score == (0.9 if p.offset_s > 0 else 0.1) for p in points)
    assert {p.level_dba for p in points} == {40.0, 41.0}
