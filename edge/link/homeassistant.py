"""What Home Assistant is told of a terminal, so that it makes a device of it: one retained message (MQTT device discovery). Pure.

Its fields are those of Home Assistant's DEVICE_DISCOVERY_SCHEMA and of its MQTT sensors. It only ever hears: nothing of it sends commands.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge.config.schema import LABELS
from edge.health.faults import DEAF
from edge.link.topics import Topics
from edge.words import N_

STALE_S = 200
"""Health comes each minute; after three that did not come nobody knows how the terminal is."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is said of the terminal."""

    topics: Topics
    place: str
    version: str


def topic(prefix: str, topics: Topics) -> str:
    """Where it is said. An empty message there takes the device away."""
    return f"{prefix}/device/{topics.client_id}/config"


def discovery(known: Known, translate: Callable[[str], str]) -> bytes:
    """The device with its entities."""
    topics, of = known.topics, known.topics.client_id
    deaf = ", ".join(f"'{fault}'" for fault in sorted(DEAF))
    is_deaf = f"value_json.faults | select('in', [{deaf}]) | list"
    entities: Mapping[str, Mapping[str, object]] = {
        "open": {
            "platform": "binary_sensor",
            "name": translate(N_("Open alert")),
            "device_class": "safety",
            "state_topic": topics.open,
            "value_template": _on("value_json.alerts"),
            "json_attributes_topic": topics.open,
            "json_attributes_template": "{{ {'alerts': value_json.alerts} | tojson }}",
        },
        "label": {
            "platform": "sensor",
            "name": translate(N_("Last alert")),
            "device_class": "enum",
            "options": list(LABELS),
            "state_topic": topics.alert,
            "value_template": "{{ value_json.label }}",
        },
        "level": {
            "platform": "sensor",
            "name": translate(N_("Sound level, median of the minute")),
            "device_class": "sound_pressure",
            "state_class": "measurement",
            "unit_of_measurement": "dBA",
            "state_topic": topics.health,
            "value_template": "{{ value_json.l50_dba }}",
            "expire_after": STALE_S,
        },
        "microphone": {
            "platform": "binary_sensor",
            "name": translate(N_("Hears")),
            "device_class": "connectivity",
            "state_topic": topics.health,
            "value_template": "{{ 'OFF' if " + is_deaf + " else 'ON' }}",
            "entity_category": "diagnostic",
            "expire_after": STALE_S,
        },
        "fault": {
            "platform": "binary_sensor",
            "name": translate(N_("Fault")),
            "device_class": "problem",
            "state_topic": topics.health,
            "value_template": _on("value_json.faults"),
            "json_attributes_topic": topics.health,
            "json_attributes_template": "{{ {'faults': value_json.faults} | tojson }}",
            "entity_category": "diagnostic",
        },
    }
    message = {
        "device": {
            "identifiers": [of],
            "name": known.place or topics.terminal,
            "manufacturer": "xiaoan-edge",
            "model": "xiaoan",
            "sw_version": known.version,
        },
        "origin": {"name": "xiaoan-edge", "sw_version": known.version},
        # `qos` stands with each: not every version hands the device's one down to its entities.
        "components": {name: {"unique_id": f"{of}-{name}", "qos": 1, **fields} for name, fields in entities.items()},
        "availability_topic": topics.status,
        "availability_template": "{{ value_json.status }}",
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _on(condition: str) -> str:
    return "{{ 'ON' if " + condition + " else 'OFF' }}"
