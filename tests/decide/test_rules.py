"""The rules that hold."""

from edge.config.schema import LabelSettings, Period
from edge.decide.rules import rules_for
from edge.decide.types import Rule
from edge.detect.manifest import RuleDefaults

MODEL = {
    "shouting": RuleDefaults(threshold=0.6, release=0.4, agree=2, of=3, shortest_s=0.4, hold_s=5.0),
    "crying": RuleDefaults(threshold=0.7, release=0.5, agree=3, of=5, shortest_s=1.0, hold_s=8.0),
}


def test_the_model_alone_gives_its_own_rules() -> None:
    """With nothing configured each label has what its manifest says, and no minimum level."""
    assert rules_for(MODEL, {}, (), "default", {}) == {
        "shouting": Rule(0.6, 0.4, 2, 3, 0.4, 5.0, None),
        "crying": Rule(0.7, 0.5, 3, 5, 1.0, 8.0, None),
    }


def test_the_configuration_overrides_key_by_key() -> None:
    """A configured key replaces the model's, the others stay; a label switched off has no rule, an unknown one gets none."""
    labels = {
        "shouting": LabelSettings(threshold=0.8, hold_s=3.0, min_dba=65.0),
        "crying": LabelSettings(on=False),
        "help": LabelSettings(threshold=0.5),
    }
    assert rules_for(MODEL, labels, (), "default", {}) == {"shouting": Rule(0.8, 0.4, 2, 3, 0.4, 3.0, 65.0)}


def test_a_period_has_the_last_word_on_the_threshold() -> None:
    """In a break shouting needs more; other labels and other periods are untouched."""
    periods = (
        Period(name="break", start="10:00", end="10:20", thresholds={"shouting": 0.9}),
        Period(name="break", start="15:00", end="15:20", thresholds={"shouting": 0.95, "crying": 0.8}),
    )
    labels = {"shouting": LabelSettings(threshold=0.8)}
    in_break = rules_for(MODEL, labels, periods, "break", {})
    assert (in_break["shouting"].threshold, in_break["crying"].threshold) == (0.9, 0.8)
    in_class = rules_for(MODEL, labels, periods, "class", {})
    assert (in_class["shouting"].threshold, in_class["crying"].threshold) == (0.8, 0.7)


def test_measured_thresholds_stand_between_model_and_configuration() -> None:
    """Those of the period before those for all; a configured label or period goes before both."""
    measured = {"default": {"shouting": 0.65, "crying": 0.72}, "break": {"shouting": 0.85}}
    in_break = rules_for(MODEL, {}, (), "break", measured)
    assert (in_break["shouting"].threshold, in_break["crying"].threshold) == (0.85, 0.72)
    assert rules_for(MODEL, {}, (), "class", measured)["shouting"].threshold == 0.65
    assert rules_for(MODEL, {"shouting": LabelSettings(threshold=0.8)}, (), "break", measured)["shouting"].threshold == 0.8
    periods = (Period(name="break", start="10:00", end="10:20", thresholds={"shouting": 0.9}),)
    assert rules_for(MODEL, {}, periods, "break", measured)["shouting"].threshold == 0.9


def test_one_changed_key_never_makes_a_rule_that_cannot_be_met() -> None:
    """A low threshold takes the release along; `agree` and `of` stay possible when only one of them is set."""
    low = rules_for(MODEL, {"shouting": LabelSettings(threshold=0.2)}, (), "default", {})["shouting"]
    assert (low.threshold, low.release) == (0.2, 0.2)
    many = rules_for(MODEL, {"shouting": LabelSettings(agree=5)}, (), "default", {})["shouting"]
    assert (many.agree, many.of) == (5, 5)
    narrow = rules_for(MODEL, {"crying": LabelSettings(of=2)}, (), "default", {})["crying"]
    assert (narrow.agree, narrow.of) == (2, 2)
