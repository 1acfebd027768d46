"""Writing a file so that a power cut leaves the old one or the new one, never half of one."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

READABLE = 0o644  # a technician writes as root what the service reads as its own user; there is nothing secret in it


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` by `text` in UTF-8, on the disk when this returns; the folder is made where it is missing. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), READABLE)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too
    finally:
        os.close(folder)
