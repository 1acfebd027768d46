"""A list of phrases that changes while the terminal runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.shipped import models_folder
from tests.broker import Broker, Desk, wait_for
from tests.system.terminal import TOPIC, Terminal, command, quiet

pytestmark = pytest.mark.skipif(not (models_folder() / "phrases.onnx").exists(), reason="there is no phrase model yet")


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """The school's own list, at first with calls for help alone."""
    file = tmp_path / "ours.toml"
    file.write_text('[help]\nphrases = ["救命啊"]\n', encoding="utf-8")
    return file


@pytest.fixture
def terminal(tmp_path: Path, broker: Broker, listed: Path) -> Iterator[Terminal]:
    """Runs, and listens for that list."""
    made = Terminal(tmp_path, broker.port, f'[phrases]\nfile = "{listed}"\n')
    made.start(quiet(tmp_path, 300.0))
    yield made
    made.end()


def reload(desk: Desk, id_: str) -> tuple[bool, str | None]:
    """Send `reload`. Returns whether it was taken, and why not."""
    desk.say(f"{TOPIC}/command", command("reload", id_))
    reply = desk.wait("reply", lambda m: m["command"] == id_)
    return reply["ok"], reply["reason"]


def test_a_changed_list_is_taken_at_reload_or_refused_and_the_old_one_kept(terminal: Terminal, desk: Desk, listed: Path) -> None:
    """The desk sees what is armed; a list with a mistake is a fault with its line in the journal, until a good one comes."""
    assert desk.wait("status", lambda m: m["status"] == "online")["labels"] == ["help", "shouting"]
    listed.write_text('[insult]\nphrases = ["滚出去"]\n', encoding="utf-8")
    assert reload(desk, "c1") == (True, None)
    desk.wait("status", lambda m: m["labels"] == ["insult", "shouting"])
    listed.write_text('[help]\nphrases = [\n"SOS"]\n', encoding="utf-8")
    assert reload(desk, "c2") == (False, "unusable")
    desk.wait("health", lambda m: "phrases" in m["faults"])
    assert f"{listed}, line 3" in terminal.log()
    assert desk.on("status")[-1]["labels"] == ["insult", "shouting"]
    listed.write_text('[help]\nphrases = ["救命啊"]\n[insult]\nphrases = ["滚出去"]\n', encoding="utf-8")
    assert reload(desk, "c3") == (True, None)
    desk.wait("status", lambda m: m["labels"] == ["help", "insult", "shouting"])
    wait_for(lambda: "phrases" not in desk.on("health")[-1]["faults"], "a list without a mistake")
    assert terminal.stop() == 0
