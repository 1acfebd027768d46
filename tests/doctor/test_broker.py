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
WRITES = "".join(f"topic write xiaoan/v1/no-4/t1/{name}\n" for name in ("status", "alert", "open", "health", "reply"))
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
    broker = start(login(tmp_path, "user terminal\ntopic read xiaoan/v1/no-4/t1/command\n" + WRITES))
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


def test_an_access_list_without_alerts_is_bad(tmp_path: Path, start: Callable[[str], Broker]) -> None:
    """A list names topics one by one, and replies tell nothing about alerts; a desk that listens sees no alert come of the question."""
    broker = start(login(tmp_path, "user terminal\ntopic read xiaoan/v1/no-4/t1/command\ntopic write xiaoan/v1/no-4/t1/reply\n"))
    _, (check,) = looked(BrokerSettings(host="127.0.0.1", port=broker.port, credentials=credentials(tmp_path, "right")))
    assert (check.name, check.state) == ("broker.publish", State.BAD)
    assert "xiaoan/v1/no-4/t1/alert" in check.told(str)


def test_an_access_list_that_passes_no_command_on_is_bad_where_it_can_be_seen(tmp_path: Path, start: Callable[[str], Broker]) -> None:
    """Mosquitto takes the subscription all the same; where we may not send a command ourselves, it is not claimed that they arrive."""
    broker = start(login(tmp_path, "user terminal\ntopic write xiaoan/v1/no-4/t1/#\n"))
    settings = BrokerSettings(host="127.0.0.1", port=broker.port, credentials=credentials(tmp_path, "right"))
    _, (check,) = looked(settings)
    assert (check.name, check.state) == ("broker.subscribe", State.BAD)
    assert "passes nothing of xiaoan/v1/no-4/t1/command on" in check.told(str)
    (tmp_path / "acl").write_text("user terminal\n" + WRITES)
    broker.kill()
    broker.start()
    said = {check.name: check.told(str) for check in stages(endpoint_of(settings, {}), TOPICS)}
    assert "whether they arrive shows when the desk sends one" in said["broker.subscribe"]


def test_a_terminal_that_runs_answers_the_doctor_and_the_desk_sees_nothing(broker: Broker, desk: Desk) -> None:
    """The command that is tried is a ping, and the empty alert is none."""
    found = {check.name: check.told(str) for check in stages(endpoint_of(BrokerSettings(host="127.0.0.1", port=broker.port), {}), TOPICS)}
    assert found["broker.subscribe"] == "commands arrive"
    assert desk.on("alert") == []


def test_a_broker_that_wants_a_certificate_is_told_from_one_that_does_not_answer(tmp_path: Path, start: Callable[[str], Broker]) -> None:
    """In TLS 1.3 it says so after the handshake."""
    made = Certificates(tmp_path)
    broker = start(f"allow_anonymous true\nrequire_certificate true\ncafile {made.ca}\ncertfile {made.broker.certificate}\nkeyfile {made.broker.key}")
    _, (check,) = looked(BrokerSettings(host="127.0.0.1", port=broker.port, tls=TlsSettings(ca=str(made.ca))))
    assert (check.name, check.state) == ("broker.tls", State.BAD)
    assert "a certificate of the terminal is wanted" in check.told(str)
    assert "`certificate` and `key`" in check.told_remedy(str)


def test_a_name_that_cannot_be_one_is_said_in_words() -> None:
    """Python would speak of a codec."""
    _, (check,) = looked(BrokerSettings(host="a..b", port=1883))
    assert check.told(str) == "the name a..b is not found: no host can be called so"
