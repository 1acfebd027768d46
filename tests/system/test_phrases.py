"""The list of phrases of a running terminal: taken anew at `reload`, or refused and the old one kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.shipped import models_folder
from tests.broker import Broker, Desk
from tests.system.terminal import TOPIC, Terminal, command, quiet

pytestmark = pytest.mark.skipif(not (models_folder() / "phrases.onnx").exists(), reason="there is no phrase model yet")

ONE = '[help]\nphrases = ["救命"]\n'
BOTH = '[help]\nphrases = ["救命"]\n[insult]\nphrases = ["给我跪下"]\n'


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """The file of the list."""
    path = tmp_path / "list.toml"
    path.write_text(ONE, encoding="utf-8")
    return path


@pytest.fixture
def terminal(tmp_path: Path, broker: Broker, listed: Path) -> Iterator[Terminal]:
    """A terminal that listens by it, and hears nothing."""
    one = Terminal(tmp_path, broker.port, f'[phrases]\nfile = "{listed}"\n')
    one.start(quiet(tmp_path))
    try:
        yield one
    finally:
        one.end()


def reload(desk: Desk, id_: str) -> tuple[bool, str | None]:
    """Say it; the answer."""
    desk.say(f"{TOPIC}/command", command("reload", id_))
    reply = desk.wait("reply", lambda m: m["command"] == id_)
    return reply["ok"], reply["reason"]


def test_a_changed_list_is_taken_at_reload(terminal: Terminal, desk: Desk, listed: Path) -> None:
    """The status says what is armed; a list with a mistake changes nothing but is a fault by name, until there is a right one."""
    assert terminal.pid
    assert "insult" not in desk.wait("status", lambda m: m["status"] == "online")["labels"]
    listed.write_text(BOTH, encoding="utf-8")
    assert reload(desk, "c1") == (True, None)
    desk.wait("status", lambda m: "insult" in m["labels"])
    listed.write_text(BOTH.replace("救命", "help me"), encoding="utf-8")
    assert reload(desk, "c2") == (False, "unusable")
    desk.wait("health", lambda m: "phrases" in m["faults"])
    assert "insult" in desk.on("status")[-1]["labels"]
    listed.write_text(ONE, encoding="utf-8")
    assert reload(desk, "c3") == (True, None)
    desk.wait("health", lambda m: desk.on("reply")[-1]["command"] == "c3" and "phrases" not in m["faults"])
    desk.wait("status", lambda m: desk.on("reply")[-1]["command"] == "c3" and "insult" not in m["labels"])
