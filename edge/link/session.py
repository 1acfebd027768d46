"""One MQTT connection, from the greeting to its end, over one paho client that is never used again.

paho's own reconnection is not used: it keeps what it was given for the next connection, and the outbox would send it twice.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.health.faults import Fault
from edge.link.credentials import Credentials
from edge.link.topics import Topics

CONNECT_S = 5.0  # for TCP and the TLS greeting each, and then for the broker's answer
SESSION_S = 3600  # so long a broker keeps commands for a terminal that is away
WINDOW = 20  # unconfirmed messages on the way; what mosquitto takes unasked (max_inflight_messages)
_LOOK_S = 1.0  # at least so often paho looks at its keep-alive

_BUSY = (0x88, 0x89, 0x9F)  # server unavailable, server busy, connection rate exceeded: weather, not a refusal
_WRONG_VERSION = 0x84


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the broker is and how to get in."""

    host: str
    port: int
    keepalive_s: int
    credentials: Credentials | None
    tls: ssl.SSLContext | None


@dataclass(frozen=True, slots=True)
class Packet:
    """Something to publish at QoS 1."""

    topic: str
    payload: bytes
    retain: bool = False
    row: int | None = None  # of the outbox


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The broker has the message of this row."""

    connection: int
    row: int


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The broker refuses one message (row None: not one of the outbox), or the subscription, and keeps the connection."""

    connection: int
    topic: str
    row: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """Something came on the command topic."""

    payload: bytes
    retained: bool


class Lost(Exception):
    """There is no connection, or no longer. `old_broker`: perhaps because the broker does not know MQTT 5."""

    def __init__(self, reason: str, fault: Fault, *, old_broker: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.fault, self.old_broker = reason, fault, old_broker


class Session:
    """One connection. Everything in one thread; `put` is called with what comes in."""

    def __init__(
        self,
        endpoint: Endpoint,
        topics: Topics,
        will: bytes,
        protocol: MQTTProtocolVersion,
        number: int,
        put: Callable[[Confirmed | NotTaken | CommandReceived], None],
    ) -> None:
        """will: what the broker says on `status`, retained, when we are lost."""
        self.number = number
        self.protocol = protocol
        self._endpoint = endpoint
        self._topics = topics
        self._put = put
        self._answer: ReasonCode | None = None  # to our greeting
        self._ended: ReasonCode | None = None  # by the broker or by paho
        self._sent: dict[int, Packet] = {}  # by paho's message id, until the broker has it
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=topics.client_id,
            clean_session=None if self._is_5 else False,
            protocol=protocol,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(WINDOW)
        client.will_set(topics.status, will, qos=1, retain=True)
        if endpoint.credentials:
            client.username_pw_set(endpoint.credentials.user, endpoint.credentials.password)
        if endpoint.tls:
            client.tls_set_context(endpoint.tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        self._client = client

    @property
    def _is_5(self) -> bool:
        return self.protocol is MQTTProtocolVersion.MQTTv5

    def open(self) -> None:
        """Connect and subscribe to commands. Raises Lost."""
        endpoint = self._endpoint
        properties = None
        if self._is_5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_S
        try:
            # Without a clean start the broker keeps commands while we are away. What we publish is kept by the outbox alone.
            if self._is_5:
                self._client.connect(endpoint.host, endpoint.port, endpoint.keepalive_s, clean_start=False, properties=properties)
            else:
                self._client.connect(endpoint.host, endpoint.port, endpoint.keepalive_s)
        except ssl.SSLError as error:
            raise Lost(f"TLS: {error.reason or error}", Fault.TLS) from error
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be one
            raise Lost(str(error), Fault.BROKER_UNREACHABLE) from error
        sock = self._client.socket()
        if isinstance(sock, socket.socket):  # Nagle's algorithm would hold an alert back for up to 40 ms
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        until_s = time.monotonic() + CONNECT_S
        while self._answer is None:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                # amqtt, a pure-Python broker, is silent to a greeting of MQTT 5 that carries a will.
                raise Lost("the broker does not answer", Fault.BROKER_UNREACHABLE, old_broker=self._is_5)
            self.step(left_s)
        if self._answer.is_failure:
            raise self._refused(self._answer)
        if self._is_5:
            # Retained commands are not wanted, and one that is published retained must not look like any other.
            options = SubscribeOptions(qos=1, retainAsPublished=True, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
            self._client.subscribe(self._topics.command, options=options)
        else:
            self._client.subscribe(self._topics.command, qos=1)

    def publish(self, packet: Packet) -> None:
        """Hand over one message; `put` gets Confirmed or NotTaken once the broker has answered."""
        info = self._client.publish(packet.topic, packet.payload, qos=1, retain=packet.retain)
        self._sent[info.mid] = packet

    def step(self, timeout_s: float, wake: int | None = None) -> None:
        """Wait for the broker, for room to write, or for the file descriptor `wake`, and do what is to do. Raises Lost."""
        client = self._client
        sock = client.socket()
        if sock is None:
            raise self._lost()
        pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        fd = sock.fileno()
        reading = [fd] if wake is None else [fd, wake]
        readable, writable, _ = select.select(reading, [fd] if client.want_write() else [], [], 0 if pending else min(timeout_s, _LOOK_S))
        done = MQTTErrorCode.MQTT_ERR_SUCCESS
        if pending or fd in readable:
            try:
                done = client.loop_read()
            except Exception as error:  # whatever a broker sends that paho cannot read is its end, not ours
                raise Lost(f"the broker sent something unreadable: {error!r}", Fault.BROKER_UNREACHABLE) from error
        if not done and fd in writable:
            done = client.loop_write()
        done = done or client.loop_misc()
        if self._answer is not None and self._answer.is_failure:
            return  # `open` knows more about it than that the connection ended
        if done or self._ended is not None:
            raise self._lost()

    def close(self, farewell: Packet | None, patience_s: float) -> None:
        """Say `farewell` and leave without the will."""
        until_s = time.monotonic() + patience_s
        if farewell:
            self.publish(farewell)
        try:
            while self._sent and (left_s := until_s - time.monotonic()) > 0:
                self.step(left_s)
            self._client.disconnect()
        except Lost:
            return

    def drop(self) -> None:
        """Let go of the socket, whatever its state."""
        self._client.on_disconnect = None
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    def _refused(self, answer: ReasonCode) -> Lost:
        if answer.value == _WRONG_VERSION:
            return Lost(f"refused: {answer}", Fault.BROKER_REFUSED, old_broker=self._is_5)
        return Lost(f"refused: {answer}", Fault.BROKER_UNREACHABLE if answer.value in _BUSY else Fault.BROKER_REFUSED)

    def _lost(self) -> Lost:
        if self._answer is not None:
            return Lost(f"connection ended: {self._ended or 'closed'}", Fault.BROKER_UNREACHABLE)
        # With TLS 1.3 a broker that misses a certificate closes only after the greeting, so this may be TLS as well.
        fault = Fault.TLS if self._endpoint.tls else Fault.BROKER_UNREACHABLE
        return Lost("the broker closed the connection instead of answering", fault, old_broker=self._is_5)

    def _on_connect(self, _client: Client, _data: object, _flags: ConnectFlags, answer: ReasonCode, _properties: Properties | None) -> None:
        self._answer = answer

    def _on_disconnect(self, _client: Client, _data: object, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None) -> None:
        self._ended = reason

    def _on_publish(self, _client: Client, _data: object, mid: int, reason: ReasonCode, _properties: Properties) -> None:
        packet = self._sent.pop(mid)
        if reason.is_failure:
            self._put(NotTaken(self.number, packet.topic, packet.row, str(reason)))
        elif packet.row is not None:
            self._put(Confirmed(self.number, packet.row))

    def _on_subscribe(self, _client: Client, _data: object, _mid: int, reasons: list[ReasonCode], _properties: Properties) -> None:
        for reason in reasons:
            if reason.is_failure:
                self._put(NotTaken(self.number, self._topics.command, None, str(reason)))

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._put(CommandReceived(bytes(message.payload), message.retain))
