"""`xiaoan`: finds the command, reads the configuration when it is asked for, and turns errors into one line.

Exit status: 0 fine, 1 something was found, 2 it could not be done; 130 after Ctrl-C and 141 when the reader of a pipe left.
"""

import argparse
import gettext
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from edge.commands.arguments import Parser
from edge.commands.context import Context, Translate
from edge.errors import EdgeError
from edge.words import DOMAIN, LOCALE_FOLDER, N_, language, translator

COMMANDS = ("run", "demo", "replay", "devices", "config", "version")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. The console script passes the result on as exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    first, _rest = _first_look(arguments)
    translate = _speak(first.lang)
    try:
        try:
            return _run(arguments, first.command, translate)
        finally:
            sys.stdout.flush()
    except EdgeError as error:
        _report(error.told(translate), debug=first.debug)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Python would flush once more at its end and complain; there is nobody left to write for.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001 - the last resort before the technician
        unexpected = translate(N_("unexpected error: {error}. Run the same with --debug and send what it prints to the maintainers"))
        _report(unexpected.format(error=f"{type(error).__name__}: {error}".replace("\n", " ")), debug=first.debug)
        return 2


def _first_look(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """What must be known before the commands are loaded: the language, whether errors show their origin, and which command it is."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--config")
    parser.add_argument("--lang", default="")
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("command", nargs="?", default="")
    try:
        return parser.parse_known_args(arguments)
    except argparse.ArgumentError:
        return argparse.Namespace(lang="", debug=False, command=""), []


def _speak(lang: str) -> Translate:
    """The translator for `lang`; argparse, which only knows the process's domain and LANGUAGE, is told as well."""
    os.environ["LANGUAGE"] = language(lang, os.environ)
    gettext.bindtextdomain(DOMAIN, str(LOCALE_FOLDER))
    gettext.textdomain(DOMAIN)
    return translator(lang)


def _run(arguments: Sequence[str], command: str, translate: Translate) -> int:
    parser = Parser(prog="xiaoan", description=translate(N_("A wall terminal for schools that hears trouble and tells the duty desk.")))
    subparsers = parser.add_subparsers(dest="command", metavar=translate(N_("COMMAND")), title=translate(N_("commands")), required=True)
    # Only the one that runs is loaded, so that `xiaoan version` does not wait for the sound and the network.
    present = [name for name in COMMANDS if find_spec(f"edge.commands.{name}")]
    modules = {name: import_module(f"edge.commands.{name}") for name in ([command] if command in present else present)}
    for module in modules.values():
        module.add(subparsers, translate)
    args = parser.parse_args(arguments)
    context = Context(getattr(args, "config", None), getattr(args, "lang", ""), as_json=getattr(args, "json", False), debug=getattr(args, "debug", False))
    status: int = modules[args.command].run(args, context)
    return status


def _report(sentence: str, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    for line in sentence.splitlines():
        print(f"xiaoan: {line}", file=sys.stderr)
