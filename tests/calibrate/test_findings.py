"""What speaks against a phrase."""

from edge.calibrate.findings import Finding, findings
from edge.calibrate.measured import MeasuredPhrases
from edge.calibrate.vocabulary import Word, vocabulary
from edge.config.phrases import Phrase, PhraseList
from edge.detect.units import units_of

WORDS = vocabulary([Word("放学", 30.0, ("fang", "xue")), Word("滚动", 9.0, ("gun", "dong")), Word("放开", 0.9, ("fang", "kai"))])


def found(*phrases: Phrase, known: frozenset[str] | None = None, with_words: bool = True) -> dict[str, Finding]:
    """The findings of a list, by phrase."""
    units = units_of([phrase.text for phrase in phrases])
    return {one.phrase.text: one for one in findings(PhraseList(phrases), units, known, WORDS if with_words else None, MeasuredPhrases())}


def test_a_good_phrase_wants_nothing() -> None:
    """Three syllables, no word like it, all of them heard."""
    assert not found(Phrase("快报警", "help"), known=frozenset({"kuai", "bao", "jing"}))["快报警"].wanting


def test_a_short_phrase_is_said_to_be_short() -> None:
    """Two syllables come together by chance; stops are no syllables."""
    one = found(Phrase("救 命!", "help"), Phrase("救命啊", "help"))
    assert (one["救 命!"].short, one["救命啊"].short) == (True, False)
    assert one["救 命!"].wanting


def test_what_the_model_cannot_hear_is_told() -> None:
    """By syllable; without a model nothing is claimed."""
    assert found(Phrase("快报警", "help"), known=frozenset({"kuai", "bao"}))["快报警"].lacking == ("jing",)
    assert found(Phrase("快报警", "help"))["快报警"].lacking == ()


def test_words_that_are_said_often_speak_against_a_phrase() -> None:
    """Rare ones are told alone; without words nothing is claimed."""
    one = found(Phrase("放学别", "insult"), Phrase("放学", "insult"), Phrase("放开", "help"), Phrase("滚动了", "insult"))
    assert [c.words for c in one["放学"].collisions or ()] == []
    assert [c.words for c in one["放学别"].collisions or ()] == []
    assert found(Phrase("防雪", "help"))["防雪"].collisions[0].words == ("放学",)  # type: ignore[index] # they are there
    assert found(Phrase("放学", "help"), with_words=False)["放学"].collisions is None


def test_phrases_that_sound_alike_are_told() -> None:
    """The same syllables within a group; across the groups one inside of the other, for then both would be raised."""
    one = found(Phrase("打死你", "insult"), Phrase("大四你", "insult"), Phrase("他打死你了", "help"), Phrase("快打死你了", "insult"))
    assert {text: each.alike for text, each in one.items()} == {
        "打死你": ("大四你", "他打死你了"),
        "大四你": ("打死你", "他打死你了"),
        "他打死你了": (),
        "快打死你了": (),
    }


def test_a_phrase_that_is_off_wants_nothing() -> None:
    """It can do no harm, neither by itself nor to another."""
    one = found(Phrase("滚", "insult", on=False), Phrase("棍", "help"))
    assert not one["滚"].wanting
    assert one["棍"].alike == ()
