"""Opening sealed evidence at the desk: who and why are written down before anything is given out."""

import getpass
import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from edge.errors import EdgeError
from edge.evidence.container import About, Malformed, join
from edge.evidence.sealing import NotOpened, read_key, unseal
from edge.reasons import reason_of
from edge.words import N_


class NotLogged(EdgeError):
    """Without the log nothing is opened."""


@dataclass(frozen=True, slots=True)
class Opener:
    """Who opens, and why."""

    who: str
    why: str
    at: str  # by this computer's clock, ISO 8601 UTC


def log_of(key_file: Path) -> Path:
    """The log beside a key: one JSON object a line."""
    return key_file.with_name(key_file.name + ".log")


def opened(file: Path, key_file: Path, opener: Opener) -> tuple[About, bytes]:
    """What the sound is about, and its FLAC. It is in the log, on the disk, before this returns. Raises BadKey, NotOpened, NotLogged, NoLibrary."""
    private = read_key(key_file)
    try:
        sealed = file.read_bytes()
    except OSError as error:
        raise NotOpened(N_("{file}: cannot be read: {told}"), file=file, told=reason_of(error)) from error
    try:
        about, flac = join(unseal(sealed, private, file))
    except Malformed as error:
        raise NotOpened(N_("{file} was sealed by another version of the terminal"), file=file) from error
    which = {"alert": about.alert, "file": file.name, "sha256": sha256(sealed).hexdigest()}
    entry = {"at": opener.at, "who": opener.who, "why": opener.why, "user": _user(), **which}
    _append(log_of(key_file), json.dumps(entry, ensure_ascii=False))
    return about, flac


def _append(log: Path, line: str) -> None:
    try:
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        sentence = N_("{file}: cannot be written: {told}. Nothing is opened without this log")
        raise NotLogged(sentence, file=log, told=reason_of(error)) from error


def _user() -> str:
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a number without a name
        return str(os.getuid())
