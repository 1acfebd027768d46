"""The real terminal makes itself known to Home Assistant, and is forgotten."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.shipped import models_folder
from tests.broker import Broker, Desk, free_port, wait_for
from tests.system.terminal import TOPIC, Terminal, command

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")

PATIENCE_S = 90.0
ENTITIES = ("open", "label", "level", "microphone", "fault")
IN_HOME_ASSISTANT = str(Path(__file__).with_name("in_home_assistant.py"))
NO_MICROPHONE = '[microphone]\ndevice = "card:Nothing"\n'


def retained(port: int) -> dict[str, bytes]:
    """What a Home Assistant that starts now would be told."""
    found: dict[str, bytes] = {}
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    ready = []
    client.on_connect = lambda client, *_: client.subscribe([("homeassistant/#", 1), ("end", 1)])
    client.on_subscribe = lambda client, *_: client.publish("end", b"", 1)  # comes after what is retained
    client.on_message = lambda _client, _data, message: ready.append(1) if message.topic == "end" else found.update({message.topic: bytes(message.payload)})
    client.connect("127.0.0.1", port)
    client.loop_start()
    wait_for(lambda: bool(ready), "what is retained")
    client.disconnect()
    client.loop_stop()
    return found


def test_the_terminal_is_a_device_of_home_assistant_for_as_long_as_it_is_wanted(tmp_path: Path, broker: Broker) -> None:
    """Off at first."""
    config = "homeassistant/device/xiaoan-no-4-t1/config"
    for turn, (more, expected) in enumerate([("", []), ("[home_assistant]\non = true\n", [config]), ("", [])], 1):
        terminal = Terminal(tmp_path, broker.port, NO_MICROPHONE + more)
        terminal.start(None)
        try:
            wait_for(lambda: terminal.log().count("link.connected") == turn, "the broker", PATIENCE_S)  # noqa: B023 - asked for within the turn
            wait_for(lambda: list(retained(broker.port)) == expected, f"{expected} at the broker", PATIENCE_S)  # noqa: B023 - asked for within the turn
            if expected:
                assert json.loads(retained(broker.port)[config])["device"]["name"] == "二楼东侧洗手间"
            assert terminal.stop() == 0
        finally:
            terminal.end()


class HomeAssistant:
    """A real one, with its own MQTT integration at a broker; and what became of each entity so far."""

    def __init__(self, python: str, folder: Path, port: int) -> None:
        folder.mkdir()
        command = [python, IN_HOME_ASSISTANT, str(folder), str(port), str(free_port())]
        self._process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said: list[str] = []
        self.states: dict[str, str | None] = {}
        """Entity -> state; None: it is gone."""
        self.attributes: dict[str, dict[str, object]] = {}
        self._names: dict[str, str] = {}  # its own name of an entity -> ours
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.said.append(line)
            with suppress(ValueError):  # a line of its log
                told = json.loads(line)
                if "entity" in told:
                    name = self._names.setdefault(told["entity"], told["unique_id"])
                    self.states[name], self.attributes[name] = told["state"], told["attributes"]

    def wait(self, *expected: tuple[str, str | None]) -> None:
        """Until these entities are so."""
        try:
            wait_for(lambda: all(self.states.get(f"xiaoan-no-4-t1-{name}", "") == state for name, state in expected), f"{expected}", PATIENCE_S)
        except pytest.fail.Exception:
            print("".join(self.said)[-4000:], self.states)
            raise

    def end(self) -> None:
        """Leave nothing behind."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout
        self._process.stdout.close()


@pytest.fixture
def home_assistant(tmp_path: Path, broker: Broker) -> Iterator[HomeAssistant]:
    """Where a Python has it; it wants versions of packages that are not ours, so that it cannot be in our environment."""
    python = os.environ.get("XIAOAN_HOME_ASSISTANT", "")
    if not python:
        pytest.skip("XIAOAN_HOME_ASSISTANT names no Python with Home Assistant: see docs/home-assistant.md")
    home = HomeAssistant(python, tmp_path / "home", broker.port)
    yield home
    home.end()


def test_home_assistants_own_integration_makes_the_device_of_it_and_takes_it_back(
    tmp_path: Path, broker: Broker, desk: Desk, home_assistant: HomeAssistant
) -> None:
    """Its schemas take the message, and its entities have the states that the terminal says, from an alert to its close."""
    wait_for(lambda: any('"ready": "loaded"' in line for line in home_assistant.said), "Home Assistant", PATIENCE_S)
    terminal = Terminal(tmp_path, broker.port, NO_MICROPHONE + "[home_assistant]\non = true\n")
    try:
        terminal.start(None)
        home_assistant.wait(("microphone", "off"), ("fault", "on"), ("open", "off"), ("label", "unknown"), ("level", "unknown"))
        assert "microphone_missing" in str(home_assistant.attributes["xiaoan-no-4-t1-fault"]["faults"])
        assert home_assistant.attributes["xiaoan-no-4-t1-open"]["friendly_name"] == "二楼东侧洗手间 Open alert"
        desk.say(f"{TOPIC}/command", command("drill", "c1", label="help"))
        home_assistant.wait(("open", "on"), ("label", "help"))
        alert = desk.wait("alert")["id"]
        assert alert in str(home_assistant.attributes["xiaoan-no-4-t1-open"]["alerts"])
        desk.say(f"{TOPIC}/command", command("close", "c2", alert=alert, verdict="drill"))
        home_assistant.wait(("open", "off"))
        assert terminal.stop() == 0
        home_assistant.wait(*((name, "unavailable") for name in ENTITIES))
        terminal = Terminal(tmp_path, broker.port, NO_MICROPHONE)
        terminal.start(None)
        home_assistant.wait(*((name, None) for name in ENTITIES))
    finally:
        terminal.end()
    assert not [line for line in home_assistant.said if line.startswith(("Error", "Exception", "Invalid", "Template", "Traceback"))]
