"""The A-weighted level against the table of IEC 61672-1 and sounds whose level is known."""

import numpy as np
import pytest

from edge.features import RATE_HZ
from edge.features.level import SILENCE_DBFS, LevelStream, a_weight_db

# IEC 61672-1:2013, table 3: nominal frequency, A-weighting in dB (exact frequencies are 1000 * 10 ** (n / 10)).
TABLE = {
    -15: -39.4, -14: -34.6, -13: -30.2, -12: -26.2, -11: -22.5, -10: -19.1, -9: -16.1, -8: -13.4, -7: -10.9, -6: -8.6, -5: -6.6,
    -4: -4.8, -3: -3.2, -2: -1.9, -1: -0.8, 0: 0.0, 1: 0.6, 2: 1.0, 3: 1.2, 4: 1.3, 5: 1.2, 6: 1.0, 7: 0.5, 8: -0.1,
}  # fmt: skip


def tone(hz: float, seconds: float = 2.0, amplitude: float = 1.0) -> np.ndarray:
    """A sine of this amplitude."""
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize(("step", "wanted_db"), TABLE.items())
def test_tones_have_the_level_of_the_standards_table(step: int, wanted_db: float) -> None:
    """A full-scale tone at each third-octave reads the table's A-weighting, within 0.25 dB (the standard's class 1 allows 0.7 and more)."""
    hz = 1000.0 * 10 ** (step / 10)
    assert LevelStream().feed(tone(hz))[-1] == pytest.approx(wanted_db, abs=0.25)


def test_the_formula_meets_the_table() -> None:
    """The curve itself is within the table's rounding."""
    hz = 1000.0 * 10 ** (np.array(list(TABLE)) / 10)
    np.testing.assert_allclose(a_weight_db(hz), list(TABLE.values()), atol=0.06)


def test_full_scale_is_zero_and_silence_is_the_floor() -> None:
    """A full-scale 1 kHz sine is 0 dBFS(A); digital silence is the floor, not infinity and not zero."""
    assert LevelStream().feed(tone(1000.0))[-1] == pytest.approx(0.0, abs=0.05)
    assert LevelStream().feed(np.zeros(RATE_HZ, np.float32)).max() == SILENCE_DBFS


def test_fast_decays_by_thirty_five_db_a_second() -> None:
    """After a tone ends the fast level falls by 10 log10(e) / 0.125 s = 34.7 dB a second (IEC 61672-1, 5.8.2)."""
    levels = LevelStream().feed(np.concatenate([tone(1000.0), np.zeros(RATE_HZ, np.float32)]))
    assert levels[260] - levels[290] == pytest.approx(0.3 * 34.7, abs=0.2)


def test_any_chunking_gives_the_same_levels() -> None:
    """Pieces of 1 to 5,000 samples give the levels of the whole."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal(40_000).astype(np.float32) * 0.1
    cuts = np.sort(rng.integers(0, len(x), 25))
    stream = LevelStream()
    pieces = np.concatenate([stream.feed(p) for p in np.split(x, cuts)])
    np.testing.assert_allclose(pieces, LevelStream().feed(x), atol=1e-3)
