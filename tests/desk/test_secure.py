"""The page on a network: by a certificate of its own, behind a proxy, at a broker with logins."""

import json
import ssl
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

import pytest
from paho.mqtt import publish
from paho.mqtt.enums import MQTTProtocolVersion

from tests.broker import Broker, free_port, running, wait_for
from tests.desk.say import alert
from tests.desk.served import PATIENCE_S, Served, Visitor, served
from tests.link.certificates import Certificates
from tests.system.test_acl import WHERE, Someone, settings


def test_by_a_certificate_at_the_shipped_broker(tmp_path: Path) -> None:
    """The desk's own login hears the terminals and commands them; the browser keeps the cookie for TLS alone, and comes by nothing else."""
    certificates = Certificates(tmp_path)
    login = tmp_path / "login"
    login.write_text("desk:of desk")
    login.chmod(0o600)
    page = f'certificate = "{certificates.broker.certificate}"\nkey = "{certificates.broker.key}"\n'
    with (
        contextmanager(running)(Broker(tmp_path, settings(tmp_path))) as broker,
        served(tmp_path, broker.port, page, broker=f'credentials = "{login}"\n', site="school") as desk,
    ):
        teacher = Visitor(desk.port, ssl.create_default_context(cafile=str(certificates.ca)))
        terminal = Someone(broker.port, "t1")
        terminal.hear(f"{WHERE}/t1/command")
        assert teacher.log_in("李老师") == 303
        teacher.wait(lambda p: p["broker"] is None, "the broker")
        assert terminal.may_say(f"{WHERE}/t1/alert", json.dumps(alert()).encode())
        (shown,) = teacher.wait(lambda p: bool(p["alerts"]), "the alert")["alerts"]
        assert teacher.wish(verb="acknowledge", terminal="t1", alert=shown["id"])[0] == 202
        wait_for(lambda: [topic for topic, _ in terminal.heard] == [f"{WHERE}/t1/command"], "the command", PATIENCE_S)
        headers = teacher.ask("GET", "/login")[2]
        assert "Secure" in headers["set-cookie"]
        assert headers["strict-transport-security"].startswith("max-age=")
        with pytest.raises((OSError, HTTPException)):
            Visitor(desk.port).ask("GET", "/login")
        terminal.leave()


def test_behind_a_proxy_nobody_else_is_let_in_or_believed(tmp_path: Path, broker: Broker) -> None:
    """Who comes past the proxy would send a password in the clear; who comes by it is counted by the address that the proxy saw."""
    with served(tmp_path, broker.port, 'proxy = true\nproxies = ["127.0.0.2"]\n') as desk:
        assert Visitor(desk.port, x_forwarded_for="127.0.0.2").ask("GET", "/login")[0] == 403
        assert guess(desk, [f"10.9.9.{number}, 10.0.0.9" for number in range(6)]) == [401] * 5 + [429]
        assert guess(desk, ["10.0.0.8"]) == [401]
        headers = Visitor(desk.port, source="127.0.0.2").ask("GET", "/login")[2]
        assert "Secure" in headers["set-cookie"]
        assert headers["strict-transport-security"].startswith("max-age=")


def test_with_a_broker_of_its_own(tmp_path: Path) -> None:
    """For trying it out: a terminal on the same machine needs nothing else."""
    port = free_port()
    with served(tmp_path, port, options=["--own-broker"]) as desk:
        teacher = Visitor(desk.port)
        assert teacher.log_in("李老师") == 303
        teacher.wait(lambda p: p["broker"] is None, "the broker")
        publish.single("xiaoan/v1/no-4/t1/alert", json.dumps(alert()), qos=1, port=port, protocol=MQTTProtocolVersion.MQTTv311)
        teacher.wait(lambda p: bool(p["alerts"]), "the alert")
        assert desk.stop() == 0


def guess(desk: Served, callers: list[str]) -> list[int]:
    """A wrong password each; the proxy puts the address it saw last."""
    return [Visitor(desk.port, source="127.0.0.2", x_forwarded_for=caller).log_in("李老师", "wrong password") for caller in callers]
