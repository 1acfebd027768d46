"""Evidence adds up: a phrase that is loud or shouted, said again, or said beside another of its group counts more than the same phrase once, calmly.

Scores become logits, because there evidence adds. A phrase's own threshold is a shift: what just reaches it comes out at its group's threshold.
To that is added, for each thing that speaks for it, a bonus of a bounded size, and all of them together are bounded, too: what is weak by itself
stays weak. One utterance is heard as several phrases at once (救命, 救命啊, 快来人救命啊) and over several steps; it never speaks for itself,
so only what was said at another time counts.

A quiet voice speaks against a phrase: whoever calls for help or threatens is louder than those who talk. The logarithm of how much more often a level is met
among the one than among the other is a straight line of the level, where both are normally distributed with the same spread.

Pure: times are seconds since the start of the stream, scores and shouting 0..1, levels dBA.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import dropwhile, takewhile
from math import exp, inf, log
from typing import TypeAlias

from edge.config.phrases import Phrase
from edge.config.schema import LONGEST_SECOND_S

LONGEST_S = 10.0
"""Of a phrase; what was heard in the meantime is remembered."""
MOST_MENTIONS = 40
"""That are remembered; the weakest are forgotten."""
OVERLAP_S = 0.1
"""By which the end of one utterance and the beginning of the next may be misjudged."""

_LEAST = 1e-6  # the logit of 0 would be without end
_TICK_S = 1e-6


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """How much each kind of evidence counts. Bonuses are logits: 1.0 makes 0.5 of a score to 0.73."""

    raised_bonus: float = 0.8  # the voice is raised while it is said
    again_bonus: float = 1.0  # the same phrase was said shortly before
    other_bonus: float = 0.8  # another phrase of the group was
    most_bonus: float = 1.8  # all together
    window_s: float = 4.0  # what was said up to so long before supports
    weak: float = -2.0  # logit against the group's threshold: a mention as weak as that supports nothing, at the threshold it supports fully
    calm_shouting: float = 0.2  # score of shouting up to which a voice is not raised
    raised_shouting: float = 0.6  # from which it is
    logits_per_db: float = 0.2  # by which a louder voice counts more, and a quieter one less
    usual_dba: float = 75.0  # level (fast, its highest while the phrase is said) of a call, that counts neither more nor less
    most_db: float = 16.0  # over or under it that count
    shouted: float = 0.5  # score of shouting that `only_shouted` asks for
    behind_s: float = 0.5  # so long after it was said a phrase is scored: the network looks 0.32 s ahead and hears 0.4 s at a time
    syllable_s: float = 0.18  # how long a syllable takes at least, where the search does not say
    dip: float = 1.0  # so far must a phrase's logit have sunk before the same phrase counts as said again
    late_s: float = 0.8  # shouting is scored over a second: a phrase waits so long for what speaks for it


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase is heard to end at this step."""

    phrase: int  # its place in the list
    score: float
    lasted_s: float | None = None  # how long it was, as the search aligned it; None: by its syllables


@dataclass(frozen=True, slots=True)
class Moment:
    """One step. `hits`: the phrases that are heard well enough to be of interest, and in any case the best of each group."""

    time_s: float
    level_dba: float
    shouting: float
    hits: Sequence[Hit] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """An utterance as one phrase."""

    phrase: int
    logit: float  # the highest, against the group's threshold
    begin_s: float
    end_s: float  # the step at which it was highest
    lowest: float  # logit since then


_Voice: TypeAlias = tuple[tuple[float, float, float], ...]  # time_s, level_dba, shouting of each step


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is remembered between two steps. Start with `Evidence()`."""

    mentions: tuple[Mention, ...] = ()
    voice: _Voice = ()


class Standing(Enum):
    """As what a phrase counts."""

    FULL = auto()
    LOWERED = auto()


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a group comes to at a step."""

    score: float  # 0..1, to be held against the group's threshold
    phrase: int | None = None  # the one that is named; None: nothing is heard
    lowered: bool = False  # the phrase alone, which is to raise one step lower


def weigh(
    state: Evidence, moment: Moment, phrases: Sequence[Phrase], thresholds: Mapping[str, float], settings: EvidenceSettings
) -> tuple[Evidence, dict[str, Weighed]]:
    """One step further; the score of each group in `thresholds`, and the phrase that it names.

    thresholds: of each group, that its phrases' own ones are mapped to.
    """
    now_s = moment.time_s
    oldest_s = now_s - settings.window_s - settings.late_s - LONGEST_S - _TICK_S
    unheard_s = now_s - 2 * LONGEST_SECOND_S - settings.late_s - settings.behind_s - LONGEST_S - _TICK_S
    voice = (*dropwhile(lambda v: v[0] <= unheard_s, state.voice), (now_s, moment.level_dba, moment.shouting))
    said = tuple(_said(hit, phrases[hit.phrase], now_s, settings) for hit in moment.hits)
    mentions = _remembered([m for m in state.mentions if m.end_s > oldest_s], said, settings)
    best: dict[str, tuple[bool, float, int, int]] = {}
    weighed = {group: Weighed(0.0) for group in thresholds}
    support = [(mention, phrases[mention.phrase].group, _strength(mention.logit, settings)) for mention in mentions]
    for heard in (*said, *(m for m in mentions if m.end_s < now_s <= m.end_s + _longest_s(phrases[m.phrase], settings))):
        phrase = phrases[heard.phrase]
        standing = _standing(heard, phrase, now_s, voice, settings) if phrase.group in thresholds else None
        if standing is not None:
            lowered = standing is Standing.LOWERED
            strength = _strength(heard.logit, settings)
            bonus = _bonus(heard, phrase.group, support, voice, settings)
            total = heard.logit + (strength * bonus if bonus > 0.0 else bonus)
            rank = (total >= 0.0 and not lowered, total, phrase.severity, len(phrase.spoken))
            if phrase.group not in best or rank > best[phrase.group]:
                best[phrase.group] = rank
                weighed[phrase.group] = Weighed(score_of(total + logit(thresholds[phrase.group])), heard.phrase, lowered)
    return Evidence(mentions, voice), weighed


def _said(hit: Hit, phrase: Phrase, now_s: float, settings: EvidenceSettings) -> Mention:
    lasted_s = len(phrase.spoken) * settings.syllable_s if hit.lasted_s is None else hit.lasted_s
    over = logit(hit.score) - logit(phrase.threshold)
    return Mention(hit.phrase, over, now_s - lasted_s, now_s, over)


def _remembered(before: Sequence[Mention], said: Sequence[Mention], settings: EvidenceSettings) -> tuple[Mention, ...]:
    """The mentions with those of this step: each a new one, or the same utterance still heard."""
    current = {mention.phrase: mention for mention in before}  # the latest of each phrase
    older = [mention for mention in before if mention is not current[mention.phrase]]
    now = {mention.phrase: mention for mention in said}
    for phrase, mention in current.items():
        if phrase not in now:
            current[phrase] = replace(mention, lowest=-inf)
    for phrase, mention in now.items():
        last = current.get(phrase)
        if last is not None and _same_utterance(mention, last, settings):
            lower = replace(last, lowest=min(last.lowest, mention.logit))
            current[phrase] = replace(mention, begin_s=min(mention.begin_s, last.begin_s)) if mention.logit > last.logit else lower
        elif mention.logit > settings.weak:
            current[phrase] = mention
            older += [last] if last is not None else []
    kept = sorted((*older, *current.values()), key=lambda mention: -mention.logit)[:MOST_MENTIONS]
    return tuple(sorted(kept, key=lambda mention: mention.end_s))


def _same_utterance(mention: Mention, last: Mention, settings: EvidenceSettings) -> bool:
    """Whether a phrase is still heard from the mention before, and not said again."""
    return mention.begin_s < last.end_s - OVERLAP_S or last.lowest > last.logit - settings.dip


def _standing(heard: Mention, phrase: Phrase, now_s: float, voice: _Voice, settings: EvidenceSettings) -> Standing | None:
    """As what a phrase counts now; None: not, or not any more.

    One that is to raise one step lower when it is alone waits for the shouting that is scored late: what counts in full must not be raised lower before.
    """
    late_s = settings.late_s + _TICK_S
    if phrase.alone == "raise":
        return Standing.FULL if now_s <= heard.end_s + late_s and _counts(heard, phrase, voice, settings) else None
    if not _counts(heard, phrase, voice, settings):
        return None
    second_s = _second_s(heard, phrase, voice, settings)
    if second_s is not None:
        return Standing.FULL if now_s <= max(second_s, heard.end_s) + late_s else None
    waited_s = now_s - heard.end_s + _TICK_S
    return Standing.LOWERED if phrase.alone == "lower" and settings.late_s <= waited_s <= 2 * late_s else None


def _longest_s(phrase: Phrase, settings: EvidenceSettings) -> float:
    """So long after its end a phrase may count."""
    return settings.late_s + _TICK_S + (0.0 if phrase.alone == "raise" else max(settings.late_s, phrase.second_s))


def _second_s(heard: Mention, phrase: Phrase, voice: _Voice, settings: EvidenceSettings) -> float | None:
    """When it was loud or shouted first near a phrase; None: it was not."""
    begin_s, end_s = heard.begin_s - settings.behind_s - phrase.second_s - _TICK_S, heard.end_s + phrase.second_s + _TICK_S
    near = (v for v in voice if begin_s <= v[0] <= end_s)
    return next((at_s for at_s, level_dba, shouting in near if level_dba >= phrase.second_dba or shouting >= settings.shouted), None)


def _counts(heard: Mention, phrase: Phrase, voice: _Voice, settings: EvidenceSettings) -> bool:
    """Whether a phrase is loud and shouted enough, where it must be."""
    if phrase.min_dba is None and not phrase.only_shouted:
        return True
    during = _during(heard, voice, settings)
    loud = phrase.min_dba is None or any(level_dba >= phrase.min_dba for _, level_dba, _ in during)
    return loud and (not phrase.only_shouted or any(shouting >= settings.shouted for _, _, shouting in during))


def _bonus(heard: Mention, group: str, support: Sequence[tuple[Mention, str, float]], voice: _Voice, settings: EvidenceSettings) -> float:
    """What speaks for a mention besides its own score, or against it. support: what was said, in which group, and how much it counts."""
    again = other = 0.0
    latest_s, earliest_s = heard.begin_s + OVERLAP_S, heard.end_s - settings.window_s - _TICK_S
    for mention, of, strength in support:
        if earliest_s <= mention.end_s <= latest_s:
            if mention.phrase != heard.phrase:
                if of == group and strength > other:
                    other = strength
            elif strength > again and not _same_utterance(heard, mention, settings):
                again = strength
    during = _during(heard, voice, settings)
    over_db = max(level_dba for time_s, level_dba, _ in during if time_s <= heard.end_s + _TICK_S) - settings.usual_dba
    loud = settings.logits_per_db * min(settings.most_db, max(-settings.most_db, over_db))
    shouted = max(_ramp(shouting, settings.calm_shouting, settings.raised_shouting) for _, _, shouting in during)
    raised = loud + shouted * max(0.0, settings.raised_bonus - loud)  # one piece of evidence, by what says so more clearly
    return min(settings.most_bonus, again * settings.again_bonus + other * settings.other_bonus + raised)


def _during(heard: Mention, voice: _Voice, settings: EvidenceSettings) -> _Voice:
    """Level and shouting while a phrase was said, and shortly after."""
    begin_s, end_s = heard.begin_s - settings.behind_s - _TICK_S, heard.end_s + settings.late_s + _TICK_S
    recent = takewhile(lambda v: v[0] >= begin_s, reversed(voice))  # most of what is asked for is at the end
    return tuple(v for v in recent if v[0] <= end_s)


def _strength(logit: float, settings: EvidenceSettings) -> float:
    """0 for a mention that supports nothing, 1 from the threshold on."""
    return _ramp(logit, settings.weak, 0.0)


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


def logit(score: float) -> float:
    """A score as evidence adds up in: without bounds, 0 for 0.5."""
    kept = min(1.0 - _LEAST, max(_LEAST, score))
    return log(kept / (1.0 - kept))


def score_of(evidence: float) -> float:
    """Of such a logit the score, 0..1."""
    return 1.0 / (1.0 + exp(-evidence))
