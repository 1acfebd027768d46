"""The sound thread with a source and scores that follow a script."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.decide.types import Closed, Opened, Rule, Step
from edge.health.faults import Fault
from edge.sound import SILENT_S, Sound, SoundEvent, Traced

RULES = {"shouting": Rule(threshold=0.5, release=0.3, agree=1, of=1, shortest_s=0.0, hold_s=2.0)}
BLOCK = np.zeros(3200, np.float32)


class Script:
    """A source: one character is 0.2 s, `.` quiet, `!` a shout, space nothing; at its end it stops the thread, or breaks."""

    dropped_blocks = 0

    def __init__(self, script: str, ends: Exception | None = None) -> None:
        self.sound: Sound | None = None
        self.now_s = 0.0
        self.closed = False
        self._script = list(script)
        self._ends = ends
        self._score = 0.0
        self._steps = 0

    def read(self, timeout_s: float) -> NDArray[np.float32] | None:
        """The next block."""
        assert timeout_s > 0
        self.now_s += 0.2
        if not self._script:
            if self._ends:
                raise self._ends
            assert self.sound
            self.sound.stop()
            return None
        character = self._script.pop(0)
        self._score = 0.9 if character == "!" else 0.1
        return None if character == " " else BLOCK

    def score(self, samples: NDArray[np.float32]) -> Sequence[Step]:
        """One step a block."""
        assert len(samples) == len(BLOCK)
        self._steps += 1
        return [Step(self._steps * 0.2, 40.0 + 50.0 * self._score, {"shouting": self._score})]

    def faults(self) -> frozenset[Fault]:
        """None."""
        return frozenset()

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def heard(source: Script) -> tuple[Sound, list[SoundEvent]]:
    """Everything decided from the source."""
    events: list[SoundEvent] = []
    source.sound = Sound(source, source.score, lambda: RULES, events.append, lambda: source.now_s)
    source.sound.run()
    assert source.closed
    return source.sound, events


def test_an_incident_is_opened_traced_and_closed() -> None:
    """The trace is complete five seconds after the onset, 20 points before it and 20 after."""
    _, events = heard(Script("." * 30 + "!" * 30 + "." * 20))
    assert [type(event) for event in events] == [Opened, Traced, Closed]
    trace = events[1]
    assert isinstance(trace, Traced)
    assert (trace.trace[0].offset_s, trace.trace[-1].offset_s) == (-4.75, 5.0)
    assert [point.score for point in trace.trace if point.offset_s <= 0] == [0.1] * 20


def test_an_incident_ends_where_the_microphone_is_lost() -> None:
    """Nobody knows what was in between; what comes afterwards is a new incident, with the trace that there is."""
    gap = " " * round(SILENT_S / 0.2 + 2)
    _, events = heard(Script("." * 5 + "!" * 5 + gap + "!" * 5))
    assert [type(event) for event in events] == [Opened, Closed, Traced, Opened]


def test_a_short_gap_changes_nothing() -> None:
    """A block that comes late belongs to what is going on."""
    _, events = heard(Script("." * 5 + "!" * 5 + " " * 5 + "!" * 5))
    assert [type(event) for event in events] == [Opened]


class Slow(Script):
    """A chain that takes a quarter longer than its sound."""

    def __init__(self, script: str) -> None:
        super().__init__(script)
        self.late: list[bool] = []

    def score(self, samples: NDArray[np.float32]) -> Sequence[Step]:
        """As `Script` has it, after a look whether it is late."""
        assert self.sound
        self.late.append(self.sound.late)
        self.now_s += 0.05
        return super().score(samples)


def test_a_chain_too_slow_for_its_sound_is_late_until_there_is_none() -> None:
    """When it has to wait for sound, sound does not wait for it."""
    source = Slow("." * 60 + " " * 3 + "." * 20)
    heard(source)
    assert source.late[:30] == [False] * 30
    assert source.late[59]
    assert source.late[60:] == [False] * 20


def test_levels_are_those_of_the_last_minute() -> None:
    """What is older has left."""
    sound, _ = heard(Script("!" * 100 + "." * 300))
    assert len(sound.levels_dba()) in (299, 300)
    assert set(sound.levels_dba()) == {45.0}


def test_the_source_is_closed_whatever_happens() -> None:
    """Also where it breaks; the thread then ends with the error."""
    source = Script("...", OSError("the card is on fire"))
    with pytest.raises(OSError, match="on fire"):
        heard(source)
    assert source.closed


def test_while_it_hears_itself_nothing_is_raised_and_an_incident_goes_on() -> None:
    """Deaf in the midst of a shout: one incident, not two; deaf at its begin: raised once it listens again. Its own level is nobody's."""
    for script, deaf_s in (("." * 5 + "!" * 30 + "." * 20, (2.0, 4.0)), ("." * 5 + "!" * 30 + "." * 20, (0.0, 4.0))):
        source, events = Script(script), list[SoundEvent]()

        def clock_s(source: Script = source) -> float:
            return source.now_s

        def deaf(source: Script = source, span_s: tuple[float, float] = deaf_s) -> bool:
            return span_s[0] <= source.now_s < span_s[1]

        source.sound = sound = Sound(source, source.score, lambda: RULES, events.append, clock_s, deaf)
        sound.run()
        assert [type(event) for event in events if not isinstance(event, Traced)] == [Opened, Closed]
        assert isinstance(events[0], Opened)
        assert events[0].raised_s >= (1.0 if deaf_s[0] else 4.0)
        assert len(sound.levels_dba()) < 50
