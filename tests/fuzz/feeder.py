"""The process in which a target is fed: `python -m tests.fuzz.feeder TARGET`. It searches no cases, so that its memory is that of the code under test.

Its first line says READY. Over its standard input come cases (four bytes of length, then as many), over its standard output a line of JSON for each: seconds,
memory in MB, and what was raised, if anything was.
"""

import json
import logging
import os
import struct
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz.cases import TARGETS

LENGTH = struct.Struct("<I")
READY = b"ready\n"


def memory_mb() -> float:
    """Resident, now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def main() -> None:
    """Feed until there is no more."""
    target = TARGETS[sys.argv[1]]
    logging.disable(logging.CRITICAL)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders say a line to each damaged file
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    while head := sys.stdin.buffer.read(LENGTH.size):
        data = sys.stdin.buffer.read(LENGTH.unpack(head)[0])
        begin_s, raised = time.monotonic(), ""
        try:
            target.feed(data)
        except Exception:  # noqa: BLE001 - whatever it was, it is what is looked for
            raised = traceback.format_exc()
        print(json.dumps({"seconds": time.monotonic() - begin_s, "memory_mb": memory_mb(), "raised": raised}), flush=True)


if __name__ == "__main__":
    main()
