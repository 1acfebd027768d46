"""Recordings with a known truth."""

from pathlib import Path

import numpy as np
import soundfile

from edge.decide.expect import read_truth
from edge.demo.scene import demo, fixtures, write_fixtures


def test_the_demo_is_half_a_minute_with_trouble_after_harmless_sounds() -> None:
    """Nothing to be raised in the first ten seconds, then shouting, then crying; all parts in order and within the recording."""
    scene = demo()
    assert 25 <= scene.duration_s <= 30
    assert [e.label for e in scene.events] == ["shouting", "crying"]
    assert scene.events[0].start_s > 10
    ends = [0.0, *(p.end_s for p in scene.parts)]
    assert all(before <= part.start_s < part.end_s <= scene.duration_s for before, part in zip(ends, scene.parts, strict=False))
    assert np.abs(scene.sound).max() < 1.0


def test_fixtures_come_with_their_truth(tmp_path: Path) -> None:
    """Each recording has a row, and its events lie within it; some must be raised, some must not."""
    truth = read_truth(write_fixtures(tmp_path))
    made = fixtures()
    assert truth.without(made) == []
    for name, scene in made.items():
        assert soundfile.info(tmp_path / name).duration == scene.duration_s
        assert len(truth.of(name) or ()) == len(scene.events)
        assert all(e.end_s <= scene.duration_s for e in scene.events)
    assert {e.label for s in made.values() for e in s.events} == {"shouting", "crying"}
    assert sum(not s.events for s in made.values()) >= 5
