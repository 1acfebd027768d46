"""How long from a sound to the page: `python -m tests.desk.delay --rounds 10`, half a minute a round.

The real terminal with its shipped model and thresholds hears screams and crying in the demo's recording, mosquitto carries the alert, a browser's stream
of the real page gets the picture with it; one clock of one machine. What a browser then takes to draw is not in it.
"""

import argparse
import http.client
import json
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from statistics import median

from edge.demo.scene import demo, write
from tests.broker import Broker, wait_for
from tests.desk.served import Served, Visitor, served
from tests.system.terminal import Terminal

STARTED = re.compile(r"recording\.start .*monotonic_s=([\d.]+)")
AFTER_S = 5.0  # after the recording, for what is late


def pictures(page: Served, visitor: Visitor) -> Iterator[tuple[float, dict[str, object]]]:
    """When each came, monotonic, and what it shows."""
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=60)
    connection.request("GET", "/stream", headers={"cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())})
    for line in connection.getresponse():
        if line.startswith(b"data: "):
            yield time.monotonic(), json.loads(line[6:])


def measured(folder: Path, broker_port: int) -> dict[str, float]:
    """Label -> seconds from the beginning of its first sound to the picture with its alert, of one round."""
    scene = demo()
    write(scene, folder / "scene.wav")
    terminal = Terminal(folder, broker_port)
    # Without the thresholds that tests give it.
    terminal.config.write_text(re.sub(r"\[alerts\].*?\[broker\]", "[broker]", terminal.config.read_text(), flags=re.DOTALL))
    first_s: dict[str, float] = {}
    with served(folder, broker_port) as page:
        visitor = Visitor(page.port)
        assert visitor.log_in("李老师") == 303

        def watch() -> None:
            for at_s, picture in pictures(page, visitor):
                for alert in picture["alerts"]:  # type: ignore[attr-defined]
                    first_s.setdefault(alert["label"], at_s)

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        terminal.start(folder / "scene.wav")
        try:
            wait_for(lambda: STARTED.search(terminal.log()) is not None, "the terminal", 120.0)
            found = STARTED.search(terminal.log())
            assert found
            start_s = float(found[1])
            time.sleep(max(0.0, start_s + scene.duration_s + AFTER_S - time.monotonic()))
        finally:
            terminal.end()
            page.stop()
    began_s = {part.label: part.start_s for part in reversed(scene.parts) if part.label}
    return {label: first_s[label] - start_s - began_s[label] for label in began_s if label in first_s}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    took: dict[str, list[float]] = {}
    for _ in range(parser.parse_args().rounds):
        with tempfile.TemporaryDirectory() as name:
            broker = Broker(Path(name)).start()
            try:
                for label, seconds in measured(Path(name), broker.port).items():
                    took.setdefault(label, []).append(seconds)
            finally:
                broker.kill()
    for label, values in took.items():
        values.sort()
        print(f"{label}: {len(values)} alerts, median {median(values):.2f} s, 95 % within {values[ceil(0.95 * len(values)) - 1]:.2f} s")


if __name__ == "__main__":
    main()
