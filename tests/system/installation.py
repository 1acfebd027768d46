"""An installation from zero to accepted, as a transcript with times: `python -m tests.system.installation >transcript.txt`.

A new environment with the wheel in it, a real mosquitto, and PulseAudio's microphone, at which a loudspeaker plays what a technician would do.
`--here` takes the environment that runs this, where nothing can be fetched.
"""

import argparse
import contextlib
import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.demo import sounds
from edge.demo.voice import MAN, WOMAN
from tests.broker import Broker, Desk
from tests.command import ROOT
from tests.pseudo_terminal import Terminal
from tests.sound_server import VirtualMicrophone

SENSITIVITY_DBFS = -29.3
"""Of the microphone that is played: not the usual one, so that there is something to find."""

RATE_HZ = 16_000
PATIENCE_S = 900.0
COLUMNS = 150
_PASSING = re.compile(r"━.* / \d+ s|^\s*$|^listening|^heard ")


class Transcript:
    """Runs commands, prints each with the time at which it was typed and how long it took."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder, self.program = folder, program
        self._begun_s = time.monotonic()

    def shown(self, text: str) -> str:
        """The folder is where the technician is."""
        return text.replace(f"{self.folder}/", "").replace(str(self.folder), "/home/li").rstrip()

    @contextlib.contextmanager
    def typed(self, line: str) -> Iterator[None]:
        """One command."""
        at_s = time.monotonic()
        minutes, seconds = divmod(round(at_s - self._begun_s), 60)
        print(f"\n[{minutes:02d}:{seconds:02d}] $ {self.shown(line)}", flush=True)
        yield
        print(f"        ({time.monotonic() - at_s:.0f} s)", flush=True)

    def at_terminal(self, line: str, act: Callable[[Terminal], None] = lambda _: None) -> None:
        """`xiaoan` at a terminal; act: what the technician does meanwhile."""
        with self.typed(f"xiaoan {line}"), Terminal(*shlex.split(line), columns=COLUMNS, program=(str(self.program),)) as shown:
            act(shown)
            status = shown.end(PATIENCE_S)
            for row, _ in itertools.groupby(row for row in shown.lines if not _PASSING.search(row)):
                print("        " + self.shown(row))
            print(f"        exit status {status}")

    def in_pipe(self, line: str, lines: int) -> None:
        """The first lines that `xiaoan` writes into a pipe."""
        with self.typed(f"xiaoan {line} | head -{lines}"), subprocess.Popen(
            [self.program, *shlex.split(line)], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as running:
            assert running.stdout
            for _ in range(lines):
                print("        " + running.stdout.readline().rstrip())
            running.terminate()


def noise(level_dba: float, seconds: float) -> NDArray[np.float32]:
    """A corridor that is as loud, over and over."""
    return np.tile(sounds.at_level(sounds.corridor(np.random.default_rng(1), 20.0), level_dba, SENSITIVITY_DBFS), round(seconds / 20))


def tone(seconds: float) -> NDArray[np.float32]:
    """A calibrator of 94 dB over the microphone."""
    return (10 ** (SENSITIVITY_DBFS / 20) * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def act_of(line: str) -> NDArray[np.float32]:
    """What is done at the distance that the walk asks for: `5 m away, clap …`. Phrases are called by espeak-ng, where it is installed."""
    rng, distance_m = np.random.default_rng(7), int(line.partition(" m")[0])

    def there(sound: NDArray[np.float32], at_1m_dba: float) -> NDArray[np.float32]:
        return sounds.at_level(sounds.in_corridor(rng, sound), sounds.at_distance(at_1m_dba, distance_m), SENSITIVITY_DBFS)

    if "shout" in line:
        return there(np.concatenate([sounds.shout(np.random.default_rng(seed), MAN) for seed in range(3)]), 100.0)
    if "call" in line:
        called = sounds.phrase(line.rpartition(": ")[2])
        return there(np.zeros(RATE_HZ, np.float32) if called is None else called, 90.0)
    if "clap" in line:
        clap = (np.exp(-np.arange(RATE_HZ) / 60.0) * rng.standard_normal(RATE_HZ)).astype(np.float32)
        return there(np.tile(clap, 5), 85.0)
    return there(sounds.talk(rng, WOMAN, 6.0), 65.0)


def main() -> None:
    """Write it to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--here", action="store_true", help="no environment of its own")
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="install-"))
        stack.callback(leave, folder)
        program = Path(sys.executable).parent / "xiaoan" if args.here else folder / "xiaoan/bin/xiaoan"
        microphone = stack.enter_context(VirtualMicrophone(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wall-")))))
        os.environ.update(microphone.environment, LC_ALL="C.UTF-8")
        broker = Broker(folder).start()
        stack.callback(broker.kill)
        write(Transcript(folder, program), microphone, broker, fetch=not args.here)


def leave(folder: Path) -> None:
    """Remove it behind our back: an environment is some 12,000 files, for which a busy disk takes minutes, and the transcript is written."""
    subprocess.run(["sh", "-c", 'rm -rf -- "$1" </dev/null >/dev/null 2>&1 &', "sh", folder], check=True)


def write(transcript: Transcript, microphone: VirtualMicrophone, broker: Broker, *, fetch: bool) -> None:
    """All of it."""
    folder = transcript.folder
    if fetch:
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True, capture_output=True)
        (wheel,) = folder.glob("*.whl")
        with transcript.typed(f"python3 -m venv xiaoan && xiaoan/bin/pip install '{wheel.name}[technician]' && PATH=xiaoan/bin:$PATH"):
            subprocess.run([sys.executable, "-m", "venv", str(folder / "xiaoan")], check=True)
            subprocess.run([folder / "xiaoan/bin/pip", "install", "--quiet", f"{wheel}[technician]"], check=True, stdout=sys.stderr)
    transcript.at_terminal("version")
    transcript.at_terminal("devices")
    config = (
        f'[terminal]\nsite = "no-4-middle"\nname = "east-2"\nplace = "二楼东侧洗手间"\n\n[microphone]\ndevice = "{microphone.device}"\n\n'
        f'[broker]\nhost = "127.0.0.1"\nport = {broker.port}\n\n[loudspeaker]\ndevice = "{microphone.loudspeaker}"\n\n[paths]\nstate = "{folder}/state"\n'
    )
    with transcript.typed("nano config.toml && cat config.toml"):
        (folder / "config.toml").write_text(config, encoding="utf-8")
        for line in config.splitlines():
            print(f"        {line}".replace(str(folder), "/home/li").rstrip())
    options = f"--config {folder}/config.toml"
    transcript.at_terminal(f"config check {options}")
    microphone.play(noise(44.0, 1200.0), RATE_HZ)
    transcript.at_terminal(f"doctor {options}")
    microphone.hush()
    microphone.play(tone(600.0), RATE_HZ)
    transcript.at_terminal(f"calibrate level --calibrator 94 --by 李老师 {options}", lambda shown: enter(shown, r"press Enter"))
    microphone.hush()
    microphone.play(noise(44.0, 1200.0), RATE_HZ)
    transcript.in_pipe(f"levels {options}", 4)
    transcript.at_terminal(f"calibrate walk --sheet {folder}/sheet.html --by 李老师 {options}", lambda shown: walk(shown, microphone))
    transcript.at_terminal(f"calibrate site --hours 0.01 --report {folder}/site.html {options}")
    running(transcript, microphone, broker)
    transcript.at_terminal(f"calibrate show {options}")


def enter(shown: Terminal, wanted: str) -> None:
    """Press Enter when it is asked for."""
    shown.wait_for(wanted, PATIENCE_S)
    shown.press("\n")


def walk(shown: Terminal, microphone: VirtualMicrophone) -> None:
    """Do what it asks for, each time."""
    trials = int(shown.wait_for(r"1/(\d+)  ", PATIENCE_S)[1])
    for number in range(1, trials + 1):
        asked = shown.wait_for(rf"{number}/{trials}  (.*)\n(?:.*\n)*?.*ends: ", PATIENCE_S)
        act = np.concatenate([np.zeros(RATE_HZ, np.float32), act_of(asked[1])])  # made before the bar runs
        shown.press("\n")
        microphone.play(act, RATE_HZ).wait()


def running(transcript: Transcript, microphone: VirtualMicrophone, broker: Broker) -> None:
    """The terminal at work: a scream, and what the desk is told."""
    desk = Desk(broker.port)
    command = [str(transcript.program), "run", "--config", "config.toml"]
    with (
        transcript.typed("xiaoan run --config config.toml &   # and beside it a desk that listens; then somebody shouts"),
        subprocess.Popen(command, cwd=transcript.folder, stderr=subprocess.DEVNULL) as terminal,
    ):
        try:
            desk.wait("health", lambda body: body["heard_s"] > 0, PATIENCE_S)
            microphone.play(act_of("3 m away, shout"), RATE_HZ)
            told = desk.wait("alert", patience_s=PATIENCE_S)
            print("        " + str({name: told[name] for name in ("place", "label", "state", "score", "level_dba", "raised_at")}))
        finally:
            terminal.send_signal(signal.SIGTERM)
    desk.close()


if __name__ == "__main__":
    main()
