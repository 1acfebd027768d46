"""The main loop's side of the link, on a real outbox, link and broker."""

import queue
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.alerts.outbox import Outbox
from edge.config.schema import BrokerSettings
from edge.health.faults import Fault
from edge.link.connection import Connected, Link, LinkEvent, endpoint_of
from edge.link.session import WINDOW, Confirmed, NotTaken
from edge.link.topics import Topics
from edge.uplink import AGAIN_S, Uplink
from tests.alerts.make import alert, at, outbox
from tests.broker import PATIENCE_S, Broker, Desk, wait_for

TOPICS = Topics("no-4", "t1")


class Side:
    """An uplink, and the events that wait for it."""

    def __init__(self, port: int, folder: Path) -> None:
        self.events: queue.Queue[LinkEvent] = queue.Queue()
        self.outbox: Outbox = outbox(folder)
        self.link = Link(endpoint_of(BrokerSettings(host="127.0.0.1", port=port), {}), TOPICS, b"{}", self.events.put, time.monotonic, random.Random(1))
        self.uplink = Uplink(self.link, TOPICS, self.outbox)
        self.thread = threading.Thread(target=self.link.run, daemon=True)
        self.thread.start()

    def take(self) -> LinkEvent:
        """Hand over the next event."""
        event = self.events.get(timeout=PATIENCE_S)
        assert isinstance(event, Connected | Confirmed)
        self.uplink.handle(event, at(0))
        return event


@pytest.fixture
def side(broker: Broker, tmp_path: Path) -> Iterator[Side]:
    """An uplink that has just been connected."""
    side = Side(broker.port, tmp_path)
    side.take()
    yield side
    side.link.stop(b"{}")
    side.thread.join(PATIENCE_S)


def test_a_night_without_a_broker_is_sent_in_order_and_each_once(side: Side, desk: Desk) -> None:
    """More than fits on the way at once, with the loop turning faster than the broker confirms."""
    count = 3 * WINDOW
    side.outbox.say([alert(number) for number in range(1, count + 1)], at(0))
    while side.outbox.waiting:
        side.uplink.send_waiting(at(0))
        side.uplink.send_waiting(at(0))
        side.take()
    wait_for(lambda: len(desk.on("alert")) >= count, "all of them")
    side.uplink.publish(TOPICS.reply, b"{}")
    desk.wait("reply")
    assert [m["seq"] for m in desk.on("alert")] == list(range(1, count + 1))


def test_what_the_broker_does_not_take_is_tried_again_later(side: Side, desk: Desk) -> None:
    """Shown as a fault meanwhile, and nothing overtakes it."""
    side.outbox.say([alert(1)], at(0))
    side.uplink.handle(NotTaken(1, TOPICS.alert, None, "Not authorized"), at(0))
    side.uplink.send_waiting(at(AGAIN_S - 1))
    assert side.uplink.faults == {Fault.BROKER_REFUSED}
    side.uplink.publish(TOPICS.reply, b"{}")
    desk.wait("reply")
    assert desk.on("alert") == []
    side.uplink.send_waiting(at(AGAIN_S))
    side.take()
    assert (side.uplink.faults, side.outbox.waiting) == (frozenset(), 0)
