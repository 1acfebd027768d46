"""What is tortured: terminal, network, broker and desk, each of which the torture can get at."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from tests.broker import Broker
from tests.command import ROOT
from tests.proxy import Proxy
from tests.system.terminal import TOPIC
from tests.torture.duty import Duty
from tests.torture.terminal import CLOCK

DISK_BYTES = 32 << 20
SETTINGS = """
allow_anonymous false
password_file {folder}/passwords
persistence true
persistence_location {folder}/
autosave_interval 1
max_queued_messages 20000
"""
CONFIG = """
[terminal]
site = "{site}"
name = "{name}"
[broker]
host = "127.0.0.1"
port = {port}
keepalive_s = 5
credentials = "{folder}/credentials"
[paths]
state = "{folder}/state"
[storm]
alerts = 1000
window_s = 10.0
[alerts]
say_again_s = [1.0, 2.0, 4.0, 7.0, 15.0, 30.0]
[labels.shouting]
threshold = 0.5
release = 0.5
agree = 1
of = 1
shortest_s = 0.0
hold_s = 0.0
[labels.crying]
on = false
"""
RAISED = re.compile(r"alert\.raised id=(\S+) seq=(\d+)")
LINK = re.compile(r"link\.(connected|back|lost) ")
DISK = re.compile(r"outbox\.(refused|healed) ")


class Rig:
    """One terminal and its world. A context manager."""

    def __init__(self, folder: Path, rng: Random) -> None:
        """folder: an empty one."""
        self.folder, self.rng = folder, rng
        self.kinds: tuple[str, ...] = ("none",)
        """What is wrong now, by name."""
        self.raised: dict[str, tuple[int, tuple[str, ...]]] = {}
        """What the terminal says it has raised: id -> seq, and what was wrong then."""
        self.ends: Counter[int] = Counter()
        """Exit statuses of the terminal that nobody asked for."""
        self.starts = 0
        self.connected = False
        """Whether the terminal says that it has a connection."""
        self.durable = True
        """Whether the terminal says that the disk takes what it writes."""
        self._process: subprocess.Popen[bytes] | None = None
        self._owed = 0
        self._log = folder / "terminal.log"
        self._log.touch()
        self._read = 0
        (folder / "state").mkdir()
        self.small_disk = self._mount()
        self.set_clock(0, synchronised=True)
        for name, users in (("all", ("terminal", "desk")), ("desk", ("desk",))):
            file = folder / f"passwords.{name}"
            file.write_text("".join(f"{user}:{user}\n" for user in users))
            subprocess.run(["mosquitto_passwd", "-U", str(file)], check=True)
        self._let_in("all")
        self.broker = Broker(folder, SETTINGS.format(folder=folder)).start()
        self.proxy = Proxy(self.broker.port)
        (folder / "credentials").write_text("terminal\nterminal\n")
        (folder / "credentials").chmod(0o600)
        _, _, site, name = TOPIC.split("/")
        (folder / "config.toml").write_text(CONFIG.format(folder=folder, site=site, name=name, port=self.proxy.port))
        self.desk = Duty(self.broker.port, "desk", lambda: self.kinds)
        self.start()

    def start(self) -> None:
        """Start the terminal, and tell it of the incidents that happened meanwhile."""
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "tests.torture.terminal", str(self.folder / "config.toml"), str(self.folder / "clock")]
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment)
        self.starts += 1
        self.connected, self.durable = False, True
        owed, self._owed = self._owed, 0
        self.incidents(owed)

    def end(self, number: signal.Signals) -> None:
        """End the terminal."""
        if process := self._process:
            self._process = None
            process.send_signal(number)
            process.wait(30)
            assert process.stdin
            process.stdin.close()

    def incidents(self, count: int) -> None:
        """So many incidents, now; while there is no terminal, when there is one again."""
        if self._process is None:
            self._owed += count
        elif count:
            assert self._process.stdin
            self._process.stdin.write(b"%d\n" % count)
            self._process.stdin.flush()

    def look(self) -> None:
        """Read what the terminal has logged, and start it again where it has ended by itself, as its service would."""
        with self._log.open("rb") as log:
            log.seek(self._read)
            fresh = log.read()
        complete = fresh[: fresh.rfind(b"\n") + 1]
        self._read += len(complete)
        text = complete.decode()
        for id_, seq in RAISED.findall(text):
            self.raised[id_] = (int(seq), self.kinds)
        if said := LINK.findall(text):
            self.connected = said[-1] != "lost"
        if said := DISK.findall(text):
            self.durable = said[-1] != "refused"
        if self._process and (status := self._process.poll()) is not None:
            self.ends[status] += 1
            self._process = None
            self.start()

    def wait(self, true: Callable[[], bool], patience_s: float) -> bool:
        """Look until it is true. Returns whether it became so."""
        until_s = time.monotonic() + patience_s
        while not true():
            if time.monotonic() > until_s:
                return False
            time.sleep(0.1)
            self.look()
        return True

    def let_in(self, *, terminal: bool) -> None:
        """Whether the broker knows the terminal's login."""
        self._let_in("all" if terminal else "desk")
        self.broker.reload()

    def _let_in(self, name: str) -> None:
        file = self.folder / "passwords"
        file.write_bytes((self.folder / f"passwords.{name}").read_bytes())
        file.chmod(0o644)

    def set_clock(self, ahead_ms: int, *, synchronised: bool) -> None:
        """What the terminal's wall clock says. Written over in place: the terminal has the file mapped."""
        file = self.folder / "clock"
        with file.open("r+b" if file.exists() else "w+b") as opened:
            opened.write(CLOCK.pack(ahead_ms, synchronised))

    def fill_disk(self) -> None:
        """Leave not a byte."""
        with (self.folder / "state" / "filler").open("ab", buffering=0) as filler:
            for size in (1 << 16, 1 << 10, 1):
                try:
                    while filler.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def free_disk(self) -> None:
        """Give it all back."""
        (self.folder / "state" / "filler").unlink(missing_ok=True)

    def _mount(self) -> bool:
        options = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(self.folder / "state")]
        return subprocess.run(options, capture_output=True, check=False).returncode == 0

    def log(self) -> str:
        """What the terminal wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.desk.leave()
        self.end(signal.SIGKILL)
        self.proxy.__exit__(kind, error, where)
        self.broker.kill()
        if self.small_disk:
            subprocess.run(["umount", str(self.folder / "state")], check=True)
