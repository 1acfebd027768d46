"""The microphone's faults on the real terminal: how long until the desk knows, and until it is heard again.

`python -m tests.system.microphone` shows all of them; the tests hold the quick ones.
"""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.broker import Broker, Desk, wait_for
from tests.capture.sounds import Array, noise
from tests.sound_server import RATE_HZ, VirtualMicrophone, missing
from tests.system.terminal import TOPIC, Terminal, command

LIMIT_S = 10.0
PATIENCE_S = 40.0  # far more; what takes longer than LIMIT_S is shown and judged, not cut short
ROOM = noise(300.0, 0.01, RATE_HZ)
OF_THE_MICROPHONE = {"microphone_missing", "microphone_busy", "capture_stalled", "silence", "frozen", "constant", "clipping", "overflow", "rate_changed"}


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds, as the desk saw them."""

    noticed_s: float
    recovered_s: float
    faults: frozenset[str]  # what the desk was told


class Room:
    """A terminal on a wall, a desk that hears it, and what may happen to its microphone."""

    def __init__(self, microphone: VirtualMicrophone, terminal: Terminal, desk: Desk) -> None:
        self._microphone, self._terminal, self._desk = microphone, terminal, desk

    def faults(self) -> set[str]:
        """Those of the microphone that the desk sees now."""
        health = self._desk.on("health")
        return OF_THE_MICROPHONE & set(health[-1]["faults"]) if health else {"not heard of"}

    def noise(self) -> None:
        """The room as it always is."""
        self.sound(ROOM)

    def sound(self, sound: Array | None) -> None:
        """From now on, this and nothing else."""
        self._microphone.hush()
        if sound is not None:
            self._microphone.play(sound)

    def stop_child(self) -> None:
        """The driver hangs."""
        os.kill(self._terminal.capture_child(), signal.SIGSTOP)

    def pull(self) -> None:
        """The source vanishes."""
        self._microphone.pull()

    def plug(self) -> None:
        """It is back, and the room as always."""
        self._microphone.plug()
        self.noise()

    def kill_server(self) -> None:
        """The sound server dies."""
        self._microphone.stop()

    def start_server(self) -> None:
        """It is back, and the room as always."""
        self._microphone.start()
        self.noise()

    def suffers(self, fault: Callable[["Room"], None], cure: Callable[["Room"], None], named: Sequence[str], lasts_s: float = 0.0) -> Took:
        """Have it, wait until the desk knows, ask the terminal something, end it, and wait until the desk knows that too.

        named: one of these must be told. lasts_s: how much longer.
        """
        wait_for(lambda: self.faults() == set(), "a microphone that is well", PATIENCE_S)
        since = len(self._desk.on("health"))
        begin_s = time.monotonic()
        fault(self)
        wait_for(lambda: any(not set(named).isdisjoint(h["faults"]) for h in self._desk.on("health")[since:]), f"{named} at the desk", PATIENCE_S)
        noticed_s = time.monotonic() - begin_s
        self._desk.say(f"{TOPIC}/command", command("ping", f"ping {since} {named}"))
        self._desk.wait("reply", lambda m: m["command"] == f"ping {since} {named}")
        time.sleep(lasts_s)
        mended_s = time.monotonic()
        cure(self)
        wait_for(lambda: self.faults() == set(), "a microphone that is well again", PATIENCE_S)
        told = frozenset(name for h in self._desk.on("health")[since:] for name in h["faults"]) & OF_THE_MICROPHONE
        return Took(noticed_s, time.monotonic() - mended_s, frozenset(told))


def _play(sound: Array | None) -> Callable[[Room], None]:
    return lambda room: room.sound(sound)


GONE = ("capture_stalled", "microphone_missing")

FAULTS: Mapping[str, tuple[Callable[[Room], None], Callable[[Room], None], Sequence[str]]] = {
    "child stopped (SIGSTOP)": (Room.stop_child, lambda _: None, ("capture_stalled",)),
    "source vanished": (Room.pull, Room.plug, GONE),
    "source away for a minute": (Room.pull, Room.plug, GONE),
    "sound server died": (Room.kill_server, Room.start_server, GONE),
    "digital silence": (_play(None), Room.noise, ("silence",)),
    "constant value": (_play(np.full(60 * RATE_HZ, 0.25, np.float32)), Room.noise, ("constant",)),
    "frozen buffer": (_play(np.tile(noise(0.1, 0.05, RATE_HZ), 600)), Room.noise, ("frozen",)),
    "clipping": (_play(np.clip(noise(60.0, 0.5, RATE_HZ, 2), -1, 1)), Room.noise, ("clipping",)),
}

LASTS_S = {"source away for a minute": 60.0}  # by then the pauses between two tries are the longest


@contextmanager
def room(folder: Path, microphone: VirtualMicrophone, broker: Broker) -> Iterator[Room]:
    """The terminal on the wall, hearing the room."""
    desk = Desk(broker.port)
    terminal = Terminal(folder, broker.port, f'[microphone]\ndevice = "{microphone.device}"\nrate_hz = {RATE_HZ}\n')
    microphone.play(ROOM)
    terminal.start(None, microphone.environment)
    try:
        wait_for(lambda: "daemon.ready" in terminal.log(), "the first sound")
        yield Room(microphone, terminal, desk)
    finally:
        terminal.end()
        desk.close()


def main() -> int:
    """Show all faults. Returns 1 where one is noticed or gone too late."""
    if absent := missing():
        print(f"not installed: {absent}")
        return 2
    late = False
    with tempfile.TemporaryDirectory(prefix="wall-") as wall, tempfile.TemporaryDirectory() as folder, VirtualMicrophone(Path(wall)) as microphone:
        broker = Broker(Path(folder)).start()
        try:
            with room(Path(folder), microphone, broker) as on_the_wall:
                print(f"{'microphone':26}{'noticed s':>10}{'recovered s':>13}  told")
                for name, fault in FAULTS.items():
                    took = on_the_wall.suffers(*fault, lasts_s=LASTS_S.get(name, 0.0))
                    late = late or max(took.noticed_s, took.recovered_s) > LIMIT_S
                    print(f"{name:26}{took.noticed_s:10.1f}{took.recovered_s:13.1f}  {', '.join(sorted(took.faults))}", flush=True)
        finally:
            broker.kill()
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
