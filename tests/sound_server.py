"""A microphone made of software: PulseAudio with a null sink, whose monitor PortAudio opens by way of ALSA's pulse plugin."""

import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 48_000
PROGRAMS = ("pulseaudio", "pacat", "paplay", "pactl")
START_S = 10.0
WALL = f"module-null-sink sink_name=wall rate={RATE_HZ} norewinds=1"
"""The room. norewinds: a null sink otherwise sleeps two seconds at a time, and the microphone with it."""


def missing() -> str:
    """What keeps a virtual microphone from working here; empty: nothing."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    plugin = any(Path("/usr/lib").glob("**/alsa-lib/libasound_module_pcm_pulse.so"))
    portaudio = any(Path("/usr/lib").glob("**/libportaudio.so.2"))
    return ", ".join(absent + ["libasound2-plugins"] * (not plugin) + ["libportaudio2"] * (not portaudio))


class VirtualMicrophone:
    """What is played to it is what the microphone hears. A context manager; `stop` and `start` in between are a server that dies."""

    device = "name:wall"
    """The microphone's name in the configuration; it is the system's default as well."""

    loudspeaker = "speaker"
    """A loudspeaker in the same room."""

    def __init__(self, folder: Path) -> None:
        """folder: an empty one, with a short path (a socket lies in it)."""
        self._folder = folder
        (folder / "client.conf").write_text("autospawn = no\n")
        pcms = (("wall", "wall.monitor"), ("default", "wall.monitor"), (self.loudspeaker, "wall"))
        (folder / "asound.conf").write_text("".join(f"pcm.{name} {{ type pulse device {device} }}\n" for name, device in pcms))
        self.environment: Mapping[str, str] = {
            "PULSE_SERVER": f"unix:{folder}/native",
            "PULSE_CLIENTCONFIG": str(folder / "client.conf"),
            "PULSE_COOKIE": str(folder / "cookie"),
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_STATE_PATH": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }
        """What a process needs in its environment to find it."""
        self._path = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
        self._server: subprocess.Popen[bytes] | None = None
        self._players: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the server and wait until it answers."""
        modules = (f"module-native-protocol-unix socket={self._folder}/native auth-anonymous=1", WALL)
        options = ["-n", "--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no", "--disable-shm=yes", *(f"--load={module}" for module in modules)]
        self._server = self._run(["pulseaudio", *options])
        end_s = time.monotonic() + START_S
        while self._run(["pactl", "info"]).wait(START_S):
            assert self._server.poll() is None, "pulseaudio ended"
            assert time.monotonic() < end_s, "pulseaudio does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        """Kill the server, as a crash would."""
        self.hush()
        if self._server:
            self._server.send_signal(signal.SIGKILL)
            self._server.wait()
            self._server = None

    def pull(self) -> None:
        """Pull the microphone out; the server lives on."""
        self.hush()
        assert self._run(["pactl", "unload-module", "module-null-sink"]).wait(START_S) == 0

    def plug(self) -> None:
        """Plug it in again."""
        assert self._run(["pactl", "load-module", *WALL.split()]).wait(START_S) == 0

    def set_source(self, what: str, value: str) -> None:
        """Set `volume` or `mute` of what the microphone hears."""
        assert self._run(["pactl", f"set-source-{what}", "wall.monitor", value]).wait(START_S) == 0

    def hush(self) -> None:
        """End what is being played."""
        players, self._players = self._players, []
        for player in players:
            player.send_signal(signal.SIGKILL)
            player.wait()

    def play(self, sound: Path | NDArray[np.float32], rate_hz: int = RATE_HZ) -> subprocess.Popen[bytes]:
        """Play a file, or samples (n,) in -1..1; returns at once, and `.wait()` on what it returns waits until it has been played."""
        path = sound if isinstance(sound, Path) else self._folder / f"played{len(self._players)}.wav"
        if not isinstance(sound, Path):
            soundfile.write(path, sound, rate_hz, subtype="FLOAT")
        player = self._run(["paplay", "--device=wall", str(path)])
        self._players.append(player)
        return player

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, env={**self._path, **self.environment}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.stop()
