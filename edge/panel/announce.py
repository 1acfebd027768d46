"""Says that sound is going to be recorded, before it is: a recording played once by the player's process."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.capture.childprocess import ending, environment
from edge.capture.player import LONGEST_S
from edge.errors import Reason
from edge.reasons import reason_of
from edge.words import N_

COMMAND = (sys.executable, "-P", "-m", "edge.capture.player")
PATIENCE_S = 30.0 + LONGEST_S
"""A small computer needs seconds to start the player."""


def warning_in(language: str) -> Path:
    """The shipped recording of the warning. language: of the catalogue."""
    folder = Path(__file__).parent / "spoken"
    file = folder / f"recording_{language}.ogg"
    return file if file.exists() else folder / "recording_en.ogg"


def announce(loudspeaker: str, file: Path, command: Sequence[str] = COMMAND) -> str:
    """Play it and wait for its end. Returns why it could not be, empty where it was. loudspeaker: its name or a part of it, `default` for the system's."""
    arguments = ("--device", loudspeaker, "--file", str(file), "--parent", str(os.getpid()))
    try:
        done = subprocess.run(
            [*command, *arguments], env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Reason(N_("no end after {seconds:.0f} s"), seconds=PATIENCE_S)
    except OSError as error:
        return reason_of(error)
    return "" if done.returncode == 0 else done.stdout.decode(errors="replace").strip() or ending(done.returncode)
