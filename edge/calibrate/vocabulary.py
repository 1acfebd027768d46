"""Which ordinary words sound like a phrase. The words and how often they are said are jieba's (extra [technician]), their sounds pypinyin's."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from itertools import islice, product
from pathlib import Path
from typing import TypeAlias

from edge.config.hanzi import is_hanzi
from edge.detect.units import Units
from edge.errors import EdgeError
from edge.words import N_

Syllables: TypeAlias = tuple[str, ...]

ORDINARY = 0.8
"""Times in a million words from which a word is an ordinary one."""
ACROSS = 0.02
"""Times in a million words from which neighbours are told: with each word as often as it is, and one after the other by chance."""
MOST_TOLD = 5

_LONGEST = 8  # syllables of a word that are looked at
_MOST_WORDS = 30  # that are kept for the same syllables, the frequent ones
_MOST_PARTS = 15  # beginnings that are followed at each syllable
_MOST_WAYS = 200  # of saying a stretch with mergers


class VocabularyMissing(EdgeError):
    """The list of words is not installed."""


@dataclass(frozen=True, slots=True)
class Word:
    """An ordinary word."""

    text: str
    per_million: float  # words that are said
    syllables: Syllables


@dataclass(frozen=True, slots=True)
class Collision:
    """Ordinary words in which the sounds of a phrase are found, as a whole, inside of one, or across several."""

    words: tuple[str, ...]
    per_million: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words by how they sound: as a whole, at their beginning, at their end, and inside. The frequent ones first."""

    whole: dict[Syllables, list[Word]] = field(default_factory=dict)
    begins: dict[Syllables, list[Word]] = field(default_factory=dict)
    ends: dict[Syllables, list[Word]] = field(default_factory=dict)
    inside: dict[Syllables, list[Word]] = field(default_factory=dict)


def vocabulary(words: Iterable[Word]) -> Vocabulary:
    """The words, sorted for looking up."""
    found = Vocabulary()
    for word in sorted(words, key=lambda word: -word.per_million):
        length = min(len(word.syllables), _LONGEST)
        _add(found.whole, word.syllables, word)
        for n in range(1, length + 1):
            _add(found.begins, word.syllables[:n], word)
            _add(found.ends, word.syllables[-n:], word)
            for i in range(len(word.syllables) - n + 1):
                _add(found.inside, word.syllables[i : i + n], word)
    return found


def _add(table: dict[Syllables, list[Word]], key: Syllables, word: Word) -> None:
    words = table.setdefault(key, [])
    if len(words) < _MOST_WORDS and word not in words[-1:]:
        words.append(word)


def ordinary_words(syllables: Collection[str]) -> list[Word]:
    """The words that are said often enough and may have one of these syllables. Raises VocabularyMissing."""
    found = find_spec("jieba")
    if found is None or found.origin is None:
        raise VocabularyMissing(N_("words that sound alike need jieba, which is not installed. Run: pip install 'xiaoan-edge[technician]'"))
    # Its text alone: the package itself takes seconds to begin, for things that are not needed here.
    rows = [line.split(" ") for line in (Path(found.origin).parent / "dict.txt").read_text(encoding="utf-8").splitlines()]
    total = sum(int(count) for _, count, *_ in rows) / 1e6
    often = ((text, int(count) / total) for text, count, *_ in rows if int(count) / total >= ORDINARY)
    asked = frozenset(syllables)
    return [Word(text, n, _sounds(text)) for text, n in often if all(map(is_hanzi, text)) and any(not asked.isdisjoint(_readings(c)) for c in text)]


def _sounds(word: str) -> Syllables:
    """As `lazy_pinyin` says it, which for fifty thousand words takes its time; where nothing is to be weighed, by the tables alone."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - some 60 MB
    from pypinyin.constants import PHRASES_DICT  # noqa: PLC0415

    if word in PHRASES_DICT:
        return tuple(_toneless(readings[0]) for readings in PHRASES_DICT[word])
    readings = [_readings(character) for character in word]
    return tuple(next(iter(r)) for r in readings) if all(len(r) == 1 for r in readings) else tuple(lazy_pinyin(word))


@cache
def _toneless(syllable: str) -> str:
    from pypinyin.contrib.tone_convert import to_normal  # noqa: PLC0415

    return to_normal(syllable)


@cache
def _readings(character: str) -> frozenset[str]:
    from pypinyin.constants import PINYIN_DICT  # noqa: PLC0415

    return frozenset(_toneless(reading) for reading in PINYIN_DICT.get(ord(character), "").split(","))


@dataclass(frozen=True, slots=True)
class Alike:
    """What ordinary words sound like a phrase; of each the frequent ones first, at most MOST_TOLD."""

    collisions: tuple[Collision, ...]  # all of them
    homophones: tuple[Collision, ...]  # those that are the same syllables from beginning to end: no more than tones tell them apart


def alike(phrase: str, units: Units, words: Vocabulary) -> Alike:
    """Words that sound like the phrase, contain it, or do so where they meet; the phrase itself is none.

    phrase: its hanzi.
    """
    found = _alike(phrase, units, words)
    same = [one for one in found if len("".join(one.words)) == len(units)]
    return Alike(tuple(found[:MOST_TOLD]), tuple(same[:MOST_TOLD]))


def collisions(phrase: str, units: Units, words: Vocabulary) -> list[Collision]:
    """The frequent ones, as `alike` has them."""
    return list(alike(phrase, units, words).collisions)


def _alike(phrase: str, units: Units, words: Vocabulary) -> list[Collision]:
    inside = [Collision((word.text,), word.per_million) for key in _ways(units) for word in words.inside.get(key, ()) if word.text != phrase]
    across = [Collision(parts, share * 1e6) for parts, share in _across(units, words) if share * 1e6 >= ACROSS and phrase not in "".join(parts)]
    told = {one.words: one for one in sorted((*inside, *across), key=lambda one: one.per_million)}
    return sorted(told.values(), key=lambda one: -one.per_million)


_Parts: TypeAlias = tuple[tuple[str, ...], float]  # words in a row, and how often as a share


def _across(units: Units, words: Vocabulary) -> Iterator[_Parts]:
    """Two words or more that meet within the phrase: the end of one, any whole ones, the beginning of the last."""
    count = len(units)
    heads: list[list[_Parts]] = [[] for _ in range(count)]
    for i in range(1, count):
        found: list[_Parts] = [((word.text,), word.per_million / 1e6) for word in _found(words.ends, units[:i])]
        for j in range(1, i):
            found += _joined(heads[j], _found(words.whole, units[j:i]))
        heads[i] = sorted(found, key=lambda head: -head[1])[:_MOST_PARTS]
        yield from _joined(heads[i], _found(words.begins, units[i:]))


def _joined(heads: Iterable[_Parts], words: Sequence[Word]) -> Iterator[_Parts]:
    return (((*parts, word.text), share * word.per_million / 1e6) for parts, share in heads for word in words)


def _found(table: dict[Syllables, list[Word]], units: Units) -> list[Word]:
    return [word for key in _ways(units) for word in table.get(key, ())] if len(units) <= _LONGEST else []


def _ways(units: Units) -> Iterator[Syllables]:
    return islice(product(*units), _MOST_WAYS)
