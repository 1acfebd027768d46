"""The shipped settings of the broker, on a real mosquitto: who may say and hear what."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.broker import PATIENCE_S, Broker, running, wait_for
from tests.command import ROOT

MOSQUITTO = ROOT / "systemd" / "mosquitto"
USERS = ("t1", "t2", "desk")
WHERE = "xiaoan/v1/school"
SAYS = ("status", "alert", "open", "health", "reply")


def settings(folder: Path) -> str:
    """The shipped ones, with files where the test has them and without TLS."""
    passwords = folder / "passwd"
    passwords.write_text("".join(f"{user}:of {user}\n" for user in USERS))
    subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True)
    (folder / "acl").write_text((MOSQUITTO / "xiaoan.acl").read_text())
    for file in (passwords, folder / "acl"):
        file.chmod(0o644)
    shipped = (MOSQUITTO / "xiaoan.conf").read_text()
    for there, here in (("/etc/mosquitto/xiaoan.passwd", passwords), ("/etc/mosquitto/xiaoan.acl", folder / "acl"), ("/var/lib/mosquitto/", f"{folder}/")):
        assert there in shipped
        shipped = shipped.replace(there, str(here))
    return "\n".join(line for line in shipped.splitlines() if not line.startswith(("listener", "certfile", "keyfile")))


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Broker]:
    """The school's broker as it is shipped."""
    yield from running(Broker(tmp_path, settings(tmp_path)))


class Someone:
    """A connection with some login, which may try everything."""

    def __init__(self, port: int, user: str, password: str | None = None, client_id: str = "") -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.connected: ReasonCode | None = None
        self.ended = False
        self._refused: dict[int, bool] = {}
        self._client = Client(CallbackAPIVersion.VERSION2, client_id or user, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.username_pw_set(user, f"of {user}" if password is None else password)
        self._client.on_connect = lambda _client, _data, _flags, reason, _properties: setattr(self, "connected", reason)
        self._client.on_disconnect = lambda *_: setattr(self, "ended", True)
        self._client.on_message = lambda _client, _data, message: self.heard.append((message.topic, bytes(message.payload)))
        self._client.on_publish = self._published
        self._client.on_subscribe = lambda _client, _data, mid, _reasons, _properties: self._refused.update({mid: False})
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        wait_for(lambda: self.connected is not None, "the broker's answer")

    def _published(self, _client: Client, _data: object, mid: int, reason: ReasonCode, _properties: Properties) -> None:
        self._refused[mid] = reason.is_failure

    def hear(self, topic: str) -> None:
        """Ask for it."""
        _, mid = self._client.subscribe(topic, qos=1)
        wait_for(lambda: mid in self._refused, "the subscription")

    def may_say(self, topic: str, body: bytes = b"x", *, retain: bool = False) -> bool:
        """Say it. Returns whether the broker took it."""
        mid = self._client.publish(topic, body, qos=1, retain=retain).mid
        wait_for(lambda: mid in self._refused, "the broker's confirmation", PATIENCE_S)
        return not self._refused[mid]

    def leave(self) -> None:
        """Go."""
        self._client.on_disconnect = None
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def people(school: Broker) -> Iterator[tuple[Someone, Someone, Someone]]:
    """Two terminals and a desk, each asking for everything there is."""
    everybody = tuple(Someone(school.port, user) for user in USERS)
    for one in everybody:
        one.hear("xiaoan/v1/#")
        one.hear("#")
        one.hear(f"{WHERE}/t2/command")
    t1, t2, desk = everybody
    yield t1, t2, desk
    for one in everybody:
        one.leave()


def test_a_terminal_can_neither_read_nor_command_another(people: tuple[Someone, Someone, Someone]) -> None:
    """Nor say anything in its name; it hears its own commands and nothing else, whatever it subscribes to."""
    t1, t2, desk = people
    assert all(t2.may_say(f"{WHERE}/t2/{topic}", retain=topic in ("status", "open", "health")) for topic in SAYS)
    assert not any(t1.may_say(f"{WHERE}/t2/{topic}") for topic in (*SAYS, "command"))
    assert not any(t1.may_say(topic) for topic in (f"{WHERE}/t1/command", f"{WHERE}/alert", "xiaoan/v1/other/t1/alert", "anything"))
    assert desk.may_say(f"{WHERE}/t2/command")
    assert desk.may_say(f"{WHERE}/t1/command")
    wait_for(lambda: len(t1.heard) >= 1 and len(t2.heard) >= 1, "the commands")
    time.sleep(0.3)  # for what must not come
    assert {topic for topic, _ in t1.heard} == {f"{WHERE}/t1/command"}
    assert {topic for topic, _ in t2.heard} == {f"{WHERE}/t2/command"}
    t1.hear(f"{WHERE}/t2/status")  # retained by now
    time.sleep(0.3)
    assert [topic for topic, _ in t1.heard if topic.endswith("status")] == []


def test_the_desk_hears_all_and_says_commands_alone(people: tuple[Someone, Someone, Someone]) -> None:
    """It cannot raise an alert in a terminal's name either."""
    t1, _t2, desk = people
    assert t1.may_say(f"{WHERE}/t1/alert")
    wait_for(lambda: (f"{WHERE}/t1/alert", b"x") in desk.heard, "the alert")
    assert not any(desk.may_say(f"{WHERE}/t1/{topic}") for topic in SAYS)


def test_a_login_cannot_throw_another_terminal_out(school: Broker) -> None:
    """Who connects under another's client id is given the one of its own name."""
    t1 = Someone(school.port, "t1")
    t2 = Someone(school.port, "t2", client_id="t1")
    assert t1.may_say(f"{WHERE}/t1/alert")
    assert not t1.ended
    t1.leave()
    t2.leave()


@pytest.mark.parametrize(("user", "password"), [("t1", "of t2"), ("nobody", ""), ("", "")])
def test_without_its_password_nobody_gets_in(school: Broker, user: str, password: str) -> None:
    """Nor without any name."""
    stranger = Someone(school.port, user, password)
    assert stranger.connected is not None
    assert stranger.connected.is_failure
    stranger.leave()


@pytest.fixture
def district(tmp_path: Path) -> Iterator[Broker]:
    """Another broker."""
    folder = tmp_path / "district"
    folder.mkdir()
    yield from running(Broker(folder))


def test_the_bridge_hands_on_what_terminals_say_and_brings_no_command_down(tmp_path: Path, school: Broker, district: Broker) -> None:
    """By the shipped example."""
    bridge = (MOSQUITTO / "bridge.conf").read_text().replace("district.example:8883", f"127.0.0.1:{district.port}")
    bridge = "\n".join(line for line in bridge.splitlines() if not line.startswith("bridge_cafile"))
    with (tmp_path / "mosquitto.conf").open("a") as file:
        file.write(f"\n{bridge}\n")
    school.kill()
    school.start()
    office, t1 = Someone(district.port, "office"), Someone(school.port, "t1")
    office.hear("#")
    t1.hear(f"{WHERE}/t1/command")
    assert t1.may_say(f"{WHERE}/t1/status", retain=True)
    wait_for(lambda: (f"{WHERE}/t1/status", b"x") in office.heard, "the status at the district")
    assert t1.may_say(f"{WHERE}/t1/reply")
    assert office.may_say(f"{WHERE}/t1/command")
    time.sleep(0.5)  # for what must not come
    assert t1.heard == []
    assert [topic for topic, _ in office.heard if topic.endswith("reply")] == []
    office.leave()
    t1.leave()
