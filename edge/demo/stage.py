"""The demo's parts at work: the real terminal as a child, and a desk that hears it over MQTT."""

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.capture.childprocess import environment
from edge.config.schema import BrokerSettings, Config
from edge.errors import EdgeError
from edge.link.credentials import read_credentials, tls_context
from edge.link.topics import Topics
from edge.words import N_

_STARTED = re.compile(r"recording\.start .*monotonic_s=([\d.]+)")
_END_S = 3.0  # for the terminal to say goodbye
_CONNECT_S = 10.0


class DemoFailed(EdgeError):
    """The demo cannot be shown."""


@dataclass(frozen=True, slots=True)
class Playing:
    """The recording began. All times of the demo are of the machine's one monotonic clock."""

    start_s: float


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message of `alert` reached the desk."""

    at_s: float
    alert: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """The terminal ended by itself, which it must not."""

    last_line: str


Happenings: TypeAlias = "queue.Queue[Playing | Arrived | Ended]"


def write_config(path: Path, config: Config, broker: BrokerSettings, terminal: str, place: str, state: Path) -> None:
    """The demo's own configuration: the broker and models in use, a terminal of its own, a state folder that goes away with it."""
    sections: dict[str, Mapping[str, object]] = {
        "terminal": {"site": config.terminal.site, "name": terminal, "place": place},
        "broker": broker.model_dump(exclude={"tls"}),
        "broker.tls": broker.tls.model_dump(),
        "paths": {"state": str(state), "models": config.paths.models},
    }
    lines = []
    for name, values in sections.items():
        # A JSON string, number or boolean is the same in TOML.
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def terminal(config: Path, recording: Path, happenings: Happenings) -> Iterator[None]:
    """`xiaoan run` on a recording, for as long as the context lasts; it dies with this process, however that ends."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "edge.demo.terminal", str(os.getpid()), "--config", str(config), "run", "--recording", str(recording)],
        env={**environment(), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        process_group=0,  # Ctrl-C is for us, who then end it
    )

    def listen() -> None:
        assert child.stderr is not None
        last = ""
        for line in child.stderr:
            last = line.strip() or last
            if found := _STARTED.search(line):
                happenings.put(Playing(float(found[1])))
        happenings.put(Ended(last))

    threading.Thread(target=listen, name="terminal", daemon=True).start()
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(_END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def desk(broker: BrokerSettings, topics: Topics, happenings: Happenings) -> Iterator[None]:
    """A subscriber of the terminal's alerts. Raises DemoFailed where the broker cannot be reached."""
    ready = threading.Event()
    told: list[str] = []
    # 3.1.1 is what every broker speaks, the pure-Python ones included.
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"{topics.client_id}-desk", protocol=MQTTProtocolVersion.MQTTv311)
    if broker.credentials:
        login = read_credentials(Path(broker.credentials), os.environ)
        client.username_pw_set(login.user, login.password)
    if broker.tls.used:
        client.tls_set_context(tls_context(broker.tls))

    def on_connect(client: Client, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        if reason.is_failure:
            told.append(str(reason))
            ready.set()
        else:
            client.subscribe(topics.alert, qos=1)

    def on_message(_client: Client, _data: object, message: MQTTMessage) -> None:
        at_s = time.monotonic()
        with suppress(ValueError):
            happenings.put(Arrived(at_s, json.loads(message.payload)))

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = on_message
    try:
        client.connect(broker.host, broker.port_used)
        client.loop_start()
        if not ready.wait(_CONNECT_S):
            told.append(f"{_CONNECT_S:.0f} s")
    except OSError as error:
        told.append(str(error))
    if told:
        client.loop_stop()
        sentence = N_("the broker {host}:{port} cannot be used: {told}. Check [broker] in the configuration")
        raise DemoFailed(sentence, host=broker.host, port=broker.port_used, told=told[0])
    try:
        yield
    finally:
        with suppress(RuntimeError):  # the broker is gone
            for topic in (topics.status, topics.open, topics.health):  # an empty retained message takes back what the demo's terminal left there
                client.publish(topic, b"", qos=1, retain=True).wait_for_publish(1.0)
        client.disconnect()
        client.loop_stop()

