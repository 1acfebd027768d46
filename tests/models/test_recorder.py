"""A recorder's band: what it cut off is put back, and cut off elsewhere, so that it tells nothing."""

import numpy as np

from models.training import recorder


def test_what_a_recorder_cut_off_is_put_back_and_nothing_else() -> None:
    """Above a steep cut at 4 kHz there is sound again, weaker the higher; a voice that falls gently, and what lies below the cut, stay as they are."""
    gentle = (np.random.default_rng(1).normal(0, 3, (80, 64)) - np.arange(64)).astype(np.float32)
    cut = gentle.copy()
    cut[:, 48:] -= 60
    wide = recorder.widened(cut, np.random.default_rng(2))
    np.testing.assert_array_equal(recorder.widened(gentle, np.random.default_rng(2)), gentle)
    np.testing.assert_array_equal(wide[:, :47], cut[:, :47])
    assert (wide[:, 50:].mean(axis=0) > cut[:, 50:].mean(axis=0) + 20).all()
    assert wide[:, 50:55].mean() > wide[:, 59:].mean() + 3


def test_a_narrow_recorder_takes_all_above_some_band() -> None:
    """Below it nothing changes."""
    frames = np.zeros((10, 64), np.float32)
    narrow = recorder.narrowed(frames, np.random.default_rng(3))
    first = int(np.flatnonzero((narrow < 0).all(axis=0))[0])
    assert 34 <= first < 58
    assert (narrow[:, :first] == 0).all()
    assert (np.diff(narrow[:, first:], axis=1) <= 0).all()
    assert narrow[:, -1].max() < -30
