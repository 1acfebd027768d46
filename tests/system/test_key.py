"""The key of the real terminal, through its named pipe, to a desk at a real broker."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.evidence.sealing import as_text, make_key
from edge.evidence.shelf import FOLDER, listed
from edge.shipped import models_folder
from tests.asyncapi import problems
from tests.broker import Broker, Desk, wait_for
from tests.detect.by_hand import write_failing_detector
from tests.panel.parts import Reader
from tests.sound_server import VirtualMicrophone
from tests.system.terminal import TOPIC, Terminal, command, loud, quiet

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")

NO_MICROPHONE = '[microphone]\ndevice = "card:Nothing"\n'

START_S = 90.0  # on a slow machine; nothing but patience depends on it

Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts terminals with a key, and leaves none running."""
    terminals: list[Terminal] = []

    def started(port: int, recording: Path | None = None, more: str = NO_MICROPHONE, models: str = "", **environment: str) -> Terminal:
        terminal = Terminal(tmp_path, port, f'{more}\n[key]\ndriver = "pipe"\npipe = "{tmp_path}/key"\nagain_s = 0.0\nstuck_s = 5.0\n', models)
        terminals.append(terminal)
        terminal.start(recording, environment)
        wait_for((tmp_path / "key").exists, "the key's pipe", START_S)
        return terminal

    yield started
    for terminal in terminals:
        terminal.end()


def touch(folder: Path, words: str = "press\nrelease\n") -> None:
    """Press the key and let go of it."""
    with (folder / "key").open("wb", buffering=0) as to:
        to.write(words.encode())


def test_the_key_works_without_a_microphone(tmp_path: Path, broker: Broker, desk: Desk, start: Start) -> None:
    """Each press is one alert, without level and trace; the status says what is armed; a mute holds for the key as for the rest, no longer."""
    terminal = start(broker.port)
    armed = desk.wait("status", lambda m: m["status"] == "online")["labels"]
    assert (armed[0], "shouting" in armed) == ("button", True)
    desk.wait("health", lambda m: "microphone_missing" in m["faults"] and "button_stuck" not in m["faults"])
    touch(tmp_path)
    raised = desk.wait("alert")
    assert (raised["label"], raised["state"], raised["score"], raised["level_dba"], raised["trace"]) == ("button", "raised", 1.0, None, [])
    assert desk.wait("alert", lambda m: m["state"] == "ended")["id"] == raised["id"]
    desk.say(f"{TOPIC}/command", command("mute", "c1", label="button", seconds=600))
    desk.wait("status", lambda m: m["mutes"])
    touch(tmp_path)
    wait_for(lambda: "alert.muted label=button" in terminal.log(), "the press that is kept quiet")
    desk.say(f"{TOPIC}/command", command("unmute", "c2", label="button"))
    desk.wait("reply", lambda m: m["command"] == "c2")
    for _ in range(8):  # past the limit of a storm
        touch(tmp_path)
    storm = desk.wait("alert", lambda m: m["count"] > 1)
    assert (storm["seq"], storm["label"]) == (7, "button")
    wrong = [(h.topic, p) for h in desk.heard for p in problems(h.topic, h.body)]
    assert wrong == []


def test_level_and_trace_are_those_of_the_sound_around_the_press_and_a_key_that_stays_down_is_a_fault(
    tmp_path: Path, broker: Broker, desk: Desk, start: Start
) -> None:
    """What was heard before the press at once, what came after it with a later saying; stuck for five seconds, and well again once it is up.

    Where a school has chosen sealed evidence, there is some of a press, too.
    """
    evidence = f'[evidence]\non = true\npublic_key = "{as_text(make_key(tmp_path / "desk.key"))}"\nbefore_s = 1.0\nafter_s = 1.0\n'
    terminal = start(broker.port, quiet(tmp_path), more=evidence)
    wait_for(lambda: "daemon.ready" in terminal.log(), "the first sound")
    touch(tmp_path, "press\n")
    raised = desk.wait("alert")
    assert 50 < raised["level_dba"] < 70
    assert raised["trace"][-1]["offset_s"] <= 0.25
    desk.wait("alert", lambda m: m["state"] == "ongoing")
    stuck = desk.wait("health", lambda m: "button_stuck" in m["faults"])
    complete = desk.wait("alert", lambda m: m["trace"][-1]["offset_s"] > raised["trace"][-1]["offset_s"])
    assert (complete["state"], complete["id"]) == ("ended", raised["id"])
    touch(tmp_path, "release\n")
    wait_for(lambda: any("button_stuck" not in m["faults"] for m in desk.on("health")[desk.on("health").index(stuck) :]), "the end of the fault")
    wait_for(lambda: "evidence.sealed" in terminal.log(), "the evidence")
    assert [sealed.alert for sealed in listed(terminal.state / FOLDER)] == [raised["id"]]
    assert terminal.stop() == 0


def test_the_key_works_while_the_model_is_broken(tmp_path: Path, broker: Broker, desk: Desk, start: Start) -> None:
    """The terminal starts, says what is wrong, tells systemd that it is ready, and hears levels still."""
    (tmp_path / "models").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        terminal = start(
            broker.port, quiet(tmp_path), more="", models=str(tmp_path / "models"), NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="1000000"
        )
        assert {manager.recv(100) for _ in range(3)} == {b"READY=1", b"WATCHDOG=1"}
    assert desk.wait("status", lambda m: m["status"] == "online")["labels"] == ["button"]
    desk.wait("health", lambda m: "model" in m["faults"] and "profile_stale" not in m["faults"])
    assert "model.not_used" in terminal.log()
    touch(tmp_path)
    assert desk.wait("alert")["level_dba"] > 20
    wrong = [(h.topic, p) for h in desk.heard for p in problems(h.topic, h.body)]
    assert wrong == []


def test_the_key_works_after_the_model_has_failed(tmp_path: Path, broker: Broker, desk: Desk, start: Start) -> None:
    """In the midst of listening, as onnxruntime fails: the fault has its name, what is armed is said anew, and there is a level still."""
    write_failing_detector(tmp_path / "models")
    terminal = start(broker.port, loud(tmp_path, seconds=60.0), more="", models=str(tmp_path / "models"))
    assert "shouting" in desk.wait("status", lambda m: m["status"] == "online", START_S)["labels"]
    desk.wait("health", lambda m: "model" in m["faults"], START_S)
    desk.wait("status", lambda m: m["status"] == "online" and m["labels"] == ["button"], START_S)
    touch(tmp_path)
    assert desk.wait("alert", lambda m: m["label"] == "button", START_S)["level_dba"] > 20  # what was heard before the failure counts, too
    assert "model.failed" in terminal.log()
    assert terminal.stop() == 0


def test_the_lamp_says_how_it_is_and_the_desk_finds_the_terminal_by_it(tmp_path: Path, broker: Broker, desk: Desk, start: Start) -> None:
    """A fault, a press, somebody who comes, and a technician who looks for it; the end is dark."""
    lamp = f'[lamp]\ndriver = "pipe"\npipe = "{tmp_path}/lamp"\n'
    terminal = start(broker.port, more=NO_MICROPHONE + lamp)
    wait_for((tmp_path / "lamp").exists, "the lamp's pipe")
    reader = Reader(tmp_path / "lamp")
    try:
        wait_for(lambda: reader.words()[-1:] == ["fault"], "the fault of the microphone")
        touch(tmp_path)
        wait_for(lambda: reader.words()[-1] == "raised", "the alert")
        desk.say(f"{TOPIC}/command", command("acknowledge", "c1", alert=desk.wait("alert")["id"]))
        wait_for(lambda: reader.words()[-1] == "seen", "somebody who comes")
        desk.say(f"{TOPIC}/command", command("identify", "c2"))
        wait_for(lambda: reader.words()[-1] == "identify", "blinking")
        assert desk.wait("reply", lambda m: m["command"] == "c2")["ok"]
        assert terminal.stop() == 0
    finally:
        reader.leave()


def test_a_sentence_is_said_on_the_spot_and_not_heard(
    tmp_path: Path, broker: Broker, desk: Desk, start: Start, virtual_microphone: VirtualMicrophone
) -> None:
    """It is as loud as what raises an alert here, and raises none; what is shouted after it does."""
    sounder = f'[sounder]\nsentence = "{loud(tmp_path, at_s=0.0, seconds=2.0)}"\nloudspeaker = "{virtual_microphone.loudspeaker}"\n'
    virtual_microphone.play(quiet(tmp_path))
    terminal = start(broker.port, more=f'[microphone]\ndevice = "{virtual_microphone.device}"\n{sounder}')
    wait_for(lambda: "daemon.ready" in terminal.log(), "the first sound")
    desk.wait("status")
    touch(tmp_path)
    pressed = desk.wait("alert", lambda m: m["label"] == "button")
    wait_for(lambda: "speaker.says" in terminal.log(), "the sentence")
    assert pressed["id"] in terminal.log().split("speaker.says")[1].splitlines()[0]
    wait_for(lambda: "speaker.said" in terminal.log(), "its end")
    assert {m["label"] for m in desk.on("alert")} == {"button"}
    virtual_microphone.play(loud(tmp_path, at_s=1.0, seconds=6.0))
    assert desk.wait("alert", lambda m: m["label"] == "shouting")["level_dba"] > 80
    assert not any("silence" in m["faults"] for m in desk.on("health"))
