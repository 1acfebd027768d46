"""The list of phrases that is listened for: the shipped one or the school's file, and the changes in the configuration.

A list is TOML with a table a group:

    [help]
    phrases = ["救命", {text = "来人啊", threshold = 0.7}]
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import Field, ValidationError

from edge.config.hanzi import spoken
from edge.config.load import ConfigError, ConfigUnreadable, Problem, problems_of, text_of
from edge.config.schema import SECOND_DBA, SECOND_S, Alone, Entry, Merger, PhraseEntry, PhraseSettings, Section
from edge.config.where import KeyPath
from edge.errors import EdgeError
from edge.words import N_

FILE = "phrases.toml"
GROUPS = ("help", "insult")
MOST_PHRASES = 500
SEVERITY = 2
THRESHOLD = 0.5
"""Of a phrase for which nobody says."""

_LARGEST_BYTES = 256 * 1024
_LONGEST_LINE = 64 * 1024
_MOST_DOTS = 1000  # in a line: the parser takes time by the square of a dotted key's length


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase, all questions about it settled."""

    text: str  # as it was written
    group: str  # of GROUPS: the label it raises
    on: bool = True  # else it raises nothing and has no part in the scores
    threshold: float = THRESHOLD  # 0..1, score it must reach
    severity: int = SEVERITY  # 1..3
    min_dba: float | None = None  # level that must be reached while it is said; None: any
    only_shouted: bool = False
    alone: Alone = "raise"  # what it does without loudness or shouting near it
    second_dba: float = SECOND_DBA  # level that is loudness
    second_s: float = SECOND_S  # so near it

    @property
    def spoken(self) -> str:
        """The hanzi of it, a syllable each."""
        return _hanzi(self.text)


@dataclass(frozen=True, slots=True)
class PhraseList:
    """The phrases in use, and how generously their sounds are taken."""

    phrases: tuple[Phrase, ...]  # in the order of the file, at least one
    mergers: tuple[Merger, ...] = ()  # sounds that are one sound in the local speech
    heteronyms: bool = False  # whether a character may be read in its other ways as well

    @property
    def heard(self) -> tuple[Phrase, ...]:
        """Those that are on."""
        return tuple(phrase for phrase in self.phrases if phrase.on)


_Placed: TypeAlias = tuple[str, PhraseEntry]  # a group and a phrase in it


class _Group(Section):
    phrases: tuple[Entry, ...] = Field(max_length=MOST_PHRASES, strict=False)


class _File(Section):
    mergers: tuple[Merger, ...] | None = Field(default=None, max_length=8, strict=False)
    heteronyms: bool | None = None
    thresholds: tuple[Annotated[float, Field(ge=0.001, le=0.999)], ...] | None = Field(default=None, min_length=1, max_length=40, strict=False)
    help: _Group = _Group(phrases=())
    insult: _Group = _Group(phrases=())

    @property
    def groups(self) -> Mapping[str, _Group]:
        return {"help": self.help, "insult": self.insult}

    @property
    def entries(self) -> tuple[_Placed, ...]:
        return tuple((group, entry) for group, table in self.groups.items() for entry in table.phrases)


class NoSuchPhrase(EdgeError):
    """The configuration takes a phrase out of the list that is not in it."""

    def __init__(self, group: str, phrase: str, listed: Sequence[str]) -> None:
        near = get_close_matches(phrase, listed, n=1)
        if near:
            super().__init__(N_("phrases.{group}.remove: {phrase} is not in the list; did you mean {near}?"), group=group, phrase=phrase, near=near[0])
        else:
            super().__init__(N_("phrases.{group}.remove: {phrase} is not in the list"), group=group, phrase=phrase)


class AddedAmiss(EdgeError):
    """What the configuration adds does not go with the list."""


def list_in_use(settings: PhraseSettings, shipped: Path, file: Path | None = None, calibrated: Mapping[str, float] | None = None) -> PhraseList:
    """The list by which a terminal listens.

    shipped: the models' folder. file: a list that takes the place of the shipped one, of the configured file and of the configured changes.
    calibrated: thresholds by hanzi that were found at this terminal; they stand behind what somebody has written, and before what is shipped.
    Raises EdgeError.
    """
    found, written = _in_use(settings, shipped, file)
    if not calibrated:
        return found
    measured = {phrase: calibrated[phrase.spoken] for phrase in found.phrases if phrase.spoken in calibrated and phrase.spoken not in written}
    return replace(found, phrases=tuple(replace(phrase, threshold=measured.get(phrase, phrase.threshold)) for phrase in found.phrases))


def _in_use(settings: PhraseSettings, shipped: Path, file: Path | None) -> tuple[PhraseList, frozenset[str]]:
    """The list, and the hanzi of phrases for which the school itself has written a threshold."""
    base = _read(shipped / FILE)
    if file is not None:
        ours = _read(file)
        return _settled(ours, ours.entries, (ours, settings, base), base, settings), _with_threshold(entry for _, entry in ours.entries)
    ours = _read(Path(settings.file)) if settings.file else base
    own = () if ours is base else (entry for _, entry in ours.entries)
    written = _with_threshold((*own, *settings.help.add, *settings.insult.add))
    return _settled(ours, _changed(ours.entries, settings), (settings, ours, base), base, settings), written


def _with_threshold(entries: Iterable[PhraseEntry]) -> frozenset[str]:
    return frozenset(_hanzi(entry.text) for entry in entries if entry.threshold is not None)


# --- a file


def _read(path: Path) -> _File:
    text = text_of(path, _LARGEST_BYTES, _LONGEST_LINE)
    try:
        found, lines = _parsed(path, text)
    except RecursionError as error:
        raise ConfigUnreadable(N_("{file}: tables or lists are nested too deeply"), file=path) from error
    if not found.entries:
        raise ConfigError([Problem(N_("{file}: there is no phrase in it; a list has [help] or [insult] with phrases = [ … ]"), file=path)])
    if problems := list(_twice(path, found, lines)):
        raise ConfigError(problems)
    return found


def _parsed(path: Path, text: str) -> tuple[_File, Mapping[KeyPath, int]]:
    """The file, and where things stand in it."""
    if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
        raise RecursionError  # as the parser itself would, after minutes
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Problem(N_("{file}: not valid TOML: {reason}"), file=path, reason=error)]) from error
    if (count := sum(map(len, _lists(values)))) > MOST_PHRASES:
        raise ConfigError([Problem(N_("{file}: {count} phrases; at most {most} are possible"), file=path, count=count, most=MOST_PHRASES)])
    lines = _lines(text, values)
    try:
        return _File.model_validate(values), lines
    except ValidationError as error:
        raise ConfigError(problems_of(path, error, lines, _File)) from error


def _lists(values: Mapping[str, Any]) -> Iterator[list[Any]]:
    """What stands under `phrases`, whatever it is."""
    for table in values.values():
        if isinstance(table, dict) and isinstance(phrases := table.get("phrases"), list):
            yield phrases


def _twice(path: Path, found: _File, lines: Mapping[KeyPath, int]) -> Iterator[Problem]:
    """What stands in the list twice, in one group or in both."""
    same = N_("{file}, line {line}: {phrase} is in the list already, in line {before}")
    other = N_("{file}, line {line}: {phrase} is in [{group}] already, in line {before}; a phrase belongs to one group")
    places = [(lines.get((group, "phrases", i), 1), group, entry.text) for group, table in found.groups.items() for i, entry in enumerate(table.phrases)]
    seen: dict[str, tuple[int, str]] = {}
    for line, group, text in sorted(places, key=lambda place: place[0]):
        if (first := seen.get(_hanzi(text))) is None:
            seen[_hanzi(text)] = line, group
        else:
            yield Problem(same if first[1] == group else other, line=line, file=path, phrase=text, group=first[1], before=first[0])


def _lines(text: str, values: Mapping[str, Any]) -> dict[KeyPath, int]:
    """Where tables, keys and phrases stand, as far as they can be found by looking; `tomllib` keeps no positions."""
    found: dict[KeyPath, int] = {}

    def line_at(place: int) -> int:
        return text.count("\n", 0, place) + 1

    for group, table in values.items():
        heading = re.search(rf"(?m)^\s*(\[+\s*)?[\"']?{re.escape(group)}\b", text)
        if heading is None:
            continue
        found[group,] = line_at(heading.end())
        keys = table if isinstance(table, dict) else {}
        for key, value in keys.items():
            begins = re.compile(rf"(?m)^\s*([\"']?{re.escape(group)}[\"']?\s*\.\s*)?[\"']?{re.escape(key)}\b").search(text, heading.end())
            place = begins.end() if begins else heading.end()
            found[group, key] = line_at(place)
            for i, entry in enumerate(value if isinstance(value, list) else ()):
                wanted = entry.get("text") if isinstance(entry, dict) else entry
                places = [at for quote in "\"'" if (at := text.find(f"{quote}{wanted}{quote}", place)) >= 0]
                place = min(places, default=place - 1) + 1
                found[group, key, i] = line_at(place)
    return found


# --- what holds


def _changed(entries: Sequence[_Placed], settings: PhraseSettings) -> list[_Placed]:
    """With the configured phrases, and without those that are configured away."""
    listed = {_hanzi(entry.text): (group, entry) for group, entry in entries}
    changes = {"help": settings.help, "insult": settings.insult}
    for group, change in changes.items():
        for text in change.remove:
            if listed.get(_hanzi(text), ("", None))[0] != group:
                raise NoSuchPhrase(group, text, [entry.text for of, entry in listed.values() if of == group])
            del listed[_hanzi(text)]
    added = set[str]()
    for group, change in changes.items():
        for entry in change.add:
            hanzi = _hanzi(entry.text)
            if hanzi in added:
                raise AddedAmiss(N_("phrases.{group}.add: {phrase} is added twice"), group=group, phrase=entry.text)
            there, before = listed.get(hanzi, (group, None))
            if there != group:
                raise AddedAmiss(N_("phrases.{group}.add: {phrase} is in the list as {other} already"), group=group, phrase=entry.text, other=there)
            listed[hanzi] = group, _over(before, entry)
            added.add(hanzi)
    if not 1 <= len(listed) <= MOST_PHRASES:
        raise AddedAmiss(N_("the list of phrases has {count} with the configured changes; 1 to {most} are possible"), count=len(listed), most=MOST_PHRASES)
    return list(listed.values())


def _settled(ours: _File, entries: Sequence[_Placed], options: Sequence[_File | PhraseSettings], base: _File, settings: PhraseSettings) -> PhraseList:
    """What a list leaves open is as in the shipped one, else the default. options: where mergers and heteronyms are looked for, in this order.

    settings: what a phrase alone does here, where nothing is said of it.
    """
    shipped = {_hanzi(entry.text): entry for _, entry in base.entries}
    thresholds = ours.thresholds or base.thresholds or (THRESHOLD,)

    def phrase(group: str, entry: PhraseEntry) -> Phrase:
        by_length = thresholds[min(len(_hanzi(entry.text)), len(thresholds)) - 1]
        known = {key: value for key, value in _over(shipped.get(_hanzi(entry.text)), entry).model_dump().items() if value is not None}
        here = {"alone": getattr(settings, group).alone, "second_dba": settings.second_dba, "second_s": settings.second_s}
        return Phrase(**{"group": group, "threshold": by_length, **here, **known})

    return PhraseList(
        tuple(phrase(group, entry) for group, entry in entries),
        next((o.mergers for o in options if o.mergers is not None), ()),
        next((o.heteronyms for o in options if o.heteronyms is not None), False),
    )


def _over(under: PhraseEntry | None, entry: PhraseEntry) -> PhraseEntry:
    """`entry`, with the settings of `under` where it has none."""
    if under is None:
        return entry
    return under.model_copy(update={key: value for key, value in entry.model_dump().items() if value is not None})


@lru_cache(maxsize=4 * MOST_PHRASES)  # asked at each step of the sound
def _hanzi(text: str) -> str:
    """What of a checked text is spoken; by this a phrase is known."""
    hanzi = spoken(text)
    assert isinstance(hanzi, str)
    return hanzi
