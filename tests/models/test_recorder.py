"""Another recorder may change a sound's band, colour, floor and dynamics, never how loud it is, and not what it is asked to leave."""

import numpy as np
from numpy.typing import NDArray

from models.training import recorder

Array = NDArray[np.float32]


def burst() -> Array:
    """(200, 64) frames in dB: half a second of falling bands at 0 dB, and 40 dB below that before and after."""
    rng = np.random.default_rng(1)
    frames = (rng.normal(0, 3, (200, 64)) - np.arange(64)).astype(np.float32)
    frames[:75] -= 40
    frames[125:] -= 40
    return frames


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


def test_a_noise_floor_fills_the_pauses_and_leaves_the_sound() -> None:
    """The loud part within half a decibel; what was 40 dB below it is nearer."""
    noise = np.random.default_rng(2).normal(-18, 2, (300, 64)).astype(np.float32)
    before, after = burst(), recorder.noisy(burst(), noise, np.random.default_rng(5))
    levels = [recorder.levels_db(frames) for frames in (before, after)]
    np.testing.assert_allclose(levels[0][75:125], levels[1][75:125], atol=0.5)
    assert np.mean(levels[1][:75] - levels[0][:75]) > 2


def test_an_expander_takes_from_the_pauses_alone() -> None:
    """What is within 15 dB of the loudest stays."""
    before, after = burst(), recorder.gated(burst(), np.random.default_rng(6))
    loud = recorder.levels_db(before) > recorder.levels_db(before).max() - 15
    np.testing.assert_array_equal(before[loud], after[loud])
    assert (recorder.levels_db(after)[~loud] < recorder.levels_db(before)[~loud]).all()


def test_an_automatic_gain_brings_the_pauses_nearer() -> None:
    """Once it has had its time."""
    before, after = recorder.levels_db(burst()), recorder.levels_db(recorder.levelled(burst(), np.random.default_rng(7)))
    assert after[75:125].mean() - after[190:].mean() < before[75:125].mean() - before[190:].mean() - 3


def test_recorded_again_it_is_as_loud_and_no_longer_the_same() -> None:
    """With most seeds; as drawn, not at random."""
    noise = np.random.default_rng(2).normal(-18, 2, (300, 64)).astype(np.float32)
    others = [recorder.recorded_again(burst(), noise, np.random.default_rng(seed)) for seed in range(20)]
    for frames in others:
        assert abs(recorder.loudness_db(frames) - recorder.loudness_db(burst())) < 1e-3
    assert sum(not np.allclose(frames, burst()) for frames in others) > 10
    np.testing.assert_array_equal(others[3], recorder.recorded_again(burst(), noise, np.random.default_rng(3)))
