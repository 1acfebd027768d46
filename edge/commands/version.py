"""`xiaoan version`."""

import argparse
import platform

from edge import __version__
from edge.commands.context import Context, Subparsers, Translate


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("version", help=_("say which version this is"), description=_("Say which version this is."))
    parser.add_argument("--json", action="store_true", help=_("as JSON"))


def run(args: argparse.Namespace, context: Context) -> int:  # noqa: ARG001 - all commands are called alike
    """Print the version."""
    if context.json:
        context.print_json({"version": __version__, "python": platform.python_version(), "machine": platform.machine()})
    else:
        context.console.print(f"xiaoan-edge {__version__} (Python {platform.python_version()}, {platform.machine()})")
    return 0
