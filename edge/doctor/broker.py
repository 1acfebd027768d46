"""The MQTT broker by stages: name, port, TLS, login, subscribe, publish, receive. The first that fails is the last that is told."""

import json
import queue
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeAlias

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.doctor.check import Check, bad, good, warning
from edge.errors import Reason
from edge.link import messages
from edge.link.messages import Stamp, utc
from edge.link.session import Endpoint
from edge.link.topics import Topics
from edge.reasons import reason_of
from edge.words import N_

PATIENCE_S = 5.0
ECHO_S = 2.0
REFUSAL_S = 1.0
SOON_DAYS = 30.0
"""A certificate that ends within this time is spoken of: somebody must order a new one."""

_REFUSALS = {  # MQTT 5, 2.4; MQTT 3.1.1's answers are told by the same numbers
    0x85: N_("Client identifier not valid"),
    0x86: N_("Bad user name or password"),
    0x87: N_("Not authorized"),
    0x88: N_("Server unavailable"),
    0x89: N_("Server busy"),
    0x8A: N_("Banned"),
}

_REMEDY = N_("let this login read command and write the other topics below {topic} (access control list of the broker)")

_WRONG_VERSION = 0x84  # MQTT 5, 2.4: unsupported protocol version

_Event: TypeAlias = tuple[str, Any]


class _Session:
    """One connection beside the terminal's own; it says nothing that a desk would show."""

    def __init__(self, endpoint: Endpoint, topics: Topics, protocol: MQTTProtocolVersion) -> None:
        self.events: queue.Queue[_Event] = queue.Queue()
        self._earlier: list[_Event] = []  # that nobody waited for
        put = self.events.put
        self.client = client = Client(CallbackAPIVersion.VERSION2, client_id=f"{topics.client_id}-doctor", protocol=protocol, reconnect_on_failure=False)
        client.connect_timeout = PATIENCE_S
        if endpoint.credentials:
            client.username_pw_set(endpoint.credentials.user, endpoint.credentials.password)
        if endpoint.tls:
            client.tls_set_context(endpoint.tls)

        def connected(_client: Client, _data: object, _flags: object, reason: ReasonCode, _properties: object) -> None:
            put(("connected", reason))

        def disconnected(_client: Client, _data: object, _flags: object, reason: ReasonCode, _properties: object) -> None:
            put(("disconnected", reason))

        def subscribed(_client: Client, _data: object, mid: int, reasons: list[ReasonCode], _properties: object) -> None:
            put((f"subscribed {mid}", reasons[0]))

        def published(_client: Client, _data: object, mid: int, reason: ReasonCode, _properties: object) -> None:
            put((f"published {mid}", reason))

        def heard(_client: Client, _data: object, message: MQTTMessage) -> None:
            put((f"heard {message.topic}", bytes(message.payload)))

        client.on_connect, client.on_disconnect, client.on_message = connected, disconnected, heard
        client.on_subscribe, client.on_publish = subscribed, published

    def wait(self, name: str, patience_s: float, true: Callable[[Any], bool] = lambda _: True) -> Any:
        """What came with the event of that name; None where it does not come, or the connection ends first."""
        for event in self._earlier:  # an echo may be faster than the confirmation
            if event[0] == name and true(event[1]):
                return event[1]
        until_s = time.monotonic() + patience_s
        while (left_s := until_s - time.monotonic()) > 0:
            try:
                came, what = self.events.get(timeout=left_s)
            except queue.Empty:
                return None
            if came == name and true(what):
                return what
            if came == "disconnected":
                return None
            self._earlier.append((came, what))
        return None

    def greet(self, endpoint: Endpoint) -> ReasonCode | None:
        """Connect; the broker's answer, None where there is none. Raises OSError."""
        self.client.connect(endpoint.host, endpoint.port, 30)
        self.client.loop_start()
        found: ReasonCode | None = self.wait("connected", PATIENCE_S)
        return found

    def end(self) -> None:
        """Leave."""
        self.client.disconnect()
        self.client.loop_stop()


def stages(endpoint: Endpoint, topics: Topics) -> Iterator[Check]:
    """Each stage as it is passed."""
    host, port = endpoint.host, endpoint.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        told = reason_of(error) if isinstance(error, OSError) else Reason(N_("no host can be called so"))
        yield bad("broker.name", N_("the name {host} is not found: {told}"), N_("check `host` in [broker] and the network's name server (resolvectl status)"),
                  host=host, told=told)  # fmt: skip
        return
    yield good("broker.name", N_("{host} is {address}"), host=host, address=found[0][4][0])
    start_s = time.monotonic()
    try:
        plain = socket.create_connection((host, port), PATIENCE_S)
    except OSError as error:
        yield bad("broker.port", N_("{host} does not take connections on port {port}: {told}"),
                  N_("does the broker run, and does the firewall let us through?"),
                  host=host, port=port, told=reason_of(error))  # fmt: skip
        return
    with plain:
        yield good("broker.port", N_("port {port} answers within {ms:.0f} ms"), port=port, ms=1000 * (time.monotonic() - start_s))
        if endpoint.tls:
            check = _tls(endpoint.tls, plain, host)
            yield check
            if check.state == "bad":
                return
    yield from _session(endpoint, topics)


def _tls(context: ssl.SSLContext, plain: socket.socket, host: str) -> Check:
    try:
        with context.wrap_socket(plain, server_hostname=host) as secured:
            ends = str((secured.getpeercert() or {}).get("notAfter", ""))
            days = (ssl.cert_time_to_seconds(ends) - time.time()) / 86_400 if ends else SOON_DAYS
            kind = secured.version()
            secured.settimeout(REFUSAL_S)  # in TLS 1.3 the broker judges our certificate after the handshake
            with suppress(TimeoutError):
                secured.recv(1)
    except OSError as error:
        remedy = N_("check `ca`, the broker's certificate and the name in it, and this clock")
        if not isinstance(error, ssl.SSLCertVerificationError):  # it is the broker that ends it
            remedy = N_("does this port want TLS, and does it want `certificate` and `key` of the terminal in [broker.tls]?")
        return bad("broker.tls", N_("no TLS: {told}"), remedy, told=reason_of(error))
    if days < SOON_DAYS:
        sentence = N_("{kind}, and the broker's certificate ends in {days:.0f} days")
        return warning("broker.tls", sentence, N_("put a new certificate on the broker before that"), kind=kind, days=days)
    return good("broker.tls", N_("{kind}, the broker's certificate holds for {days:.0f} days"), kind=kind, days=days)


def _session(endpoint: Endpoint, topics: Topics) -> Iterator[Check]:
    session = _Session(endpoint, topics, MQTTProtocolVersion.MQTTv5)
    try:
        answer = session.greet(endpoint)
        if answer is None or answer.value == _WRONG_VERSION:
            session.end()
            session = _Session(endpoint, topics, MQTTProtocolVersion.MQTTv311)
            answer = session.greet(endpoint)
    except OSError as error:
        yield bad("broker.login", N_("the broker ends the connection: {told}"), N_("read the broker's log"), told=reason_of(error))
        return
    try:
        if answer is None:
            yield bad("broker.login", N_("the broker does not answer the greeting"), N_("is it an MQTT broker, and does this port want TLS?"))
        elif answer.is_failure:
            yield bad("broker.login", N_("the broker refuses the login: {told}"),
                      N_("check user and password in the `credentials` file, and the broker's users"),
                      told=Reason(_REFUSALS.get(answer.value, str(answer))))  # fmt: skip
        else:
            version = "5" if session.client.protocol == MQTTProtocolVersion.MQTTv5 else "3.1.1"
            yield good("broker.login", N_("the broker takes the login (MQTT {version})"), version=version)
            yield from _exchange(session, topics)
    finally:
        session.end()


def _exchange(session: _Session, topics: Topics) -> Iterator[Check]:
    below = topics.reply.rsplit("/", 1)[0] + "/#"
    mark = f"doctor-{secrets.token_hex(4)}"
    yield _commands(session, topics, mark, below)
    _subscribe(session, topics.reply)  # the echo; a strict access list may not give it to us
    start_s = time.monotonic()
    taken = _publish(session, topics.reply, messages.reply(Stamp(None, secrets.token_hex(8)), mark, None))
    # Nobody takes an empty message for an alert, and a list that names topics one by one may lack this one.
    refused = topics.reply if not taken else topics.alert if not _publish(session, topics.alert, b"") else None
    if refused:
        sentence = N_("the broker does not take messages on {write}: no alert would arrive")
        yield bad("broker.publish", sentence, _REMEDY, write=refused, topic=below)
        return
    yield good("broker.publish", N_("a message was taken within {ms:.0f} ms"), ms=1000 * (time.monotonic() - start_s))
    if _comes_back(session, topics.reply, mark):
        yield good("broker.receive", N_("and came back after {ms:.0f} ms"), ms=1000 * (time.monotonic() - start_s))
    else:
        yield good("broker.receive", N_("it did not come back, as is right where the access list keeps terminals from reading replies"))


def _commands(session: _Session, topics: Topics, mark: str, below: str) -> Check:
    """Whether commands can be heard. Where we may send one, it is a `ping`, which a running terminal answers and nobody sees."""
    facts = {"read": topics.command, "topic": below}
    granted = _subscribe(session, topics.command)
    if granted is None or granted.is_failure:
        return bad("broker.subscribe", N_("the broker does not let the terminal read {read}: the desk cannot acknowledge"), _REMEDY, **facts)
    tells = session.client.protocol == MQTTProtocolVersion.MQTTv5  # earlier ones confirm what they do not pass on
    ping = {"id": mark, "by": "doctor", "issued_at": utc(time.time_ns() // 1_000_000), "expires_s": 10, "verb": "ping"}
    if tells and _publish(session, topics.command, json.dumps(ping).encode()):
        if _comes_back(session, topics.command, mark):
            return good("broker.subscribe", N_("commands arrive"))
        return bad("broker.subscribe", N_("the broker passes nothing of {read} on to the terminal: the desk cannot acknowledge"), _REMEDY, **facts)
    return good("broker.subscribe", N_("commands can be subscribed to; whether they arrive shows when the desk sends one: close a drill there"))


def _publish(session: _Session, topic: str, payload: bytes) -> bool:
    """Whether the broker takes it."""
    mid = session.client.publish(topic, payload, qos=1).mid
    taken: ReasonCode | None = session.wait(f"published {mid}", PATIENCE_S)
    return taken is not None and not taken.is_failure


def _comes_back(session: _Session, topic: str, mark: str) -> bool:
    return session.wait(f"heard {topic}", ECHO_S, lambda payload: mark.encode() in payload) is not None


def _subscribe(session: _Session, topic: str) -> ReasonCode | None:
    _, mid = session.client.subscribe(topic, qos=1)
    found: ReasonCode | None = session.wait(f"subscribed {mid}", PATIENCE_S)
    return found
