"""Which ordinary words sound like a phrase."""

import pytest

from edge.calibrate.vocabulary import MOST_TOLD, ORDINARY, Collision, Vocabulary, Word, alike, collisions, ordinary_words, vocabulary
from edge.config.schema import Merger
from edge.detect.units import units_of

WORDS = vocabulary(
    [
        Word("就", 4000.0, ("jiu",)),
        Word("明白", 200.0, ("ming", "bai")),
        Word("旧名", 1.5, ("jiu", "ming")),
        Word("救命", 8.0, ("jiu", "ming")),
        Word("救命之恩", 2.0, ("jiu", "ming", "zhi", "en")),
        Word("成就", 50.0, ("cheng", "jiu")),
        Word("大", 2000.0, ("da",)),
        Word("是", 9000.0, ("shi",)),
        Word("四", 900.0, ("si",)),
        Word("你", 4000.0, ("ni",)),
        Word("打", 1000.0, ("da",)),
        Word("死", 5000.0, ("si",)),
    ]
)


def told(phrase: str, *mergers: Merger, words: Vocabulary = WORDS) -> dict[str, float]:
    """The collisions of a phrase, and how often they come."""
    return {"+".join(one.words): round(one.per_million, 6) for one in collisions(phrase, units_of([phrase], mergers)[phrase], words)}


def test_words_alone_inside_of_others_and_across_two_are_found() -> None:
    """By their sounds; two in a row as often as chance has them: 4,000 and 200 in a million make 0.8. The phrase itself is none."""
    assert told("救命") == {"救命之恩": 2.0, "旧名": 1.5, "就+明白": 4000 * 200 / 1e6}


def test_several_words_in_a_row_are_found() -> None:
    """But not the phrase in pieces, which sounds like itself because it is said."""
    assert told("打死你") == {"大+死+你": pytest.approx(2000 * 5000 * 4000 / 1e12)}
    assert told("打死你", words=vocabulary([Word("打", 9e5, ("da",)), Word("死你", 9e5, ("si", "ni"))])) == {}


def test_mergers_bring_more_of_them() -> None:
    """是 is heard as si where sh and s are one."""
    assert told("打死你", "sh/s")["大+是+你"] == pytest.approx(2000 * 9000 * 4000 / 1e12)


def test_only_what_is_said_often_is_told_and_only_the_first_of_it() -> None:
    """A list without end would be read by nobody."""
    rare = vocabulary([Word("久", 10.0, ("jiu",)), Word("鸣", 10.0, ("ming",))])
    assert told("救命", words=rare) == {}
    many = vocabulary([Word(f"旧{chr(0x4E00 + i)}", 1.0 + i, ("jiu", "ming")) for i in range(20)])
    found = collisions("救命", units_of(["救命"])["救命"], many)
    assert [one.per_million for one in found] == [20.0, 19.0, 18.0, 17.0, 16.0]
    assert len(found) == MOST_TOLD


def test_what_differs_in_tone_alone_is_told_apart_from_what_is_longer() -> None:
    """舅舅 and 救救 are the same syllables; 舅舅家 only begins with them. A homophone is told though five longer words are more frequent."""
    words = vocabulary([*(Word(f"舅舅{chr(0x4E00 + i)}", 90.0, ("jiu", "jiu", "jia")) for i in range(9)), Word("舅舅", 20.0, ("jiu", "jiu"))])
    found = alike("救救", units_of(["救救"])["救救"], words)
    assert [one.words for one in found.homophones] == [("舅舅",)]
    assert ("舅舅",) not in [one.words for one in found.collisions]


def test_the_ordinary_words_are_there_with_their_sounds() -> None:
    """Those that may have the syllables that are asked for, read as words."""
    words = {word.text: word for word in ordinary_words({"hang", "xue", "gun"})}
    assert 1_000 < len(words) < 5_000
    assert not words.keys() & {"救命", "打"}
    assert words["银行"].syllables == ("yin", "hang")
    assert words["数学"].syllables == ("shu", "xue")
    assert min(word.per_million for word in words.values()) >= ORDINARY
    assert all(len(word.syllables) == len(word.text) for word in words.values())
    found = collisions("滚", units_of(["滚"])["滚"], vocabulary(words.values()))
    assert Collision(("棍子",), words["棍子"].per_million) in found
