"""What Home Assistant is told: the fields it takes, and its templates over the messages that a terminal really says."""

import json
import re
from pathlib import Path
from typing import Any

import jinja2
import pytest

from edge.alerts.alert import State
from edge.config.schema import LABELS, HomeAssistantSettings
from edge.health.faults import Fault
from edge.introduction import Introduction
from edge.link import messages
from edge.link.homeassistant import Known, discovery, topic
from edge.link.messages import Health, Stamp, Status
from edge.link.topics import Topics
from tests.alerts.make import alert

TOPICS = Topics("no-4", "t1")
KNOWN = Known(TOPICS, "二楼东侧洗手间", "1.2.3")
STAMP = Stamp(None, "00" * 8)
HEARS = Health(frozenset(), 60.0, 50.2, 40.0, 60.0, 0, 0, 0, 0, 0, 1.0, clock_synchronised=True, temperature_c=None, disk_free_mb=None, model="", profile="")

# homeassistant/components/mqtt/schemas.py: DEVICE_DISCOVERY_SCHEMA and what it is made of, which refuses any other field.
DEVICE = {
    "identifiers", "connections", "manufacturer", "model", "model_id", "name", "hw_version", "serial_number", "sw_version", "via_device", "suggested_area",
    "configuration_url",
}  # fmt: skip
ORIGIN = {"name", "sw_version", "support_url"}
WHOLE = {
    "device", "components", "origin", "state_topic", "command_topic", "qos", "encoding", "availability", "availability_mode", "availability_topic",
    "availability_template", "payload_available", "payload_not_available",
}  # fmt: skip
# binary_sensor.py and sensor.py beside it, with what all entities have; what they do not know they drop without a word.
ENTITY = {"platform", "unique_id", "name", "device_class", "state_topic", "value_template", "json_attributes_topic", "json_attributes_template",
          "entity_category", "expire_after", "qos"}  # fmt: skip
MORE = {"binary_sensor": set[str](), "sensor": {"options", "state_class", "unit_of_measurement"}}
# What each must have: the integration makes no entity of one without a state, and no device of one without an identity and an origin.
REQUIRED = {"platform", "unique_id", "state_topic"}
# binary_sensor/__init__.py and sensor/const.py: those of their device classes that a terminal could have, with the units each takes.
CLASSES = {"binary_sensor": {"connectivity", "problem", "safety", "sound"}, "sensor": {"enum", "sound_pressure"}}
UNITS: dict[str, set[str | None]] = {"sound_pressure": {"dB", "dBA"}, "enum": {None}}


def told() -> dict[str, Any]:
    """The message."""
    found: dict[str, Any] = json.loads(discovery(KNOWN, lambda sentence: sentence))
    return found


def state(name: str, message: bytes, template: str = "value_template") -> str:
    """What an entity makes of a message, as Home Assistant does; it takes `online` and `offline` as they are."""
    entity = told()["components"][name]
    return jinja2.Environment(autoescape=False).from_string(entity[template]).render(value_json=json.loads(message))  # noqa: S701 - it makes no HTML


def test_it_has_the_fields_that_home_assistant_takes() -> None:
    """And no other; each entity is one for ever, whatever it is called."""
    message = told()
    assert message.keys() <= WHOLE
    assert message["device"].keys() <= DEVICE
    assert message["origin"].keys() <= ORIGIN
    for name, entity in message["components"].items():
        assert ENTITY | MORE[entity["platform"]] >= entity.keys()
        assert entity["unique_id"] == f"xiaoan-no-4-t1-{name}"
    assert topic("homeassistant", TOPICS) == "homeassistant/device/xiaoan-no-4-t1/config"


def test_its_templates_say_what_the_messages_say() -> None:
    """Alerts, level, whether it hears, faults, and whether it is there."""
    some, none = messages.open_alerts(STAMP, [alert(1)]), messages.open_alerts(STAMP, [])
    assert [state("open", some), state("open", none)] == ["ON", "OFF"]
    assert json.loads(state("open", some, "json_attributes_template"))["alerts"][0]["state"] == State.RAISED
    assert state("label", messages.alert(STAMP, alert(1))) == "shouting"
    fine = messages.health(STAMP, HEARS)
    assert [state(name, fine) for name in ("level", "microphone", "fault")] == ["50.2", "ON", "OFF"]
    for fault, expected in ((Fault.COVERED, ["OFF", "ON"]), (Fault.DISK_FULL, ["ON", "ON"])):
        wrong = json.loads(fine) | {"faults": [fault]}
        assert [state(name, json.dumps(wrong).encode()) for name in ("microphone", "fault")] == expected
    there = messages.status(STAMP, Status("1", "", [], {}), online=True)
    template = jinja2.Environment(autoescape=False).from_string(told()["availability_template"])  # noqa: S701 - as above
    assert template.render(value_json=json.loads(there)) == "online"


def test_it_has_what_home_assistant_wants() -> None:
    """An identity, an origin, a topic that its discovery takes, device classes and units it knows, and one way to tell whether the terminal is there."""
    message = told()
    assert message["device"]["identifiers"] == ["xiaoan-no-4-t1"]
    assert message["origin"]["name"]
    assert message.keys() >= {"device", "origin", "components"}
    assert re.fullmatch(r"homeassistant/device/[a-zA-Z0-9_-]+/config", topic("homeassistant", TOPICS))
    assert (message["availability_topic"], "availability" in message) == (TOPICS.status, False)
    entities = message["components"]
    assert len({entity["unique_id"] for entity in entities.values()}) == len(entities)
    for entity in entities.values():
        assert entity.keys() >= REQUIRED
        assert entity["qos"] == 1  # the device's own is not handed down by every version
        assert entity["device_class"] in CLASSES[entity["platform"]]
        assert entity.get("entity_category", "diagnostic") == "diagnostic"  # "config" is for what can be set
        if entity["platform"] == "sensor":
            assert entity.get("unit_of_measurement") in UNITS[entity["device_class"]]
        if entity["device_class"] == "enum":
            assert entity.keys().isdisjoint({"state_class", "unit_of_measurement"})
            assert set(entity["options"]) == set(LABELS)


def test_a_level_that_is_not_known_is_none() -> None:
    """Which a sensor takes for unknown; it would refuse another text as no number."""
    deaf = json.loads(messages.health(STAMP, HEARS)) | {"l50_dba": None}
    assert state("level", json.dumps(deaf).encode()) == "None"


@pytest.mark.parametrize("after", [HomeAssistantSettings(on=False), HomeAssistantSettings(on=True, prefix="ha")])
def test_what_was_said_is_taken_back(tmp_path: Path, after: HomeAssistantSettings) -> None:
    """When it is switched off, and when it moves."""

    def due(settings: HomeAssistantSettings) -> list[tuple[str, bool]]:
        return [(said, bool(payload)) for said, payload in Introduction(tmp_path, settings, KNOWN, str).due()]

    assert due(HomeAssistantSettings()) == []
    here = topic("homeassistant", TOPICS)
    assert [due(HomeAssistantSettings(on=True)) for _ in range(2)] == [[(here, True)]] * 2
    assert due(after) == [(here, False)] + [(topic("ha", TOPICS), True)] * after.on
