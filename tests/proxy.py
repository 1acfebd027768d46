"""The network between a terminal and its broker, with what may be wrong with it."""

import select
import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

LOOK_S = 0.1


class Proxy:
    """Hands bytes on between its own port and another on this machine. A context manager."""

    def __init__(self, to_port: int) -> None:
        self.passes = True
        """False: nobody gets through, and connections that there are end with a reset."""
        self.up = self.down = True
        """False: bytes to the broker, or from it, stay where they are, and no side learns of it."""
        self.sent = bytearray()
        """All that went to the broker."""
        self._to_port = to_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._closing = False
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def reset(self) -> None:
        """End what is there, as a router that has forgotten its connections; then everything passes again."""
        self.passes = False
        for thread in self._threads[1:]:
            thread.join(5.0)
        self._threads = self._threads[:1]
        self.passes = self.up = self.down = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self._closing, self.passes = True, False
        for thread in self._threads:
            thread.join(5.0)
        self._server.close()

    def _accept(self) -> None:
        while not self._closing:
            if not select.select([self._server], [], [], LOOK_S)[0]:
                continue
            client, _ = self._server.accept()
            if not self.passes:
                _drop(client)
                continue
            thread = threading.Thread(target=self._hand_on, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _hand_on(self, client: socket.socket) -> None:
        try:
            broker = socket.create_connection(("127.0.0.1", self._to_port), 5.0)
        except OSError:
            _drop(client)
            return
        try:
            while self.passes:
                wanted = [*([client] if self.up else []), *([broker] if self.down else [])]
                for from_ in select.select(wanted, [], [], LOOK_S)[0]:
                    if not (received := from_.recv(65536)):
                        client.close()
                        broker.close()
                        return
                    if from_ is client:
                        self.sent += received
                    (broker if from_ is client else client).sendall(received)
        except OSError:
            pass
        _drop(client)
        _drop(broker)


def _drop(side: socket.socket) -> None:
    with suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    side.close()
