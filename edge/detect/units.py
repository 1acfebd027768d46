"""From a phrase in hanzi to the syllables that are heard, named as `pypinyin.lazy_pinyin` names them ("nv", "lv"), by wish with their tones ("da3").

pypinyin takes some 60 MB for its dictionaries, so a running terminal asks it in a process of its own, which then ends.
"""

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from edge.config.hanzi import NotSpoken, spoken
from edge.config.schema import Merger
from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_

Units: TypeAlias = tuple[frozenset[str], ...]
"""A position a syllable, each with all syllables that are accepted there. Digits are the tones that are accepted with it, none: any ("da3", "hao23", "bu")."""

MOST_READINGS = 3
"""Of a character, where heteronyms are wanted: pypinyin gives the common ones first, and names and old texts after them."""
LONGEST_S = 60.0

_COMMAND = (sys.executable, "-P", "-m", "edge.detect.units")

# How people say a character where the dictionary gives the reading of the classroom; both are right in any sentence.
_ANY_TONE = frozenset("一不")  # they change it with what follows
_SAID_BOTH_WAYS = (("谁", "shui", "shei"), ("这", "zhe", "zhei"), ("那", "na", "nei"), ("哪", "na", "nei"), ("血", "xue", "xie"), ("熟", "shu", "shou"))
_ALSO_SAID = {(character, said): other for character, *both in _SAID_BOTH_WAYS for said, other in (both, both[::-1])}
# Interjections that are no syllables of the table, beside what is near them.
_NEAR = {"n": "en", "ng": "en", "m": "mu", "hm": "heng", "hng": "heng", "ê": "ei"}
# f- and hu- are one sound in much of the south: 飞 and 灰, 饭 and 换.
_F_AND_H = {"fa": "hua", "fan": "huan", "fang": "huang", "fei": "hui", "fen": "hun", "feng": "hong", "fo": "huo", "fu": "hu"}


class NoUnits(EdgeError):
    """A phrase has a character whose sound nobody knows."""


class UnitsFailed(EdgeError):
    """The process that reads the phrases came to nothing."""


@dataclass(frozen=True, slots=True)
class Lack:
    """What of a phrase a model cannot hear."""

    phrase: str
    syllables: tuple[str, ...]


def parted(name: str) -> tuple[str, str]:
    """A name of Units -> the syllable and the digits of the tones that are accepted, none: any."""
    syllable = name.rstrip("12345")
    return syllable, name[len(syllable) :]


def toneless(position: Iterable[str]) -> frozenset[str]:
    """The syllables of a position."""
    return frozenset(parted(name)[0] for name in position)


def units_of(phrases: Iterable[str], mergers: Collection[Merger] = (), *, heteronyms: bool = False, toned: bool = False) -> dict[str, Units]:
    """The units of each phrase, read as a whole: 长大 is zhang da. Raises NoUnits.

    mergers: sounds that are one sound in the local speech. heteronyms: accept a character's other common readings as well. toned: with tones.
    """
    from pypinyin import Style, lazy_pinyin, pinyin  # noqa: PLC0415 - see above

    style = Style.TONE3 if toned else Style.NORMAL
    found = {}
    for phrase in phrases:
        hanzi = spoken(phrase)
        if isinstance(hanzi, NotSpoken):
            raise NoUnits(N_("{phrase} cannot be listened for: {why}"), phrase=phrase, why=hanzi.sentence.format(found=hanzi.found))
        first = lazy_pinyin(hanzi, style, errors="ignore")
        others = pinyin(hanzi, style=style, heteronym=True, errors="ignore") if heteronyms else [[] for _ in hanzi]
        if len(first) != len(hanzi):  # what pypinyin does not know is left out
            unknown = next(character for character in hanzi if not lazy_pinyin(character, errors="ignore"))
            raise NoUnits(N_("{phrase} cannot be listened for: nobody knows how {character} is read"), phrase=phrase, character=unknown)
        read = [{syllable, *more[:MOST_READINGS]} for syllable, more in zip(first, others, strict=True)]
        if toned:
            thirds = [any(name.endswith("3") for name in names) for names in read]
            read = [
                set(_toned(character, names, before_third=following)) for character, names, following in zip(hanzi, read, [*thirds[1:], False], strict=True)
            ]
        found[phrase] = tuple(_accepted(names | _spoken_as(character, names), mergers) for character, names in zip(hanzi, read, strict=True))
    return found


def _toned(character: str, names: Iterable[str], *, before_third: bool) -> Iterator[str]:
    """As they are said in a sentence: a third tone before a third is a second; a syllable without stress may have any."""
    for syllable, tone in map(parted, names):
        yield syllable if character in _ANY_TONE else f"{syllable}23" if tone == "3" and before_third else syllable + tone


def units_apart(phrases: Iterable[str], mergers: Collection[Merger] = (), *, heteronyms: bool = False, toned: bool = False) -> dict[str, Units]:
    """As `units_of`, without a byte of pypinyin in this process. Raises NoUnits and UnitsFailed."""
    here = str(Path(__file__).parents[2])
    asked = json.dumps({"phrases": list(phrases), "mergers": list(mergers), "heteronyms": heteronyms, "toned": toned})
    try:
        done = subprocess.run(
            _COMMAND,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH")))), "PYTHONIOENCODING": "utf-8"},
            input=asked,
            capture_output=True,
            encoding="utf-8",
            timeout=LONGEST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnitsFailed(N_("the syllables of the phrases could not be found: {reason}"), reason=reason_of(error)) from error
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise UnitsFailed(N_("the syllables of the phrases could not be found: {reason}"), reason=reason)
    told = json.loads(done.stdout)
    if "sentence" in told:
        raise NoUnits(told["sentence"], **told["facts"])
    return {phrase: tuple(frozenset(position) for position in positions) for phrase, positions in told.items()}


def lacking(units: Mapping[str, Units], known: Collection[str]) -> list[Lack]:
    """The phrases with a position at which the model knows none of the accepted syllables."""
    found = []
    for phrase, positions in units.items():
        if unheard := tuple("/".join(sorted(toneless(position))) for position in positions if toneless(position).isdisjoint(known)):
            found.append(Lack(phrase, unheard))
    return found


def _spoken_as(character: str, names: Iterable[str]) -> set[str]:
    found = set()
    for syllable, tones in map(parted, names):
        if also := _ALSO_SAID.get((character, syllable)):
            found.add(also + tones)
        if near := _NEAR.get(syllable):
            found.add(near)
    return found


def _accepted(names: set[str], mergers: Collection[Merger]) -> frozenset[str]:
    """With all that the mergers make of them, one after the other."""
    found, fresh = set(names), set(names)
    while fresh:
        fresh = {other for name in fresh for merger in mergers if (other := _merged_name(name, merger))} - found
        found |= fresh
    return frozenset(found)


def _merged_name(name: str, merger: Merger) -> str | None:
    """The other of the pair, with the same tones."""
    syllable, tones = parted(name)
    other = _merged(syllable, merger)
    return None if other is None else other + tones


def _merged(syllable: str, merger: Merger) -> str | None:
    """The other syllable of the pair, None where the merger does not touch it. What is no syllable of Mandarin does no harm: no model knows it."""
    if merger == "f/h":
        return _F_AND_H.get(syllable) or next((f for f, h in _F_AND_H.items() if h == syllable), None)
    first, second = merger.split("/")
    if merger in {"an/ang", "en/eng", "in/ing"}:
        if syllable.endswith(second):
            return syllable[:-1]
        return f"{syllable}g" if syllable.endswith(first) else None
    if syllable.startswith(first):
        return second + syllable[len(first) :]
    # "z" is also how "zh" begins, but that was the case before.
    return first + syllable[len(second) :] if syllable.startswith(second) else None


def _main() -> None:
    asked = json.load(sys.stdin)
    try:
        found = units_of(asked["phrases"], asked["mergers"], heteronyms=asked["heteronyms"], toned=asked["toned"])
    except NoUnits as error:
        json.dump({"sentence": error.sentence, "facts": error.facts}, sys.stdout)
    else:
        json.dump({phrase: [sorted(position) for position in positions] for phrase, positions in found.items()}, sys.stdout)


if __name__ == "__main__":
    _main()
