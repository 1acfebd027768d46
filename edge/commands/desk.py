"""`xiaoan desk`: the duty room's page, and who may use it."""

import argparse
import getpass
import logging
import os
import sys
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.context import Context, Subparsers, Translate
from edge.config.files import write_atomically
from edge.config.schema import BrokerSettings
from edge.demo.broker import embedded_broker
from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_

if TYPE_CHECKING:
    from edge.desk.store import Store

ROLES = ("duty", "technician", "head")
COMMAND_LINE = "xiaoan desk"
"""Who gave access or took it away, where nobody had logged in."""
LONGEST_DAYS = 3660
DAYS = 90  # --days: as long as terminals keep their own history
_NEEDED = ("apprise", "argon2", "sqlalchemy", "starlette", "uvicorn")


class NotInstalled(EdgeError):
    """The extra is missing."""


class NoBroker(EdgeError):
    """The configuration names no broker."""


class NobodyMayLogIn(EdgeError):
    """No user has a password yet."""


class BadUser(EdgeError):
    """A user cannot be added or removed."""


class NotWritten(EdgeError):
    """The verdicts cannot be written."""


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "desk",
        help=_("serve the duty room's page"),
        description=_(
            "Serves a page for the duty room's screen and the teachers' phones: open alerts, every terminal and its health. It hears the broker of the "
            "configuration; [desk] says where the page is served. Nothing is open before a first user has a password."
        ),
        epilog=_("Exit status: 0 after it was stopped, 2 it could not be done."),
    )
    users = parser.add_mutually_exclusive_group()
    users.add_argument("--add-user", metavar=_("NAME"), help=_("add somebody, or give a new password, and leave; asks for the password"))
    users.add_argument("--remove-user", metavar=_("NAME"), help=_("take somebody's access away, and leave"))
    users.add_argument("--users", action="store_true", help=_("list who may log in, and leave"))
    users.add_argument("--verdicts", type=Path, metavar=_("FILE"), help=_("write what was judged real, false, prank or drill as CSV for `xiaoan calibrate`"))
    parser.add_argument("--device", default="", metavar=_("NAME"), help=_("with --verdicts: of this terminal alone"))
    parser.add_argument("--days", type=int, default=DAYS, metavar=_("DAYS"), help=_("with --verdicts: of the last so many days (default: 90)"))
    parser.add_argument("--own-broker", action="store_true", help=_("bring a broker along on this machine's loopback, for trying it out (extra [demo])"))
    users.add_argument("--terminal", action="store_true", help=_("the same in this terminal, for those who have only ssh; serves no page and tells nobody"))
    parser.add_argument("--as", dest="name", default="", metavar=_("NAME"), help=_("with --terminal: who acknowledges and closes; default: the one logged in"))
    parser.add_argument("--role", choices=ROLES, default="duty", help=_("role of the one who is added: duty, technician (also mutes and drills) or head"))


def run(args: argparse.Namespace, context: Context) -> int:
    """Serve, or change who may log in. Returns the exit status."""
    if any(find_spec(name) is None for name in (("sqlalchemy",) if args.terminal else _NEEDED)):
        raise NotInstalled(N_("the desk needs packages that are not installed. Run: pip install 'xiaoan-edge[desk]'"))
    from edge.desk.store import Store

    store = Store(context.config.desk.database, context.state)
    try:
        if args.add_user is not None:
            return _add_user(store, args.add_user, args.role, context)
        if args.remove_user is not None:
            if not store.remove_user(args.remove_user):
                raise BadUser(N_("there is no user {name}"), name=args.remove_user)
            _log(store, "remove_user", args.remove_user)
            return 0
        if args.users:
            for user in store.users():
                context.console.print(f"{user.name}  {user.role}", markup=False)
            return 0
        if args.verdicts is not None:
            return _verdicts(store, args.verdicts, args.device, args.days, context)
        if args.terminal:
            return _show(store, args.name, context)
        with ExitStack() as stack:
            broker = context.config.broker
            if args.own_broker:
                port = stack.enter_context(embedded_broker(BrokerSettings(port=broker.port).port_used))
                broker = BrokerSettings(host="127.0.0.1", port=port)
            return _serve(store, context, broker)
    finally:
        store.close()


def _add_user(store: "Store", name: str, role: str, context: Context) -> int:
    from edge.desk.store import User
    from edge.desk.users import hashed

    if not 1 <= len(name.strip()) <= 80 or not name.isprintable():
        raise BadUser(N_("a user's name has 1 to 80 characters"))
    _ = context.translate
    if sys.stdin.isatty():
        password = getpass.getpass(_(N_("password: ")))
        if password != getpass.getpass(_(N_("once more: "))):
            raise BadUser(N_("the two passwords differ; nothing was changed"))
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    store.put_user(User(name.strip(), role, hashed(password)))
    _log(store, "put_user", f"{name.strip()} {role}")
    context.console.print(_(N_("{name} may log in as {role}")).format(name=name.strip(), role=role), markup=False)
    return 0


def _log(store: "Store", verb: str, about: str) -> None:
    """As the page keeps it of its heads."""
    from edge.desk.store import Deed

    store.keep([], [], [Deed(round(time.time() * 1000), COMMAND_LINE, verb, about=about[:200], outcome="done")])


def _verdicts(store: "Store", file: Path, device: str, days: int, context: Context) -> int:
    from edge.desk.export import JUDGED, verdicts

    if not 1 <= days <= LONGEST_DAYS:
        raise NotWritten(N_("--days takes 1 to {most}"), most=LONGEST_DAYS)
    until_ms = round(time.time() * 1000)
    judged = [case for case in store.cases(until_ms - days * 86_400_000, until_ms, device) if case.verdict in JUDGED]
    if str(file) == "-":
        print(verdicts(judged), end="")
        return 0
    try:
        write_atomically(file, verdicts(judged))
    except OSError as error:
        raise NotWritten(N_("{path}: cannot be written: {told}"), path=file, told=reason_of(error)) from error
    context.console.print(context.translate(N_("{count} verdicts in {file}")).format(count=len(judged), file=file), markup=False)
    return 0


def _serve(store: "Store", context: Context, broker: BrokerSettings) -> int:
    from edge.desk.desk import Desk
    from edge.desk.serve import serve

    config = context.config.model_copy(update={"broker": broker})
    if not broker.host:
        raise NoBroker(N_("no MQTT broker is configured; set `host` in [broker]"))
    if not store.users():
        raise NobodyMayLogIn(N_("nobody may log in yet, so nothing is served. Run: xiaoan desk --add-user NAME --role head"))
    logging.basicConfig(level=logging.DEBUG if context.debug else logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    desk = Desk(config, store, os.environ, context.translate)
    address = f"{'https' if config.desk.tls else 'http'}://{config.desk.listen}:{config.desk.port}/"
    context.errors.print(context.translate(N_("the page: {address}")).format(address=address), markup=False)
    desk.start()
    try:
        serve(desk, config.desk, context.language)
    finally:
        desk.stop()
    return 0


def _show(store: "Store", name: str, context: Context) -> int:
    from edge.desk.desk import Desk
    from edge.desk.keyboard import keyboard
    from edge.desk.screen import show
    from edge.desk.store import Session

    config = context.config
    if not config.broker.host:
        raise NoBroker(N_("no MQTT broker is configured; set `host` in [broker]"))
    name = name.strip() or getpass.getuser()
    if not 1 <= len(name) <= 80 or not name.isprintable():
        raise BadUser(N_("a user's name has 1 to 80 characters"))
    logging.getLogger("edge").addHandler(logging.NullHandler())  # a line in the midst of the screen would help nobody
    nobody = config.desk.model_copy(update={"roster": (), "tell_file": ""})  # the desk that serves the page tells people, and once is enough
    with keyboard() as keys:
        desk = Desk(config.model_copy(update={"desk": nobody}), store, os.environ, context.translate)
        desk.on_change = keys.wake
        desk.start()
        try:
            # Whoever reads the broker's credentials could say any command without this.
            show(desk, Session(name, "technician", "", 0), keys, context.console, context.translate)
        except KeyboardInterrupt:
            pass  # as q
        finally:
            desk.stop()
    return 0
