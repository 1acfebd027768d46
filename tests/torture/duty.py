"""The duty desk of the torture: a subscriber with a lasting session that takes care of alerts, and is sometimes away."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.system.terminal import TOPIC

AGAIN_S, LONGEST_S = 2.0, 60.0  # between two commands of the same kind about the same alert: longer each time, as a person would


@dataclass(slots=True)
class Known:
    """What the desk knows of one alert."""

    seq: int
    place: int  # the how manieth new alert it was
    said: set[tuple[str, int]] = field(default_factory=set)  # (state, repeat)
    closed_unseen: bool = False  # by the terminal, with no verdict of the desk's


class Duty:
    """Hears, acknowledges, closes."""

    def __init__(self, port: int, user: str, kinds: Callable[[], tuple[str, ...]]) -> None:
        """kinds: what is wrong at the moment; duplicates are counted to it."""
        self.alerts: dict[str, Known] = {}
        self.duplicates: Counter[str] = Counter()
        self.faults: list[str] = []
        self.open: list[dict[str, Any]] = []
        self._port, self._user, self._kinds = port, user, kinds
        self._commanded: dict[tuple[str, str], tuple[float, float]] = {}  # when the next may go, and the pause after it
        self._numbers = 0
        self._lock = threading.Lock()
        self._client: Client | None = None
        self.come()

    def come(self) -> None:
        """Sit down at the desk."""
        client = Client(CallbackAPIVersion.VERSION2, "desk", protocol=MQTTProtocolVersion.MQTTv5)
        client.username_pw_set(self._user, self._user)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda client, *_: client.subscribe("xiaoan/v1/#", qos=1)
        client.on_message = self._take
        lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        lasting.SessionExpiryInterval = 86_400
        client.connect_async("127.0.0.1", self._port, clean_start=False, properties=lasting)
        client.loop_start()
        self._client = client

    def leave(self) -> None:
        """Go away without a word."""
        client, self._client = self._client, None
        if client:
            client.disconnect()
            client.loop_stop()

    def care(self) -> None:
        """Look at what is open, as somebody does now and then."""
        for alert in list(self.open):
            self._care(alert["id"], alert["state"])

    def _take(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        body = json.loads(message.payload) if message.payload else {}
        match message.topic.rsplit("/", 1)[1]:
            case "open":
                self.open = body["alerts"]
            case "health":
                self.faults = body["faults"]
            case "alert":
                known = self.alerts.setdefault(body["id"], Known(body["seq"], len(self.alerts)))
                said = (body["state"], body["repeat"])
                if said in known.said:
                    self.duplicates.update((*self._kinds(), "all"))
                known.said.add(said)
                known.closed_unseen = body["verdict"] == "none"
                self._care(body["id"], body["state"])

    def _care(self, id_: str, state: str) -> None:
        if state == "closed":
            return
        verb, more = ("close", {"verdict": "prank"}) if state == "acknowledged" else ("acknowledge", {})
        with self._lock:
            now_s = time.monotonic()
            next_s, pause_s = self._commanded.get((id_, verb), (now_s, AGAIN_S))
            if self._client is None or now_s < next_s:
                return
            self._commanded[id_, verb] = now_s + pause_s, min(2 * pause_s, LONGEST_S)
            self._numbers += 1
            issued_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            command = {"id": f"{self._user}-{self._numbers}", "by": "值班", "issued_at": issued_at, "expires_s": 60, "verb": verb, "alert": id_, **more}
            self._client.publish(f"{TOPIC}/command", json.dumps(command), qos=1)
