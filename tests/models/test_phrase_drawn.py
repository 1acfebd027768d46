"""The table of calls that are drawn out, and its scenes."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.config.phrases import Phrase
from tests.command import ROOT

pytest.importorskip("pyworld", reason="pyworld (extra [train]) is not installed: make train-test")

from models.training.phrases import drawn
from models.training.phrases.evidence import Heard

SHARED = ROOT.parent / "shared"
CALL, ABUSE = Phrase("救命", "help"), Phrase("滚出去", "insult")


def test_a_phrase_counts_by_its_own_score() -> None:
    """Of three scenes one reaches both thresholds, one the lower; in the third another phrase does, which was not said."""
    truth = [{"text": p.text, "start": "2.0", "end": end} for p, end in ((CALL, "3.0"), (ABUSE, "4.0"), (CALL, "3.5"))]
    scores = np.zeros((3, 30, 2), np.float32)
    scores[0, 12, 0], scores[1, 14, 1], scores[2, 14, 1] = 0.98, 0.95, 0.99
    nothing = np.zeros((3, 30), np.float32)
    heard = Heard(("0.flac", "1.flac", "2.flac"), np.linspace(0.2, 6.0, 30, dtype=np.float32), nothing, nothing, scores)
    assert drawn.line(3, truth, heard, (CALL, ABUSE)) == "| 3 | 1.50 | 33 | 67 |"


@pytest.mark.skipif(not (SHARED / "corpus" / "manifest.csv").exists(), reason="no ../shared with the corpus beside the checkout")
def test_the_same_phrases_last_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same voices in the same scenes; what is said as it was lasts as long as the clip."""
    monkeypatch.setattr(drawn, "SAID", 2)
    truths = []
    for longer in (1, 4):
        drawn.make(SHARED / "corpus", SHARED / "bench" / "bench.py", tmp_path / str(longer), longer, 1)
        with (tmp_path / str(longer) / "truth.csv").open(encoding="utf-8") as file:
            truths.append(list(csv.DictReader(file)))
    plain, called = truths
    assert [(row["label"], row["clip"], row["start"]) for row in plain] == [(row["label"], row["clip"], row["start"]) for row in called]
    lasts = np.array([[float(row["end"]) - float(row["start"]) for row in rows] for rows in truths])
    assert (lasts[1] > lasts[0]).all()
    assert lasts[1].sum() > 1.3 * lasts[0].sum()
    assert soundfile.info(tmp_path / "4" / called[0]["file"]).samplerate == 16_000
