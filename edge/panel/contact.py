"""A contact that bounces, is leaned on, hammered at, or stuck, to presses. Pure: times are passed in, monotonic seconds."""

from dataclasses import dataclass, replace
from math import inf

_TICK_S = 1e-6  # times are sums of floats


@dataclass(frozen=True, slots=True)
class ContactRules:
    """When a contact's changes are a press."""

    debounce_s: float  # a change counts once the contact has rested for so long
    hold_s: float  # it must be down for so long; 0: at once
    again_s: float  # let go for less than this, it is the same press
    stuck_s: float  # nobody presses for so long


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press is raised, once, however long it lasts and however often the key is hammered at."""

    onset_s: float  # when the contact went down
    raised_s: float  # when it was decided
    found: bool  # whether it was already down when it was first looked at


@dataclass(frozen=True, slots=True)
class Released:
    """A press is over; always preceded by its Pressed with the same onset."""

    onset_s: float
    end_s: float


Press = Pressed | Released


@dataclass(frozen=True, slots=True)
class Contact:
    """The state between two changes. Start with `Contact()`, and again where the key was out of sight."""

    raw: bool = False  # as it was last seen
    raw_s: float = -inf  # since when
    found: bool = False  # that it is down was found, not seen happening
    down: bool = False  # as it rested last
    since_s: float = -inf  # since when
    restless_s: float | None = None  # since when it has not rested
    told: bool = False  # this time down belongs to a press that was raised
    onset_s: float | None = None  # of the press that is not over
    stuck: bool = False


def advance(state: Contact, now_s: float, rules: ContactRules, *, raw: bool | None = None, found: bool = False) -> tuple[Contact, tuple[Press, ...]]:
    """To `now_s`, at which it was seen as `raw`; None: as before. found: this was the first look. Pure; times must not go back."""
    state, before = _pass(state, now_s, rules)
    if raw is None or raw == state.raw:
        return state, before
    restless_s = now_s if state.restless_s is None else state.restless_s
    state, after = _pass(replace(state, raw=raw, raw_s=now_s, found=found, restless_s=restless_s), now_s, rules)
    return state, before + after


def due_s(state: Contact, rules: ContactRules) -> float:
    """When something happens of which the contact itself tells nothing; infinity: nothing does."""
    due = [inf]
    if state.restless_s is not None:
        due += [state.raw_s + rules.debounce_s] + [state.restless_s + rules.stuck_s] * (not state.stuck)
    if state.down and not state.told:
        due.append(state.since_s + rules.hold_s)
    if state.down and not state.stuck:
        due.append(state.since_s + rules.stuck_s)
    if state.onset_s is not None and not state.down:
        due.append(state.since_s + rules.again_s)
    return min(due)


def out_of_sight(state: Contact, now_s: float) -> tuple[Press, ...]:
    """Nobody knows any more how the contact is: what ends with that."""
    return () if state.onset_s is None else (Released(state.onset_s, now_s),)


def _pass(state: Contact, now_s: float, rules: ContactRules) -> tuple[Contact, tuple[Press, ...]]:
    """Let time pass without a change."""
    events: list[Press] = []
    if state.restless_s is not None and now_s - state.raw_s >= rules.debounce_s - _TICK_S:
        state = replace(state, restless_s=None)
        if state.raw != state.down:
            # A key that is hammered at is still the press that was raised.
            state = replace(state, down=state.raw, since_s=state.raw_s, told=state.raw and state.onset_s is not None)
    if state.down and not state.told and now_s - state.since_s >= rules.hold_s - _TICK_S:
        state = replace(state, told=True, onset_s=state.since_s)
        events.append(Pressed(state.since_s, now_s, state.found))
    down_too_long = state.down and now_s - state.since_s >= rules.stuck_s - _TICK_S
    restless_too_long = state.restless_s is not None and now_s - state.restless_s >= rules.stuck_s - _TICK_S
    state = replace(state, stuck=down_too_long or restless_too_long)
    let_go = not state.down and now_s - state.since_s >= rules.again_s - _TICK_S
    if state.onset_s is not None and (state.stuck or let_go):
        events.append(Released(state.onset_s, now_s if state.stuck else state.since_s))
        state = replace(state, onset_s=None)
    return state, tuple(events)
