"""Scores to incidents: hysteresis, agreement, hold. One incident is one Opened and one Closed, however long it lasts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import dropwhile

from edge.decide.trace import TRACE_S, around
from edge.decide.types import Closed, Decision, Opened, Rule, Step

_TICK_S = 1e-6  # times are sums of floats: 1.4 - 0.8 is a hair under 0.6, and must count as 0.6


@dataclass(frozen=True, slots=True)
class _Heard:
    """One step, seen by one label."""

    began_s: float
    time_s: float
    score: float
    level_dba: float
    phrase: str | None
    lowered: bool


@dataclass(frozen=True, slots=True)
class _Sound:
    """What an incident was at its strongest."""

    onset_s: float
    score: float
    level_dba: float
    phrase: str | None
    lowered: bool  # of all that agreed

    def with_step(self, heard: _Heard, rule: Rule) -> "_Sound":
        louder = heard.score > self.score
        return _Sound(
            self.onset_s,
            heard.score if louder else self.score,
            max(self.level_dba, heard.level_dba),
            heard.phrase if louder and heard.phrase else self.phrase,
            self.lowered and not _in_full(heard, rule),
        )


@dataclass(frozen=True, slots=True)
class _Listening:
    recent: tuple[_Heard, ...] = ()  # at most the rule's `of`
    sound: _Sound | None = None  # since when they agree, None while they do not


@dataclass(frozen=True, slots=True)
class _Raised:
    sound: _Sound
    raised_s: float
    heard_s: float  # the last step at or over `release`


@dataclass(frozen=True, slots=True)
class Gates:
    """The state of all labels' gates between two steps. Start with `Gates()`."""

    time_s: float = 0.0
    recent: tuple[Step, ...] = ()  # the last TRACE_S
    by_label: Mapping[str, _Listening | _Raised] = field(default_factory=dict)


def advance(state: Gates, step: Step, rules: Mapping[str, Rule]) -> tuple[Gates, tuple[Decision, ...]]:
    """One step further. Pure. Rules may change from step to step; a label that has lost its rule closes at once.

    An incident that was raised one step lower ends where more is heard, which is then an incident of its own: the desk must hear of it.
    """
    oldest_s = step.time_s - TRACE_S + _TICK_S
    recent = (*dropwhile(lambda s: s.time_s <= oldest_s, state.recent), step)
    gates: dict[str, _Listening | _Raised] = {}
    decisions: list[Decision] = [
        _closed(label, gate) for label, gate in state.by_label.items() if label not in rules and isinstance(gate, _Raised)
    ]
    for label, rule in rules.items():
        gate = state.by_label.get(label, _Listening())
        heard = _Heard(state.time_s, step.time_s, step.scores.get(label, 0.0), step.level_dba, step.phrases.get(label), label in step.lowered)
        if isinstance(gate, _Raised) and gate.sound.lowered and _in_full(heard, rule):
            decisions.append(_closed(label, gate))
            gate = _Listening()
        if isinstance(gate, _Listening):
            after = _listen(gate, heard, rule)
            if isinstance(after, _Raised):
                decisions.append(_opened(label, after, recent))
        else:
            after = _hold(gate, heard, rule)
            if isinstance(after, _Listening):
                decisions.append(_closed(label, gate))
        gates[label] = after
    return Gates(step.time_s, recent, gates), tuple(decisions)


def finish(state: Gates) -> tuple[Closed, ...]:
    """Close what is open where the sound ends."""
    return tuple(_closed(label, gate) for label, gate in state.by_label.items() if isinstance(gate, _Raised))


def _listen(gate: _Listening, heard: _Heard, rule: Rule) -> _Listening | _Raised:
    recent = (*gate.recent, heard)[-rule.of :]
    agreeing = [h for h in recent if h.score >= rule.threshold]
    if len(agreeing) < rule.agree:
        return _Listening(recent)
    sound = gate.sound
    if sound is None:
        first = agreeing[0]
        sound = _Sound(first.began_s, first.score, first.level_dba, first.phrase, first.lowered)
        for h in recent:
            if h.time_s > first.time_s:
                sound = sound.with_step(h, rule)
    else:
        sound = sound.with_step(heard, rule)
    # Only a step that agrees may raise: otherwise a short burst would reach `shortest_s` by the window's own length.
    lasted = heard.score >= rule.threshold and heard.time_s - sound.onset_s >= rule.shortest_s - _TICK_S
    loud = rule.min_level_dba is None or sound.level_dba >= rule.min_level_dba
    return _Raised(sound, heard.time_s, heard.time_s) if lasted and loud else _Listening(recent, sound)


def _hold(gate: _Raised, heard: _Heard, rule: Rule) -> _Listening | _Raised:
    if heard.score >= rule.release:
        return replace(gate, sound=gate.sound.with_step(heard, rule), heard_s=heard.time_s)
    return _Listening() if heard.time_s - gate.heard_s >= rule.hold_s - _TICK_S else gate


def _in_full(heard: _Heard, rule: Rule) -> bool:
    """Whether a step agrees, and not only one step lower."""
    return heard.score >= rule.threshold and not heard.lowered


def _opened(label: str, gate: _Raised, recent: tuple[Step, ...]) -> Opened:
    sound = gate.sound
    trace = around(label, sound.onset_s, recent)
    return Opened(label, sound.onset_s, gate.raised_s, sound.score, sound.level_dba, sound.phrase, trace, sound.lowered)


def _closed(label: str, gate: _Raised) -> Closed:
    sound = gate.sound
    return Closed(label, sound.onset_s, gate.raised_s, gate.heard_s, sound.score, sound.level_dba, sound.phrase)

