"""Nothing is left behind by a microphone that dies again and again: `python -m tests.system.leak --cycles 500`, some minutes."""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.broker import Broker, wait_for
from tests.capture.sounds import noise
from tests.sound_server import RATE_HZ, VirtualMicrophone, missing
from tests.system.footprint import Footprint, footprint
from tests.system.terminal import Terminal

WARM = 4  # cycles before anything is compared: libraries are loaded, pools are made
GROWTH_KB = 2000
PATIENCE_S = 60.0
HASTY = (sys.executable, "-m", "tests.system.hasty")


def leaks(folder: Path, microphone: VirtualMicrophone, port: int, cycles: int, told: Callable[[str], None] = lambda _: None) -> tuple[Footprint, Footprint]:
    """The terminal's footprint after some cycles, and after all of them. In each the capture child is killed, and what comes after it is heard."""
    terminal = Terminal(folder, port, f'[microphone]\ndevice = "{microphone.device}"\nrate_hz = {RATE_HZ}\n')
    microphone.play(noise(30.0, 0.01, RATE_HZ))
    terminal.start(None, microphone.environment, program=HASTY)
    try:
        wait_for(lambda: "daemon.ready" in terminal.log(), "the first sound", PATIENCE_S)
        warm = footprint(terminal.pid)
        for cycle in range(1, cycles + 1):
            os.kill(terminal.capture_child(), signal.SIGKILL)
            wait_for(lambda cycle=cycle: terminal.log().count("capture.back") >= cycle, f"sound after {cycle} deaths", PATIENCE_S)  # type: ignore[misc]
            if cycle == WARM:
                warm = footprint(terminal.pid)
            if cycle % 25 == 0:
                told(f"{cycle:5} {footprint(terminal.pid)}")
        return warm, footprint(terminal.pid)
    finally:
        terminal.end()


def wrong(warm: Footprint, end: Footprint) -> list[str]:
    """What has grown that must not, each in a sentence."""
    counts = (("open files", warm.files, end.files), ("threads", warm.threads, end.threads))
    found = [f"{what}: {before} before, {after} after" for what, before, after in counts if after > before]
    if end.rss_kb - warm.rss_kb > GROWTH_KB:
        found.append(f"memory has grown by {end.rss_kb - warm.rss_kb} kB")
    return found


def main() -> int:
    """Returns 1 where something is left behind."""
    parser = argparse.ArgumentParser(prog="tests.system.leak")
    parser.add_argument("--cycles", type=int, default=500)
    cycles = parser.parse_args().cycles
    if absent := missing():
        print(f"not installed: {absent}")
        return 2
    begin_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wall-") as wall, tempfile.TemporaryDirectory() as folder, VirtualMicrophone(Path(wall)) as microphone:
        broker = Broker(Path(folder)).start()
        try:
            warm, end = leaks(Path(folder), microphone, broker.port, cycles, lambda line: print(line, flush=True))
        finally:
            broker.kill()
    print(f"{cycles} deaths of the capture child in {time.monotonic() - begin_s:.0f} s\nafter {WARM}: {warm}\nat the end: {end}")
    for sentence in (found := wrong(warm, end)):
        print(f"WRONG: {sentence}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
