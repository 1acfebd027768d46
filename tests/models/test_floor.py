"""The shipped models on the development bench, through the real command."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def scored(bench: ModuleType, kind: str, *options: str | Path) -> Iterator[tuple[object, object]]:
    """Truth of development scenes of a kind, and the scores that `xiaoan replay` gives them. options: of the bench, then "--" and those of replay."""
    cut = options.index("--")
    with tempfile.TemporaryDirectory(prefix="xiaoan-floor-") as folder:
        scenes, scores = Path(folder) / "scenes", Path(folder) / "scores.csv"
        build = (sys.executable, BENCH, kind, "--corpus", CORPUS, "--split", "dev", "--jobs", "2", "--out", scenes, *options[:cut])
        subprocess.run(list(map(str, build)), capture_output=True, timeout=PATIENCE_S, check=True)
        done = xiaoan("replay", scenes, "--scores", scores, "--jobs", "2", *options[cut + 1 :], timeout_s=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        yield bench.read_truth(scenes / "truth.csv"), bench.read_scores(scores)


@pytest.fixture(scope="module")
def played(bench: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[object, object]]:
    """All scenes of sounds."""
    config = tmp_path_factory.mktemp("floor") / "sounds.toml"
    config.write_text("labels.help.on = false\nlabels.insult.on = false\n")  # half of the time, and the same scores
    with scored(bench, "build", "--seed", "1", "--", "--config", config) as found:
        yield found


@pytest.mark.parametrize(("label", "ap", "recall"), [("shouting", 0.90, 0.85), ("crying", 0.70, 0.59)])
def test_the_detector_reaches_the_floor(bench: ModuleType, played: tuple[object, object], label: str, ap: float, recall: float) -> None:
    """Average precision, and recall at ten false alarms an hour, of each label over all scenes."""
    truth, scores = played
    reached = bench.summary(*bench.evaluate(truth, scores, label))
    assert reached["ap"] >= ap
    assert reached["recall@10/h"] >= recall


@pytest.fixture(scope="module")
def spoken(bench: ModuleType) -> Iterator[tuple[object, object]]:
    """A third of the scenes with phrases, and the scores of the shipped list there."""
    with scored(bench, "phrases", "--scale", "0.3", "--", "--phrases", SHARED / "phrases.toml") as found:
        yield found


@pytest.mark.parametrize(("label", "ap", "recall"), [("help", 0.82, 0.71), ("insult", 0.79, 0.62)])
def test_the_phrases_are_heard_better_than_by_the_teacher(bench: ModuleType, spoken: tuple[object, object], label: str, ap: float, recall: float) -> None:
    """Average precision, and recall at ten false alarms an hour, of a network of others with a plain search on such scenes."""
    truth, scores = spoken
    reached = bench.summary(*bench.evaluate(truth, scores, label))
    assert reached["ap"] >= ap
    assert reached["recall@10/h"] >= recall
