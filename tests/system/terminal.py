"""The real terminal as a child process, hearing a recording in the microphone's place."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from edge.features import RATE_HZ
from tests.command import ROOT, XIAOAN

LOUD_AT_S = 2.0
TOPIC = "xiaoan/v1/no-4/t1"
PATIENCE_S = 30.0

# Any model will do: whatever its scores, the alert is raised when it is loud, and ends with the sound.
RULES = """
[labels.shouting]
threshold = 0.0
release = 0.0
agree = 1
of = 1
shortest_s = 0.0
hold_s = 0.0
min_dba = 80.0
[labels.crying]
on = false
"""


def quiet(folder: Path, seconds: float = 60.0) -> Path:
    """A recording in which nothing happens."""
    return _recording(folder / "quiet.wav", np.full(round(seconds * RATE_HZ), 0.001))


def loud(folder: Path, at_s: float = LOUD_AT_S, seconds: float = 3.0) -> Path:
    """Quiet, and from `at_s` to the end noise of about 105 dBA."""
    return _recording(folder / f"loud{at_s:.0f}.wav", np.repeat([0.001, 0.3], [round(at_s * RATE_HZ), round(seconds * RATE_HZ)]))


def _recording(path: Path, amplitude: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Path:
    noise = np.random.default_rng(1).standard_normal(len(amplitude))
    soundfile.write(path, (noise * amplitude).clip(-1, 1), RATE_HZ)
    return path


class Terminal:
    """`xiaoan run` with a configuration of its own."""

    def __init__(self, folder: Path, port: int, more: str = "", models: str = "") -> None:
        """more: TOML after what every test needs. models: folder of the models, empty: the ones shipped."""
        self.state = folder / "state"
        self._folder = folder
        self.config = folder / "config.toml"
        self.config.write_text(
            f'[terminal]\nsite = "no-4"\nname = "t1"\nplace = "二楼东侧洗手间"\n'
            f'[paths]\nstate = "{self.state}"\nmodels = "{models}"\n'
            f'[alerts]\nsay_again_s = [1.0, 2.0, 7.0]\n{RULES}\n[broker]\nhost = "127.0.0.1"\nport = {port}\n{more}',
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(
        self, recording: Path | None, environment: Mapping[str, str] | None = None, under: Sequence[str] = (), program: Sequence[str] = XIAOAN
    ) -> None:
        """Start it; `recording` None: with the microphone. under: what watches it, with its arguments. program: what `xiaoan` is."""
        hears = ["--recording", str(recording)] if recording else []
        with (self._folder / "terminal.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*under, *program, "--config", str(self.config), "run", *hears],
                cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """Process id."""
        assert self._process
        return self._process.pid

    def capture_child(self) -> int:
        """Process id of the child that reads the sound card."""
        started = [int(pid) for task in Path(f"/proc/{self.pid}/task").iterdir() for pid in (task / "children").read_text().split()]
        (child,) = [pid for pid in started if "edge.capture.child" in Path(f"/proc/{pid}/cmdline").read_text()]
        return child

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end. Returns the exit status."""
        assert self._process
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end. Returns the exit status."""
        assert self._process
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
        return (self._folder / "terminal.log").read_text(encoding="utf-8")


def command(verb: str, id_: str, **fields: object) -> bytes:
    """A command of the desk; the terminal under test may or may not have a synchronised clock."""
    issued_at = subprocess.run(["date", "-u", "+%Y-%m-%dT%H:%M:%SZ"], capture_output=True, text=True, check=True).stdout.strip()
    return json.dumps({"id": id_, "by": "李老师", "issued_at": issued_at, "expires_s": 60, "verb": verb, **fields}).encode()
