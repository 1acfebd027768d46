"""The broker's stages against real mosquittos."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.config.schema import BrokerSettings, TlsSettings
from edge.doctor.broker import stages
from edge.doctor.check import Check, State
from edge.link.connection import endpoint_of
from edge.link.topics import Topics
from tests.asyncapi import problems
from tests.broker import Broker, Desk, free_port
from tests.link.certificates import Certificates

TOPICS = Topics("no-4", "t1")
ALL = ["broker.name", "broker.port", "broker.login", "broker.subscribe", "broker.publish", "broker.receive"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Broker]]:
    """Starts mosquittos with settings, and ends them."""
    brokers: list[Broker] = []

    def started(settings: str) -> Broker:
        brokers.append(Broker(tmp_path, settings))
        return brokers[-1].start()

    yield started
    for broker in brokers:
        broker.kill()


def looked(settings: BrokerSettings) -> tuple[list[str], list[Check]]:
    """The names of what is good, and the checks that are not."""
    found = list(stages(endpoint_of(settings, {}), TOPICS))
    return [check.name for check in found if check.state is State.GOOD], [check for check in found if check.state is not State.GOOD]


def test_a_broker_that_takes_everything_is_good_at_every_stage(broker: Broker, desk: Desk) -> None:
    """The message that is sent is one that desks know and need not show."""
    found = list(stages(endpoint_of(BrokerSettings(host="127.0.0.1", port=broker.port), {}), TOPICS))
    assert [(check.name, check.state) for check in found] == [(name, State.GOOD) for name in ALL]
    assert "came back after" in found[-1].told(str)
    said = desk.wait("reply")
    assert problems("reply", said) == []
    assert said["command"].startswith("doctor-")


@pytest.mark.parametrize(
    ("host", "told"), [("nowhere.invalid", "the name nowhere.invalid is not found"), ("127.0.0.1", "does not take connections on port")]
)
def test_where_nothing_is_it_ends_with_the_reason(host: str, told: str) -> None:
    """An unknown name, a closed port: one bad line, with what to do."""
    _, (check,) = looked(BrokerSettings(host=host, port=free_port()))
    assert check.state is State.BAD
    assert told in check.told(str)
    assert check.told_remedy(str)


def login(folder: Path, acl: str) -> str:
    """Settings of a broker with one login, terminal:right, and an access list."""
    program = shutil.which("mosquitto_passwd")
    if not program:
        pytest.skip("mosquitto_passwd is not installed")
    subprocess.run([program, "-c", "-b", folder / "passwords", "terminal", "right"], check=True, capture_output=True)
    (folder / "acl").write_text(acl)
    for file in (folder / "passwords", folder / "acl"):
        file.chmod(0o600 if os.getuid() == 0 else 0o644)
    return f"allow_anonymous false\npassword_file {folder}/passwords\nacl_file {folder}/acl"


def credentials(folder: Path, password: str) -> str:
    """A credentials file."""
    (folder / "credentials").write_text(f"terminal:{password}\n")
    (folder / "credentials").chmod(0o600)
    return str(folder / "credentials")


def test_a_wrong_password_is_told_from_a_right_one(tmp_path: Path, start: Callable[[str], Broker]) -> None:
    """And under an access list as it should be, no echo comes and nothing is wrong."""
    broker = start(login(tmp_path, "user terminal\ntopic read xiaoan/v1/no-4/t1/command\ntopic write xiaoan/v1/no-4/t1/reply\n"))
    good, (check,) = looked(BrokerSettings(host="127.0.0.1", port=broker.port, credentials=credentials(tmp_path, "wrong")))
    assert (good, check.name) == (["broker.name", "broker.port"], "broker.login")
    assert "refuses the login: Not authorized" in check.told(str)
    assert looked(BrokerSettings(host="127.0.0.1", port=broker.port, credentials=credentials(tmp_path, "right"))) == (ALL, [])


def test_an_access_list_that_forbids_to_write_is_bad(tmp_path: Path, start: Callable[[str], Broker]) -> None:
    """No alert would arrive; the topic to allow is named."""
    broker = start(login(tmp_path, "user terminal\ntopic read xiaoan/v1/no-4/t1/command\n"))
    _, (check,) = looked(BrokerSettings(host="127.0.0.1", port=broker.port, credentials=credentials(tmp_path, "right")))
    assert (check.name, check.state) == ("broker.publish", State.BAD)
    assert "xiaoan/v1/no-4/t1/#" in check.told_remedy(str)


def test_certificates(tmp_path: Path, start: Callable[[str], Broker]) -> None:
    """The right authority is good, though it ends tomorrow, which is a warning; another one is bad, with the reason."""
    made = Certificates(tmp_path)
    broker = start(f"allow_anonymous true\ncafile {made.ca}\ncertfile {made.broker.certificate}\nkeyfile {made.broker.key}")
    settings = BrokerSettings(host="127.0.0.1", port=broker.port, tls=TlsSettings(ca=str(made.ca)))
    good, (check,) = looked(settings)
    assert (good, check.name, check.state) == (ALL, "broker.tls", State.WARNING)
    assert "ends in 1 days" in check.told(str)
    _, (check,) = looked(settings.model_copy(update={"tls": TlsSettings(ca=str(made.stranger))}))
    assert (check.name, check.state) == ("broker.tls", State.BAD)
    assert "self-signed certificate" in check.told(str) or "unable to get local issuer" in check.told(str)
