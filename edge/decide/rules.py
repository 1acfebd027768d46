"""The rules that hold now: the model's own, then the profile's thresholds, then what the configuration says of a label and of a period."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from edge.config.schema import LabelSettings, Period
from edge.decide.period import DEFAULT
from edge.decide.types import Rule
from edge.detect.manifest import RuleDefaults

_T = TypeVar("_T")


def rules_for(
    defaults: Mapping[str, RuleDefaults],
    labels: Mapping[str, LabelSettings],
    periods: Sequence[Period],
    period: str,
    calibrated: Mapping[str, Mapping[str, float]],
) -> dict[str, Rule]:
    """The rule of each label that the models know and the configuration leaves on, in the period of that name.

    calibrated: the profile's thresholds by period and label; those of `default` hold in every period without its own.
    Where several stretches share the name, the first that gives a threshold for a label holds. A threshold that comes under the
    release takes it along, and a lone `agree` widens the window: one changed key must never make a rule that cannot be met.
    """
    rules = {}
    for label, default in defaults.items():
        ours = labels.get(label, LabelSettings())
        if not ours.on:
            continue
        in_period = (p.thresholds[label] for p in periods if p.name == period and label in p.thresholds)
        measured = calibrated.get(period, {}).get(label, calibrated.get(DEFAULT, {}).get(label, default.threshold))
        threshold = next(in_period, _either(ours.threshold, measured))
        agree = _either(ours.agree, default.agree if ours.of is None else min(default.agree, ours.of))
        rules[label] = Rule(
            threshold=threshold,
            release=min(threshold, _either(ours.release, default.release)),
            agree=agree,
            of=max(agree, _either(ours.of, default.of)),
            shortest_s=_either(ours.shortest_s, default.shortest_s),
            hold_s=_either(ours.hold_s, default.hold_s),
            min_level_dba=ours.min_dba,
        )
    return rules


def _either(ours: _T | None, default: _T) -> _T:
    return default if ours is None else ours
