"""`xiaoan` as a child that never outlives its parent: `python -m edge.demo.terminal PARENT_PID ARGUMENT…`."""

import ctypes
import os
import signal
import sys

from edge.commands.main import main

PR_SET_PDEATHSIG = 1  # linux/prctl.h

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(sys.argv[1]):  # it died before we asked
        sys.exit(1)
    sys.exit(main(sys.argv[2:]))
