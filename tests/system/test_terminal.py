"""The whole terminal as a real process, between a recording and a real broker."""

import os
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.shipped import models_folder
from tests.asyncapi import problems
from tests.broker import Broker, Desk, running, wait_for
from tests.command import xiaoan
from tests.sockets import open_doors
from tests.sound_server import VirtualMicrophone
from tests.system.terminal import TOPIC, Terminal, command, loud, quiet

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")

Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Makes and starts terminals, and leaves none running."""
    terminals: list[Terminal] = []

    def started(port: int, recording: Path | None, more: str = "", **environment: str) -> Terminal:
        terminal = Terminal(tmp_path, port, more)
        terminals.append(terminal)
        terminal.start(recording, environment)
        return terminal

    yield started
    for terminal in terminals:
        terminal.end()


def test_a_sound_becomes_an_alert_at_the_desk(tmp_path: Path, broker: Broker, desk: Desk, start: Start) -> None:
    """With place, level and trace; said again until acknowledged, the end of the sound included; every message as documented."""
    terminal = start(broker.port, loud(tmp_path))
    raised = desk.wait("alert")
    assert (raised["label"], raised["state"], raised["place"], raised["seq"], raised["repeat"]) == ("shouting", "raised", "二楼东侧洗手间", 1, 0)
    assert raised["level_dba"] > 80
    assert raised["trace"][0]["level_dba"] < 70
    repeat = desk.wait("alert", lambda m: m["repeat"] == 1)
    assert (repeat["id"], repeat["state"]) == (raised["id"], "ongoing")
    desk.wait("alert", lambda m: m["repeat"] == 2)
    ended = desk.wait("alert", lambda m: m["state"] == "ended")
    assert ended["trace"][-1]["offset_s"] > raised["trace"][-1]["offset_s"]
    assert desk.on("open")[-1]["alerts"] == [{"id": raised["id"], "seq": 1, "label": "shouting", "state": "ended"}]
    desk.say(f"{TOPIC}/command", command("acknowledge", "c1", alert=raised["id"]))
    assert desk.wait("reply") == {**desk.on("reply")[0], "command": "c1", "ok": True, "reason": None}
    assert desk.wait("alert", lambda m: m["state"] == "acknowledged")["by"] == "李老师"
    desk.say(f"{TOPIC}/command", command("close", "c2", alert=raised["id"], verdict="drill"))
    assert desk.wait("alert", lambda m: m["state"] == "closed")["verdict"] == "drill"
    wait_for(lambda: desk.on("open")[-1]["alerts"] == [], "nothing open")
    assert terminal.stop() == 0
    assert desk.wait("status", lambda m: m["status"] == "offline")
    assert [m["repeat"] for m in desk.on("alert")] == list(range(len(desk.on("alert"))))
    wrong = [(h.topic, p) for h in desk.heard for p in problems(h.topic, h.body)]
    assert wrong == []
    assert {h.topic: h.retained for h in desk.heard} == {"status": True, "open": True, "health": True, "alert": False, "reply": False}
    assert {h.qos for h in desk.heard} == {1}


def test_an_alert_survives_a_kill_and_a_dead_broker(tmp_path: Path, start: Start) -> None:
    """Raised while the broker is away, the terminal killed, both started again: it arrives, once as raised, and goes on."""
    broker = Broker(tmp_path)
    first = start(broker.port, loud(tmp_path, at_s=0.5, seconds=20))
    wait_for(lambda: "alert.raised" in first.log(), "the alert")
    first.stop(signal.SIGKILL)
    id_ = first.log().split("alert.raised id=")[1].split()[0]
    for _ in running(broker):
        desk = Desk(broker.port)
        second = start(broker.port, quiet(tmp_path))
        repeat = desk.wait("alert", lambda m: m["state"] == "ended")
        desk.say(f"{TOPIC}/command", command("drill", "c1"))
        drill = desk.wait("alert", lambda m: m["drill"])
        second.stop()
        desk.close()
        assert [(m["id"], m["repeat"]) for m in desk.on("alert") if m["state"] == "raised" and not m["drill"]] == [(id_, 0)]
        assert (repeat["id"], drill["seq"]) == (id_, 2)
        assert repeat["boot"] != desk.on("alert")[0]["boot"]


def test_a_broker_that_restarts_gets_what_it_missed(tmp_path: Path, broker: Broker, start: Start) -> None:
    """Retained state is said again, for the broker has forgotten it; alerts come in order, none twice as something else."""
    terminal = start(broker.port, loud(tmp_path, at_s=3.0, seconds=20))
    desk = Desk(broker.port)
    desk.say(f"{TOPIC}/command", command("ping", "too early"))
    desk.wait("status")
    desk.say(f"{TOPIC}/command", command("drill", "c1"))
    desk.wait("alert")
    desk.close()
    broker.kill()
    wait_for(lambda: terminal.log().count("alert.raised") == 2, "an alert without a broker")
    broker.start()
    desk = Desk(broker.port)
    desk.wait("alert", lambda m: m["label"] == "shouting" and m["repeat"] > 0)
    assert desk.on("status")[0]["status"] == "online"
    assert desk.on("health")[0]["waiting"] > 0
    assert [m["seq"] for m in desk.on("alert") if m["state"] == "raised"][-1] == 2
    known = [(m["id"], m["state"], m["repeat"]) for m in desk.on("alert")]
    assert len(known) == len(set(known))
    assert terminal.log().count("link.lost") == 1
    desk.close()


def test_an_acknowledged_alert_is_not_said_again(tmp_path: Path, broker: Broker, desk: Desk, start: Start) -> None:
    """Not within twice the time of its next repeat, and not after a restart."""
    first = start(broker.port, quiet(tmp_path))
    desk.wait("status")
    desk.say(f"{TOPIC}/command", command("drill", "c1"))
    id_ = desk.wait("alert")["id"]
    desk.say(f"{TOPIC}/command", command("acknowledge", "c2", alert=id_))
    desk.wait("alert", lambda m: m["state"] == "acknowledged")
    said = len(desk.on("alert"))
    desk.say(f"{TOPIC}/command", command("drill", "c3", label="button"))
    desk.wait("alert", lambda m: m["seq"] == 2 and m["repeat"] == 2)
    first.stop()
    start(broker.port, quiet(tmp_path))
    desk.wait("alert", lambda m: m["seq"] == 2 and m["repeat"] == 3)
    assert len([m for m in desk.on("alert") if m["seq"] == 1]) == said


def test_commands_are_refused_with_a_reason(tmp_path: Path, broker: Broker, desk: Desk, start: Start) -> None:
    """Unknown alert, malformed, said twice; a retained one is not answered at all."""
    start(broker.port, quiet(tmp_path))
    desk.wait("status")
    for payload in (
        command("acknowledge", "c1", alert="nothing"),
        command("mute", "c2", label="shouting", seconds=9999),
        command("ping", "c3"),
        command("ping", "c3"),
        command("identify", "c4"),
    ):
        desk.say(f"{TOPIC}/command", payload)
    desk.say(f"{TOPIC}/command", command("drill", "c5"), retain=True)
    desk.say(f"{TOPIC}/command", command("ping", "c6"))
    desk.wait("reply", lambda m: m["command"] == "c6")
    replies = [(m["command"], m["ok"], m["reason"], m["field"]) for m in desk.on("reply")]
    assert replies == [
        ("c1", False, "unknown_alert", None),
        ("c2", False, "malformed", "seconds"),
        ("c3", True, None, None),
        ("c3", False, "replayed", None),
        ("c4", False, "not_available", None),
        ("c6", True, None, None),
    ]
    assert desk.on("alert") == []


def test_a_mute_is_shown_and_keeps_an_alert_from_being_raised(tmp_path: Path, broker: Broker, desk: Desk, start: Start) -> None:
    """The status says so, and the incident is counted."""
    terminal = start(broker.port, loud(tmp_path, at_s=3.0))
    desk.wait("status")
    desk.say(f"{TOPIC}/command", command("mute", "c1", label="shouting", seconds=600))
    muted = desk.wait("status", lambda m: m["mutes"])
    assert muted["mutes"][0]["label"] == "shouting"
    assert 590 < muted["mutes"][0]["left_s"] <= 600
    wait_for(lambda: "alert.muted" in terminal.log(), "the incident")
    desk.say(f"{TOPIC}/command", command("unmute", "c2", label="shouting"))
    assert desk.wait("status", lambda m: m is not muted and not m["mutes"])
    assert desk.on("alert") == []


def test_a_killed_terminal_is_offline(tmp_path: Path, broker: Broker, desk: Desk, start: Start) -> None:
    """The broker says so, retained."""
    terminal = start(broker.port, quiet(tmp_path))
    desk.wait("status", lambda m: m["status"] == "online")
    terminal.stop(signal.SIGKILL)
    will = desk.wait("status", lambda m: m["status"] == "offline")
    assert problems("status", will) == []


def test_a_recorded_command_is_refused_after_a_kill_too(tmp_path: Path, broker: Broker, desk: Desk, start: Start) -> None:
    """Whoever can make the terminal start anew must not be able to have an old mute carried out again."""
    terminal = start(broker.port, quiet(tmp_path))
    desk.wait("status")
    recorded = command("mute", "c1", label="shouting", seconds=600)
    desk.say(f"{TOPIC}/command", recorded)
    assert desk.wait("reply")["ok"]
    terminal.stop(signal.SIGKILL)
    start(broker.port, quiet(tmp_path))
    wait_for(lambda: len({m["boot"] for m in desk.on("status")}) == 2, "the second start")
    desk.say(f"{TOPIC}/command", recorded)
    assert desk.wait("reply", lambda m: not m["ok"])["reason"] == "replayed"


def test_a_state_folder_that_cannot_be_used_does_not_stop_alerts(tmp_path: Path, broker: Broker, desk: Desk, start: Start) -> None:
    """The fault is shown, and ends once the folder can be used."""
    (tmp_path / "state").write_text("a file where the folder should be")
    start(broker.port, loud(tmp_path))
    assert "storage" in desk.wait("health")["faults"]
    desk.wait("alert", lambda m: m["state"] == "raised")
    (tmp_path / "state").unlink()
    desk.wait("health", lambda m: "storage" not in m["faults"])
    assert (tmp_path / "state" / "outbox.sqlite3").exists()


def test_what_only_memory_held_is_written_at_the_end_if_the_disk_takes_it_again(tmp_path: Path, start: Start) -> None:
    """An update right after somebody made room must not cost the alerts of the time before."""
    (tmp_path / "state").write_text("a file where the folder should be")
    terminal = start(1, loud(tmp_path, at_s=0.5))
    wait_for(lambda: "alert.raised" in terminal.log(), "the alert")
    (tmp_path / "state").unlink()
    assert terminal.stop() == 0
    with sqlite3.connect(tmp_path / "state" / "outbox.sqlite3") as db:
        found = db.execute("SELECT count(*) FROM saying").fetchone()
    db.close()
    assert found[0] >= 1


def test_systemd_is_told(tmp_path: Path, broker: Broker, start: Start) -> None:
    """READY once sound was analysed, signs of life, STOPPING."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        terminal = start(broker.port, quiet(tmp_path), NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="1000000")
        said = [manager.recv(100) for _ in range(3)]
        assert sorted(said[:2]) == [b"READY=1", b"WATCHDOG=1"]
        assert said[2] == b"WATCHDOG=1"
        terminal.stop()
        manager.settimeout(1)
        while (last := manager.recv(100)) == b"WATCHDOG=1":
            pass
        assert last == b"STOPPING=1"


def test_a_second_terminal_on_the_same_folder_is_refused(tmp_path: Path, broker: Broker, start: Start) -> None:
    """One sentence, status 2, and the first goes on."""
    start(broker.port, quiet(tmp_path))
    wait_for((tmp_path / "state" / "lock").exists, "the first one")
    second = start(broker.port, quiet(tmp_path))
    assert second.wait() == 2
    assert f"xiaoan: another xiaoan is running on the folder {tmp_path}/state" in second.log()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ('credentials = "CREDENTIALS"', "can be read by others (mode 0644); run: chmod 600"),
        ('[broker.tls]\nca = "/nothing.pem"', "certificate authority file /nothing.pem cannot be used: No such file or directory"),
        ('[[periods]]\nname = "x"', "start"),
    ],
)
def test_what_cannot_work_is_said_at_the_start(tmp_path: Path, start: Start, more: str, sentence: str) -> None:
    """In one sentence, with status 2."""
    (tmp_path / "credentials").write_text("terminal\nsecret\n")
    (tmp_path / "credentials").chmod(0o644)
    terminal = start(1, quiet(tmp_path), more.replace("CREDENTIALS", str(tmp_path / "credentials")))
    assert terminal.wait() == 2
    assert sentence in terminal.log()
    assert "secret" not in terminal.log()
    assert "Traceback" not in terminal.log()


def test_without_a_broker_in_the_configuration_run_says_what_to_do(tmp_path: Path) -> None:
    """The defaults name none."""
    (tmp_path / "config.toml").write_text("")
    ended = xiaoan("--config", tmp_path / "config.toml", "run")
    assert (ended.returncode, ended.stderr) == (
        2,
        "xiaoan: no MQTT broker is configured; set `host` in [broker], or see the terminal at work with: xiaoan demo\n",
    )


def test_the_microphone_is_heard(tmp_path: Path, broker: Broker, desk: Desk, start: Start, virtual_microphone: VirtualMicrophone) -> None:
    """From a player through the sound server, PortAudio and the child to the desk; when the server dies the desk learns that too.

    Meanwhile no port is open on the terminal, neither of its own process nor of the child's.
    """
    with socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        assert {"tcp", "udp"} <= {door.split()[0] for door in open_doors(os.getpid())}  # they would be seen
    terminal = start(broker.port, None, f'[microphone]\ndevice = "{virtual_microphone.device}"')
    wait_for(lambda: "daemon.ready" in terminal.log(), "the first sound")
    desk.wait("status")
    virtual_microphone.play(loud(tmp_path, at_s=0.0))
    assert desk.wait("alert")["level_dba"] > 80
    assert open_doors(terminal.pid) == []
    virtual_microphone.stop()
    desk.wait("health", lambda m: not {"microphone_missing", "capture_stalled"}.isdisjoint(m["faults"]))
