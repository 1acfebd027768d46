"""A model that fails while it listens, and what of the terminal goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.chain import Chain, Listening, wanted
from edge.config.phrases import list_in_use
from edge.config.schema import PhraseSettings
from edge.decide.types import Step
from edge.detect.detector import Detector
from edge.detect.level_only import LevelOnly
from edge.detect.manifest import ModelError
from edge.features import RATE_HZ
from edge.health.faults import Fault
from edge.hearing import AGAIN_S, PROVEN_S, Hearing
from edge.shipped import models_folder
from tests.detect.by_hand import write_failing_detector

BLOCK = RATE_HZ // 10
NOISE = np.random.default_rng(1).standard_normal(BLOCK).astype(np.float32)
CALM, LOUD = NOISE * np.float32(0.001), (NOISE * np.float32(0.3)).clip(-1, 1)


class Ear:
    """A hearing at a clock of its own, fed with seconds of one sound."""

    def __init__(self, detector: Detector | LevelOnly, *, goes_on: bool = True) -> None:
        self.now_s = 0.0
        self.hearing = Hearing(lambda found, phrases: Chain(found, -26.0, phrases), detector, None, lambda: self.now_s, goes_on=goes_on)

    def hear(self, block: NDArray[np.float32], seconds: float) -> list[Step]:
        """The steps of it."""
        found = []
        for _ in range(round(seconds * 10)):
            self.now_s += 0.1
            found += self.hearing.feed(block)
        return found


@pytest.fixture(params=[False, True], ids=["onnxruntime raises", "no numbers"])
def failing(tmp_path: Path, request: pytest.FixtureRequest) -> Detector:
    """Works while it is calm."""
    write_failing_detector(tmp_path / "models", nan=request.param)
    return Detector.load(tmp_path / "models")


def test_a_model_that_fails_leaves_the_levels_and_is_tried_again(failing: Detector) -> None:
    """Nothing of the time is lost; the fault ends once it has worked for a while."""
    ear = Ear(failing)
    steps = ear.hear(CALM, 3.0)
    assert (set(steps[-1].scores), set(ear.hearing.faults())) == ({"shouting", "crying"}, set())
    steps += ear.hear(LOUD, 3.0)
    assert (set(steps[-1].scores), set(ear.hearing.faults()), set(ear.hearing.rules)) == (set(), {Fault.MODEL}, set())
    assert steps[-1].level_dba > 90
    times = np.array([step.time_s for step in steps])
    assert np.diff(times).max() < 0.5
    assert np.diff(times).min() > 0
    ear.hear(LOUD, AGAIN_S)
    assert ear.hearing.faults() == {Fault.MODEL}
    ear.hear(CALM, 2 * AGAIN_S)
    assert (set(ear.hear(CALM, 1.0)[-1].scores), set(ear.hearing.faults())) == ({"shouting", "crying"}, {Fault.MODEL})
    ear.hear(CALM, PROVEN_S)
    assert ear.hearing.faults() == set()


def test_without_a_key_the_terminal_ends(failing: Detector) -> None:
    """The service starts it anew: a terminal that hears nothing has nothing else to do."""
    ear = Ear(failing, goes_on=False)
    ear.hear(CALM, 1.0)
    with pytest.raises(Exception, match=r"out of data bounds|no number"):
        ear.hear(LOUD, 3.0)


def test_a_model_that_was_broken_from_the_start_is_not_tried_again() -> None:
    """Its fault stays, as its file does."""
    ear = Ear(LevelOnly())
    ear.hear(CALM, 2.0)
    assert (set(ear.hearing.faults()), ear.hearing.changes) == ({Fault.MODEL}, 0)


@dataclass
class Part:
    """In a chain's place: fails where it is told to."""

    name: str
    fails: set[str]
    listens: Listening | None = None

    def feed(self, samples: NDArray[np.float32]) -> Sequence[Step]:
        """One step."""
        if self.name in self.fails and len(samples):
            raise ModelError("it fails")
        return [Step(0.2, -inf, {self.name: 1.0})]

    def listen(self, listening: Listening | None) -> None:
        """Keep it."""
        self.listens = listening


def test_phrases_that_fail_leave_the_sounds() -> None:
    """Down rung by rung, and up again by itself, or at once when the desk has the list read anew."""
    now_s, fails = 0.0, set[str]()
    detector = Detector.load(models_folder())
    listening = Listening.load(models_folder(), wanted(list_in_use(PhraseSettings(), models_folder()), {}))
    assert listening is not None

    def make(found: Detector | LevelOnly, phrases: Listening | None) -> Part:
        return Part("levels" if isinstance(found, LevelOnly) else "all" if phrases else "sounds", fails)

    hearing = Hearing(make, detector, listening, lambda: now_s, goes_on=True)

    def heard() -> tuple[str, set[Fault], set[str]]:
        (step,) = hearing.feed(CALM)
        return next(iter(step.scores)), set(hearing.faults()), set(hearing.rules)

    assert heard() == ("all", set(), {"shouting", "crying", "insult", "help"})
    fails |= {"all"}
    assert heard() == ("sounds", {Fault.PHRASES}, {"shouting", "crying"})
    fails |= {"sounds"}
    assert heard() == ("levels", {Fault.MODEL}, set())
    fails.clear()
    assert heard()[0] == "levels"
    hearing.listen(listening)
    assert heard() == ("all", {Fault.MODEL}, {"shouting", "crying", "insult", "help"})
    now_s += PROVEN_S
    assert heard()[1] == set()
    fails |= {"all"}
    assert heard()[0] == "sounds"
    now_s += AGAIN_S
    assert heard()[0] == "sounds"
    fails.clear()
    now_s += AGAIN_S
    assert heard()[0] == "sounds"
    now_s += AGAIN_S
    assert heard()[0] == "all"
    fails |= {"levels", "sounds", "all"}
    with pytest.raises(ModelError):
        heard()
