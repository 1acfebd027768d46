"""From hanzi to the syllables that are heard."""

import subprocess
import sys

import pytest

from edge.config.phrases import list_in_use
from edge.config.schema import Config, Merger
from edge.detect import units
from edge.detect.units import Lack, NoUnits, UnitsFailed, lacking, units_apart, units_of
from edge.shipped import models_folder


def shown(phrase: str, *mergers: Merger, heteronyms: bool = False, toned: bool = False) -> str:
    """The units of one phrase as a line."""
    return " ".join("/".join(sorted(position)) for position in units_of([phrase], mergers, heteronyms=heteronyms, toned=toned)[phrase])


@pytest.mark.parametrize(
    ("phrase", "heard"),
    [
        ("救命啊", "jiu ming a"),
        ("救命, 救命!", "jiu ming jiu ming"),
        ("长大", "zhang da"),
        ("女儿绿色", "nv er lv se"),
        ("银行行不行", "yin hang xing bu xing"),
        ("谁打你", "shei/shui da ni"),
        ("谁的水", "shei/shui de shui"),  # the dictionary reads it shei here, and shui above
        ("你这个人", "ni zhe/zhei ge ren"),
        ("嗯", "en/n"),
        ("\u3007", "ling"),
        ("救命啊" * 13, " ".join(["jiu ming a"] * 13)),
    ],
)
def test_a_phrase_is_read_as_a_whole(phrase: str, heard: str) -> None:
    """By its words, not by each character's first reading; colloquial readings go beside those of the classroom."""
    assert shown(phrase) == heard


@pytest.mark.parametrize(
    ("phrase", "mergers", "heard"),
    [
        ("救命啊", (), "jiu4 ming4 a"),  # without stress: any tone
        ("给我跪下", (), "gei23 wo3 gui4 xia4"),  # a third tone before a third
        ("你怎么不去死", (), "ni23 zen3 me bu qu4 si3"),
        ("谁打你", (), "shei2/shui2 da23 ni3"),
        ("找死", ("zh/z",), "zao23/zhao23 si3"),
    ],
)
def test_tones_are_those_of_running_speech(phrase: str, mergers: tuple[Merger, ...], heard: str) -> None:
    """Where the dictionary's tone is not what is said, more than one is accepted."""
    assert shown(phrase, *mergers, toned=True) == heard


def test_a_reading_may_bring_its_own_tone() -> None:
    """Of a character that has several."""
    assert shown("打得好", heteronyms=True, toned=True) == "da2/da23 de/de2/dei23 hao3/hao4"


def test_other_readings_are_for_those_who_want_them() -> None:
    """The common ones, and only where the word leaves the reading open."""
    assert shown("打得好") == "da de hao"
    assert shown("打得好", heteronyms=True).split()[1] == "de/dei"
    assert shown("了解", heteronyms=True) == "liao jie"
    assert shown("姐", heteronyms=True) == "jie/ju/xu"  # and not zu


@pytest.mark.parametrize(
    ("phrase", "merger", "heard"),
    [
        ("找死", "zh/z", "zao/zhao si"),
        ("做", "zh/z", "zhuo/zuo"),
        ("出去", "ch/c", "chu/cu qu"),
        ("傻", "sh/s", "sa/sha"),
        ("你来", "n/l", "li/ni lai/nai"),
        ("女", "n/l", "lv/nv"),
        ("滚蛋", "an/ang", "gun dan/dang"),
        ("人", "en/eng", "ren/reng"),
        ("命", "in/ing", "min/ming"),
        ("废话", "f/h", "fei/hui fa/hua"),
        ("我", "f/h", "wo"),
    ],
)
def test_a_merger_makes_two_sounds_one(phrase: str, merger: Merger, heard: str) -> None:
    """In both directions, and nowhere else."""
    assert shown(phrase, merger) == heard


def test_mergers_add_up() -> None:
    """zheng is also zen where both of its sounds merge."""
    assert shown("正", "zh/z", "en/eng") == "zen/zeng/zhen/zheng"


def test_what_a_model_cannot_hear_is_named() -> None:
    """By phrase and syllable; one accepted syllable that it knows is enough."""
    found = units_of(["找死", "谁打你", "救命"], ["zh/z"])
    assert lacking(found, {"zao", "si", "shei", "da", "ni", "jiu"}) == [Lack("救命", ("ming",))]


@pytest.mark.parametrize("read", [units_of, units_apart])
def test_a_character_without_a_sound_is_named(read: object) -> None:
    """Also where it is read in the other process."""
    assert callable(read)
    with pytest.raises(NoUnits, match="打\U00020bb7 cannot be listened for: nobody knows how \U00020bb7 is read"):
        read(["救命", "打\U00020bb7"])
    with pytest.raises(NoUnits, match="help cannot be listened for: it has the letters help; write in hanzi what is said"):
        read(["help"])


def test_a_process_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the last of its words, not by what is missing from its answer."""
    monkeypatch.setattr(units, "_COMMAND", (sys.executable, "-c", "raise SystemExit('no module named pypinyin')"))
    with pytest.raises(UnitsFailed, match="the syllables of the phrases could not be found: no module named pypinyin"):
        units_apart(["救命"])
    monkeypatch.setattr(units, "_COMMAND", ("/nowhere/python",))
    with pytest.raises(UnitsFailed, match="No such file"):
        units_apart(["救命"])


def test_a_terminal_reads_its_list_without_the_dictionaries_in_memory() -> None:
    """The same units, read in a process that has ended by then."""
    phrases = [phrase.text for phrase in list_in_use(Config().phrases, models_folder()).phrases]
    assert units_apart(phrases, ["n/l"], heteronyms=True) == units_of(phrases, ["n/l"], heteronyms=True)
    program = "import sys; from edge.detect.units import units_apart; units_apart(['救命']); sys.exit('pypinyin' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
