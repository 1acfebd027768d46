"""The command line's grammar: one-line errors, options that every command has, and argparse's own words in the catalogue."""

import argparse
import gettext
from pathlib import Path
from typing import Any, NoReturn

from edge.errors import EdgeError
from edge.words import N_

# argparse looks its words up by itself; they stand here so that the catalogue has them.
WORDS_OF_ARGPARSE = (
    N_("usage: "),
    N_("options"),
    N_("positional arguments"),
    N_("show this help message and exit"),
    N_("the following arguments are required: %s"),
    N_("one of the arguments %s is required"),
    N_("unrecognized arguments: %s"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("invalid %(type)s value: %(value)r"),
    N_("expected one argument"),
    N_("expected at least one argument"),
    N_("not allowed with argument %s"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
    N_("ignored explicit argument %r"),
)


class BadArguments(EdgeError):
    """The command line is not understood."""


def number(text: str, low: float, high: float) -> float:
    """A number from low to high, as an argument's type."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(gettext.gettext(N_("{typed} is no number from {low:g} to {high:g}")).format(typed=text, low=low, high=high))
    return value


def whole(text: str, low: int, high: int) -> int:
    """A whole number from low to high, as an argument's type."""
    value = number(text, low, high)
    if value % 1:
        raise argparse.ArgumentTypeError(gettext.gettext(N_("{typed} is no whole number")).format(typed=text))
    return int(value)


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, and which knows the options that every command has."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"allow_abbrev": False})
        # SUPPRESS: the options may stand before or after the command, and one level's default must not overwrite another's value.
        _ = gettext.gettext
        self.add_argument("--config", type=Path, metavar=_("FILE"), default=argparse.SUPPRESS, help=_("configuration file (default: /etc/xiaoan/config.toml)"))
        self.add_argument("--lang", choices=("en", "zh"), default=argparse.SUPPRESS, help=_("language of what is printed (default: by the locale)"))
        self.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=_("show where in the program an error comes from"))

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print with its usage."""
        raise BadArguments(N_("{message}. See: {program} --help"), message=message, program=self.prog)
