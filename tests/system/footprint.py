"""What a process holds, by /proc."""

import time
from dataclasses import dataclass
from pathlib import Path

LOOKS, LOOK_S = 5, 0.02
"""So often, so far apart are open files counted: a temperature or a lock is read from a file that is open for a moment, what is left behind stays."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """At one moment."""

    rss_kb: int
    files: int  # the fewest of LOOKS
    threads: int
    written_kb: float  # to disks, since its start; a page counts whole


def footprint(pid: int) -> Footprint:
    """Of a process that is there."""
    folder = Path(f"/proc/{pid}")
    told = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    io = dict(line.split(": ") for line in (folder / "io").read_text().splitlines())
    written = int(io["write_bytes"]) - int(io["cancelled_write_bytes"])
    return Footprint(int(told["VmRSS"].split()[0]), min(_open_files(folder) for _ in range(LOOKS)), int(told["Threads"]), written / 1000)


def _open_files(folder: Path) -> int:
    time.sleep(LOOK_S)
    return len(list((folder / "fd").iterdir()))
