"""Evidence adds up, and never more than it is worth."""

from collections.abc import Sequence
from dataclasses import replace
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.phrases import Phrase
from edge.decide.evidence import MOST_MENTIONS, Evidence, EvidenceSettings, Hit, Moment, Weighed, logit, score_of, weigh

STEP_S = 0.2
SETTINGS = EvidenceSettings()
HELP, HELP_AH, TEACHER, DIE, STUPID = range(5)
PHRASES = (
    Phrase("救命", "help", severity=3),
    Phrase("救命啊", "help", severity=3),
    Phrase("老师救我", "help"),
    Phrase("打死你", "insult", severity=3),
    Phrase("大四你", "insult", severity=1),
)
THRESHOLDS = {"help": 0.5, "insult": 0.5}
USUAL_DBA = SETTINGS.usual_dba


def run(moments: Sequence[Moment], phrases: Sequence[Phrase] = PHRASES, settings: EvidenceSettings = SETTINGS) -> list[dict[str, Weighed]]:
    """What each step comes to."""
    state, found = Evidence(), []
    for moment in moments:
        state, weighed = weigh(state, moment, phrases, THRESHOLDS, settings)
        found.append(weighed)
    return found


def said(*what: tuple[float, int, float], until_s: float = 6.0, level_dba: float = USUAL_DBA, shouting: float = 0.0) -> list[Moment]:
    """Steps of a calm voice, with hits of phrase and score at these times."""
    times = [round((i + 1) * STEP_S, 3) for i in range(round(until_s / STEP_S))]
    return [Moment(t, level_dba, shouting, tuple(Hit(p, score) for at_s, p, score in what if abs(at_s - t) < STEP_S / 2)) for t in times]


def peak(moments: Sequence[Moment], group: str = "help", **more: object) -> float:
    """The highest score of a group."""
    return max(weighed[group].score for weighed in run(moments, **more))  # type: ignore[arg-type] # of `run`


def test_a_phrase_alone_counts_for_what_it_is() -> None:
    """Once and calmly: its own score, in its own group."""
    found = run(said((2.0, HELP, 0.4)))
    assert found[9]["help"].score == pytest.approx(0.4)
    assert found[9]["help"].phrase == HELP
    assert peak(said((2.0, HELP, 0.4)), "insult") == 0.0
    assert found[8]["help"] == found[-1]["help"] == Weighed(0.0)


def test_a_phrase_said_again_counts_more() -> None:
    """救命,救命!: two doubtful ones are one certain one, as long as they are near each other."""
    once = peak(said((1.0, HELP, 0.4)))
    assert peak(said((1.0, HELP, 0.4), (2.4, HELP, 0.4))) > 0.5 > once
    assert peak(said((1.0, HELP, 0.4), (5.8, HELP, 0.4))) == pytest.approx(once)


def test_two_phrases_of_a_group_count_more_than_one() -> None:
    """Those of the other group do not."""
    once = peak(said((2.4, TEACHER, 0.4)))
    assert peak(said((1.0, HELP, 0.4), (2.4, TEACHER, 0.4))) > once
    assert peak(said((1.0, DIE, 0.4), (2.4, TEACHER, 0.4))) == pytest.approx(once)


def test_a_raised_voice_counts_by_shouting_or_by_level() -> None:
    """Either is one piece of evidence, and both are not two: the one that says more counts."""
    calm = peak(said((2.0, HELP, 0.4)))
    shouted = peak(said((2.0, HELP, 0.4), shouting=0.9))
    assert shouted > calm
    loud_dba = USUAL_DBA + SETTINGS.raised_bonus / SETTINGS.logits_per_db
    assert peak(said((2.0, HELP, 0.4), level_dba=loud_dba)) == pytest.approx(shouted)
    assert peak(said((2.0, HELP, 0.4), level_dba=loud_dba, shouting=0.9)) == pytest.approx(shouted)
    assert peak(said((2.0, HELP, 0.4), level_dba=50.0, shouting=0.9)) == pytest.approx(shouted)
    assert peak(said((2.0, HELP, 0.4), level_dba=loud_dba + 2.0, shouting=0.9)) > shouted


@pytest.mark.parametrize("score", [0.02, 0.4, 0.9])
def test_a_quiet_voice_speaks_against_a_phrase(score: float) -> None:
    """By so many logits a dB, however weak it is, and no more than the bound; what follows the phrase is no voice of it."""
    levels_dba = np.arange(40.0, 100.0)
    found = [at(said((2.0, HELP, score), level_dba=level_dba), 2.0).score for level_dba in levels_dba.tolist()]
    assert found == sorted(found)
    below = np.log(score / (1 - score)) - SETTINGS.logits_per_db * np.clip(USUAL_DBA - levels_dba, 0.0, SETTINGS.most_db)
    quiet = levels_dba < USUAL_DBA
    np.testing.assert_allclose(np.array(found)[quiet], (1 / (1 + np.exp(-below)))[quiet], rtol=1e-6)
    after = [replace(m, level_dba=USUAL_DBA if m.time_s <= 2.0 else 90.0) for m in said((2.0, HELP, score))]
    assert peak(after) == pytest.approx(score)


def test_a_phrase_is_as_loud_as_it_was_when_it_was_said() -> None:
    """Which was before its score comes: the network looks ahead. What was loud before the phrase, or is after it, is no voice of it."""
    loud_phrase = (replace(PHRASES[HELP], min_dba=USUAL_DBA + 3),)
    for from_s, until_s, counts in ((0.0, 0.9, False), (1.2, 1.5, True), (2.1, 4.0, False)):
        moments = [replace(m, level_dba=USUAL_DBA + 6 if from_s <= m.time_s <= until_s else USUAL_DBA - 10) for m in said((2.0, HELP, 0.4))]
        assert (at(moments, 2.0).score > 0.4) == counts
        assert (peak([m for m in moments if m.time_s <= 2.0], phrases=loud_phrase) > 0) == counts


def test_shouting_that_is_scored_late_still_counts() -> None:
    """The score of shouting needs its second; the phrase waits for it, and no longer."""
    calm = said((2.0, HELP, 0.4))
    assert peak([replace(m, shouting=0.9 if m.time_s == 2.6 else 0.0) for m in calm]) > peak(calm)
    assert peak([replace(m, shouting=0.9 if m.time_s == 3.2 else 0.0) for m in calm]) == pytest.approx(peak(calm))


def test_one_utterance_never_speaks_for_itself() -> None:
    """Heard as two phrases at once, or over several steps, it is one."""
    alone = peak(said((2.0, HELP_AH, 0.4)))
    assert peak(said((2.0, HELP_AH, 0.4), (2.0, HELP, 0.35))) == pytest.approx(alone)
    assert peak(said((1.8, HELP, 0.4), (2.0, HELP_AH, 0.4))) == pytest.approx(alone)
    lasting = [(1.0 + i * STEP_S, HELP_AH, 0.4) for i in range(20)]
    assert peak(said(*lasting)) == pytest.approx(alone)
    rising = [(1.0 + i * STEP_S, HELP_AH, 0.1 + 0.1 * i) for i in range(4)]
    assert peak(said(*rising)) == pytest.approx(alone)


def test_the_search_may_say_how_long_a_phrase_was() -> None:
    """A slowly said one still overlaps with what was heard inside of it."""
    short = [Moment(1.0, USUAL_DBA, 0.0, (Hit(HELP, 0.4),)), Moment(2.0, USUAL_DBA, 0.0, (Hit(HELP_AH, 0.4),))]
    slow = [short[0], replace(short[1], hits=(Hit(HELP_AH, 0.4, lasted_s=1.4),))]
    assert peak(short) > peak(slow) == pytest.approx(0.4)


def at(moments: Sequence[Moment], time_s: float) -> Weighed:
    """What help comes to at this time."""
    return next(weighed["help"] for moment, weighed in zip(moments, run(moments), strict=True) if moment.time_s == time_s)


def test_what_is_weak_stays_weak() -> None:
    """All evidence together does not make an alert of a phrase that was hardly heard."""
    found = at(said((1.0, HELP, 0.99), (2.0, HELP_AH, 0.99), (3.4, TEACHER, 0.2), level_dba=95.0, shouting=1.0), 3.4)
    assert found.phrase == TEACHER
    assert 0.2 < found.score < 0.5


def test_all_evidence_together_is_bounded() -> None:
    """Said again, beside another and shouted: the most of it is added, 1.8 to the logit of 0."""
    found = at(said((1.0, HELP, 0.9), (2.0, TEACHER, 0.9), (3.4, HELP, 0.5), level_dba=95.0, shouting=1.0), 3.4)
    assert found.score == pytest.approx(1 / (1 + exp(-SETTINGS.most_bonus)))


def test_what_is_remembered_does_not_grow() -> None:
    """Five phrases, said again and again, for a minute."""
    state = Evidence()
    for i in range(300):
        moment = Moment(i * STEP_S, USUAL_DBA, 0.0, [Hit(p, 0.9, lasted_s=0.1) for p in range(5)] if i % 2 else [])
        state, _ = weigh(state, moment, PHRASES, THRESHOLDS, SETTINGS)
    assert len(state.mentions) == MOST_MENTIONS
    assert len(state.voice) < 100


def test_a_phrases_own_threshold_comes_out_at_that_of_its_group() -> None:
    """What just reaches it just reaches the group's, whatever both are, and the order of scores is kept."""
    strict = (replace(PHRASES[HELP], threshold=0.9),)
    state, weighed = weigh(Evidence(), Moment(0.2, USUAL_DBA, 0.0, (Hit(0, 0.9),)), strict, {"help": 0.7}, SETTINGS)
    assert weighed["help"].score == pytest.approx(0.7)
    assert len(state.mentions) == 1
    higher = weigh(Evidence(), Moment(0.2, USUAL_DBA, 0.0, (Hit(0, 0.95),)), strict, {"help": 0.7}, SETTINGS)[1]["help"].score
    assert 0.7 < higher < 0.95


def test_a_phrase_that_must_be_shouted_is_nothing_until_it_is() -> None:
    """Neither calmly nor merely loudly."""
    only = (replace(PHRASES[HELP], only_shouted=True),)
    assert peak(said((2.0, 0, 0.9)), phrases=only) == 0.0
    assert peak(said((2.0, 0, 0.9), level_dba=90.0), phrases=only) == 0.0
    assert peak(said((2.0, 0, 0.9), shouting=0.6), phrases=only) >= 0.9


def test_a_phrase_with_a_least_level_is_nothing_below_it() -> None:
    """The level while it is said counts, not that of a door some seconds before."""
    loud = (replace(PHRASES[HELP], min_dba=USUAL_DBA + 3),)
    calm = said((3.0, 0, 0.9))
    assert peak(calm, phrases=loud) == 0.0
    assert peak([replace(m, level_dba=USUAL_DBA + 11 if m.time_s == 1.0 else USUAL_DBA) for m in calm], phrases=loud) == 0.0
    assert peak([replace(m, level_dba=USUAL_DBA + 4 if m.time_s == 3.0 else USUAL_DBA) for m in calm], phrases=loud) >= 0.9


NEEDS = (replace(PHRASES[HELP], alone="nothing", second_s=2.0, second_dba=USUAL_DBA + 1),)
LOWERS = (replace(PHRASES[HELP], alone="lower", second_s=2.0, second_dba=USUAL_DBA + 1),)


def loud_at(time_s: float, **voice: float) -> list[Moment]:
    """A phrase that ends at 4 s, calm but for one step."""
    return [replace(m, **voice) if m.time_s == time_s else m for m in said((4.0, 0, 0.9), until_s=9.0)]  # type: ignore[arg-type] # of Moment


def heard_in_full(moments: Sequence[Moment], phrases: Sequence[Phrase]) -> list[float]:
    """When help reaches its threshold, and not one step lower."""
    found = zip(moments, run(moments, phrases), strict=True)
    return [moment.time_s for moment, weighed in found if weighed["help"].score >= 0.5 and not weighed["help"].lowered]


@pytest.mark.parametrize("phrases", [NEEDS, LOWERS])
@pytest.mark.parametrize("voice", [{"level_dba": USUAL_DBA + 1}, {"shouting": 0.5}])
@pytest.mark.parametrize(("second_s", "from_s"), [(1.8, 4.0), (4.0, 4.0), (5.0, 5.0), (6.0, 6.0)])
def test_a_phrase_that_needs_another_kind_of_evidence_counts_once_there_is_some(
    phrases: Sequence[Phrase], voice: dict[str, float], second_s: float, from_s: float
) -> None:
    """Loudness or shouting, some seconds before or after it (it began at 3.64 s); for as long as any phrase counts, and not before."""
    times = heard_in_full(loud_at(second_s, **voice), phrases)
    assert [times[0], times[-1]] == pytest.approx([from_s, from_s + SETTINGS.late_s])


@pytest.mark.parametrize(("second_s", "voice"), [(1.0, {"level_dba": 90.0}), (6.4, {"shouting": 0.9}), (4.0, {"level_dba": USUAL_DBA, "shouting": 0.4})])
def test_a_phrase_without_it_is_nothing_or_one_step_lower(second_s: float, voice: dict[str, float]) -> None:
    """What was too long before, comes too late, or is too little; what is raised lower waits for the shouting that is scored late."""
    moments = loud_at(second_s, **voice)
    assert peak(moments, phrases=NEEDS) == 0.0
    lower = [(m.time_s, w["help"]) for m, w in zip(moments, run(moments, LOWERS), strict=True) if w["help"].phrase is not None]
    assert [time_s for time_s, _ in lower] == [4.8, 5.0, 5.2, 5.4, 5.6]
    assert all(weighed.lowered and weighed.score > 0.89 for _, weighed in lower)


def test_a_phrase_in_full_goes_before_one_that_is_alone() -> None:
    """However much better the other one was heard; unless it is too weak itself."""
    both = (replace(PHRASES[HELP], alone="lower", second_dba=USUAL_DBA + 1), PHRASES[TEACHER])
    for score, lowered in ((0.6, False), (0.3, True)):
        moments = [Moment(2.0, USUAL_DBA, 0.0, (Hit(0, 0.95),)), Moment(2.8, USUAL_DBA, 0.0, (Hit(1, score, lasted_s=0.5),))]
        assert run(moments, both)[1]["help"].lowered is lowered


def test_of_phrases_heard_alike_the_gravest_is_named() -> None:
    """In either order; a better score goes before."""
    for hits in ((Hit(DIE, 0.8), Hit(STUPID, 0.8)), (Hit(STUPID, 0.8), Hit(DIE, 0.8))):
        assert run([Moment(0.2, USUAL_DBA, 0.0, hits)])[0]["insult"].phrase == DIE
    assert run([Moment(0.2, USUAL_DBA, 0.0, (Hit(DIE, 0.8), Hit(STUPID, 0.81)))])[0]["insult"].phrase == STUPID


hits = st.lists(st.builds(Hit, st.integers(0, 4), st.floats(0, 1), st.none() | st.floats(0, 5)), max_size=5)
steps = st.lists(st.tuples(st.floats(30, 110), st.floats(0, 1), hits), max_size=60)


@settings(deadline=None)
@given(steps)
def test_evidence_is_bounded(sequence: list[tuple[float, float, list[Hit]]]) -> None:
    """Whatever is heard: each score is in 0..1, at least that of the best hit of the step in a quiet voice, and what is remembered does not grow."""
    state, quiet = Evidence(), SETTINGS.most_db * SETTINGS.logits_per_db
    for i, (level_dba, shouting, found) in enumerate(sequence):
        state, weighed = weigh(state, Moment(i * STEP_S, level_dba, shouting, found), PHRASES, THRESHOLDS, SETTINGS)
        assert len(state.mentions) <= MOST_MENTIONS
        for group, one in weighed.items():
            latest = {hit.phrase: hit.score for hit in found if PHRASES[hit.phrase].group == group}
            assert 0.0 <= one.score <= 1.0
            assert one.score >= score_of(logit(max(latest.values(), default=0.0)) - quiet) - 1e-5


@settings(deadline=None)
@given(steps, st.integers(0, 60))
def test_the_state_is_all_there_is(sequence: list[tuple[float, float, list[Hit]]], cut: int) -> None:
    """The same steps give the same scores, and a state may be used again."""
    moments = [Moment(i * STEP_S, *step) for i, step in enumerate(sequence)]
    state = Evidence()
    for moment in moments[:cut]:
        state, _ = weigh(state, moment, PHRASES, THRESHOLDS, SETTINGS)
    twice = []
    for _ in range(2):
        after, out = state, []
        for moment in moments[cut:]:
            after, weighed = weigh(after, moment, PHRASES, THRESHOLDS, SETTINGS)
            out.append(weighed)
        twice.append(out)
    assert twice[0] == twice[1]
