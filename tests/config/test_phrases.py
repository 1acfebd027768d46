"""Lists of phrases: what is read, what is refused, and what holds of several."""

import re
from pathlib import Path

import pytest

from edge.config.load import ConfigError, ConfigUnreadable, load
from edge.config.phrases import FILE, MOST_PHRASES, AddedAmiss, NoSuchPhrase, Phrase, PhraseList, list_in_use
from edge.config.schema import Config, PhraseSettings
from edge.errors import EdgeError
from edge.shipped import models_folder
from edge.words import translator

SHIPPED = """
mergers = ["zh/z"]
thresholds = [0.9, 0.8, 0.6]
[help]
phrases = [{text = "救命", severity = 3, threshold = 0.7}, "快来人啊"]
[insult]
phrases = [{text = "打死你", on = false, min_dba = 70.0, only_shouted = true}]
"""
TOO_LONG = "cannot be listened for: it has more than 40 hanzi; nobody says them in one breath"
TABLE = "a table with the keys text, on, threshold, severity, min_dba, only_shouted, alone"


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A folder of models with a list."""
    (tmp_path / FILE).write_text(SHIPPED, encoding="utf-8")
    return tmp_path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes a list of its own."""
    return tmp_path / "ours.toml"


def read_list(file: Path, shipped: Path) -> PhraseList:
    """The list of `--phrases FILE`."""
    return list_in_use(Config().phrases, shipped, file)


def problems(file: Path, shipped: Path) -> list[str]:
    """What is wrong with the list, without its name."""
    with pytest.raises(ConfigError) as caught:
        read_list(file, shipped)
    return [line.removeprefix(f"{file}, ").removeprefix(f"{file}: ") for line in caught.value.told(str).splitlines()]


def settings(toml: str, tmp_path: Path) -> PhraseSettings:
    """`[phrases]` of a configuration with these lines."""
    (tmp_path / "config.toml").write_text(toml, encoding="utf-8")
    return load(tmp_path / "config.toml").phrases


def test_the_shipped_list_is_whole() -> None:
    """Both groups, each phrase with its severity, and every one a phrase."""
    found = list_in_use(Config().phrases, models_folder())
    assert {phrase.group for phrase in found.phrases} == {"help", "insult"}
    assert all(1 <= phrase.severity <= 3 and 0 < phrase.threshold < 1 and phrase.spoken for phrase in found.phrases)


def test_what_a_phrase_does_not_say_is_by_its_length_or_usual(shipped: Path) -> None:
    """Its own threshold, else that of so many syllables, the last one for all longer ones."""
    assert list_in_use(Config().phrases, shipped) == PhraseList(
        (
            Phrase("救命", "help", on=True, threshold=0.7, severity=3),
            Phrase("快来人啊", "help", on=True, threshold=0.6, severity=2),
            Phrase("打死你", "insult", on=False, threshold=0.6, severity=2, min_dba=70.0, only_shouted=True),
        ),
        mergers=("zh/z",),
    )
    assert [phrase.text for phrase in list_in_use(Config().phrases, shipped).heard] == ["救命", "快来人啊"]


def test_a_list_of_their_own_replaces_the_shipped_one(shipped: Path, file: Path) -> None:
    """Any words in either group; a phrase that is shipped keeps its settings there unless the list gives its own, stops and spaces aside."""
    file.write_text('heteronyms = true\n[insult]\nphrases = ["救 命!", {text = "打死你", on = true}, "滚"]\n', encoding="utf-8")
    assert read_list(file, shipped) == PhraseList(
        (
            Phrase("救 命!", "insult", threshold=0.7, severity=3),
            Phrase("打死你", "insult", threshold=0.6, min_dba=70.0, only_shouted=True),
            Phrase("滚", "insult", threshold=0.9),
        ),
        mergers=("zh/z",),
        heteronyms=True,
    )


def test_the_configuration_adds_changes_and_removes(shipped: Path, tmp_path: Path) -> None:
    """What is added under a name that is there changes only what it says."""
    ours = settings(
        '[phrases]\nmergers = []\nhelp.add = ["放开我", {text = "救命", min_dba = 60}]\n'
        'help.remove = ["快来人啊"]\ninsult.add = [{text = "滚", severity = 1}]\n',
        tmp_path,
    )
    assert list_in_use(ours, shipped) == PhraseList(
        (
            Phrase("救命", "help", threshold=0.7, severity=3, min_dba=60.0),
            Phrase("打死你", "insult", on=False, threshold=0.6, min_dba=70.0, only_shouted=True),
            Phrase("放开我", "help", threshold=0.6),
            Phrase("滚", "insult", threshold=0.9, severity=1),
        )
    )


def test_what_a_phrase_alone_does_is_by_the_phrase_and_else_by_the_place(shipped: Path, file: Path, tmp_path: Path) -> None:
    """The list of the whole school may except a phrase from what the configuration of one terminal says of its group."""
    file.write_text('[help]\nphrases = ["放开我", {text = "救命", alone = "raise"}]\n[insult]\nphrases = ["滚"]\n', encoding="utf-8")
    ours = settings(f'[phrases]\nfile = "{file}"\nsecond_dba = 80\nhelp.alone = "lower"\ninsult.add = [{{text = "滚", alone = "nothing"}}]\n', tmp_path)
    found = list_in_use(ours, shipped)
    assert [(p.text, p.alone, p.second_dba, p.second_s) for p in found.phrases] == [
        ("放开我", "lower", 80.0, 3.0), ("救命", "raise", 80.0, 3.0), ("滚", "nothing", 80.0, 3.0),
    ]  # fmt: skip


def test_a_configured_file_takes_the_place_of_the_shipped_list(shipped: Path, file: Path, tmp_path: Path) -> None:
    """And the other keys change that one; a file that is asked for goes before all of it."""
    file.write_text('[help]\nphrases = ["救命"]\n', encoding="utf-8")
    ours = settings(f'[phrases]\nfile = "{file}"\nhelp.add = ["放开我"]\n', tmp_path)
    assert [phrase.text for phrase in list_in_use(ours, shipped).phrases] == ["救命", "放开我"]
    assert [phrase.text for phrase in list_in_use(ours, shipped, file).phrases] == ["救命"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            '[help]\nphrases = [\n"SB滚",\n"给我5块钱",\n"。。",\n"たすけて",\n"打😀",\n"救命",\n]',
            [
                'line 3: help.phrases[1].text = "SB滚" cannot be listened for: it has the letters SB; write in hanzi what is said',
                'line 4: help.phrases[2].text = "给我5块钱" cannot be listened for: it has the digits 5; write them in hanzi as they are said',
                'line 5: help.phrases[3].text = "。。" cannot be listened for: it has no hanzi',
                'line 6: help.phrases[4].text = "たすけて" cannot be listened for: it has たすけて, which is not hanzi',
                'line 7: help.phrases[5].text = "打😀" cannot be listened for: it has 😀, which is not hanzi',
            ],
        ),
        (f'[help]\nphrases = ["{"救" * 41}"]', [f'line 2: help.phrases[1].text = "{"救" * 41}" {TOO_LONG}']),
        ('[help]\nphrases = [\n"救命",\n\n"救命!"]', ["line 5: 救命! is in the list already, in line 3"]),
        (
            '[insult]\nphrases = ["打死你"]\n[help]\nphrases = ["救命", "打死你"]',
            ["line 4: 打死你 is in [insult] already, in line 2; a phrase belongs to one group"],
        ),
        ("", ["there is no phrase in it; a list has [help] or [insult] with phrases = [ … ]"]),
        ("[help]\nphrases = []", ["there is no phrase in it; a list has [help] or [insult] with phrases = [ … ]"]),
        ('[threat]\nphrases = ["打"]', ["line 1: threat is not a key; keys here: mergers, heteronyms, thresholds, help, insult"]),
        ('[help]\nphrases = ["救命",\n{text = "快来人", treshold = 0.5}]', ["line 3: help.phrases[2].treshold is not a key; did you mean threshold?"]),
        (
            '[help]\nphrases = ["救命",\n{text = "快来人", severity = 4}]',
            ["line 3: help.phrases[2].severity = 4 is not possible; allowed: a whole number from 1 to 3"],
        ),
        ("[help]\nphrases = [{on = true}]", ["line 2: help.phrases[1].text is missing; allowed: text in quotes, 1 to 100 characters"]),
        ('[help]\nphrases = "救命"', ['line 2: help.phrases = "救命" is not possible; allowed: a list in [ ], 0 to 500 entries long']),
        ("[help]\nphrases = [7]", [f"line 2: help.phrases[1] = 7 is not possible; allowed: text in quotes, 1 to 100 characters or {TABLE}"]),
        (
            'mergers = ["sh/x"]\n[help]\nphrases = ["救命"]',
            ['line 1: mergers[1] = "sh/x" is not possible; allowed: one of "zh/z", "ch/c", "sh/s", "n/l", "f/h", "an/ang", "en/eng", "in/ing"'],
        ),
        ('help = "救命"', ['line 1: help = "救命" is not possible; allowed: a table with the keys phrases']),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_with_its_line(shipped: Path, file: Path, text: str, sentences: list[str]) -> None:
    """What is wrong, where, and what to write instead."""
    file.write_text(text, encoding="utf-8")
    assert problems(file, shipped) == sentences


def numbered(count: int) -> list[str]:
    """So many different phrases."""
    return [chr(0x4E00 + i // 100) + chr(0x4F00 + i % 100) for i in range(count)]


@pytest.mark.parametrize("between", [",", ",\n"])
def test_five_thousand_phrases_are_refused_with_the_limit(shipped: Path, file: Path, between: str) -> None:
    """However they are set out; as many as the limit are taken."""

    def write(count: int) -> None:
        file.write_text(f'[help]\nphrases = [{between.join(f"{chr(34)}{p}{chr(34)}" for p in numbered(count))}]', encoding="utf-8")

    write(5000)
    assert problems(file, shipped) == ["5000 phrases; at most 500 are possible"]
    write(MOST_PHRASES)
    assert len(read_list(file, shipped).phrases) == MOST_PHRASES


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ('[phrases]\nhelp.remove = ["快来人"]', "phrases.help.remove: 快来人 is not in the list; did you mean 快来人啊?"),
        ('[phrases]\ninsult.remove = ["救命"]', "phrases.insult.remove: 救命 is not in the list"),
        ('[phrases]\ninsult.add = ["救命"]', "phrases.insult.add: 救命 is in the list as help already"),
        ('[phrases]\ninsult.add = ["滚"]\nhelp.add = ["滚。"]', "phrases.insult.add: 滚 is added twice"),
        ('[phrases]\nhelp.add = ["滚", "滚。"]', "phrases.help.add: 滚。 is added twice"),
        (
            '[phrases]\nhelp.remove = ["救命", "快来人啊"]\ninsult.remove = ["打死你"]',
            "the list of phrases has 0 with the configured changes; 1 to 500 are possible",
        ),
    ],
)
def test_changes_that_do_not_fit_the_list_are_refused(shipped: Path, tmp_path: Path, toml: str, sentence: str) -> None:
    """A phrase that was to go and did not would alert on."""
    with pytest.raises((NoSuchPhrase, AddedAmiss), match=re.escape(sentence)):
        list_in_use(settings(toml, tmp_path), shipped)


def test_a_phrase_of_the_configuration_is_checked_with_it(tmp_path: Path) -> None:
    """`xiaoan config check` says it with its line."""
    with pytest.raises(ConfigError, match=r'line 2: phrases.help.add\[1\].text = "help!" cannot be listened for: it has the letters help'):
        settings('[phrases]\nhelp.add = ["help!"]', tmp_path)


def test_a_mistake_is_told_in_chinese(shipped: Path, file: Path) -> None:
    """What to write instead, too."""
    file.write_text('[help]\nphrases = ["OK"]', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_list(file, shipped)
    assert "字母 OK" in caught.value.told(translator("zh"))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"[help\n", "not valid TOML.*line 1"),
        (b'[help]\nphrases = ["\xff"]\n', "line 2: not UTF-8"),
        (b"#\n" * 200_000, "larger than"),
        (b"x = " + b"[" * 4000 + b"]" * 4000, "nested too deeply"),
        (b"x" + b".x" * 30_000 + b" = 1", "nested too deeply"),
    ],
)
def test_what_is_no_list_is_said_in_one_sentence(shipped: Path, file: Path, data: bytes, sentence: str) -> None:
    """Bad syntax, bad encoding, a wrong file, a text made to overrun the parser."""
    file.write_bytes(data)
    with pytest.raises((ConfigError, ConfigUnreadable), match=sentence) as caught:
        read_list(file, shipped)
    assert len(str(caught.value).splitlines()) == 1


def test_a_list_that_is_not_there_is_said_with_its_name(shipped: Path) -> None:
    """The shipped one does not silently take its place."""
    with pytest.raises(EdgeError, match=r"nowhere\.toml: cannot be read: No such file"):
        read_list(Path("nowhere.toml"), shipped)
