"""The terminal's own files, looked at."""

from pathlib import Path

from edge.config.schema import GroupChanges, PhraseEntry, PhraseSettings
from edge.doctor import terminal
from edge.shipped import models_folder


def test_a_list_with_a_mistake_is_said_with_its_line(tmp_path: Path) -> None:
    """As the terminal itself would say it."""
    (tmp_path / "ours.toml").write_text('[help]\nphrases = [\n"SOS"]\n', encoding="utf-8")
    check = terminal.phrases(PhraseSettings(file=str(tmp_path / "ours.toml")), models_folder())
    assert (check.name, check.state) == ("phrases", "bad")
    assert check.told(str).startswith(f"{tmp_path}/ours.toml, line 3: ")


def test_a_phrase_that_nobody_can_read_is_said() -> None:
    """By its character."""
    check = terminal.phrases(PhraseSettings(help=GroupChanges(add=(PhraseEntry(text="打\U00020bb7"),))), models_folder())
    assert (check.state, "\U00020bb7" in check.told(str)) == ("bad", True)


def test_without_a_phrase_model_no_phrase_is_heard(tmp_path: Path) -> None:
    """Shouting and crying are; so it is a warning."""
    (tmp_path / "phrases.toml").write_text('[help]\nphrases = ["救命"]\n', encoding="utf-8")
    check = terminal.phrases(PhraseSettings(), tmp_path)
    assert (check.state, check.told(str)) == ("warning", "there is no phrase model, so no phrase is heard")
