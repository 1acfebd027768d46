"""The real terminal makes itself known to Home Assistant, and is forgotten."""

import json
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.shipped import models_folder
from tests.broker import Broker, wait_for
from tests.system.terminal import Terminal

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")

PATIENCE_S = 90.0
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
