"""`xiaoan demo`: real broker, real terminal, real desk."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.broker import Broker, Desk, broker, desk  # noqa: F401 - fixtures
from tests.command import ROOT, XIAOAN, xiaoan

pytest.importorskip("amqtt", reason="amqtt (extra [demo]) is not installed")


def family(session: int) -> list[str]:
    """Command lines of all processes of a session, zombies left out."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def start(tmp_path: Path) -> subprocess.Popen[str]:
    """The demo in a session of its own, its temporary folders below tmp_path."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "LC_ALL": "C.UTF-8", "LANGUAGE": "", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [*XIAOAN, "demo"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def gone(session: int) -> bool:
    """Whether all its processes end within some seconds."""
    until_s = time.monotonic() + 10
    while family(session) and time.monotonic() < until_s:
        time.sleep(0.05)
    return not family(session)


def test_the_demo_shows_a_scream_and_crying_and_leaves_nothing(tmp_path: Path) -> None:
    """In a pipe: a plain line for each alert with place, label, level and milliseconds; status 0 within a minute; no process, no file left."""
    running = start(tmp_path)
    told, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (0, ""), told
    assert "\x1b" not in told
    alerts = [line for line in told.splitlines() if line.endswith(" ms")]
    assert [("shouting" in line, "crying" in line, "second floor" in line) for line in alerts] == [(True, False, True), (False, True, True)]
    assert all(0 < int(line.split()[-2]) < 6000 for line in alerts)
    assert "What to try next" in told
    assert gone(running.pid)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("after_s", [0.0, 0.4, 1.5, 6.0])
def test_ctrl_c_at_any_moment_leaves_nothing_running(tmp_path: Path, after_s: float) -> None:
    """While it imports, while the broker starts, while the terminal starts, in the middle: status 130, a sentence at most, no traceback."""
    running = start(tmp_path)
    time.sleep(after_s + 0.3)
    running.send_signal(signal.SIGINT)
    _told, errors = running.communicate(timeout=20)
    assert gone(running.pid), family(running.pid)
    if after_s:  # before that Python itself is still starting
        assert running.returncode == 130
        assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_a_killed_demo_takes_its_terminal_with_it(tmp_path: Path) -> None:
    """SIGKILL gives it no time to tidy up, and still no terminal goes on listening."""
    running = start(tmp_path)
    until_s = time.monotonic() + 20
    while not any("edge.demo.terminal" in line for line in family(running.pid)) and time.monotonic() < until_s:
        time.sleep(0.05)
    running.kill()
    running.communicate()
    assert gone(running.pid), family(running.pid)


def test_a_configured_broker_is_used_and_left_as_it_was(broker: Broker, desk: Desk, tmp_path: Path) -> None:  # noqa: F811 - the fixtures
    """The demo's terminal speaks to the broker of the configuration under a name of its own, and takes back what it retained there."""
    config = tmp_path / "config.toml"
    config.write_text(f'[broker]\nhost = "127.0.0.1"\nport = {broker.port}\n')
    running = subprocess.Popen([*XIAOAN, "demo", "--config", str(config)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    desk.wait("status", lambda body: body["status"] == "online" and "no real alarm" in body["place"])
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 130
    later = Desk(broker.port)
    time.sleep(0.5)
    assert later.heard == []
    later.close()


def test_a_broker_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    """Status 2, the address, and where to look."""
    config = tmp_path / "config.toml"
    config.write_text('[broker]\nhost = "127.0.0.1"\nport = 1\n')
    done = xiaoan("demo", "--config", config)
    assert done.returncode == 2
    assert done.stderr.startswith("xiaoan: the broker 127.0.0.1:1 cannot be used")
    assert done.stderr.count("\n") == 1
