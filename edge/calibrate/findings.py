"""What is to be said of each phrase of a list before it is listened for."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from edge.calibrate.measured import Measured, MeasuredPhrases
from edge.calibrate.vocabulary import Alike, Collision, Vocabulary
from edge.calibrate.vocabulary import alike as words_alike
from edge.config.phrases import Phrase, PhraseList
from edge.detect.units import Units, lacking

SHORT = 2
"""Syllables up to which a phrase is short: in ordinary talk these sounds come together by chance."""
OFTEN = 1.0
"""Times in a million words from which words that sound alike are a reason not to take a phrase: 140 hours of talk without a pause."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One phrase."""

    phrase: Phrase
    units: Units
    lacking: tuple[str, ...]  # syllables that the model cannot hear
    alike: tuple[str, ...]  # other phrases of the list that sound the same, or of the other group and inside of it
    words: Alike | None  # ordinary words that sound like it; None: no words to compare with
    measured: Measured | None

    @property
    def collisions(self) -> tuple[Collision, ...] | None:
        """The frequent ones of these words."""
        return None if self.words is None else self.words.collisions

    @property
    def homophones(self) -> tuple[Collision, ...]:
        """Those of the same syllables from beginning to end."""
        return () if self.words is None else self.words.homophones

    @property
    def short(self) -> bool:
        """Whether it is too short to be told from ordinary talk."""
        return len(self.units) <= SHORT

    @property
    def wanting(self) -> bool:
        """Whether somebody should look at it; a phrase that is off cannot do harm."""
        often = any(one.per_million >= OFTEN for one in self.collisions or ())
        return self.phrase.on and bool(self.short or self.lacking or self.alike or often)


def findings(
    listed: PhraseList, units: Mapping[str, Units], known: Collection[str] | None, words: Vocabulary | None, measured: MeasuredPhrases
) -> Iterator[Finding]:
    """Each phrase of the list. units: by text. known: the model's syllables; None: there is no model to ask."""
    missing = {} if known is None else {lack.phrase: lack.syllables for lack in lacking(units, known)}
    for phrase in listed.phrases:
        own = units[phrase.text]
        yield Finding(
            phrase,
            own,
            missing.get(phrase.text, ()),
            tuple(other.text for other in listed.heard if other is not phrase and _alike(phrase, other, units)),
            None if words is None else words_alike(phrase.spoken, own, words),
            measured.of(phrase),
        )


def _alike(phrase: Phrase, other: Phrase, units: Mapping[str, Units]) -> bool:
    own, theirs = units[phrase.text], units[other.text]
    if phrase.group == other.group:
        return _at(own, theirs, 0) and len(own) == len(theirs)
    return any(_at(own, theirs, start) for start in range(len(theirs) - len(own) + 1))


def _at(own: Units, theirs: Units, start: int) -> bool:
    """Whether the one may be heard in the other, from there on."""
    here = theirs[start : start + len(own)]
    return len(here) == len(own) and all(a & b for a, b in zip(own, here, strict=True))
