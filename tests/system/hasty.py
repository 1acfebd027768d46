"""The real terminal, only that it does not wait long for its microphone: `python -m tests.system.hasty xiaoan's arguments`."""

import sys

import edge.capture.microphone
from edge.commands.main import main

PAUSE_S = 0.02

if __name__ == "__main__":
    edge.capture.microphone.FIRST_PAUSE_S = edge.capture.microphone.LONGEST_PAUSE_S = PAUSE_S
    sys.exit(main(sys.argv[1:]))
