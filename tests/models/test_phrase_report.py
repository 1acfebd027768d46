"""What a phrase model's report counts, by hand."""

import numpy as np
import pytest

from edge.decide.evidence import logit
from models.training.phrases.report import costs, of_each


def test_what_a_threshold_costs_is_counted() -> None:
    """Of four calls, three false alarms in half an hour, and a hundred near misses; the threshold that raises so many of these raises no more."""
    near = np.concatenate([np.linspace(0.91, 0.99, 9), np.full(91, 0.1)]).tolist()
    lines = costs("help", [0.2, 0.6, 0.945, 0.9995], [0.1, 0.85, 0.95], 0.5, near)
    told = {name: tuple(map(float, cells)) for name, *cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)}
    assert told["help, 0.5"] == (0.75, 4.0, 0.09)
    assert told["help, 0.9"] == (0.5, 2.0, 0.09)
    assert told["help, 0.999"] == (0.25, 0.0, 0.0)
    assert told["help, 3% of near misses"] == (0.25, 0.0, 0.03)
    assert told["help, 5% of near misses"] == (0.5, 2.0, 0.05)
    shifted = costs("help", [0.2, 0.6, 0.945, 0.9995], [0.1, 0.85, 0.95], 0.5, near, logit(0.9) - logit(0.5))
    assert shifted[1].split("|")[2:] == lines[0].split("|")[2:]  # of phrases that ask for 0.9 each, which come out at the group's 0.5
    assert [line.count("|") for line in costs("help", [0.5], [], 1.0, [])] == [5] * 6


def test_each_phrase_is_counted_at_its_own_threshold() -> None:
    """An event counts until 1.5 s after its end; scenes of the phrase, of one that sounds like it and of near misses are no speech without it."""
    truth = [
        {"label": "help", "text": "救命", "kind": "help", "start": "1.0", "end": "2.0"},
        {"label": "help", "text": "救命", "kind": "help", "start": "1.0", "end": "2.0"},
        {"label": "", "text": "就明天", "kind": "near_miss", "start": "", "end": ""},
        {"label": "", "text": "今天", "kind": "sentence", "start": "", "end": ""},
    ]
    values = np.zeros((4, 100, 1))
    values[0, 16, 0] = 0.95  # 1.4 s after the end
    values[1, 18, 0] = 0.95  # 1.8 s
    values[2:, 40:60, 0] = 0.95
    (row,) = of_each({"救命": 0.9}, values, truth)
    assert (row["recall"], row["recall_n"]) == (0.5, 2)
    assert (row["false_alarms_per_h"], row["hours"]) == (pytest.approx(2 * 3600 / 20, abs=1), 0.01)
