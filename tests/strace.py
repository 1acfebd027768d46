"""Every byte that a process and its children write, by where it goes: strace's account of the system calls."""

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

CALLS = "write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,splice,vmsplice,copy_file_range,io_uring_setup,mmap"
WHERE = r"\d+<((?:->|[^<>]|<[^<>]*>)*)>"
"""A file descriptor and what it is: a path, or `TCP:[127.0.0.1:5->127.0.0.1:6]`."""
WRITTEN = re.compile(rf"^\d+ +(\w+)\({WHERE}")
BYTES = re.compile(r'"((?:\\x[0-9a-f]{2})+)"')
MAPPED = re.compile(rf"^\d+ +mmap\([^<]*PROT_WRITE[^<]*MAP_SHARED[^<]*, {WHERE}")
HIDDEN = ("sendfile", "splice", "vmsplice", "copy_file_range", "io_uring_setup")
"""Calls that move bytes which strace does not show."""


def watching(file: Path) -> Sequence[str]:
    """The command that goes before the program's own; what it sees goes to `file`. Skips the test where it cannot be."""
    strace = shutil.which("strace")
    if not strace or subprocess.run([strace, "-f", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace is not installed, or may not trace here")
    return [strace, "-D", "-f", "-q", "--seccomp-bpf", "-yy", "-xx", "-s", "10000000", "-e", f"trace={CALLS}", "-o", str(file)]


def tracer(pid: int) -> int:
    """Process id of the strace that watches a process; 0: none does."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("TracerPid:")[2].split()[0])


def complete(tracer_pid: int) -> bool:
    """Whether strace has ended, and with it the account: of the process, of its children, whoever of them ended last."""
    try:
        status = Path(f"/proc/{tracer_pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rpartition(")")[2].split()[0] == "Z"  # ended, and nobody has asked how


def written(file: Path) -> Mapping[str, bytes]:
    """Where bytes went -> all of them, in order. A file that is mapped to be written to is there as well, without them."""
    found: defaultdict[str, bytearray] = defaultdict(bytearray)
    with file.open(encoding="ascii") as lines:
        for line in lines:
            if mapped := MAPPED.match(line):
                found[_plain(mapped[1])] += b""
            elif call := WRITTEN.match(line):
                assert call[1] not in HIDDEN, line[:200]
                if call[1] != "mmap":
                    for part in BYTES.findall(line):
                        found[_plain(call[2])] += bytes.fromhex(part.replace("\\x", ""))
    return {where: bytes(what) for where, what in found.items()}


def _plain(where: str) -> str:
    """With -xx paths are written in hexadecimal as well."""
    return re.sub(r"(?:\\x[0-9a-f]{2})+", lambda path: bytes.fromhex(path[0].replace("\\x", "")).decode(errors="replace"), where)
