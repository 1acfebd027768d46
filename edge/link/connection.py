"""The connection to the broker, held in a thread: a new session after each loss, after a growing pause."""

import logging
import random
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from paho.mqtt.enums import MQTTProtocolVersion

from edge.config.schema import BrokerSettings
from edge.health.faults import Fault
from edge.link.credentials import read_credentials, tls_context
from edge.link.session import CommandReceived, Confirmed, Endpoint, Lost, NotTaken, Packet, Session
from edge.link.topics import Topics

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STEADY_S = 30.0  # a connection that lived so long starts the pauses anew; two terminals of one name throw each other out faster
FAREWELL_S = 1.0  # for the last words before the end

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker has taken us: everything retained must be said again, and what waits may be sent."""

    connection: int  # 1, 2, …; what is sent is for one connection


@dataclass(frozen=True, slots=True)
class Disconnected:
    """There is no connection; told after each attempt."""

    reason: str
    fault: Fault


LinkEvent = Connected | Disconnected | Confirmed | NotTaken | CommandReceived


def endpoint_of(broker: BrokerSettings, environment: Mapping[str, str]) -> Endpoint:
    """The broker of the configuration, its credentials and certificates read. Raises BadCredentials, BadCertificates."""
    credentials = read_credentials(Path(broker.credentials), environment) if broker.credentials else None
    return Endpoint(broker.host, broker.port_used, broker.keepalive_s, credentials, tls_context(broker.tls) if broker.tls.used else None)


def pause_s(failures: int, chance: float) -> float:
    """Pause after so many failures in a row (1, 2, …). chance: 0..1, spreads it so that a school's terminals do not come at once."""
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10)) * (0.5 + 0.5 * chance))


class Link:
    """Runs in a thread of its own from `run` to `stop`; the other methods may be called from any thread."""

    def __init__(
        self,
        endpoint: Endpoint,
        topics: Topics,
        will: bytes,
        put: Callable[[LinkEvent], None],
        clock_s: Callable[[], float],
        rng: random.Random,
    ) -> None:
        """will: what the broker says on `status` when we are lost. put: may block, must not raise. clock_s: monotonic."""
        self._endpoint = endpoint
        self._topics = topics
        self._will = will
        self._put = put
        self._clock_s = clock_s
        self._rng = rng
        self._broker = f"{endpoint.host}:{endpoint.port}"
        self._outgoing: deque[tuple[int, Packet]] = deque()
        self._farewell: Packet | None = None
        self._stopping = threading.Event()
        self.turned_s = clock_s()
        """When the thread last came round, monotonic."""
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.settimeout(0)
        self._wake_w.settimeout(0)

    def run(self) -> None:
        """Connect, and connect again, until `stop`."""
        with self._wake_r, self._wake_w:
            self._keep_connected()

    def send(self, connection: int, packet: Packet) -> None:
        """Publish on that connection; if it has ended meanwhile the packet is dropped, and whoever sent it hears of the next one."""
        self._outgoing.append((connection, packet))
        self._wake()

    def stop(self, farewell: bytes) -> None:
        """End the thread; where there is a connection, say `farewell` on `status` first, retained."""
        self._farewell = Packet(self._topics.status, farewell, retain=True)
        self._stopping.set()
        self._wake()

    def _keep_connected(self) -> None:
        protocol = MQTTProtocolVersion.MQTTv5
        connections, failures = 0, 0
        lost_at_s: float | None = None  # since when, once it has been told
        while not self._stopping.is_set():
            self.turned_s = self._clock_s()
            session = Session(self._endpoint, self._topics, self._will, protocol, connections + 1, self._put)
            opened_at_s: float | None = None
            try:
                session.open()
                connections += 1
                opened_at_s = self._clock_s()
                self._tell_open(protocol, lost_at_s)
                lost_at_s = None
                self._put(Connected(connections))
                self._serve(session)
            except Lost as lost:
                if opened_at_s is None and lost.old_broker:
                    protocol = MQTTProtocolVersion.MQTTv311
                    continue
                # Back to 5 unless 3.1.1 has just worked: a broker that is stopped looks like one that knows only 3.1.1.
                if opened_at_s is None:
                    protocol = MQTTProtocolVersion.MQTTv5
                steady = opened_at_s is not None and self._clock_s() - opened_at_s >= STEADY_S
                failures = 1 if steady else failures + 1
                lost_at_s = self._tell_lost(lost, lost_at_s)
                self._put(Disconnected(lost.reason, lost.fault))
            finally:
                session.drop()
            self._stopping.wait(pause_s(failures, self._rng.random()))

    def _serve(self, session: Session) -> None:
        while not self._stopping.is_set():
            self.turned_s = self._clock_s()
            session.step(1.0, self._wake_r.fileno())
            with suppress(BlockingIOError):
                self._wake_r.recv(4096)
            while self._outgoing:
                connection, packet = self._outgoing.popleft()
                if connection == session.number:
                    session.publish(packet)
        session.close(self._farewell, FAREWELL_S)

    def _wake(self) -> None:
        with suppress(OSError):  # full: awake anyhow; closed: at its end
            self._wake_w.send(b"\0")

    def _tell_open(self, protocol: MQTTProtocolVersion, lost_at_s: float | None) -> None:
        if lost_at_s is None:
            _log.info("link.connected broker=%s protocol=%s", self._broker, protocol.name)
        else:
            _log.warning("link.back broker=%s protocol=%s down_s=%.0f", self._broker, protocol.name, self._clock_s() - lost_at_s)

    def _tell_lost(self, lost: Lost, lost_at_s: float | None) -> float:
        # A lost broker is weather: said once, so that a bad night does not bury the journal.
        level = logging.DEBUG if lost_at_s is not None else logging.WARNING
        _log.log(level, "link.lost broker=%s fault=%s reason=%r", self._broker, lost.fault, lost.reason)
        return self._clock_s() if lost_at_s is None else lost_at_s
