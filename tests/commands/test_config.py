"""`xiaoan config`."""

import json
from pathlib import Path

import pytest

from edge.config.allowed import json_schema
from edge.detect.manifest import read_manifest
from edge.shipped import models_folder
from tests.command import xiaoan


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its configuration."""
    return tmp_path / "config.toml"


def test_check_says_good(file: Path) -> None:
    """Status 0 and the file's name."""
    file.write_text("[storm]\nalerts = 3\n")
    ended = xiaoan("config", "check", "--config", file)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{file} is good\n", "")


def test_check_lists_what_it_finds(file: Path) -> None:
    """Status 1, a line a problem, the same as JSON."""
    file.write_text("[storm]\nalerts = 0\nwindow_s = 1\n")
    ended = xiaoan("config", "check", "--config", file)
    assert ended.returncode == 1
    assert [line.split(": ")[0] for line in ended.stderr.splitlines()] == [f"{file}, line 2", f"{file}, line 3"]
    found = [json.loads(line) for line in xiaoan("config", "check", "--json", "--config", file).stdout.splitlines()]
    assert [(one["line"], one["key"]) for one in found] == [(2, "storm.alerts"), (3, "storm.window_s")]


def test_check_of_an_unreadable_file_could_not_be_done(file: Path) -> None:
    """Status 2, as for every command."""
    assert xiaoan("config", "check", "--config", file).returncode == 2


def test_show_says_where_each_value_comes_from(file: Path) -> None:
    """File with line, default, this machine, the model."""
    file.write_text('[broker]\nhost = "10.0.0.5"\ntls.on = true\n[labels.shouting]\nthreshold = 0.7\n')
    shown = json.loads(xiaoan("config", "show", "--json", "--config", file, environment={"XDG_STATE_HOME": "/tmp/state"}).stdout)  # noqa: S108 - only named
    assert shown["broker.host"] == {"value": "10.0.0.5", "from": "file", "line": 2}
    assert shown["broker.tls.on"] == {"value": True, "from": "file", "line": 3}
    assert shown["broker.port"] == {"value": 8883, "from": "machine", "line": None}
    assert shown["labels.shouting.threshold"] == {"value": 0.7, "from": "file", "line": 5}
    assert shown["labels.crying.threshold"] == {
        "value": read_manifest(models_folder() / "detector.toml").rules["crying"].threshold,
        "from": "model",
        "line": None,
    }
    assert shown["labels.crying.min_dba"] == {"value": None, "from": "default", "line": None}
    assert shown["storm.alerts"] == {"value": 6, "from": "default", "line": None}
    table = xiaoan("config", "show", "--config", file).stdout
    assert next(line.split() for line in table.splitlines() if line.startswith("broker.host")) == ["broker.host", '"10.0.0.5"', "line", "2"]


def test_show_works_without_a_model(file: Path, tmp_path: Path) -> None:
    """Who mends an installation needs to see its configuration."""
    file.write_text(f'[paths]\nmodels = "{tmp_path}"\n')
    ended = xiaoan("config", "show", "--config", file)
    assert ended.returncode == 0
    assert "cannot be read" in ended.stderr
    assert "storm.alerts" in ended.stdout


def test_show_never_prints_what_is_in_the_credentials(file: Path, tmp_path: Path) -> None:
    """The path is shown, the file not opened."""
    secret = tmp_path / "credentials"
    secret.write_text("wall\nhunter2\n")
    file.write_text(f'[broker]\ncredentials = "{secret}"\n')
    ended = xiaoan("config", "show", "--config", file)
    assert str(secret) in ended.stdout
    assert "hunter2" not in ended.stdout + ended.stderr


def test_schema_is_the_reference_in_either_language() -> None:
    """As JSON that tools read; the sentences in Chinese where that is spoken."""
    assert json.loads(xiaoan("config", "schema").stdout) == json_schema()
    chinese = json.loads(xiaoan("config", "schema", "--lang", "zh").stdout)
    english = json_schema()
    assert chinese["properties"].keys() == english["properties"].keys()
    assert all(chinese["properties"][key]["description"] != english["properties"][key]["description"] for key in english["properties"])
