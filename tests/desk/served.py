"""The real page: `xiaoan desk` as a child process, and a browser's requests to it without a browser."""

import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from edge.desk.store import Store, User
from edge.desk.users import hashed
from tests.broker import free_port, listens, wait_for
from tests.command import ROOT, XIAOAN

PASSWORD = "correct horse battery"  # noqa: S105 - of the test's own user
HASH = hashed(PASSWORD)
PATIENCE_S = 180.0  # a start has taken more than a minute where others filled both cores


class Served:
    """`xiaoan desk` with a configuration of its own."""

    def __init__(self, folder: Path, broker_port: int, more: str = "", *, broker: str = "", site: str = "no-4", options: Sequence[str] = ()) -> None:
        """more: TOML of [desk]. broker: TOML of [broker]. options: of the command."""
        self._options = options
        self.port = free_port()
        self.folder = folder
        self.state = folder / "desk"
        self.config = folder / "desk.toml"
        self.config.write_text(
            f'[terminal]\nsite = "{site}"\n[paths]\nstate = "{self.state}"\n[broker]\nhost = "127.0.0.1"\nport = {broker_port}\n{broker}'
            f"[desk]\nport = {self.port}\n{more}",
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def add_user(self, name: str, role: str, password: str = PASSWORD) -> "subprocess.CompletedProcess[str]":
        """As the technician does, with the password through a pipe."""
        return subprocess.run(
            [*XIAOAN, "--config", str(self.config), "desk", "--add-user", name, "--role", role],
            input=password + "\n", cwd=ROOT, env=_environment(), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        with (self.folder / "desk.log").open("ab") as log:
            command = [*XIAOAN, "--config", str(self.config), "desk", *self._options]
            self._process = subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=log, stderr=log)
        wait_for(lambda: listens(self.port), "the page", PATIENCE_S)

    def stop(self) -> int:
        """SIGTERM. Returns the exit status."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(PATIENCE_S)
        self._process = None
        return status

    def end(self) -> None:
        """Leave nothing behind."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        """What it wrote so far."""
        return (self.folder / "desk.log").read_text(encoding="utf-8")


@contextmanager
def served(folder: Path, broker_port: int, more: str = "", *, broker: str = "", site: str = "no-4", options: Sequence[str] = ()) -> Iterator[Served]:
    """A desk with a head, a technician and somebody on duty, started and ended."""
    desk = Served(folder, broker_port, more, broker=broker, site=site, options=options)
    store = Store("", desk.state)
    for name, role in (("李老师", "duty"), ("王工", "technician"), ("张主任", "head")):
        store.put_user(User(name, role, HASH))
    store.close()
    desk.start()
    try:
        yield desk
    finally:
        desk.end()


class Visitor:
    """Somebody with a cookie jar."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None, source: str = "127.0.0.1", **headers: str) -> None:
        """source: the address it comes from. headers: sent with everything, `_` for `-`."""
        self.port = port
        self._tls, self._source = tls, source
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.cookies: dict[str, str] = {}
        self.csrf = ""

    def ask(self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, str, Mapping[str, str]]:
        """Status, text, headers."""
        port, timeout, source = self.port, PATIENCE_S, (self._source, 0)
        connection = (
            http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, source_address=source, context=self._tls)
            if self._tls
            else http.client.HTTPConnection("127.0.0.1", port, timeout=timeout, source_address=source)
        )
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body, {"cookie": cookie, **self._headers, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        for line in answer.headers.get_all("set-cookie") or []:
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0].strip('"')
        connection.close()
        return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}

    @contextmanager
    def listening(self) -> Iterator[http.client.HTTPResponse]:
        """The stream of pictures, as it comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("GET", "/stream", headers={"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())})
        with connection.getresponse() as stream:
            yield stream
        connection.close()

    def log_in(self, name: str, password: str = PASSWORD) -> int:
        """As the form does. Returns the status; 303: in."""
        _, page, _ = self.ask("GET", "/login")
        found = re.search(r'name="token" value="([^"]+)"', page)
        assert found
        form = urlencode({"name": name, "password": password, "token": found[1]})
        status, _, _ = self.ask("POST", "/login", form, {"content-type": "application/x-www-form-urlencoded"})
        if status == 303:
            self.csrf = json.loads(self.ask("GET", "/me.json")[1])["csrf"]
        return status

    def wish(self, **fields: object) -> tuple[int, dict[str, Any]]:
        """As the page's buttons do."""
        status, text, _ = self.ask("POST", "/wish", json.dumps(fields), {"x-csrf": self.csrf, "content-type": "application/json"})
        return status, json.loads(text)

    def picture(self) -> dict[str, Any]:
        """What the page shows."""
        picture: dict[str, Any] = json.loads(self.ask("GET", "/picture.json")[1])
        return picture

    def wait(self, true: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The first picture for which `true` is."""
        until_s = time.monotonic() + PATIENCE_S
        while not true(picture := self.picture()):
            assert time.monotonic() < until_s, f"waited in vain for {what}: {picture}"
            time.sleep(0.05)
        return picture


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": ""}
