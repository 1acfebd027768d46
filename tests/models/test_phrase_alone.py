"""The table of what `alone` costs, on scenes made by hand."""

import numpy as np

from edge.config.phrases import Phrase
from models.training.phrases.alone import table
from models.training.phrases.evidence import Heard

CALL, ABUSE = Phrase("救命", "help"), Phrase("滚出去", "insult")


def test_what_still_raises_is_counted_by_level_and_group() -> None:
    """A loud call and a quiet one, abuse at 72 dBA, and quiet speech that is taken for a call: from 65 dBA on the quiet are gone, from 75 the abuse."""
    said = [("help", CALL, 85.0), ("help", CALL, 60.0), ("insult", ABUSE, 72.0), ("", CALL, 60.0)]
    truth = [{"file": f"{i}.flac", "label": label, "start": "2.0" if label else "", "end": ""} for i, (label, _, _) in enumerate(said)]
    times = np.linspace(0.2, 6.0, 30)
    levels = np.array([[level if 2.0 <= time <= 3.0 else 50.0 for time in times] for _, _, level in said], np.float32)
    scores = np.zeros((len(said), len(times), 2), np.float32)
    for scene, (_, phrase, _) in enumerate(said):
        scores[scene, 13, int(phrase is ABUSE)] = 0.97  # it ends at 2.8 s
    heard = Heard(tuple(row["file"] for row in truth), times.astype(np.float32), levels, np.zeros_like(levels), scores)
    assert table(truth, heard, (CALL, ABUSE), {"help": 0.5, "insult": 0.5})[2:] == [
        "| without `alone` | 2 | 1 | 1 |",
        "| 65 | 1 | 1 | 0 |",
        "| 70 | 1 | 1 | 0 |",
        "| 75 | 1 | 0 | 0 |",
        "| 80 | 1 | 0 | 0 |",
    ]
