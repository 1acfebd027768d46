"""Serves the page until a signal."""

import signal
import socket
from types import FrameType

import uvicorn

from edge.config.schema import DeskSettings
from edge.desk.desk import Desk
from edge.desk.web import Web
from edge.errors import EdgeError
from edge.words import N_


class NotServed(EdgeError):
    """The page cannot be served."""


class _Server(uvicorn.Server):
    """Ends the streams with itself: they would go on for ever."""

    def __init__(self, config: uvicorn.Config, web: Web) -> None:
        super().__init__(config)
        self._web = web

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM, SIGINT."""
        self._web.end()
        super().handle_exit(sig, frame)


def serve(desk: Desk, settings: DeskSettings, language: str) -> None:
    """Serve. Raises NotServed."""
    web = Web(desk, settings, language)
    try:
        family = socket.AF_INET6 if ":" in settings.listen else socket.AF_INET
        listening = socket.create_server((settings.listen, settings.port), family=family)
        config = uvicorn.Config(
            web.app, log_level="warning", access_log=False, server_header=False, lifespan="off", proxy_headers=settings.proxy,
            forwarded_allow_ips="127.0.0.1", timeout_graceful_shutdown=2, limit_concurrency=500, ssl_certfile=settings.certificate or None,
            ssl_keyfile=settings.key or None, loop="asyncio", http="h11", ws="none",
        )  # fmt: skip
        config.load()  # reads the certificate
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or str(error)
        raise NotServed(N_("the page cannot be served on {host}:{port}: {reason}"), host=settings.listen, port=settings.port, reason=reason) from error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises them once more when it has ended, and the desk still has to write
    with listening:
        _Server(config, web).run(sockets=[listening])
