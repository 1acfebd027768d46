"""What a process holds, by /proc."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Footprint:
    """At one moment."""

    rss_kb: int
    files: int
    threads: int
    written_kb: float  # to disks, since its start; a page counts whole


def footprint(pid: int) -> Footprint:
    """Of a process that is there."""
    folder = Path(f"/proc/{pid}")
    told = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    io = dict(line.split(": ") for line in (folder / "io").read_text().splitlines())
    written = int(io["write_bytes"]) - int(io["cancelled_write_bytes"])
    return Footprint(int(told["VmRSS"].split()[0]), len(list((folder / "fd").iterdir())), int(told["Threads"]), written / 1000)
