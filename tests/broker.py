"""A real mosquitto on a free port, and a subscriber that keeps what it hears."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

PATIENCE_S = 20.0


def free_port() -> int:
    """A TCP port on this machine that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_for(true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until `true` is; fail the test where it takes unreasonably long."""
    until_s = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > until_s:
            pytest.fail(f"waited {patience_s:.0f} s in vain for: {what}")
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Whether something takes connections there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Broker:
    """A mosquitto process that can be killed and started again on the same port."""

    def __init__(self, folder: Path, settings: str = "allow_anonymous true") -> None:
        self.port = free_port()
        self._folder = folder
        file = folder / "mosquitto.conf"
        # As root it would become the user mosquitto, who cannot read a test's certificates.
        file.write_text(f"user {'root' if os.getuid() == 0 else 'mosquitto'}\nlog_type all\nlistener {self.port} 127.0.0.1\n{settings}\n", encoding="utf-8")
        self._command = [_mosquitto(), "-c", str(file)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it and wait until it takes connections."""
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        wait_for(lambda: listens(self.port), "mosquitto")
        return self

    def log(self) -> str:
        """What it wrote so far."""
        return (self._folder / "mosquitto.log").read_text(encoding="utf-8", errors="replace")

    def reload(self) -> None:
        """Have it read its passwords again."""
        if self._process:
            self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """End it without a word, as a power cut would."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


def _mosquitto() -> str:
    path = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if not path:
        pytest.skip("mosquitto is not installed")
    return path


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as a subscriber gets it."""

    topic: str  # the last part of it
    retained: bool  # on the broker
    body: dict[str, Any]
    qos: int
    at_s: float  # monotonic, when it came


class Desk:
    """A subscriber to everything of every terminal, which may also send commands."""

    def __init__(self, port: int, configure: Callable[[Client], None] = lambda _: None) -> None:
        self.heard: list[Heard] = []
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        configure(self._client)
        self._client.on_connect = lambda client, *_: client.subscribe("xiaoan/v1/#", options=SubscribeOptions(qos=1, retainAsPublished=True))
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._take
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_S)

    def _take(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        topic = message.topic.rsplit("/", 1)[1]
        if topic != "command" and message.payload:  # an empty one takes a retained one back
            self.heard.append(Heard(topic, message.retain, json.loads(message.payload), message.qos, time.monotonic()))

    def on(self, topic: str) -> list[dict[str, Any]]:
        """The messages of one topic so far."""
        return [h.body for h in self.heard if h.topic == topic]

    def wait(self, topic: str, true: Callable[[dict[str, Any]], bool] = lambda _: True, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """The first message of that topic for which `true` is."""
        found: list[dict[str, Any]] = []

        def come() -> bool:
            found[:] = [body for body in self.on(topic) if true(body)]
            return bool(found)

        wait_for(come, f"a message on {topic}; heard: {[(h.topic, h.body) for h in self.heard][-5:]}", patience_s)
        return found[0]

    def say(self, topic: str, body: dict[str, Any] | bytes, *, retain: bool = False) -> None:
        """Publish; for commands."""
        self._client.publish(topic, body if isinstance(body, bytes) else json.dumps(body), qos=1, retain=retain).wait_for_publish(PATIENCE_S)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_message = self._client.on_subscribe = None  # nothing refers to it any more, so that its sockets are closed with it


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A mosquitto that lets everybody in."""
    yield from running(Broker(tmp_path))


def running(broker: Broker) -> Iterator[Broker]:
    """The broker, started and ended."""
    try:
        yield broker.start()
    finally:
        broker.kill()


@pytest.fixture
def desk(broker: Broker) -> Iterator[Desk]:
    """A subscriber at that broker."""
    desk = Desk(broker.port)
    yield desk
    desk.close()
