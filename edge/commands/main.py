"""`xiaoan`: finds the command, reads the configuration when it is asked for, and turns errors into one line.

Exit status: 0 fine, 1 something was found, 2 it could not be done; 130 after Ctrl-C and 141 when the reader of a pipe left.
"""

import argparse
import gettext
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from edge.commands.arguments import BadArguments, Parser
from edge.commands.context import Context
from edge.errors import EdgeError
from edge.words import DOMAIN, LOCALE_FOLDER, N_

COMMANDS = ("run", "demo", "replay", "devices", "config", "levels", "calibrate", "phrases", "doctor", "desk", "evidence", "record-fixture", "version")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. The console script passes the result on as exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    first = _first_look(arguments)
    context = Context(first.config, first.lang, debug=first.debug)
    try:
        try:
            return _run(arguments, first.command, context)
        finally:
            sys.stdout.flush()
    except EdgeError as error:
        _report(error.told(context.translate), debug=context.debug)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Python would flush once more at its end and complain; there is nobody left to write for.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001 - the last resort before the technician
        unexpected = context.translate(N_("unexpected error: {error}. Run the same with --debug and send what it prints to the maintainers"))
        _report(unexpected.format(error=f"{type(error).__name__}: {error}".replace("\n", " ")), debug=context.debug)
        return 2


def _first_look(arguments: Sequence[str]) -> argparse.Namespace:
    """What must be known before the commands are loaded: the options that all of them share, and which one it is."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--lang", default="")
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("command", nargs="?", default="")
    try:
        return parser.parse_known_args(arguments)[0]
    except argparse.ArgumentError:  # the real parser will say it
        return parser.parse_args([])


def _run(arguments: Sequence[str], command: str, context: Context) -> int:
    # argparse looks up its words by itself, and knows the process's domain and LANGUAGE only.
    os.environ["LANGUAGE"] = context.language
    gettext.bindtextdomain(DOMAIN, str(LOCALE_FOLDER))
    gettext.textdomain(DOMAIN)
    _ = gettext.gettext
    parser = Parser(prog="xiaoan", description=_("A wall terminal for schools that hears trouble and tells the duty desk."))
    subparsers = parser.add_subparsers(dest="command", metavar=_("COMMAND"), title=_("commands"), required=True)
    # Only the one that runs is loaded, so that `xiaoan version` does not wait for the sound and the network.
    modules = {name: import_module(f"edge.commands.{name.replace('-', '_')}") for name in ([command] if command in COMMANDS else COMMANDS)}
    for module in modules.values():
        module.add(subparsers, _)
    # A microphone's troubles are told in sentences; without a handler Python would print the log's warnings among them.
    logging.getLogger("edge.capture.microphone").addHandler(logging.NullHandler())
    args, unknown = parser.parse_known_args(arguments)
    if unknown:  # said here, with the help of the command that does not know them; argparse would name the program alone
        program = " ".join(filter(None, ("xiaoan", args.command, getattr(args, "action", None))))
        raise BadArguments(N_("{message}. See: {program} --help"), message=_("unrecognized arguments: %s") % " ".join(unknown), program=program)
    context.json = getattr(args, "json", False)
    status: int = modules[args.command].run(args, context)
    return status


def _report(sentence: str, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    for line in sentence.splitlines():
        print(f"xiaoan: {line}", file=sys.stderr)
