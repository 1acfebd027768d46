"""The connection against real brokers: mosquitto, and amqtt, which knows only MQTT 3.1.1."""

import queue
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.config.schema import BrokerSettings, TlsSettings
from edge.health.faults import Fault
from edge.link.connection import Connected, Disconnected, Link, LinkEvent, endpoint_of, pause_s
from edge.link.session import CommandReceived, Confirmed, NotTaken, Packet
from edge.link.topics import Topics
from tests.broker import PATIENCE_S, Broker, Desk, free_port, listens, running, wait_for
from tests.link.certificates import Certificates

TOPICS = Topics("no-4", "t1")
WILL = b'{"status":"offline","by":"will"}'
FAREWELL = b'{"status":"offline","by":"us"}'

_E = TypeVar("_E", bound=LinkEvent)


paho_leaves_it = pytest.mark.filterwarnings("ignore:.*ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")
"""After a failed TLS greeting paho leaves its socket to the garbage collector, which closes it at once but complains."""


class Running:
    """A link in its thread, and what it tells."""

    def __init__(self, port: int, **settings: Any) -> None:
        self.events: queue.Queue[LinkEvent] = queue.Queue()
        endpoint = endpoint_of(BrokerSettings(host="127.0.0.1", port=port, **settings), {})
        self.link = Link(endpoint, TOPICS, WILL, self.events.put, time.monotonic, random.Random(1))
        self._thread = threading.Thread(target=self.link.run, daemon=True)
        self._thread.start()

    def next(self, kind: type[_E]) -> _E:
        """The next event, which must be of that kind."""
        event = self.events.get(timeout=PATIENCE_S)
        assert isinstance(event, kind), event
        return event

    def until(self, kind: type[_E]) -> _E:
        """The next event of that kind."""
        while not isinstance(event := self.events.get(timeout=PATIENCE_S), kind):
            pass
        return event

    def stop(self) -> None:
        """End it as the terminal does."""
        self.link.stop(FAREWELL)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Starts links, and ends them after the test."""
    links: list[Running] = []

    def started(port: int, **settings: Any) -> Running:
        links.append(Running(port, **settings))
        return links[-1]

    yield started
    for link in links:
        link.stop()


def test_a_row_is_confirmed_when_the_broker_has_it(broker: Broker, desk: Desk, start: Callable[..., Running]) -> None:
    """In order, each once, at QoS 1 and not retained."""
    running = start(broker.port)
    number = running.next(Connected).connection
    for row in range(60):
        running.link.send(number, Packet(TOPICS.alert, b'{"row":%d}' % row, row=row))
    assert [running.next(Confirmed).row for _ in range(60)] == list(range(60))
    wait_for(lambda: len(desk.on("alert")) == 60, "all of them at the desk")
    assert [m["row"] for m in desk.on("alert")] == list(range(60))
    assert {(h.qos, h.retained) for h in desk.heard} == {(1, False)}


def test_what_was_meant_for_an_ended_connection_is_not_sent_on_the_next(broker: Broker, start: Callable[..., Running]) -> None:
    """The outbox sends it again; twice would be once too often."""
    running = start(broker.port)
    first = running.next(Connected).connection
    broker.kill()
    running.until(Disconnected)
    running.link.send(first, Packet(TOPICS.alert, b'{"old":1}', row=1))
    broker.start()
    desk = Desk(broker.port)
    second = running.until(Connected).connection
    running.link.send(second, Packet(TOPICS.alert, b'{"old":0}', row=2))
    assert running.until(Confirmed).row == 2
    desk.wait("alert")
    desk.close()
    assert desk.on("alert") == [{"old": 0}]


def test_a_lost_broker_is_told_once_and_so_is_its_return(broker: Broker, start: Callable[..., Running], caplog: pytest.LogCaptureFixture) -> None:
    """Weather must not bury the journal."""
    caplog.set_level("INFO")
    running = start(broker.port)
    running.next(Connected)
    broker.kill()
    for _ in range(2):
        assert running.next(Disconnected).fault is Fault.BROKER_UNREACHABLE
    broker.start()
    running.until(Connected)
    lines = [record.getMessage().split()[0] for record in caplog.records if record.name == "edge.link.connection"]
    assert lines == ["link.connected", "link.lost", "link.back"]


def test_a_broker_that_is_absent_at_the_start_is_waited_for(tmp_path: Path, start: Callable[..., Running]) -> None:
    """The first connection is tried again like any other."""
    broker = Broker(tmp_path)
    link = start(broker.port)
    assert link.next(Disconnected).fault is Fault.BROKER_UNREACHABLE
    for _ in running(broker):
        link.until(Connected)


def test_the_broker_says_offline_when_the_terminal_is_lost(broker: Broker, desk: Desk, start: Callable[..., Running]) -> None:
    """The will, retained; on a clean stop the terminal's own word instead."""
    running = start(broker.port)
    running.next(Connected)
    thrown_out = Client(CallbackAPIVersion.VERSION2, client_id=TOPICS.client_id, protocol=MQTTProtocolVersion.MQTTv5)
    thrown_out.connect("127.0.0.1", broker.port)  # the same client id: the broker ends the first connection without a word of its own
    thrown_out.loop_start()
    assert desk.wait("status") == {"status": "offline", "by": "will"}
    assert running.next(Disconnected).fault is Fault.BROKER_UNREACHABLE
    thrown_out.disconnect()
    thrown_out.loop_stop()
    running.until(Connected)
    running.stop()
    assert desk.wait("status", lambda m: m["by"] == "us")
    late = Desk(broker.port)
    assert late.wait("status") == {"status": "offline", "by": "us"}
    late.close()
    assert [m["by"] for m in desk.on("status")] == ["will", "us"]


def test_a_command_that_came_while_the_terminal_was_away_is_kept(broker: Broker, desk: Desk, start: Callable[..., Running]) -> None:
    """The session outlives the connection; a retained command looks like what it is."""
    first = start(broker.port)
    first.next(Connected)
    wait_for(lambda: "SUBACK" in broker.log(), "the subscription")
    first.stop()
    desk.say(TOPICS.command, b"one")
    desk.say(TOPICS.command, b"two", retain=True)
    second = start(broker.port)
    received = [second.until(CommandReceived) for _ in range(2)]
    assert [(c.payload, c.retained) for c in received] == [(b"one", False), (b"two", True)]


def test_the_old_protocol_does_for_a_broker_that_knows_no_other(tmp_path: Path, start: Callable[..., Running]) -> None:
    """amqtt speaks 3.1.1 alone: publish, confirm, command, and again after it was killed."""
    pytest.importorskip("amqtt")
    port = free_port()
    plugin = "amqtt.plugins.authentication.AnonymousAuthPlugin: {allow_anonymous: true}"
    (tmp_path / "amqtt.yaml").write_text(f"listeners: {{default: {{type: tcp, bind: '127.0.0.1:{port}'}}}}\nplugins:\n  {plugin}\n")

    def amqtt() -> subprocess.Popen[bytes]:
        code = "from amqtt.scripts.broker_script import main; main()"
        process = subprocess.Popen([sys.executable, "-c", code, "-c", str(tmp_path / "amqtt.yaml")], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_for(lambda: listens(port), "amqtt")
        return process

    process = amqtt()
    try:
        link = start(port)
        first = link.next(Connected).connection
        link.link.send(first, Packet(TOPICS.alert, b"1", row=1))
        assert link.next(Confirmed).row == 1
        other = Client(CallbackAPIVersion.VERSION2)
        other.connect("127.0.0.1", port)
        other.loop_start()
        other.publish(TOPICS.command, b"ping", qos=1).wait_for_publish(PATIENCE_S)
        other.loop_stop()
        other.disconnect()
        assert link.next(CommandReceived).payload == b"ping"
        process.kill()
        process.wait()
        link.until(Disconnected)
        process = amqtt()
        second = link.until(Connected).connection
        link.link.send(second, Packet(TOPICS.alert, b"2", row=2))
        assert link.until(Confirmed).row == 2
    finally:
        process.kill()
        process.wait()


def passwords(folder: Path) -> str:
    """Settings of a broker that lets in `terminal` with the password `secret`, who may not say alerts."""
    (folder / "passwords").write_text("terminal:secret\n")
    subprocess.run(["mosquitto_passwd", "-U", str(folder / "passwords")], check=True)
    (folder / "acl").write_text("user terminal\ntopic readwrite xiaoan/v1/no-4/t1/command\ntopic write xiaoan/v1/no-4/t1/status\n")
    return f"allow_anonymous false\npassword_file {folder}/passwords\nacl_file {folder}/acl\n"


def credentials(folder: Path, text: str) -> str:
    """A credentials file."""
    file = folder / "credentials"
    file.write_text(text)
    file.chmod(0o600)
    return str(file)


def test_a_refused_login_has_its_own_fault_and_a_right_one_comes_in(tmp_path: Path, start: Callable[..., Running]) -> None:
    """And what the broker does not let it say is told, while the connection stays."""
    broker = Broker(tmp_path, passwords(tmp_path))
    for _ in running(broker):
        wrong = start(broker.port, credentials=credentials(tmp_path, "terminal\nwrong\n")).next(Disconnected)
        assert (wrong.fault, "ot authori" in wrong.reason) == (Fault.BROKER_REFUSED, True)
        right = start(broker.port, credentials=credentials(tmp_path, "terminal:secret\n"))
        connection = right.next(Connected).connection
        right.link.send(connection, Packet(TOPICS.alert, b"{}", row=1))
        refused = right.next(NotTaken)
        assert (refused.topic, refused.row) == (TOPICS.alert, 1)
        right.link.send(connection, Packet(TOPICS.status, b"{}", row=2))
        assert right.next(Confirmed).row == 2


@paho_leaves_it
def test_tls_with_both_certificates(tmp_path: Path, start: Callable[..., Running]) -> None:
    """The terminal checks the broker, the broker the terminal; each that fails is named."""
    made = Certificates(tmp_path)
    settings = f"allow_anonymous true\ncafile {made.ca}\ncertfile {made.broker.certificate}\nkeyfile {made.broker.key}\nrequire_certificate true\n"
    broker = Broker(tmp_path, settings)
    own = TlsSettings(ca=str(made.ca), certificate=str(made.terminal.certificate), key=str(made.terminal.key))
    for _ in running(broker):
        good = start(broker.port, tls=own)
        connection = good.next(Connected).connection
        good.link.send(connection, Packet(TOPICS.alert, b"{}", row=1))
        assert good.next(Confirmed).row == 1
        assert start(broker.port, tls=TlsSettings(ca=str(made.ca))).next(Disconnected).fault is Fault.TLS
        stranger = start(broker.port, tls=own.model_copy(update={"ca": str(made.stranger)})).next(Disconnected)
        assert (stranger.fault, "CERTIFICATE_VERIFY_FAILED" in stranger.reason) == (Fault.TLS, True)
        assert start(broker.port).next(Disconnected).fault is Fault.BROKER_UNREACHABLE


@paho_leaves_it
def test_a_broker_under_another_name_is_not_trusted(tmp_path: Path, start: Callable[..., Running]) -> None:
    """Its certificate is good, but for somebody else."""
    made = Certificates(tmp_path, address="127.0.0.2")
    broker = Broker(tmp_path, f"allow_anonymous true\ncafile {made.ca}\ncertfile {made.broker.certificate}\nkeyfile {made.broker.key}\n")
    for _ in running(broker):
        assert start(broker.port, tls=TlsSettings(ca=str(made.ca))).next(Disconnected).fault is Fault.TLS


def test_pauses_grow_and_are_spread() -> None:
    """Doubling up to a minute; a district after a power cut does not come all at once."""
    assert [pause_s(n, 1.0) for n in (1, 2, 3, 6, 7, 8, 2000)] == [1, 2, 4, 32, 60, 60, 60]
    assert [pause_s(n, 0.0) for n in (1, 2, 3, 7)] == [0.5, 1, 2, 30]


def test_a_broker_that_dies_while_it_is_greeted_is_not_taken_for_an_old_one(
    tmp_path: Path, start: Callable[..., Running], caplog: pytest.LogCaptureFixture
) -> None:
    """It closes the connection as one that knows only 3.1.1 would; once it is back, it is spoken to in MQTT 5."""
    caplog.set_level("INFO")
    broker = Broker(tmp_path)
    with socket.create_server(("127.0.0.1", broker.port)) as dying:
        link = start(broker.port)
        for _ in range(2):  # MQTT 5, then 3.1.1
            dying.accept()[0].close()
        assert link.next(Disconnected).fault is Fault.BROKER_UNREACHABLE
    for _ in running(broker):
        link.until(Connected)
        assert "protocol=MQTTv5" in caplog.text
