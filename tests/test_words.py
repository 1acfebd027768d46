"""The catalogue is whole: everything that people read has its Chinese."""

import argparse
import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from edge.commands.arguments import WORDS_OF_ARGPARSE
from edge.words import DOMAIN, LANGUAGES, LOCALE_FOLDER, language

CATALOGUE = LOCALE_FOLDER / "zh_CN" / "LC_MESSAGES" / f"{DOMAIN}.po"
FIELDS = re.compile(r"\{\w*[^{}]*\}|%\(\w+\)[rs]|%[rs]|`[^`]+`")


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    """The Chinese catalogue as committed."""
    return read_po(io.BytesIO(CATALOGUE.read_bytes()))


@pytest.fixture(scope="module")
def marked() -> dict[str, str]:
    """Each sentence marked in the package, and the file where it stands."""
    found = extract_from_dir(LOCALE_FOLDER.parent, keywords={"_": None, "N_": None})
    return {str(sentence): file for file, _line, sentence, _comments, _context in found}


def test_every_marked_sentence_has_its_chinese(chinese: Catalog, marked: dict[str, str]) -> None:
    """`make words` brings in what is new; then it wants translating."""
    missing = [f"{file}: {sentence}" for sentence, file in marked.items() if sentence not in chinese or not chinese[sentence].string]
    assert missing == []


def test_the_catalogue_holds_nothing_else(chinese: Catalog, marked: dict[str, str]) -> None:
    """No sentence that nobody says any more, no translation that a tool guessed."""
    assert [message.id for message in chinese if message.id and message.id not in marked] == []
    assert chinese.obsolete == {}
    assert [message.id for message in chinese if message.id and message.fuzzy] == []


def test_a_translation_has_the_fields_of_its_sentence(chinese: Catalog) -> None:
    """A missing field hides a fact, an unknown one is an error before the technician's eyes; quoted keys stay as they are typed."""
    wrong = [message.id for message in chinese if sorted(FIELDS.findall(str(message.id))) != sorted(FIELDS.findall(str(message.string))) and message.id]
    assert wrong == []


def test_a_translation_is_chinese(chinese: Catalog) -> None:
    """A sentence copied over is not translated."""
    assert [
        message.id for message in chinese if message.id and re.search("[a-z]{3}", str(message.id)) and not re.search("[\u4e00-\u9fff]", str(message.string))
    ] == []


def test_the_words_of_argparse_are_its_own() -> None:
    """A word that argparse does not look up is of no use here."""
    source = Path(argparse.__file__).read_text(encoding="utf-8")
    assert [word for word in WORDS_OF_ARGPARSE if repr(word)[1:-1] not in source] == []


@pytest.mark.parametrize(
    ("wanted", "environment", "tag"),
    [
        ("", {}, "en"),
        ("", {"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ("", {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ("", {"LANG": "de_DE.UTF-8"}, "en"),
        ("zh", {"LANG": "en_GB.UTF-8"}, "zh_CN"),
        ("en", {"LANG": "zh_CN.UTF-8"}, "en"),
    ],
)
def test_the_language_is_the_wanted_one_or_that_of_the_locale(wanted: str, environment: dict[str, str], tag: str) -> None:
    """English where nothing says Chinese."""
    assert language(wanted, environment) == tag
    assert tag in LANGUAGES
