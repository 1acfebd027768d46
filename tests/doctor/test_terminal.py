"""The terminal's own files, looked at."""

from pathlib import Path
from typing import Any

from edge.config.profiles import MeasuredLevel, MeasuredThresholds, Profile, here, in_use, save
from edge.config.schema import Config, GroupChanges, PhraseEntry, PhraseSettings
from edge.doctor import terminal
from edge.doctor.check import Check, State
from edge.shipped import models_folder


def kept(folder: Path, model: str) -> list[Check]:
    """What is said of a profile whose thresholds were found with that model, measured while nobody knew the time."""
    origin: dict[str, Any] = {"by": "li", "at": "", "heard_s": 7200.0, "model": model}
    level = MeasuredLevel(**origin, how="acoustic calibrator, 94 dB SPL", sensitivity_dbfs=-31.5, uncertainty_db=1.0)
    thresholds = MeasuredThresholds(**origin, how="site, for 0.5 false alarms a day", sensitivity_dbfs=-31.5, periods={"default": {"shouting": 0.6}})
    ours = here(Config(), "a" * 64)
    save(folder, Profile(machine=ours.machine, device=ours.device, level=level, thresholds=thresholds))
    return list(terminal.profile(Config(), folder, in_use(Config(), folder, ours)))


def test_of_a_profile_for_another_model_the_sensitivity_is_told(tmp_path: Path) -> None:
    """It is in use; of the thresholds the problem has told."""
    problem, sensitivity = kept(tmp_path, "b" * 64)
    assert (problem.name, problem.state) == ("profile", State.BAD)
    assert "the microphone was measured: -31.5 dBFS" in sensitivity.told(str)


def test_a_time_that_nobody_knew_is_not_an_empty_bracket(tmp_path: Path) -> None:
    """The clock was not synchronised."""
    sensitivity, thresholds = kept(tmp_path, "a" * 64)
    assert sensitivity.told(str).endswith("(time unknown)")
    assert thresholds.told(str).endswith("from 2 h of listening here (time unknown)")


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
