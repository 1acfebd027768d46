"""What was measured of phrases, and that it is not claimed for others."""

from pathlib import Path

import pytest

from edge.calibrate.measured import FILE, EvidenceBroken, MeasuredPhrases, read
from edge.config.phrases import Phrase

SCALE = "a" * 64
HEAD = f'scale = "{SCALE}"\nsource = "rooms"\n'


def row(text: str, threshold: float, **more: object) -> str:
    """A phrase of the file."""
    values = {"text": f'"{text}"', "threshold": threshold, "recall": 0.9, "recall_n": 100, "false_alarms_per_h": 0.1, "hours": 20.0, **more}
    return "[[phrases]]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())


def write(folder: Path, text: str) -> MeasuredPhrases:
    """The file, read again for its scale."""
    (folder / FILE).write_text(text, encoding="utf-8")
    return read(folder, SCALE)


def test_a_figure_comes_with_what_it_rests_on(tmp_path: Path) -> None:
    """90 of 100 is 0.83 to 0.94 (Wilson); 2 in 20 hours are 0.012 to 0.36 an hour (exact Poisson limits 0.242 and 7.225)."""
    found = write(tmp_path, HEAD + row("救命", 0.5)).of(Phrase("救命!", "help"))
    assert found is not None
    assert (found.recall, found.recall_n, found.false_alarms_per_h, found.hours, found.source) == (0.9, 100, 0.1, 20.0, "rooms")
    assert found.recall_limits == pytest.approx((0.8256, 0.9448), abs=1e-4)
    assert found.false_limits == pytest.approx((0.2422 / 20, 7.2247 / 20), abs=1e-4)


def test_the_figure_at_the_nearest_threshold_is_told(tmp_path: Path) -> None:
    """With the threshold it was measured at."""
    measured = write(tmp_path, HEAD + row("救命", 0.3) + row("救命", 0.8) + row("别打我", 0.7))
    assert [measured.of(Phrase("救命", "help", threshold=t)).threshold for t in (0.1, 0.5, 0.6)] == [0.3, 0.3, 0.8]  # type: ignore[union-attr] # it is there
    assert measured.of(Phrase("放开我", "help")) is None


def test_what_was_measured_at_another_scale_says_nothing(tmp_path: Path) -> None:
    """Nor does a file that is not there."""
    write(tmp_path, HEAD + row("救命", 0.5))
    assert read(tmp_path, "b" * 64) == MeasuredPhrases()
    assert read(tmp_path / "nowhere", SCALE) == MeasuredPhrases()


@pytest.mark.parametrize("text", ["scale", HEAD + row("救命", 1.5), HEAD + row("救命", 0.5, hours=0.0), HEAD + row("OK", 0.5), f'scale = "{SCALE}"'])
def test_a_broken_file_is_said(tmp_path: Path, text: str) -> None:
    """With its name and one reason."""
    with pytest.raises(EvidenceBroken, match=FILE) as caught:
        write(tmp_path, text)
    assert len(str(caught.value).splitlines()) == 1
