"""A contact's changes to presses, by times counted by hand."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.panel.contact import Contact, ContactRules, Press, Pressed, Released, advance, due_s, out_of_sight

RULES = ContactRules(debounce_s=0.03, hold_s=0.0, again_s=3.0, stuck_s=60.0)
HELD = ContactRules(debounce_s=0.03, hold_s=1.0, again_s=3.0, stuck_s=60.0)


def run(changes: list[tuple[float, bool]], until_s: float, rules: ContactRules = RULES) -> tuple[Contact, list[Press]]:
    """All that is told up to `until_s`, looked at whenever something is due."""
    state, told = Contact(), list[Press]()

    def pass_to(at_s: float) -> None:
        nonlocal state
        while (next_s := due_s(state, rules)) < at_s:
            state, events = advance(state, next_s, rules)
            told.extend(events)

    for at_s, raw in changes:
        pass_to(at_s)
        state, events = advance(state, at_s, rules, raw=raw)
        told.extend(events)
    pass_to(until_s)
    state, events = advance(state, until_s, rules)
    return state, told + list(events)


def times(events: list[Press]) -> list[tuple[str, float, float]]:
    """Kind, onset and when it was raised or over, to the millisecond."""
    return [(type(e).__name__, round(e.onset_s, 3), round(e.raised_s if isinstance(e, Pressed) else e.end_s, 3)) for e in events]


def test_a_press_is_raised_once_it_has_rested_and_is_over_once_it_is_let_go_of_for_good() -> None:
    """Down at 1 s, up at 1.5 s: raised 30 ms after it went down, over after three seconds up, with its real end."""
    state, events = run([(1.0, True), (1.5, False)], 10.0)
    assert times(events) == [("Pressed", 1.0, 1.03), ("Released", 1.0, 1.5)]
    assert (due_s(state, RULES), state.stuck) == (inf, False)


def test_bouncing_is_one_press_and_a_spark_is_none() -> None:
    """Ten changes within 20 ms count as the last; 10 ms down alone are nothing."""
    bounces = [(1.0 + 0.002 * i, i % 2 == 0) for i in range(11)]
    assert times(run([*bounces, (2.0, False), (2.01, True), (2.015, False)], 9.0)[1]) == [("Pressed", 1.02, 1.05), ("Released", 1.02, 2.015)]
    assert run([(1.0, True), (1.01, False)], 9.0)[1] == []


def test_hammering_and_leaning_are_one_press() -> None:
    """Fifty presses in ten seconds, or half a minute without letting go: one alert, not fifty."""
    hammering = [(1.0 + 0.1 * i, i % 2 == 0) for i in range(100)]
    assert times(run(hammering, 30.0)[1]) == [("Pressed", 1.0, 1.03), ("Released", 1.0, 10.9)]
    assert times(run([(1.0, True), (31.0, False)], 60.0)[1]) == [("Pressed", 1.0, 1.03), ("Released", 1.0, 31.0)]


def test_a_press_after_the_pause_is_another_one() -> None:
    """Let go for three seconds."""
    assert [type(e) for e in run([(1.0, True), (1.2, False), (4.5, True), (4.8, False)], 20.0)[1]] == [Pressed, Released] * 2


def test_with_a_hold_time_a_tap_is_nothing() -> None:
    """Only what is down for a second is raised."""
    assert run([(1.0, True), (1.9, False)], 9.0, HELD)[1] == []
    assert times(run([(1.0, True), (2.5, False)], 9.0, HELD)[1]) == [("Pressed", 1.0, 2.0), ("Released", 1.0, 2.5)]


def test_a_key_that_stays_down_is_stuck_until_it_comes_up() -> None:
    """The press ends with the fault and is not raised again by itself; the next real one is."""
    state, events = run([(1.0, True)], 100.0)
    assert (times(events), state.stuck) == ([("Pressed", 1.0, 1.03), ("Released", 1.0, 61.0)], True)
    state, events = run([(1.0, True), (100.0, False), (110.0, True)], 111.0)
    assert (times(events)[2:], state.stuck) == ([("Pressed", 110.0, 110.03)], False)


def test_a_contact_that_never_rests_is_stuck() -> None:
    """A loose wire rattles for a minute: it raises nothing and is a fault, until it rests."""
    rattle = [(1.0 + 0.01 * i, i % 2 == 0) for i in range(6200)]
    state, events = run(rattle, rattle[-1][0])
    assert (events, state.stuck) == ([], True)
    state, _ = run(rattle, rattle[-1][0] + 1.0)
    assert not state.stuck


def test_what_was_found_down_says_so() -> None:
    """The terminal may have started in the midst of a press, or with a stuck key; whoever knows the alerts decides."""
    state, _ = advance(Contact(), 1.0, RULES, raw=True, found=True)
    state, events = advance(state, 1.03, RULES)
    assert events == (Pressed(1.0, 1.03, found=True),)
    assert out_of_sight(state, 2.0) == (Released(1.0, 2.0),)
    assert out_of_sight(Contact(), 2.0) == ()


@pytest.mark.parametrize("late_s", [0.0, 0.5, 500.0])
def test_a_look_that_comes_late_swallows_nothing(late_s: float) -> None:
    """The changes have their own times: a press of 50 ms counts although nobody had time to look meanwhile."""
    state, first = advance(Contact(), 1.0, RULES, raw=True)
    state, second = advance(state, 1.05, RULES, raw=False)
    state, third = advance(state, 1.05 + late_s, RULES)
    assert [type(e) for e in (*first, *second, *third)][:1] == [Pressed]


@given(gaps=st.lists(st.floats(0.0, 90.0), max_size=60), rules=st.sampled_from([RULES, HELD, ContactRules(0.0, 0.0, 0.0, 5.0)]))
def test_presses_alternate_and_never_flood(gaps: list[float], rules: ContactRules) -> None:
    """Whatever the contact does: each press ends before the next begins, and ends at all."""
    at_s, changes = 0.0, []
    for i, gap_s in enumerate(gaps):
        at_s += gap_s
        changes.append((at_s, i % 2 == 0))
    _, events = run(changes, at_s + 1000.0, rules)
    assert [type(e) for e in events] == [Pressed, Released] * (len(events) // 2)
    edges = [e.onset_s if isinstance(e, Pressed) else e.end_s for e in events]
    assert edges == sorted(edges)
