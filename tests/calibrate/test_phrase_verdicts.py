"""The desk's verdicts on phrases: how often each alerted falsely, and what a higher threshold would have kept away and missed. By hand."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from edge.calibrate.phrase_verdicts import Alerted, alerted, by_phrase, own_score, proposed
from edge.calibrate.verdicts import Judged, Verdict
from edge.config.phrases import Phrase
from edge.decide.evidence import Evidence, EvidenceSettings, Hit, Moment, weigh

pytest.importorskip("scipy", reason="scipy (extra [technician]) is not installed")

AT = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
HELP, AWAY = Phrase("救命", "help", threshold=0.5), Phrase("滚出去", "insult", threshold=0.72)
DAY_S = 86_400.0


def verdict(phrase: Phrase, score: float | None, kind: str) -> Verdict:
    """What somebody judged of an alert by this phrase."""
    return Verdict(phrase.group, AT, score, kind, "", phrase.text)


def judged(*found: Verdict) -> list[Alerted]:
    """Held against the list, where labels have the threshold 0.5 by which the model maps phrases."""
    alerts, left_out = alerted(Judged(found, 0, 0), (HELP, AWAY), lambda _label, _raised: 0.5)
    assert left_out == 0
    return alerts


def test_the_score_of_an_alert_is_told_on_the_scale_of_its_phrase() -> None:
    """What the terminal weighs for a phrase of 0.8 whose threshold is 0.7 is 0.8 again: at a threshold of 0.79 it would have come, at 0.81 not."""
    for threshold, comes in ((0.7, True), (0.79, True), (0.81, False)):
        phrase = Phrase("救命", "help", threshold=threshold)
        _, found = weigh(Evidence(), Moment(1.0, EvidenceSettings().usual_dba, 0.0, (Hit(0, 0.8),)), (phrase,), {"help": 0.5}, EvidenceSettings())
        assert own_score(found["help"].score, threshold, 0.5) == pytest.approx(0.8)
        assert (found["help"].score >= 0.5) == comes


def test_the_one_that_alerts_falsely_most_is_raised_just_over_what_it_heard() -> None:
    """In 30 days 救命 was false at 0.52 twelve times and at 0.66 once; its real ones had 0.58 and 0.9. 滚出去 was false once and stays.

    14 false ones prove no half a day (at most 0.73); the two that are left over 0.55 do (at most 0.21). The real one of 0.58 stays.
    """
    found = [*[verdict(HELP, 0.52, "false")] * 12, verdict(HELP, 0.66, "false"), verdict(HELP, 0.58, "real"), verdict(HELP, 0.9, "real")]
    alerts = judged(*found, verdict(AWAY, 0.55, "false"), verdict(AWAY, 0.99, "prank"), verdict(AWAY, 0.7, "drill"))
    proposal = proposed(alerts, 30 * DAY_S, 0.5)
    assert (proposal.proven, proposal.reachable, proposal.incidents) == (True, True, 2)
    first, second = by_phrase(alerts, 30 * DAY_S, proposal)
    assert (first.phrase, first.counts, first.proposed, first.left, first.missed) == (HELP, {"real": 2, "false": 13, "prank": 0, "drill": 0}, 0.55, 1, ())
    assert (second.phrase, second.proposed, second.left, second.missed) == (AWAY, 0.72, 1, ())
    assert second.counts == {"real": 0, "false": 1, "prank": 1, "drill": 1}
    assert first.per_day == pytest.approx(13 / 30)
    assert first.limits == pytest.approx((6.922 / 30, 22.230 / 30), abs=1e-4)  # exact limits of 13


def test_what_a_lower_target_costs_is_named() -> None:
    """Half of that target cannot be proven with 0.66 left; over it lies 0.7, and the real one of 0.58 is missed, as is one that nobody scored."""
    found = [*[verdict(HELP, 0.66, "false")] * 4, verdict(HELP, 0.58, "real"), verdict(HELP, None, "real"), verdict(HELP, 0.9, "real")]
    alerts = judged(*found)
    (row,) = by_phrase(alerts, 30 * DAY_S, proposed(alerts, 30 * DAY_S, 0.25))
    assert (row.proposed, row.left, [one.score for one in row.missed]) == (0.7, 0, [0.58, None])


def test_a_prank_raises_no_threshold() -> None:
    """It was heard rightly."""
    alerts = judged(*[verdict(HELP, 0.6, "prank")] * 50)
    (row,) = by_phrase(alerts, 30 * DAY_S, proposed(alerts, 30 * DAY_S, 0.5))
    assert (row.proposed, row.per_day, row.counts["prank"]) == (0.5, 0.0, 50)


@pytest.mark.parametrize("score", [1.0, None])
def test_what_no_threshold_keeps_away_is_not_claimed(score: float | None) -> None:
    """A perfect fit comes at every threshold, and one that nobody scored counts at each."""
    alerts = judged(*[verdict(HELP, score, "false")] * 50)
    proposal = proposed(alerts, 30 * DAY_S, 0.5)
    (row,) = by_phrase(alerts, 30 * DAY_S, proposal)
    assert (proposal.reachable, row.left) == (False, 50)


@pytest.mark.parametrize(("label", "text", "score", "threshold"), [("help", "开门", 0.9, 0.5), ("insult", "救命", 0.9, 0.5), ("help", "救命", 0.6, 0.7),
                                                                   ("help", "救命", 0.6, None), ("shouting", "", 0.6, 0.5)])  # fmt: skip
def test_what_the_settings_in_use_would_not_raise_is_left_out(label: str, text: str, score: float, threshold: float | None) -> None:
    """A phrase that is not listed, or in the other group; a score under the threshold; a label that is off. Other labels are not spoken of."""
    of_phrases = label != "shouting"
    found: Sequence[Verdict] = [Verdict(label, AT, score, "false", "", text)]
    assert alerted(Judged(tuple(found), 0, 0), (HELP, AWAY), lambda _label, _raised: threshold) == ([], int(of_phrases))
