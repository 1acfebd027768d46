"""Serves the page until a signal."""

import signal
import socket
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from types import FrameType

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from edge.config.schema import DeskSettings
from edge.desk.desk import Desk
from edge.desk.web import Web
from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_


class NotServed(EdgeError):
    """The page cannot be served."""


class Behind:
    """Lets in what comes from the proxy, which has done TLS, and believes what it says of its caller; anybody else would send a password in the clear."""

    def __init__(self, app: ASGIApp, proxies: Sequence[str]) -> None:
        self._app = ProxyHeadersMiddleware(app, list(proxies))  # type: ignore[arg-type]  # both are ASGI, in words of their own
        self._proxies = [ip_network(proxy) for proxy in proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "http" and not self._known(scope["client"]):
            await PlainTextResponse("only by the proxy\n", 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)  # type: ignore[arg-type]

    def _known(self, client: tuple[str, int] | None) -> bool:
        return client is not None and any(ip_address(client[0]) in proxy for proxy in self._proxies)


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
            Behind(web.app, settings.proxies) if settings.proxy else web.app, log_level="warning", access_log=False, server_header=False,
            lifespan="off", proxy_headers=False, timeout_graceful_shutdown=2, limit_concurrency=500, ssl_certfile=settings.certificate or None,
            ssl_keyfile=settings.key or None, loop="asyncio", http="h11", ws="none",
        )  # fmt: skip
        config.load()  # reads the certificate
    except OSError as error:  # ssl.SSLError is one
        reason = reason_of(error)
        raise NotServed(N_("the page cannot be served on {host}:{port}: {reason}"), host=settings.listen, port=settings.port, reason=reason) from error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises them once more when it has ended, and the desk still has to write
    with listening:
        _Server(config, web).run(sockets=[listening])
