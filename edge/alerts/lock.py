"""Only one terminal may use a state folder: two would send each other's alerts."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import EdgeError
from edge.words import N_

_log = logging.getLogger(__name__)


class StateInUse(EdgeError):
    """Another process has the state folder."""


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder until the end, however the process ends. Raises StateInUse. Where nothing can be written, nobody is kept out."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        _log.warning("lock.none folder=%s reason=%r", folder, str(error))
        yield
        return
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateInUse(N_("another xiaoan is running on the folder {folder}; stop it, or set another `state` in [paths]"), folder=folder) from error
        yield
    finally:
        os.close(file)
