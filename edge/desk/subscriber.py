"""The desk's connection to the broker: hears every terminal of the site, and sends commands. paho comes back by itself."""

import logging
import os
import threading
from collections.abc import Callable
from uuid import uuid4

from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.desk.message import SUBSCRIBED
from edge.link.session import Endpoint

LONGEST_PAUSE_S = 15  # between two tries: a duty room must not wait long after the broker came back
TAKEN_S = 5.0  # for the broker to take a command

_log = logging.getLogger(__name__)


class Subscriber:
    """Connected from `start` to `stop`. `heard` and `changed` are called in paho's thread and must not raise."""

    def __init__(self, endpoint: Endpoint, site: str, heard: Callable[[str, bytes, bool], None], changed: Callable[[str | None], None]) -> None:
        """heard: topic, payload, retained. changed: None when connected, else why not."""
        self._endpoint = endpoint
        self._site = site
        self._heard = heard
        self._changed = changed
        self._up = threading.Event()
        # 3.1.1 is what every broker speaks. No lasting session: what is retained says all that is open.
        self._client = Client(CallbackAPIVersion.VERSION2, f"xiaoan-desk-{site}-{os.getpid()}-{uuid4().hex[:6]}", protocol=MQTTProtocolVersion.MQTTv311)
        if endpoint.credentials:
            self._client.username_pw_set(endpoint.credentials.user, endpoint.credentials.password)
        if endpoint.tls:
            self._client.tls_set_context(endpoint.tls)
        self._client.reconnect_delay_set(1, LONGEST_PAUSE_S)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = lambda *_: self._lost("unreachable")
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    @property
    def connected(self) -> bool:
        """Whether the broker hears us."""
        return self._up.is_set()

    def start(self) -> None:
        """Begin to connect; the broker may come later."""
        self._client.connect_async(self._endpoint.host, self._endpoint.port, self._endpoint.keepalive_s)
        self._client.loop_start()

    def stop(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def command(self, terminal: str, payload: bytes) -> bool:
        """Send a command. Returns whether the broker has it; where it has not, it is not sent later either."""
        if not self.connected:
            return False
        info: MQTTMessageInfo = self._client.publish(f"xiaoan/v1/{self._site}/{terminal}/command", payload, qos=1)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        try:
            info.wait_for_publish(TAKEN_S)
        except (RuntimeError, ValueError):
            return False
        return info.is_published()

    def _on_connect(self, client: Client, _data: object, _flags: object, reason: ReasonCode, _properties: object) -> None:
        if reason.is_failure:
            self._lost(str(reason))
            return
        client.subscribe([(f"xiaoan/v1/{self._site}/+/{kind}", 1) for kind in SUBSCRIBED])
        self._up.set()
        _log.info("desk.connected broker=%s:%d", self._endpoint.host, self._endpoint.port)
        self._changed(None)

    def _on_disconnect(self, _client: Client, _data: object, _flags: object, reason: ReasonCode, _properties: object) -> None:
        self._lost(str(reason))

    def _lost(self, reason: str) -> None:
        if self._up.is_set():
            _log.warning("desk.lost reason=%r", reason)
        self._up.clear()
        self._changed(reason)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._heard(message.topic, bytes(message.payload), message.retain)
