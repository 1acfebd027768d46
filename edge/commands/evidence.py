"""`xiaoan evidence keygen | list | open`."""

import argparse
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table
from rich.text import Text

from edge.commands.arguments import BadArguments
from edge.commands.context import Context, Subparsers, Translate
from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_


class NotRead(EdgeError):
    """The folder cannot be read."""


class NotWritten(EdgeError):
    """The sound cannot be written."""


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    summary = _("sealed sound around alerts: make the key, list, open")
    commands = subparsers.add_parser("evidence", help=summary, description=summary).add_subparsers(
        dest="action", metavar=_("COMMAND"), title=_("commands"), required=True
    )
    keygen = commands.add_parser("keygen", help=_("make a pair of keys, at the desk and never on a terminal"))
    keygen.add_argument("file", type=Path, metavar=_("FILE"), help=_("new file for the private key"))
    listing = commands.add_parser("list", help=_("list sealed files, without any key"))
    listing.add_argument("folder", type=Path, nargs="?", metavar=_("FOLDER"), help=_("where they are (default: the terminal's own)"))
    listing.add_argument("--json", action="store_true", help=_("as JSON"))
    opening = commands.add_parser("open", help=_("open a sealed file; who and why are written into the log beside the key"))
    opening.add_argument("file", type=Path, metavar=_("FILE"))
    opening.add_argument("--key", type=Path, required=True, metavar=_("FILE"), help=_("the private key"))
    opening.add_argument("--who", required=True, metavar=_("NAME"), help=_("who opens it"))
    opening.add_argument("--why", required=True, metavar=_("REASON"), help=_("why"))
    opening.add_argument("--out", type=Path, metavar=_("FILE"), help=_("new file for the sound, as FLAC (default: named after the sealed one, in this folder)"))
    opening.add_argument("--json", action="store_true", help=_("as JSON"))


def run(args: argparse.Namespace, context: Context) -> int:
    """Do it. Status 0."""
    match args.action:
        case "keygen":
            _keygen(args.file, context)
        case "list":
            _list(args.folder, context)
        case _:
            _open(args, context)
    return 0


def _keygen(file: Path, context: Context) -> None:
    from edge.evidence.sealing import as_text, make_key

    _ = context.translate
    public = as_text(make_key(file))
    kept = N_("{file} is the private key. Keep it where only those may get at it who may open; without it nothing can be opened.")
    context.console.print(_(kept).format(file=file), markup=False)
    context.console.print(_(N_("The public key belongs into each terminal's configuration:")))
    context.console.print(f'\n[evidence]\non = true\npublic_key = "{public}"', markup=False)


def _list(folder: Path | None, context: Context) -> None:
    from edge.evidence.shelf import FOLDER, listed

    _ = context.translate
    folder = folder or context.state / FOLDER
    try:
        files = listed(folder)
    except FileNotFoundError:
        files = []
    except OSError as error:
        raise NotRead(N_("{file}: cannot be read: {told}"), file=folder, told=reason_of(error)) from error
    if context.json:
        for one in files:
            context.print_json({"file": str(one.file), "at": one.at, "alert": one.alert, "bytes": one.size, "key": one.key})
        return
    if not files:
        context.console.print(_(N_("No sealed evidence in {folder}.")).format(folder=folder), markup=False)
        return
    table = Table(_(N_("raised at")), _(N_("alert")), "kB", _(N_("sealed to the key")), box=None, pad_edge=False)
    for one in files:
        table.add_row(one.at or _(N_("time not known")), Text(one.alert), f"{one.size / 1000:.0f}", one.key or _(N_("damaged")))
    context.console.print(table)


def _open(args: argparse.Namespace, context: Context) -> None:
    from edge.evidence import fixture
    from edge.evidence.opening import Opener, log_of, opened
    from edge.evidence.shelf import SUFFIX

    _ = context.translate
    who, why = args.who.strip(), args.why.strip()
    if not who or not why:
        raise BadArguments(N_("--who and --why must say something"))
    out = args.out or Path(args.file.name.removesuffix(SUFFIX) + ".flac")
    if out.exists():
        raise NotWritten(N_("{file} is there already"), file=out)
    about, flac = opened(args.file, args.key, Opener(who, why, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"))
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(flac)
    except OSError as error:
        raise NotWritten(N_("{file}: cannot be written: {told}"), file=out, told=reason_of(error)) from error
    truth = fixture.expect(out, about) if about.fixture else None
    if context.json:
        context.print_json({"file": str(out), "alert": about.alert, "label": about.label, "place": about.place, "terminal": about.terminal,
                            "onset_at": about.onset_at, "before_s": about.before_s, "seconds": about.seconds,
                            "fixture": asdict(about.fixture) if about.fixture else None})  # fmt: skip
        return
    when = about.onset_at or _(N_("time not known"))
    context.console.print(f"{about.place} ({about.terminal})  {_(about.label)}  {when}", markup=False)
    if about.fixture:
        context.console.print(_(N_("recorded for the maintainers; who agreed: {consent}")).format(consent=about.fixture.consent), markup=False)
        context.console.print(_(N_("{file}, and what is expected of it in {truth}")).format(file=out, truth=truth), markup=False)
    else:
        told = _(N_("{file}: {seconds:.1f} s of sound, the alert's onset after {before:.1f} s")).format(file=out, seconds=about.seconds, before=about.before_s)
        context.console.print(told, markup=False)
    context.errors.print(_(N_("written into the log {file}")).format(file=log_of(args.key)), markup=False)
