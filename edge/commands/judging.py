"""What the running terminal has counted in the last days, and what the desk judged of its alerts: `calibrate site` and `calibrate phrases` take both alike."""

import argparse
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from edge.calibrate.history import read as read_history
from edge.calibrate.history import setup_for
from edge.calibrate.tally import Tally
from edge.calibrate.verdicts import COLUMNS, Judged, read_verdicts
from edge.commands.arguments import whole
from edge.commands.context import Context, Translate
from edge.detect.manifest import Manifest
from edge.errors import EdgeError
from edge.words import N_


class NothingJudged(EdgeError):
    """There are no verdicts to go by."""


def add_options(parser: argparse.ArgumentParser, _: Translate) -> None:
    """What both commands have."""
    parser.add_argument(
        "--from-history",
        type=days,
        nargs="?",
        const=28,
        metavar="DAYS",
        help=_("do not listen: take what the running terminal has counted in the last days (default: 28)"),
    )
    parser.add_argument(
        "--verdicts",
        type=Path,
        metavar="FILE.csv",
        help=_("with --from-history: what the desk judged (xiaoan desk --verdicts); what was real does not count as a false alarm then"),
    )
    parser.add_argument("--accept-misses", action="store_true", help=_("keep the thresholds although they would have missed what the desk judged real"))


def days(text: str) -> int:
    """At least one."""
    return whole(text, 1, 3650)


def check(args: argparse.Namespace) -> None:
    """Raise NothingJudged where the options do not go together."""
    if args.verdicts and not args.from_history:
        raise NothingJudged(N_("--verdicts goes with --from-history: what was judged is what the running terminal has raised"))


def past(context: Context, manifest: Manifest, sensitivity_dbfs: float, last_days: int) -> Tally:
    """What the running terminal has counted, and a word about it."""
    from edge.commands.listening import local_time

    now = local_time()
    found = read_history(context.state, setup_for(context.config, manifest, sensitivity_dbfs), manifest.step_s, last_days, now.date() if now else None)
    sentence = N_("From the history of {days} days; {left} files of another model, microphone or sensitivity are left out.")
    context.errors.print(context.translate(sentence).format(days=found.days, left=found.left_out), markup=False)
    return found.tally


def judged(file: Path, context: Context, since: datetime | None, needed: Sequence[str] = COLUMNS) -> Judged:
    """The desk's verdicts on what this terminal has raised, and a word about them. Raises NothingJudged, VerdictsUnreadable."""
    from edge.config.names import own_terminal_name

    device = own_terminal_name(context.config.terminal.name)
    found = read_verdicts(file, device, since, needed)
    facts = {"others": found.others, "outside": found.outside}
    if not found.verdicts:
        raise NothingJudged(N_("{file} has no verdict on {device} in these days ({others} on other terminals, {outside} earlier ones)"),
                            file=file, device=device, **facts)  # fmt: skip
    sentence = N_("{count} verdicts of the desk; {others} on other terminals and {outside} earlier ones are left out.")
    context.errors.print(context.translate(sentence).format(count=len(found.verdicts), **facts), markup=False)
    return found


def period_of(context: Context) -> Callable[[datetime], str]:
    """The period of the day at a local time."""
    from edge.decide.period import period_at

    return lambda local: period_at(local, context.config.periods, context.config.holidays)
