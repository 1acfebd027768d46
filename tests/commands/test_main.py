"""The frame of the command line, in real processes."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from edge import __version__
from edge.commands import version
from edge.commands.main import COMMANDS, main
from tests.command import ROOT, XIAOAN, xiaoan

CHINESE = {"LC_ALL": "zh_CN.UTF-8"}


def test_version_is_said() -> None:
    """In words and as JSON."""
    assert __version__ in xiaoan("version").stdout
    assert json.loads(xiaoan("version", "--json").stdout)["version"] == __version__


def test_help_names_every_command() -> None:
    """A command that is not listed is not found."""
    shown = xiaoan("--help")
    assert shown.returncode == 0
    assert [line.split()[0] for line in shown.stdout.splitlines() if line.startswith("    ") and line.split()[0] in COMMANDS] == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    """`--help` on each, with the options that all share."""
    shown = xiaoan(command, "--help")
    assert shown.returncode == 0
    assert shown.stdout.startswith(f"usage: xiaoan {command}")
    assert "--config FILE" in shown.stdout


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_chinese_to_the_last_word(command: str) -> None:
    """Argparse's own words, too: no line is left in English but names, options and what must be typed."""
    shown = xiaoan(*command.split(), "--help", environment=CHINESE)
    assert shown.returncode == 0
    for english in ("usage:", "options", "positional", "show this", "configuration file", "language of", "as JSON"):
        assert english not in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: COMMAND. See: xiaoan --help"),
        (["versoin"], "invalid choice: 'versoin'"),
        (["version", "--bogus"], "unrecognized arguments: --bogus"),
        (["calibrate", "show", "--bogus"], "unrecognized arguments: --bogus. See: xiaoan calibrate show --help"),
        (["calibrate", "restore", "2.5"], "argument NUMBER: 2.5 is no whole number. See: xiaoan calibrate restore --help"),
        (["calibrate", "site", "--hours", "long"], "argument --hours: long is no number from 0 to 100000. See: xiaoan calibrate site --help"),
        (["config"], "the following arguments are required: ACTION. See: xiaoan config --help"),
        (["--config"], "argument --config: expected one argument"),
        (["--lang", "fr", "version"], "argument --lang: invalid choice: 'fr'"),
        (["config", "show", "--config", "/nowhere.toml"], "/nowhere.toml: cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_2(arguments: list[str], sentence: str) -> None:
    """On standard error, without usage and traceback."""
    ended = xiaoan(*arguments)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("xiaoan: ")
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_errors_are_chinese_by_option_and_by_locale() -> None:
    """The option goes before the locale."""
    assert "无法读取" in xiaoan("config", "show", "--config", "/nowhere.toml", environment=CHINESE).stderr
    assert "无法读取" in xiaoan("--lang", "zh", "config", "show", "--config", "/nowhere.toml").stderr
    assert "cannot be read" in xiaoan("config", "show", "--config", "/nowhere.toml", "--lang", "en", environment=CHINESE).stderr


def test_the_configured_language_is_spoken(tmp_path: Path) -> None:
    """Where no option names another one."""
    file = tmp_path / "config.toml"
    file.write_text('[terminal]\nlanguage = "zh"\n')
    assert "没有问题" in xiaoan("config", "check", "--config", file).stdout
    assert "is good" in xiaoan("config", "check", "--config", file, "--lang", "en").stdout


def test_an_error_is_told_in_the_configured_language(tmp_path: Path) -> None:
    """The configuration can be read although the command fails."""
    file = tmp_path / "config.toml"
    file.write_text('[terminal]\nlanguage = "zh"\n')
    assert "没有配置 MQTT 服务器" in xiaoan("run", "--config", file).stderr


def test_debug_shows_where_an_error_comes_from() -> None:
    """A traceback before the sentence."""
    ended = xiaoan("config", "show", "--config", "/nowhere.toml", "--debug")
    assert ended.returncode == 2
    assert ended.stderr.startswith("Traceback")
    assert ended.stderr.splitlines()[-1].startswith("xiaoan: /nowhere.toml")


def test_an_unexpected_error_asks_for_debug(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence with its kind instead of a traceback."""

    def broken(*_: object) -> int:
        raise RuntimeError("a bug\nof two lines")

    monkeypatch.setattr(version, "run", broken)
    monkeypatch.setenv("LANGUAGE", "")
    assert main(["version"]) == 2
    assert capsys.readouterr().err == (
        "xiaoan: unexpected error: RuntimeError: a bug of two lines. Run the same with --debug and send what it prints to the maintainers\n"
    )


def test_a_reader_who_leaves_is_no_error() -> None:
    """`xiaoan config schema | head -1` says nothing on standard error."""
    with subprocess.Popen([*XIAOAN, "config", "schema"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_ctrl_c_while_it_is_loaded_says_nothing() -> None:
    """Interrupted between two imports it is gone, without a traceback."""
    with subprocess.Popen([*XIAOAN, "config", "schema"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        loaded = Path(f"/proc/{process.pid}/maps")
        until_s = time.monotonic() + 30
        while "pydantic_core" not in loaded.read_text() and time.monotonic() < until_s:  # the configuration's, which all commands load first
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert (process.returncode in (-signal.SIGINT, 130), told) == (True, "")


def test_version_loads_neither_sound_nor_model() -> None:
    """What needs seconds to load is loaded by the command that needs it."""
    heavy = "numpy", "onnxruntime", "paho", "soundfile", "sounddevice", "soxr"
    probe = f"import sys; from edge.commands.main import main; main(['version']); sys.exit(bool({set(heavy)} & set(sys.modules)))"
    assert subprocess.run([XIAOAN[0], "-c", probe], cwd=ROOT, check=False, stdout=subprocess.DEVNULL).returncode == 0
