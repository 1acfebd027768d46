"""Where a process can be reached from outside: /proc/net."""

from contextlib import suppress
from pathlib import Path

LISTENING = "0A"  # include/net/tcp_states.h


def open_doors(pid: int) -> list[str]:
    """Listening TCP sockets and all UDP and raw ones of a process and its children: `tcp 0100007F:1F90`."""
    doors = []
    processes = [pid, *_children(pid)]
    inodes = {inode for process in processes for inode in _sockets(process)}
    for protocol in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        with suppress(FileNotFoundError):  # a kernel without IPv6
            for line in Path(f"/proc/{pid}/net/{protocol}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[9] in inodes and (fields[3] == LISTENING or not protocol.startswith("tcp")):
                    doors.append(f"{protocol} {fields[1]}")
    return doors


def _children(pid: int) -> list[int]:
    found = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return [*found, *(further for child in found for further in _children(child))]


def _sockets(pid: int) -> list[str]:
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                found.append(target[8:-1])
    return found
