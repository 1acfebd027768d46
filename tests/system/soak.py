"""A day of the terminal in less: what it holds and what it writes, hour by hour. `python -m tests.system.soak --hours 24 --speed 60`.

Hours are the terminal's own: its clock goes faster, and so does the sound. What takes real time (the network, the disk) is not sped up, so that this
is no proof that nothing happens in a real day; that takes a day (`--speed 1`).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.broker import Broker, Desk, wait_for
from tests.command import ROOT
from tests.system.footprint import Footprint, footprint
from tests.system.sped import LOUD_EVERY_S
from tests.system.terminal import RULES, TOPIC, Terminal, command

HOUR_S = 3600.0
GROWTH_KB = 2000
IDLE_KB_AN_HOUR = 200
PATIENCE_S = 60.0
HEARD_RULES = RULES.replace("threshold = 0.0\nrelease = 0.0", "threshold = 0.02\nrelease = 0.01")
"""Any model will do; and an incident ends, so that there can be another."""


Hours = list[tuple[float, Footprint]]


def soak(folder: Path, port: int, hours: float, speed: float, every_h: float = 1.0, told: Callable[[str], None] = lambda _: None) -> Hours:
    """The terminal's footprint by hour of its own time. Its alerts are acknowledged and closed."""
    desk, found = Desk(port), []
    terminal = Terminal(folder, port)
    terminal.config.write_text(terminal.config.read_text(encoding="utf-8").replace(RULES, HEARD_RULES), encoding="utf-8")
    program = [sys.executable, "-m", "tests.system.sped", str(terminal.config), str(speed)]
    with (folder / "terminal.log").open("ab") as log:
        process = subprocess.Popen(program, cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_for(lambda: "daemon.ready" in terminal.log(), "the first sound", PATIENCE_S)
        cared: set[tuple[str, str]] = set()
        begin_s = time.monotonic()
        for number in range(round(hours / every_h) + 1):
            while (time.monotonic() - begin_s) * speed < number * every_h * HOUR_S:
                assert process.poll() is None, "the terminal has ended"
                time.sleep(0.1)
                _care(desk, cared)
            found.append((number * every_h, footprint(process.pid)))
            told(f"{found[-1][0]:7.2f} h  {found[-1][1]}  alerts {len({id_ for id_, _ in cared})}")
        raised, screams = len({id_ for id_, _ in cared}), int(hours * HOUR_S // LOUD_EVERY_S)
        assert raised >= screams - 1, f"{screams} times somebody screamed, and {raised} alerts came to the desk"  # the last may be on its way
        return found
    finally:
        process.kill()
        process.wait()
        desk.close()


def _care(desk: Desk, cared: set[tuple[str, str]]) -> None:
    """Acknowledge and close, each once; what was heard long ago is forgotten, for this process must not grow either."""
    for alert in [alert for message in desk.on("open") for alert in message["alerts"]]:
        verb = "close" if alert["state"] == "acknowledged" else "acknowledge"
        if (alert["id"], verb) not in cared:
            cared.add((alert["id"], verb))
            more: dict[str, Any] = {"verdict": "false"} if verb == "close" else {}
            desk.say(f"{TOPIC}/command", json.loads(command(verb, f"{verb} {alert['id']}", alert=alert["id"], **more)))
    del desk.heard[:-100]


def wrong(found: Hours, warm_h: float = 1.0) -> list[str]:
    """What must not be, each in a sentence. warm_h: before it nothing is compared."""
    warm = next(what for hour, what in found if hour >= warm_h)
    end, sentences = found[-1][1], []
    if end.rss_kb - warm.rss_kb > GROWTH_KB:
        sentences.append(f"memory has grown by {end.rss_kb - warm.rss_kb} kB after the first {warm_h:g} h")
    for what, before, after in (("open files", warm.files, end.files), ("threads", warm.threads, end.threads)):
        if after > before:
            sentences.append(f"{what}: {before} after the first {warm_h:g} h, {after} at the end")
    for (begin_h, before_), (end_h, after_) in pairwise(found):
        alerting = begin_h * HOUR_S // LOUD_EVERY_S != end_h * HOUR_S // LOUD_EVERY_S
        if begin_h >= warm_h and not alerting and (after_.written_kb - before_.written_kb) > IDLE_KB_AN_HOUR * (end_h - begin_h):
            sentences.append(f"{after_.written_kb - before_.written_kb:.0f} kB written from {begin_h:g} h to {end_h:g} h, in which nothing happened")
    return sentences


def main() -> int:
    """Returns 1 where something grew, or too much was written."""
    parser = argparse.ArgumentParser(prog="tests.system.soak")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--speed", type=float, default=60.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-", dir="/var/tmp") as folder:  # no file system in memory: nothing would count as written
        broker = Broker(Path(folder)).start()
        try:
            found = soak(Path(folder), broker.port, args.hours, args.speed, min(1.0, args.hours / 4), lambda line: print(line, flush=True))
        finally:
            broker.kill()
    for sentence in (sentences := wrong(found, min(1.0, args.hours / 4))):
        print(f"WRONG: {sentence}")
    return int(bool(sentences))


if __name__ == "__main__":
    sys.exit(main())
