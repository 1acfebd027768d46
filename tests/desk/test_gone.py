"""A terminal that was torn off the wall after it raised an alert: at the real page, broker and terminal."""

import signal
from pathlib import Path

import pytest

from edge.desk.store import Store
from edge.shipped import models_folder
from tests.broker import Broker, Desk, wait_for
from tests.desk.served import PATIENCE_S, Served, Visitor, served
from tests.system.terminal import Terminal

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize(("verbs", "state"), [(["acknowledge"], "acknowledged"), (["acknowledge", "close"], "closed")])
def test_an_alert_of_a_terminal_that_is_gone_calls_nobody_for_ever(
    tmp_path: Path, broker: Broker, desk: Desk, verbs: list[str], state: str, *, killed: bool
) -> None:
    """Whoever goes is noted at the desk, which may be killed meanwhile; the terminal is told once it is back, and keeps his name."""
    terminal = Terminal(tmp_path, broker.port, '[microphone]\ndevice = "card:Nothing"\n')
    with served(tmp_path, broker.port) as page:
        try:
            terminal.start(None)
            teacher, technician = Visitor(page.port), Visitor(page.port)
            assert [teacher.log_in("李老师"), technician.log_in("王工")] == [303, 303]
            technician.wait(lambda p: any(t["name"] == "t1" and t["version"] for t in p["terminals"]), "the terminal")
            assert technician.wish(verb="drill", terminal="t1", label="help")[0] == 202
            (raised,) = teacher.wait(lambda p: any(one["waiting"] for one in p["alerts"]), "the drill")["alerts"]
            terminal.stop(signal.SIGKILL)
            teacher.wait(lambda p: p["terminals"][0]["condition"] == "offline", "the broker's word that it is gone")
            shown = teacher.picture()
            for verb in verbs:
                status, answer = teacher.wish(verb=verb, terminal="t1", alert=raised["id"], verdict="drill", word="door")
                assert status == 202
                shown = teacher.picture()
                assert shown["answers"][answer["id"]] == {"ok": True, "reason": "away", "by": None}
            (noted,) = shown["alerts"]
            assert (noted["state"], noted["by"], noted["calls"]) == (state, "李老师", False)
            assert (noted["verdict"], noted["word"], bool(noted["closed_ms"])) == (("drill", "door", True) if state == "closed" else (None, "", False))
            if killed:
                kill_and_start(page, len(verbs))
                shown = teacher.wait(lambda p: p["broker"] is None and p["terminals"][0]["labels"], "what is retained")
                assert [(one["id"], one["state"], one["by"], one["calls"]) for one in shown["alerts"]] == [(raised["id"], state, "李老师", False)]
            terminal.start(None)
            said = desk.wait("alert", lambda body: body["state"] == state, PATIENCE_S)
            assert (said["id"], said["by"], said["verdict"]) == (raised["id"], "李老师", noted["verdict"])
            (shown,) = teacher.picture()["alerts"]
            assert (shown["state"], shown["by"]) == (state, "李老师")
            wait_for(lambda: owed(page) == 0, "the end of the debt", PATIENCE_S)
        finally:
            terminal.end()


def kill_and_start(page: Served, count: int) -> None:
    """As after a power cut, once it has written so many commands that are owed."""
    wait_for(lambda: owed(page) == count, "the debt", PATIENCE_S)
    page.end()
    page.start()


def owed(page: Served) -> int:
    """How many commands the database has for terminals that are away."""
    store = Store("", page.state)
    count = len(store.owed())
    store.close()
    return count
