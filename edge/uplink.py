"""The main loop's side of the link: what goes to the broker on this connection, in order, and what is wrong with it."""

import logging

from edge.alerts.outbox import Outbox
from edge.health.clock import Moment
from edge.health.faults import Fault
from edge.link import messages
from edge.link.connection import Connected, Disconnected, Link
from edge.link.messages import Stamp
from edge.link.session import WINDOW, Confirmed, NotTaken, Packet
from edge.link.topics import Topics

AGAIN_S = 30.0  # between two tries of what the broker does not take

_log = logging.getLogger(__name__)


class Uplink:
    """Follows the link by its events. Belongs to the main loop."""

    def __init__(self, link: Link, topics: Topics, outbox: Outbox) -> None:
        self._link = link
        self._topics = topics
        self._outbox = outbox
        self._connection: int | None = None
        self._on_the_way: set[int] = set()  # rows given to this connection
        self._lost: frozenset[Fault] = frozenset()
        self._refused: dict[str, float] = {}  # topic -> when to try again, monotonic

    @property
    def connected(self) -> bool:
        """Whether there is a connection to publish on."""
        return self._connection is not None

    @property
    def faults(self) -> frozenset[Fault]:
        """What is wrong between us and the broker."""
        return self._lost | ({Fault.BROKER_REFUSED} if self._refused else frozenset[Fault]())

    def handle(self, event: Connected | Disconnected | Confirmed | NotTaken, now: Moment) -> None:
        """Take in what happened on the link."""
        match event:
            case Connected():
                self._connection = event.connection
                self._on_the_way, self._lost, self._refused = set(), frozenset(), {}
            case Disconnected():
                self._connection = None
                self._lost = frozenset({event.fault})
            case Confirmed():
                self._outbox.confirmed(event.row)
                self._on_the_way.discard(event.row)
                self._refused.pop(self._topics.alert, None)
            case NotTaken():
                if event.topic not in self._refused:
                    _log.warning("link.not_taken topic=%s reason=%r", event.topic, event.reason)
                self._refused[event.topic] = now.monotonic_s + AGAIN_S
                if event.row is not None:
                    self._on_the_way.discard(event.row)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Say it now, or not at all where there is no connection."""
        if self._connection is not None:
            self._link.send(self._connection, Packet(topic, payload, retain))

    def send_waiting(self, now: Moment) -> None:
        """Hand over what waits in the outbox, in order, no more than the broker takes at once."""
        if self._connection is None or self._refused.get(self._topics.alert, 0.0) > now.monotonic_s:
            return
        for saying in self._outbox.pending(WINDOW):
            if saying.row not in self._on_the_way:
                self._on_the_way.add(saying.row)
                payload = messages.alert(Stamp(saying.at_ms, saying.boot), saying.alert)
                self._link.send(self._connection, Packet(self._topics.alert, payload, row=saying.row))
