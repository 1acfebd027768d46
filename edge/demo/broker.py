"""A broker inside this process, for a machine that has none."""

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from edge.errors import EdgeError
from edge.words import N_

START_S = 10.0


class NoDemoBroker(EdgeError):
    """The demo's own broker cannot be started."""


@contextmanager
def embedded_broker(port: int = 0) -> Iterator[int]:
    """A broker on the loopback interface, for as long as the context lasts. port: 0 for a free one. Gives the port. Raises NoDemoBroker."""
    if find_spec("amqtt") is None:
        raise NoDemoBroker(N_("the demo's broker (amqtt) is not installed. Run: pip install 'xiaoan-edge[demo]', or set `host` in [broker]"))
    port = port or _free_port()
    started = threading.Event()
    told: list[str] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        from amqtt.broker import Broker  # noqa: PLC0415 - of the extra [demo]

        broker = Broker({
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        })  # fmt: skip
        await broker.start()
        started.set()
        await stop.wait()
        await broker.shutdown()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except Exception as error:  # noqa: BLE001 - whatever it is, the main thread says it in a sentence
            told.append(f"{type(error).__name__}: {error}")
            started.set()
        finally:
            loop.close()

    for name in ("amqtt", "transitions"):  # what they tell is not for whoever watches a demo
        logging.getLogger(name).setLevel(logging.CRITICAL)
    thread = threading.Thread(target=run, name="broker", daemon=True)
    thread.start()
    if not started.wait(START_S) or told:
        raise NoDemoBroker(N_("the demo's broker did not start on port {port}: {told}"), port=port, told=told[0] if told else f"{START_S:.0f} s")
    try:
        yield port
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join(3.0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
