"""The daemon in the test's own process, where a part of it must break."""

import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import edge.daemon
import edge.health.pace
import edge.selftest
from edge.config.schema import BrokerSettings, Config, LoudspeakerSettings, PathSettings, TerminalSettings
from edge.daemon import Daemon, WorkerDied
from edge.health.clock import Moment
from edge.health.faults import Fault
from edge.health.machine import THROTTLED
from edge.shipped import models_folder
from tests.asyncapi import problems
from tests.broker import Broker, Desk, free_port

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")


class Breaking:
    """A source that raises something nobody expects."""

    dropped_blocks = 0

    def read(self, timeout_s: float) -> NDArray[np.float32] | None:
        """Break."""
        raise RuntimeError(f"broken after {timeout_s}")

    def faults(self) -> frozenset[Fault]:
        """None."""
        return frozenset()

    def close(self) -> None:
        """Nothing to let go of."""


class Blocking(Breaking):
    """A source that gives a block at each call until it is told to hang; a fault stands all the time."""

    def __init__(self) -> None:
        self.hang = threading.Event()
        self.go_on = threading.Event()

    def read(self, timeout_s: float) -> NDArray[np.float32] | None:
        """The next block, or nothing ever."""
        if self.hang.is_set():
            self.go_on.wait(timeout_s * 1000)
        self.go_on.wait(0.05)
        return np.zeros(800, np.float32)

    def faults(self) -> frozenset[Fault]:
        """The gain is far too high."""
        return frozenset({Fault.CLIPPING})


def falls_silent(manager: socket.socket) -> bool:
    """Whether nothing comes for two seconds, before long."""
    manager.settimeout(2)
    for _ in range(30):
        try:
            manager.recv(100)
        except TimeoutError:
            return True
    return False


def configured(folder: Path) -> Config:
    """A terminal whose broker is not there."""
    return Config(
        terminal=TerminalSettings(name="t1"),
        broker=BrokerSettings(host="127.0.0.1", port=free_port()),
        paths=PathSettings(state=str(folder)),
    )


def test_a_stalled_pipeline_gives_no_sign_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fault stood before: a thread that does not come round is for systemd to end."""
    monkeypatch.setattr(edge.daemon, "STALLED_S", 0.5)
    source = Blocking()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        daemon = Daemon(configured(tmp_path), lambda: source, {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"})
        thread = threading.Thread(target=daemon.run)
        thread.start()
        while manager.recv(100) != b"WATCHDOG=1":
            pass
        source.hang.set()
        assert falls_silent(manager)
        source.hang.clear()
        source.go_on.set()
        assert manager.recv(100) == b"WATCHDOG=1"
        daemon.stop()
        thread.join(10)
        assert not thread.is_alive()


class Dawdling(Blocking):
    """A source whose sound comes half as fast as it should."""

    def faults(self) -> frozenset[Fault]:
        """None."""
        return frozenset()

    def read(self, timeout_s: float) -> NDArray[np.float32] | None:
        """Twenty milliseconds of sound, for which it takes 50."""
        block = super().read(timeout_s)
        return None if block is None else block[:320]


def test_a_computer_too_hot_and_too_slow_is_known_at_the_desk(tmp_path: Path, broker: Broker, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own name each; and when it has cooled down, that too."""
    monkeypatch.setattr(edge.health.pace, "LONG_S", 0.5)
    monkeypatch.setattr(edge.daemon, "HEAL_S", 0.1)
    zone, firmware = tmp_path / "sys/class/thermal/thermal_zone0/temp", tmp_path / THROTTLED
    for file, text in ((zone, "84000"), (firmware, "50004")):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    config = configured(tmp_path / "state").model_copy(update={"broker": BrokerSettings(host="127.0.0.1", port=broker.port)})
    daemon = Daemon(config, Dawdling, {}, root=tmp_path)
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        health = desk.wait("health", lambda m: {"over_temperature", "throttled", "cpu_late"} <= set(m["faults"]))
        assert health["temperature_c"] == 84.0
        zone.write_text("61000")
        desk.wait("health", lambda m: "cpu_late" in m["faults"] and "over_temperature" not in m["faults"])
    finally:
        daemon.stop()
        thread.join(10)
    assert not thread.is_alive()


def test_whether_the_terminal_heard_itself_is_in_health(tmp_path: Path, broker: Broker, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not, where there is no such loudspeaker; and nothing where it has not tried."""
    monkeypatch.setattr(edge.selftest, "DAY_S", 1.0)
    monkeypatch.setattr(edge.daemon, "HEALTH_S", 0.5)
    loudspeaker = LoudspeakerSettings(device="no-such-thing")
    config = configured(tmp_path).model_copy(update={"broker": BrokerSettings(host="127.0.0.1", port=broker.port), "loudspeaker": loudspeaker})
    daemon = Daemon(config, Blocking, {}, lambda: Moment(time.monotonic(), 0, synchronised=False))
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        desk.wait("health", lambda m: m["selftest"] is None)
        tested = desk.wait("health", lambda m: m["selftest"] is not None, 40.0)
        assert tested["selftest"] == {"at": None, "heard": False}
        assert problems("health", tested) == []
    finally:
        daemon.stop()
        thread.join(10)


def test_a_thread_that_dies_takes_the_terminal_with_it(tmp_path: Path) -> None:
    """A terminal that looks alive and hears nothing is the worst there is: the service must start it anew."""
    with pytest.raises(WorkerDied, match="the thread sound has ended: RuntimeError: broken after"):
        Daemon(configured(tmp_path), Breaking, {}).run()
