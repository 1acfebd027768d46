"""What of a written phrase is spoken: its hanzi. Stops and spaces are not; anything else is refused, with what to write instead."""

import unicodedata
from dataclasses import dataclass

from edge.words import N_

MOST_HANZI = 40
"""In one phrase. Nobody says more in one breath, and each costs the search."""

_ZERO = "\u3007"  # a hanzi, though Unicode has it among the punctuation
# The blocks of the Unicode standard that hold ideographs.
_BLOCKS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))


@dataclass(frozen=True, slots=True)
class NotSpoken:
    """Why a text cannot be listened for: a sentence of the catalogue, and the fact in it."""

    sentence: str
    found: str | int = ""


def spoken(text: str) -> str | NotSpoken:
    """The hanzi of a phrase, in order, or why it has to be written otherwise."""
    hanzi = "".join(c for c in unicodedata.normalize("NFC", text) if is_hanzi(c))
    others = [c for c in unicodedata.normalize("NFC", text) if not is_hanzi(c) and unicodedata.category(c)[0] not in "PZ"]
    if letters := "".join(c for c in others if "LATIN" in unicodedata.name(c, "")):
        return NotSpoken(N_("it has the letters {found}; write in hanzi what is said"), letters)
    if digits := "".join(c for c in others if unicodedata.category(c) == "Nd"):
        return NotSpoken(N_("it has the digits {found}; write them in hanzi as they are said"), digits)
    if others:
        return NotSpoken(N_("it has {found}, which is not hanzi"), "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in others))
    if not hanzi:
        return NotSpoken(N_("it has no hanzi"))
    if len(hanzi) > MOST_HANZI:
        return NotSpoken(N_("it has more than {found} hanzi; nobody says them in one breath"), MOST_HANZI)
    return hanzi


def is_hanzi(character: str) -> bool:
    """Whether a character is an ideograph."""
    return character == _ZERO or any(first <= ord(character) <= last for first, last in _BLOCKS)
