"""Two people at once, each with a connection of their own, at the real page, broker and terminal: whoever was first stays, and the other is told who."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from edge.shipped import models_folder
from tests.broker import Broker, Desk
from tests.desk.served import PATIENCE_S, Visitor, served
from tests.system.terminal import Terminal

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")

ROUNDS = 6
NO_MICROPHONE = '[microphone]\ndevice = "card:Nothing"\n'


def test_of_two_who_acknowledge_at_once_one_stays_and_the_other_is_told(tmp_path: Path, broker: Broker, desk: Desk) -> None:
    """Each time anew, by drills; one name in everything that the terminal says of it."""
    terminal = Terminal(tmp_path, broker.port, NO_MICROPHONE)
    with served(tmp_path, broker.port) as page, ThreadPoolExecutor(2) as pool:
        try:
            terminal.start(None)
            people = {name: Visitor(page.port) for name in ("李老师", "王工")}
            assert [visitor.log_in(name) for name, visitor in people.items()] == [303, 303]
            technician = people["王工"]
            technician.wait(lambda p: any(t["name"] == "t1" and t["version"] for t in p["terminals"]), "the terminal")
            for number in range(1, ROUNDS + 1):
                one_round(people, desk, pool)
                assert len(technician.picture()["alerts"]) == number
        finally:
            terminal.end()


def one_round(people: dict[str, Visitor], desk: Desk, pool: ThreadPoolExecutor) -> None:
    """A drill: raised, acknowledged by both at once, closed."""
    technician = people["王工"]
    assert technician.wish(verb="drill", terminal="t1", label="help")[0] == 202
    alert: str = technician.wait(lambda p: any(one["waiting"] for one in p["alerts"]), "the drill")["alerts"][0]["id"]
    together = Barrier(len(people))
    told = dict(zip(people, pool.map(lambda visitor: going(visitor, alert, together), people.values()), strict=True))
    first = desk.wait("alert", lambda body: (body["id"], body["state"]) == (alert, "acknowledged"), PATIENCE_S)["by"]
    assert told == {name: {"ok": True, "reason": None, "by": None if name == first else first} for name in people}
    assert technician.wish(verb="close", terminal="t1", alert=alert, verdict="drill")[0] == 202
    technician.wait(lambda p: all(not one["open"] for one in p["alerts"]), "the end")
    assert {one.body["by"] for one in desk.heard if one.topic == "alert" and (one.body["id"], one.body["state"]) == (alert, "acknowledged")} == {first}


def going(visitor: Visitor, alert: str, together: Barrier) -> dict[str, Any]:
    """Press "I'm going" at the same time as the other one. Returns what came of it."""
    together.wait(PATIENCE_S)
    status, answer = visitor.wish(verb="acknowledge", terminal="t1", alert=alert)
    assert status == 202
    answered: dict[str, Any] = visitor.wait(lambda p: answer["id"] in p["answers"], "the terminal's answer")["answers"][answer["id"]]
    return answered
