"""The shipped detector on the development bench, through the real command."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from models.training.bench import bench_module
from tests.command import ROOT, xiaoan

SHARED = ROOT.parent / "shared"
CORPUS, BENCH = SHARED / "corpus", SHARED / "bench" / "bench.py"
PATIENCE_S = 1200.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BENCH.exists() and CORPUS.exists()), reason="no ../shared with corpus and bench beside the checkout"),
]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """The bench, whose metrics decide."""
    return bench_module(BENCH)


@pytest.fixture(scope="module")
def played(bench: ModuleType) -> Iterator[tuple[object, object]]:
    """Truth of the development scenes, and the scores that `xiaoan replay` gives them."""
    with tempfile.TemporaryDirectory(prefix="xiaoan-floor-") as folder:
        scenes, scores = Path(folder) / "scenes", Path(folder) / "scores.csv"
        build = (sys.executable, BENCH, "build", "--corpus", CORPUS, "--split", "dev", "--seed", "1", "--jobs", "2", "--out", scenes)
        subprocess.run(list(map(str, build)), capture_output=True, timeout=PATIENCE_S, check=True)
        done = xiaoan("replay", scenes, "--scores", scores, "--jobs", "2", timeout_s=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        yield bench.read_truth(scenes / "truth.csv"), bench.read_scores(scores)


@pytest.mark.parametrize(("label", "ap", "recall"), [("shouting", 0.90, 0.85), ("crying", 0.70, 0.59)])
def test_the_detector_reaches_the_floor(bench: ModuleType, played: tuple[object, object], label: str, ap: float, recall: float) -> None:
    """Average precision, and recall at ten false alarms an hour, of each label over all scenes."""
    truth, scores = played
    reached = bench.summary(*bench.evaluate(truth, scores, label))
    assert reached["ap"] >= ap
    assert reached["recall@10/h"] >= recall
