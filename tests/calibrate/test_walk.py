"""What the acceptance walk makes of what was heard."""

import pytest

from edge.calibrate.walk import Act, Trial, Tried, accepted, judge, trials
from edge.config.phrases import Phrase
from edge.decide.types import Rule, Step

RULES = {"shouting": Rule(0.5, 0.3, 2, 3, 0.0, 6.0), "crying": Rule(0.5, 0.3, 2, 3, 0.0, 6.0)}


def steps(*scores: float) -> list[Step]:
    """Steps with these scores of shouting."""
    return [Step(0.2 * (i + 1), 60.0 + i, {"shouting": score, "crying": 0.1}) for i, score in enumerate(scores)]


def test_a_trial_is_judged_by_the_terminals_own_gate() -> None:
    """One step over the threshold is not enough where two must agree; level and scores are the highest."""
    once = judge(Trial(3, Act.SHOUT), steps(0.1, 0.9, 0.1), RULES)
    assert (once.raised, once.as_wanted, once.level_dba, once.scores) == ((), False, 62.0, {"shouting": 0.9, "crying": 0.1})
    assert judge(Trial(3, Act.SHOUT), steps(0.9, 0.9), RULES).as_wanted


@pytest.mark.parametrize(
    ("trial", "raised", "as_wanted"),
    [
        (Trial(5, Act.SHOUT), ("shouting",), True),
        (Trial(5, Act.SHOUT), ("crying",), False),
        (Trial(10, Act.SHOUT), (), True),
        (Trial(1, Act.CLAP), (), True),
        (Trial(1, Act.CLAP), ("shouting",), False),
        (Trial(10, Act.READ), ("crying",), False),
    ],
)
def test_what_must_come_of_a_trial(trial: Trial, raised: tuple[str, ...], as_wanted: bool) -> None:  # noqa: FBT001
    """Shouts up to 5 m must be raised as shouting, at 10 m they are only shown; nothing else may raise anything."""
    assert Tried(trial, raised, 60.0, {}).as_wanted is as_wanted


def test_a_phrase_is_shown_and_not_judged() -> None:
    """Which one was heard is told, whatever was said; one that is not heard keeps nobody from accepting."""
    said = [Step(0.2, 60.0, {"help": 0.9}, {"help": "救命啊"})]
    trial = Trial(3, Act.SAY, "救命")
    tried = judge(trial, said, {"help": Rule(0.5, 0.25, 1, 1, 0.0, 8.0)})
    assert (tried.raised, tried.heard, tried.as_wanted) == (("help",), "救命啊", True)
    assert judge(trial, steps(0.1), RULES).as_wanted


def test_a_phrase_is_said_at_each_distance() -> None:
    """Calls for help of three syllables and more before short ones, and these before abuse; none where none is listened for."""
    listed = (Phrase("滚出去", "insult"), Phrase("救命", "help"), Phrase("快来人啊", "help", severity=1), Phrase("放开我", "help", severity=3))
    walk = trials(listed)
    assert len(walk) == 16
    assert [trial.phrase for trial in walk if trial.act is Act.SAY] == ["放开我", "快来人啊", "救命", "滚出去"]
    assert [trial.phrase for trial in trials(listed[:1]) if trial.act is Act.SAY] == ["滚出去"] * 4


def test_a_walk_is_accepted_whole() -> None:
    """A trial left out, or one that came out wrong, is no acceptance."""
    walk = trials(())
    good = [Tried(trial, ("shouting",) if trial.wanted else (), 60.0, {}) for trial in walk]
    assert len(walk) == 12
    assert accepted(good, walk)
    assert not accepted(good[:-1], walk)
    assert not accepted([Tried(walk[0], (), 60.0, {}), *good[1:]], walk)
