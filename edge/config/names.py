"""What the configuration leaves to the machine: the terminal's name and the folder of its state."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path

from edge.errors import EdgeError
from edge.words import N_

MACHINE_ID = Path("/etc/machine-id")
SYSTEM_STATE = Path("/var/lib/xiaoan")


class NoMachineId(EdgeError):
    """There is no machine-id to derive the terminal's name from."""


def terminal_name(machine_id: str) -> str:
    """A name for MQTT topics that is the same after every start and tells nothing about the machine-id.

    Keyed hashing of the id, as machine-id(5) asks for; 40 bits, so that a city of terminals has no two alike.
    """
    return "t-" + hmac.new(b"xiaoan terminal name", machine_id.strip().encode(), hashlib.sha256).hexdigest()[:10]


def own_terminal_name(configured: str, machine_id: Path = MACHINE_ID) -> str:
    """The configured name or, where it is empty, the one derived from this machine. Raises NoMachineId."""
    if configured:
        return configured
    try:
        found = machine_id.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        found = ""
    if not found or found == "uninitialized":
        raise NoMachineId(N_("{file} is missing or empty, so the terminal has no name of its own; set `name` in [terminal]"), file=machine_id)
    return terminal_name(found)


def state_folder(configured: str, environment: Mapping[str, str], system: Path = SYSTEM_STATE) -> Path:
    """Where outbox and profiles lie: the configured folder; else the system's where it can be written to; else the user's."""
    if configured:
        return Path(configured)
    if system.is_dir() and os.access(system, os.W_OK | os.X_OK):
        return system
    home = Path(environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return home / "xiaoan"
