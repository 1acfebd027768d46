"""`xiaoan run`: the terminal itself, until it is told to stop."""

import argparse
import logging
import os
import signal
import sys
from pathlib import Path

from edge.commands.context import Context, Subparsers, Translate
from edge.config.load import read


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    summary = _("listen, and send alerts to the broker, until stopped")
    parser = subparsers.add_parser("run", help=summary, description=summary)
    parser.add_argument("--recording", type=Path, metavar=_("FILE"), help=_("hear this recording, once and at its own speed, instead of the microphone"))


def run(args: argparse.Namespace, context: Context) -> int:
    """Run the terminal. Returns 0 after SIGTERM or SIGINT."""
    from edge.capture.microphone import Microphone
    from edge.capture.playback import PacedRecording
    from edge.daemon import Daemon
    from edge.sound import Source

    def source() -> Source:
        if args.recording:
            return PacedRecording(args.recording, block_s=microphone.block_s)
        return Microphone(microphone)

    logging.basicConfig(level=logging.DEBUG if context.debug else logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    microphone = context.config.microphone
    daemon = Daemon(context.config, source, os.environ, reread=lambda: read(context.config_file).config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.stop())
    daemon.run()
    return 0
