"""Scores to incidents."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge.decide.gate import Gates, advance, finish
from edge.decide.types import Closed, Decision, Opened, Rule, Step

STEP_S = 0.2
RULE = Rule(threshold=0.6, release=0.3, agree=2, of=3, shortest_s=0.4, hold_s=2.0)


def steps(scores: Iterable[float], level_dba: float = 70.0, label: str = "shouting") -> list[Step]:
    """Steps of 0.2 s with these scores of one label."""
    return [Step(round((i + 1) * STEP_S, 3), level_dba, {label: s}) for i, s in enumerate(scores)]


def run(sequence: Iterable[Step], rules: Mapping[str, Rule] | Rule = RULE) -> list[Decision]:
    """All decisions of a recording; a rule alone is that of shouting."""
    rules = {"shouting": rules} if isinstance(rules, Rule) else rules
    state = Gates()
    out: list[Decision] = []
    for step in sequence:
        state, decisions = advance(state, step, rules)
        out += decisions
    return [*out, *finish(state)]


def opened(decisions: Iterable[Decision]) -> list[Opened]:
    """Those that raise."""
    return [d for d in decisions if isinstance(d, Opened)]


def closed(decisions: Iterable[Decision]) -> list[Closed]:
    """Those that end."""
    return [d for d in decisions if isinstance(d, Closed)]


rules = st.builds(
    lambda threshold, release, of, agree, shortest, hold, level: Rule(threshold, threshold * release, min(agree, of), of, shortest, hold, level),
    st.floats(0.05, 1.0),
    st.floats(0.1, 1.0),
    st.integers(1, 8),
    st.integers(1, 8),
    st.floats(0, 2),
    st.floats(0, 4),
    st.none() | st.floats(40, 90),
)
scores = st.lists(st.floats(0, 1), max_size=120)


def test_one_long_shout_is_one_alert() -> None:
    """Twelve seconds of shouting must not page the desk twelve times; its onset, decision and end are where they were heard."""
    first, last = run(steps([0.1] * 10 + [0.9] * 60 + [0.1] * 30))
    assert isinstance(first, Opened)
    assert isinstance(last, Closed)
    assert (first.onset_s, first.raised_s) == (2.0, 2.4)
    assert (last.onset_s, last.raised_s, last.end_s) == (2.0, 2.4, 14.0)


@given(scores=st.lists(st.floats(0.6, 1), min_size=3, max_size=200), rule=rules)
def test_a_score_that_never_falls_is_at_most_one_incident(scores: list[float], rule: Rule) -> None:
    """Whatever the rule: while the score stays over the release, nothing closes and nothing opens twice."""
    assert len(opened(run(steps([s for s in scores if s >= rule.release]), rule))) <= 1


@given(scores=scores, rule=rules)
def test_a_score_under_the_threshold_never_opens(scores: list[float], rule: Rule) -> None:
    """Nothing under the threshold is ever raised."""
    assert run(steps([s for s in scores if s < rule.threshold]), rule) == []


@given(scores=scores, rule=rules)
def test_opened_and_closed_take_turns(scores: list[float], rule: Rule) -> None:
    """Each Closed follows its own Opened, and its times are in order."""
    decisions = run(steps(scores), rule)
    assert [type(d) for d in decisions] == [Opened, Closed] * (len(decisions) // 2)
    for o, c in zip(opened(decisions), closed(decisions), strict=True):
        assert (o.label, o.onset_s, o.raised_s) == (c.label, c.onset_s, c.raised_s)
        assert c.onset_s < c.raised_s <= c.end_s
        assert c.raised_s - c.onset_s >= rule.shortest_s - 1e-6
        assert c.score >= o.score >= rule.threshold


@given(scores=scores, rule=rules)
def test_two_incidents_are_at_least_the_hold_apart(scores: list[float], rule: Rule) -> None:
    """A new incident never begins before the one before it has been quiet for the hold."""
    ends = closed(run(steps(scores), rule))
    for before, after in pairwise(ends):
        assert after.raised_s - before.end_s > rule.hold_s - 1e-6


@given(scores=scores, rule=rules, cut=st.integers(0, 120))
def test_the_state_is_all_there_is(scores: list[float], rule: Rule, cut: int) -> None:
    """The same steps give the same decisions, and a state may be used again: advancing never changes it."""
    sequence = steps(scores)
    state = Gates()
    for step in sequence[:cut]:
        state, _ = advance(state, step, {"shouting": rule})
    twice = []
    for _ in range(2):
        after = state
        out: list[Decision] = []
        for step in sequence[cut:]:
            after, decisions = advance(after, step, {"shouting": rule})
            out += decisions
        twice.append(out)
    assert twice[0] == twice[1]
    assert run(sequence, rule) == run(sequence, rule)


def test_hysteresis_keeps_an_incident_open_between_release_and_threshold() -> None:
    """A score that sinks under the threshold but not under the release belongs to the incident, however long."""
    decisions = run(steps([0.9] * 5 + [0.4] * 50 + [0.9] * 5 + [0.0] * 20))
    assert len(opened(decisions)) == 1
    assert closed(decisions)[0].end_s == 12.0


def test_a_second_burst_within_the_hold_is_the_same_incident_and_after_it_a_new_one() -> None:
    """The hold of 2 s decides: 1.8 s of quiet do not end an incident, 2.0 s do."""
    assert len(opened(run(steps([0.9] * 5 + [0.0] * 9 + [0.9] * 5)))) == 1
    assert len(opened(run(steps([0.9] * 5 + [0.0] * 10 + [0.9] * 5)))) == 2


def test_fewer_steps_than_must_agree_raise_nothing() -> None:
    """A single loud step, however often it comes alone, is not an agreement of two in three."""
    assert run(steps([0.99, 0.0, 0.0] * 20)) == []


def test_the_shortest_duration_counts_sound_not_the_window() -> None:
    """0.4 s of sound never fulfil a shortest duration of 0.8 s, although the window of five steps still remembers them."""
    rule = Rule(threshold=0.6, release=0.3, agree=2, of=5, shortest_s=0.8, hold_s=2.0)
    assert run(steps([0.9] * 2 + [0.0] * 20), rule) == []
    assert opened(run(steps([0.9] * 4), rule))[0].raised_s == 0.8


def test_durations_hold_in_spite_of_binary_fractions() -> None:
    """0.6 s from 0.8 to 1.4 s is 0.6 s, though the difference of the floats is a hair less."""
    rule = Rule(threshold=0.6, release=0.3, agree=1, of=1, shortest_s=0.6, hold_s=2.0)
    assert opened(run(steps([0.0] * 4 + [0.9] * 3), rule))[0].raised_s == 1.4


def test_a_quiet_sound_waits_for_its_minimum_level() -> None:
    """With a minimum level nothing is raised until the sound has reached it since its onset; the onset stays."""
    rule = Rule(threshold=0.6, release=0.3, agree=2, of=3, shortest_s=0.4, hold_s=2.0, min_level_dba=65.0)
    quiet = steps([0.9] * 20, level_dba=60.0)
    assert run(quiet, rule) == []
    louder = [Step(s.time_s, 66.0 if i == 10 else 60.0, s.scores) for i, s in enumerate(quiet)]
    first = opened(run(louder, rule))[0]
    assert (first.onset_s, first.raised_s, first.level_dba) == (0.0, 2.2, 66.0)


def test_a_label_switched_off_closes_at_once() -> None:
    """Losing its rule (off, or a period without it) ends an incident at the step that has none."""
    state = Gates()
    for step in steps([0.9] * 5):
        state, _ = advance(state, step, {"shouting": RULE})
    state, decisions = advance(state, Step(1.2, 70.0, {"shouting": 0.9}), {})
    assert [type(d) for d in decisions] == [Closed]
    assert finish(state) == ()


def test_labels_do_not_disturb_each_other() -> None:
    """Shouting and crying at once are two incidents, each as if it were alone."""
    both = [Step(s.time_s, 70.0, {"shouting": s.scores["shouting"], "crying": c.scores["crying"]})
            for s, c in zip(steps([0.9] * 8 + [0.0] * 12), steps([0.0] * 4 + [0.8] * 16, label="crying"), strict=True)]
    decisions = run(both, {"shouting": RULE, "crying": RULE})
    assert [(d.label, d.onset_s) for d in opened(decisions)] == [("shouting", 0.0), ("crying", 0.8)]


def test_only_phrase_labels_carry_the_phrase_of_their_strongest_step() -> None:
    """The phrase comes from the step with the highest score, and never stands at a label that is not from phrases."""
    said = ({"help": "救命"}, {"help": "有人要打我"})
    sequence = [Step(0.2, 60.0, {"help": 0.7, "shouting": 0.7}, said[0]), Step(0.4, 60.0, {"help": 0.9, "shouting": 0.9}, said[1])]
    phrases = {d.label: d.phrase for d in opened(run(sequence, {"help": RULE, "shouting": RULE}))}
    assert phrases == {"help": "有人要打我", "shouting": None}


def test_an_alert_carries_what_was_heard_before_it() -> None:
    """The desk judges by the trace: four points a second from 5 s before the onset, quiet before it and high after it."""
    first = opened(run(steps([0.1] * 100 + [0.9] * 5)))[0]
    assert [(p.offset_s, p.score) for p in first.trace] == [(i / 4, 0.9 if i > 0 else 0.1) for i in range(-19, 3)]


ALONE = Rule(threshold=0.5, release=0.25, agree=1, of=1, shortest_s=0.0, hold_s=2.0)


def said(scores: Iterable[float], lowered: Iterable[int]) -> list[Step]:
    """Steps of help, and at which of them it is only a phrase alone."""
    alone = set(lowered)
    return [Step(s.time_s, 60.0, s.scores, {"help": "救命"}, frozenset({"help"} if i in alone else ())) for i, s in enumerate(steps(scores, label="help"))]


def test_a_phrase_alone_is_raised_one_step_lower_and_what_is_more_is_raised_in_full() -> None:
    """The desk that took the first for a prank must hear of the second; what is weaker than the threshold is not more."""
    decisions = run(said([0.9, 0.9, 0.4, 0.0, 0.9, 0.9, 0.0, 0.9], lowered=[0, 1, 7]), {"help": ALONE})
    assert [(type(d), d.onset_s) for d in decisions] == [(Opened, 0.0), (Closed, 0.0), (Opened, 0.8), (Closed, 0.8)]
    assert [(d.onset_s, d.lowered) for d in opened(decisions)] == [(0.0, True), (0.8, False)]


def test_an_incident_is_lower_only_where_all_that_agreed_was() -> None:
    """One step in full among those that raise it is enough."""
    rule = Rule(threshold=0.5, release=0.25, agree=3, of=3, shortest_s=0.0, hold_s=2.0)
    for lowered, expected in (([0, 1, 2], True), ([0, 2], False), ([1, 2], False)):
        assert [d.lowered for d in opened(run(said([0.9, 0.9, 0.9], lowered), {"help": rule}))] == [expected]
