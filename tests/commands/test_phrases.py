"""`xiaoan phrases check`."""

import json
import shutil
from pathlib import Path

import pytest
from rich.cells import cell_len

from edge.calibrate.measured import FILE as EVIDENCE
from edge.detect.phrases import PHRASE_MANIFEST, installed
from edge.shipped import models_folder
from tests.command import xiaoan

MODEL = "c" * 64
MANIFEST = f"""
name = "phrases"
date = "2026-11-25"
licence = ""
data = []
training = ""
sha256 = "{MODEL}"
units = ["<blank>", "jiu", "ming", "a", "kuai", "bao", "jing", "da", "si", "ni", "gun"]
step_frames = 20
sensitivity_dbfs = -26.0
curve_by_length = [[-2.0, 0.5]]
curves = {{}}
[features]
window = 512
hop = 160
bands = 64
low_hz = 50.0
high_hz = 8000.0
floor = 1e-10
[rules.insult]
threshold = 0.5
release = 0.25
agree = 1
of = 1
shortest_s = 0.0
hold_s = 8.0
[rules.help]
threshold = 0.5
release = 0.25
agree = 1
of = 1
shortest_s = 0.0
hold_s = 8.0
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose models' folder has a list, a model's manifest and what was measured with it."""
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(models_folder() / "phrases.toml", models)
    (models / PHRASE_MANIFEST).write_text(MANIFEST, encoding="utf-8")
    (models / EVIDENCE).write_text(
        f'scale = "{installed(models)}"\nsource = "synthetic voices, three rooms"\n'
        '[[phrases]]\ntext = "快报警"\nthreshold = 0.5\nrecall = 0.9\nrecall_n = 100\nfalse_alarms_per_h = 0.1\nhours = 20.0\n',
        encoding="utf-8",
    )
    file = tmp_path / "config.toml"
    file.write_text(f'[paths]\nmodels = "{models}"\n', encoding="utf-8")
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its list."""
    return tmp_path / "ours.toml"


def test_each_phrase_is_told_as_json(config: Path, file: Path) -> None:
    """Its syllables, what speaks against it, and what was measured with how much behind it. Status 1, for one of them is short."""
    file.write_text('[help]\nphrases = ["快报警", "放学走"]\n[insult]\nphrases = [{text = "滚", on = false}, "防雪"]\n', encoding="utf-8")
    ended = xiaoan("--config", config, "phrases", "check", "--json", file)
    assert (ended.returncode, ended.stderr) == (1, "")
    alarm, after, roll, snow = map(json.loads, ended.stdout.splitlines())
    assert alarm == {
        "phrase": "快报警", "group": "help", "on": True, "units": [["kuai"], ["bao"], ["jing"]], "threshold": 0.97, "severity": 3, "min_dba": None,
        "only_shouted": False, "alone": "raise", "short": False, "lacking": [], "alike": [], "collisions": [], "homophones": [],
        "measured": {"threshold": 0.5, "recall": 0.9, "recall_limits": [0.8256, 0.9448], "recall_n": 100, "false_alarms_per_h": 0.1,
                     "false_limits": [0.0121, 0.3612], "hours": 20.0, "source": "synthetic voices, three rooms"},
    }  # fmt: skip
    assert (after["lacking"], after["measured"]) == (["fang", "xue", "zou"], None)
    assert (roll["on"], roll["short"]) == (False, True)
    assert snow["alike"] == ["放学走"]
    assert snow["collisions"][0]["words"] == ["放学"]
    assert snow["homophones"][0]["words"] == ["放学"]


def test_a_table_says_the_same_in_words(config: Path, file: Path) -> None:
    """A line of what speaks against each, what was measured, and the sum; status 0 where nothing does."""
    file.write_text('[help]\nphrases = ["快报警"]\n[insult]\nphrases = [{text = "滚", on = false}]\n', encoding="utf-8")
    ended = xiaoan("--config", config, "phrases", "check", file, environment={"COLUMNS": "200"})
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "kuai bao jing" in ended.stdout
    assert "at 0.50: heard 90% (83% to 94%) of 100" in ended.stdout
    assert "0.1 false alarms an hour (0.012 to 0.36) in 20 h" in ended.stdout
    assert "off: not listened for" in ended.stdout
    assert ended.stdout.endswith(
        "2 phrases, 1 of them listened for; something speaks against 0, and 1 have been measured\nmeasured on: synthetic voices, three rooms\n"
    )


@pytest.mark.parametrize(("language", "told"), [("en", "tones count little, so 放学"), ("zh", "声调只占很小的分量")])
def test_a_narrow_terminal_gets_a_block_for_each_phrase(config: Path, file: Path, language: str, told: str) -> None:
    """No line is longer than the terminal is wide, and no word is cut."""
    file.write_text('[help]\nphrases = ["快报警", "防雪"]\n', encoding="utf-8")
    ended = xiaoan("--config", config, "--lang", language, "phrases", "check", file, environment={"COLUMNS": "40"})
    blocks = ended.stdout.rpartition("\n\n")[0].splitlines()
    assert told in ended.stdout
    assert "…" not in ended.stdout
    assert max(map(cell_len, blocks)) <= 40
    assert [line.split()[0] for line in blocks if not line.startswith(" ")] == ["快报警", "防雪"]


def test_without_a_file_the_list_in_use_is_checked(config: Path, file: Path) -> None:
    """With the configured changes, in Chinese."""
    file.write_text('[help]\nphrases = ["快报警"]\n', encoding="utf-8")
    with config.open("a", encoding="utf-8") as more:
        more.write(f'[phrases]\nfile = "{file}"\nhelp.add = ["放我的手"]\n')
    ended = xiaoan("--config", config, "--lang", "zh", "phrases", "check")
    assert ended.returncode == 1
    assert "放我的手" in ended.stdout
    assert "模型听不出" in ended.stdout


def test_mistakes_of_a_list_are_told_with_their_lines(config: Path, file: Path) -> None:
    """All of them, status 1, the same as JSON."""
    file.write_text('[help]\nphrases = [\n"SOS",\n"救命",\n"救命!"]\n', encoding="utf-8")
    ended = xiaoan("--config", config, "phrases", "check", file)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"{file}, line 3: help.phrases[1].text = ")
    file.write_text('[help]\nphrases = [\n"救命",\n"救命!"]\n', encoding="utf-8")
    found = [json.loads(line) for line in xiaoan("--config", config, "phrases", "check", "--json", file).stdout.splitlines()]
    assert found == [{"line": 4, "problem": f"{file}, line 4: 救命! is in the list already, in line 3"}]


def test_what_cannot_be_done_is_one_line(config: Path, file: Path) -> None:
    """A file that is not there, a character that nobody can read: status 2."""
    for text in (None, '[help]\nphrases = ["打\U00020bb7"]'):
        if text:
            file.write_text(text, encoding="utf-8")
        ended = xiaoan("--config", config, "phrases", "check", file)
        assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1)
