"""The fit of the evidence's constants: it takes what helps and leaves what is chance."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.config.phrases import GROUPS, Phrase
from edge.decide.evidence import EvidenceSettings
from edge.detect.units import units_of
from edge.shipped import models_folder
from models.training.bench import bench_module
from models.training.phrases.evidence import WITHOUT, Files, Heard, Outcome, Try, fit, kept, outcomes, table, weighed
from tests.command import ROOT

BENCH = ROOT.parent / "shared" / "bench" / "bench.py"
with_bench = pytest.mark.skipif(not BENCH.exists(), reason="no ../shared with the bench beside the checkout")
SCENES = 120
TIMES = np.linspace(0.2, 10.0, 50)


def truth() -> list[Mapping[str, str]]:
    """Half of the scenes have a call for help, in the midst of them."""
    said = {"label": "help", "start": "4.0", "end": "5.0", "kind": "help"}
    silent = {"label": "", "start": "", "end": "", "kind": "sentence"}
    return [{"file": f"{i}.flac", **(said if i % 2 else silent)} for i in range(SCENES)]


def scored(settings: EvidenceSettings) -> Files:
    """Calls and other speech fit alike; calls are raised, so that this bonus tells them apart. The other constants move all scores alike."""
    rng = np.random.default_rng(1)
    found: Files = {}
    for i, row in enumerate(truth()):
        score = rng.normal(0.4, 0.02, len(TIMES)) + (i % 2) * 0.05 * settings.raised_bonus * (np.abs(TIMES - 4.5) < 0.4) + 0.01 * settings.again_bonus
        found[row["file"]] = TIMES, {"help": score.astype(float), "insult": np.zeros(len(TIMES))}
    return found


@with_bench
def test_what_helps_is_taken_and_what_does_not_is_left() -> None:
    """The bonus of a raised voice goes up; the others stay; the table has a line each."""
    bench = bench_module(BENCH)
    begin = replace(EvidenceSettings(), raised_bonus=0.0)
    *tried, fitted = fit(truth(), bench, scored, begin)
    taken = [one.name for one in tried if isinstance(one, Try) and one.taken]
    assert taken == ["raised_bonus"]
    assert isinstance(fitted, EvidenceSettings)
    assert fitted == replace(begin, raised_bonus=fitted.raised_bonus)
    assert fitted.raised_bonus >= 1.2
    lines = table(truth(), {"before": scored(begin), "fitted": scored(fitted)}, bench)
    assert [line.split(" | ")[:2] for line in lines[2:]] == [["| before", "help"], ["| fitted", "help"]]
    assert [len(found) for found in (outcomes(truth(), scored(begin), bench),)] == [1]


def test_recall_is_counted_by_hand() -> None:
    """Alarms at 0.9, 0.6 and 0.5 in half an hour: at 1, 2 and 5 an hour events over 0.9, 0.6 and 0.5 count, at 10 all."""
    outcome = Outcome(np.array([0.95, 0.7, 0.4]), np.array([0, 1, 2]), np.array([0.5, 0.9, 0.6]), np.array([3, 4, 5]), 0.5)
    assert outcome.recall(np.ones(6)) == pytest.approx(np.mean([1 / 3, 2 / 3, 2 / 3, 1.0]))
    assert outcome.recall(np.array([0.0, 1.0, 1.0, 1.0, 0.0, 0.0])) == pytest.approx(np.mean([1 / 2, 1.0, 1.0, 1.0]))


@pytest.mark.skipif(not (models_folder() / "phrases.onnx").exists(), reason="there is no phrase model yet")
def test_what_was_heard_is_kept_and_weighed_as_the_terminal_does(tmp_path: Path) -> None:
    """A second time it comes from the disk; without bonuses a group's score is that of its best phrase."""
    soundfile.write(tmp_path / "a.flac", 0.05 * np.random.default_rng(1).standard_normal(32_000), 16_000)
    phrases = (Phrase("救命", "help"), Phrase("滚出去", "insult"))
    units = list(units_of([p.text for p in phrases]).values())
    first = kept(tmp_path, ["a.flac"], models_folder(), phrases, units, 1)
    assert len(list(tmp_path.glob("heard-*.npz"))) == 1
    (tmp_path / "a.flac").unlink()
    again = kept(tmp_path, ["a.flac"], models_folder(), phrases, units, 1)
    assert isinstance(again, Heard)
    np.testing.assert_array_equal(first.scores, again.scores)
    times, by_group = weighed(again, phrases, dict.fromkeys(GROUPS, 0.5), WITHOUT)["a.flac"]
    assert again.scores.shape == (1, len(times), 2)
    assert (by_group["help"] >= 0.999 * again.scores[0, :, 0]).all()
    assert by_group["help"].max() == pytest.approx(max(1e-6, again.scores[0, :, 0].max()), rel=1e-3)
