"""What the desk judged of phrases: which alerted falsely, how often, and from which threshold on they would not have.

From alerts alone a threshold can be raised and never lowered: what stayed below it, nobody has seen. And a prank is no reason to raise it: the phrase was
heard rightly, and no threshold tells it from a call for help.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from edge.calibrate.bounds import poisson_limits
from edge.calibrate.site import Proposal, index_of, kept_beside, propose
from edge.calibrate.tally import GRID, UNKNOWN_HOUR, Cell, Setup, Tally
from edge.calibrate.verdicts import VERDICTS, Judged, Verdict
from edge.config.phrases import GROUPS, Phrase
from edge.decide.evidence import logit, score_of
from edge.decide.period import DEFAULT

_ROUNDED = 0.0005
"""Scores are told in thousandths."""


@dataclass(frozen=True, slots=True)
class Alerted:
    """A verdict on an alert that a phrase raised."""

    verdict: Verdict
    phrase: Phrase  # with the threshold in use
    own: float | None  # threshold of the phrase up to which the alert would have come; None: the desk never heard its score

    def comes(self, threshold: float) -> bool:
        """Whether it certainly would have come at this threshold of its phrase."""
        return self.own is not None and self.own >= threshold

    def stays_away(self, threshold: float) -> bool:
        """Whether it certainly would not have come."""
        return self.own is not None and self.own < threshold


@dataclass(frozen=True, slots=True)
class PhraseJudged:
    """What the verdicts tell of one phrase."""

    phrase: Phrase  # with the threshold in use
    counts: dict[str, int]  # by verdict
    per_day: float  # false alarms
    limits: tuple[float, float]  # of `per_day`, 95 %
    proposed: float  # the threshold in use, or a higher one
    left: int  # false alarms that would have come all the same
    missed: tuple[Verdict, ...]  # real ones that would not have come


def own_score(score: float, phrase: float, label: float) -> float:
    """The score of an alert as its phrase's own, evidence included: up to such a threshold of the phrase it would have come.

    phrase, label: thresholds in use. Evidence counts for less where a phrase just reaches its threshold, so at a higher one it may stay away earlier.
    """
    return score_of(logit(score) - logit(label) + logit(phrase))


def alerted(judged: Judged, phrases: Collection[Phrase], label_threshold: Callable[[str, datetime], float | None]) -> tuple[list[Alerted], int]:
    """The verdicts on phrases of the list, and how many are left out: of phrases that are not in it, or that nothing raises with the thresholds in use.

    label_threshold: of a label at a moment, None where it is off.
    """
    listed = {(phrase.group, phrase.text): phrase for phrase in phrases}
    found, left_out = [], 0
    for one in judged.verdicts:
        if one.label not in GROUPS:
            continue
        phrase, label = listed.get((one.label, one.phrase)), label_threshold(one.label, one.raised)
        if phrase is None or label is None or (one.score is not None and one.score < label - _ROUNDED):
            left_out += 1
        else:
            found.append(Alerted(one, phrase, None if one.score is None else own_score(one.score, phrase.threshold, label)))
    return found, left_out


def proposed(alerts: Sequence[Alerted], heard_s: float, target_per_day: float) -> Proposal:
    """Thresholds for the phrases that were judged, none under the one in use. heard_s: how long the terminal has listened meanwhile."""
    return propose(_tally(alerts, heard_s), {one.phrase.spoken: one.phrase.threshold for one in alerts}, target_per_day)


def _tally(alerts: Sequence[Alerted], heard_s: float) -> Tally:
    """The false alarms by phrase and threshold, as if they had been listened for."""
    tally = Tally(Setup("", "", "", 0.0, {}), 1.0)
    cell = tally.cells[DEFAULT, UNKNOWN_HOUR] = Cell(heard_s)
    for one in alerts:
        if one.verdict.verdict == "false":
            counts = cell.raised.setdefault(one.phrase.spoken, [0] * len(GRID))
            in_use = index_of(one.phrase.threshold)  # stands for the threshold in use, at which it came
            for i, threshold in enumerate(GRID):
                counts[i] += i <= in_use or not one.stays_away(threshold)
    return tally


def by_phrase(alerts: Sequence[Alerted], heard_s: float, found: Proposal) -> list[PhraseJudged]:
    """Each phrase that was judged, those that alerted falsely most often first."""
    rows, a_day = [], 86_400 / heard_s
    for phrase in dict.fromkeys(one.phrase for one in alerts):
        of = {kind: [one for one in alerts if one.phrase == phrase and one.verdict.verdict == kind] for kind in VERDICTS}
        counts = {kind: len(own) for kind, own in of.items()}
        low, high = poisson_limits(counts["false"])
        threshold = kept_beside(found.thresholds[DEFAULT][phrase.spoken], phrase.threshold)
        raised = threshold > phrase.threshold
        left = sum(not raised or not one.stays_away(threshold) for one in of["false"])
        missed = tuple(one.verdict for one in of["real"] if raised and not one.comes(threshold))
        rows.append(PhraseJudged(phrase, counts, counts["false"] * a_day, (low * a_day, high * a_day), threshold, left, missed))
    return sorted(rows, key=lambda row: (-row.counts["false"], -row.counts["real"], row.phrase.text))
