"""What the calibration commands share: whose work it is, what it builds on, and how the result is kept."""

import argparse
import getpass
import os
from datetime import UTC, datetime
from typing import TypedDict

from edge.commands.context import Context, Translate
from edge.config import profiles
from edge.config.profiles import Profile
from edge.errors import EdgeError
from edge.health.clock import system_clock
from edge.reasons import reason_of
from edge.words import N_


class NotKept(EdgeError):
    """The state folder cannot be written to."""


class Origin(TypedDict):
    """The facts that every result carries."""

    by: str
    at: str
    how: str
    heard_s: float
    model: str


def add_options(parser: argparse.ArgumentParser, _: Translate) -> None:
    """What every command has that may write a profile."""
    parser.add_argument("--by", default="", metavar=_("NAME"), help=_("who calibrates, kept with the result (default: the user)"))
    parser.add_argument("--dry-run", action="store_true", help=_("say the result, write nothing"))
    parser.add_argument("--replace", action="store_true", help=_("leave out what the profile holds for another microphone or model, instead of refusing"))


def origin(args: argparse.Namespace, how: str, heard_s: float, model: str) -> Origin:
    """Who, when, how, from how much sound. how: in English, as everything in files."""
    return {"by": args.by or user(), "at": now_utc(), "how": how, "heard_s": round(heard_s, 1), "model": model}


def user() -> str:
    """Who sits here: whoever called sudo, else the user."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a number without a name
        return str(os.getuid())


def now_utc() -> str:
    """The time of day, empty while the clock is not synchronised."""
    now = system_clock()
    return datetime.fromtimestamp(now.unix_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if now.synchronised else ""


def answer() -> str:
    """What is typed, up to Enter. Ctrl-D ends the command as Ctrl-C does."""
    try:
        return input().strip()
    except EOFError:
        raise KeyboardInterrupt from None


def unwritten(error: OSError) -> str:
    """What is said of a `file` that the system refuses to write, as `told`: who may not has a remedy, a full disk another one."""
    if isinstance(error, PermissionError):
        return N_("{file}: cannot be written: {told}. Run it as the service's user or with sudo")
    return N_("{file}: cannot be written: {told}")


def keep(context: Context, profile: Profile, *, dry_run: bool) -> None:
    """Write the profile and say so, or say that nothing was written. Raises NotKept."""
    _ = context.translate
    file = context.state / profiles.FILE
    if dry_run:
        context.errors.print(_(N_("dry run: {file} stays as it is")).format(file=file), markup=False)
        return
    try:
        number = profiles.save(context.state, profile)
    except OSError as error:
        raise NotKept(unwritten(error), file=file, told=reason_of(error)) from error
    context.errors.print(_(N_("written: {file} (number {number} of the history)")).format(file=file, number=number), markup=False)
    context.errors.print(_(N_("A running terminal takes it at its next start: systemctl restart xiaoan")), markup=False)
