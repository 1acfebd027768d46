"""`xiaoan calibrate site`: listen to a place, keep statistics, propose thresholds."""

import argparse
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.progress import Progress, TextColumn

from edge.calibrate import bounds, report
from edge.calibrate.history import read as read_history
from edge.calibrate.history import setup_for
from edge.calibrate.levels import whole_level
from edge.calibrate.site import TARGET_PER_DAY, expected, hours_a_day, propose
from edge.calibrate.tally import UNKNOWN_HOUR, Tally, Unreadable, from_json
from edge.calibrate.verdicts import Judged, priced, read_verdicts, since_days, without_true
from edge.commands import keeping
from edge.commands.context import Context, Subparsers, Translate
from edge.commands.site_tables import show
from edge.config import profiles
from edge.config.files import write_atomically
from edge.config.profiles import MeasuredThresholds
from edge.decide.period import DEFAULT
from edge.detect.detector import Detector
from edge.detect.manifest import Manifest
from edge.errors import EdgeError
from edge.words import N_

FILE = "site.json"
SAVE_S = 60.0


class SiteError(EdgeError):
    """The statistics cannot be used or kept."""


def add(actions: Subparsers, _: Translate) -> None:
    """Describe the action."""
    parser = actions.add_parser(
        "site",
        help=_("listen to the place and propose thresholds"),
        description=_(
            "Listen for minutes to days and keep statistics alone, never sound: levels by the hour, and how often each label would have been raised "
            "at each threshold. From these come the false alarms to expect in a day, and thresholds for a target. Ctrl-C ends the listening; the next "
            "time it goes on from there. Everything heard counts as a false alarm, so let nobody shout or cry on purpose meanwhile."
        ),
        epilog=_("Exit status: 0 thresholds were found and kept, 1 the listening was too short or no threshold is high enough, 2 it could not be done."),
    )
    parser.add_argument("--hours", type=not_negative, metavar="H", help=_("listen for so long (default: until Ctrl-C); 0: show what was gathered so far"))
    parser.add_argument(
        "--target", type=positive, default=TARGET_PER_DAY, metavar="N", help=_("false alarms a day that the whole terminal may raise (default: 0.5)")
    )
    parser.add_argument("--report", type=Path, metavar="OUT.html", help=_("write a report with charts, one file"))
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
    parser.add_argument("--fresh", action="store_true", help=_("forget what was gathered before"))
    parser.add_argument("--recording", type=Path, nargs="+", metavar=_("FILE"), help=_("hear these recordings instead of the microphone"))
    parser.add_argument("--json", action="store_true", help=_("as JSON"))
    keeping.add_options(parser, _)


def positive(text: str) -> float:
    """More than nothing; argparse names this function where it is not."""
    if not 0.0 < float(text) < 1e6:
        raise ValueError
    return float(text)


def days(text: str) -> int:
    """At least one; argparse names this function where it is not."""
    if not 1 <= int(text) <= 3650:
        raise ValueError
    return int(text)


def not_negative(text: str) -> float:
    """Nothing or more; argparse names this function where it is not."""
    return 0.0 if float(text) == 0.0 else positive(text)


def run(args: argparse.Namespace, context: Context) -> int:
    """Listen, show, keep."""
    _ = context.translate
    bounds.check()
    if args.verdicts and not args.from_history:
        raise SiteError(N_("--verdicts goes with --from-history: what was judged is what the running terminal has raised"))
    if args.report:
        report.check(args.report)
    detector = Detector.load(context.models)
    manifest = detector.manifest
    here = profiles.here(context.config, manifest.sha256)
    profile = profiles.to_build_on(context.state, here, replace=args.replace)
    sensitivity_dbfs = context.calibration(manifest.sha256).sensitivity_dbfs
    file, judged = context.state / FILE, None
    if args.from_history:
        tally = _past(context, manifest, sensitivity_dbfs, args.from_history)
        if args.verdicts:
            judged = _judged(args, context, tally)
    else:
        tally = _begin(context, manifest, sensitivity_dbfs, None if args.fresh else file)
        _listen(args, context, detector, tally, file)
    if not tally.heard_s:
        raise SiteError(N_("nothing was heard yet; let it listen: xiaoan calibrate site"))
    lowest = {label: manifest.rules[label].threshold for label in tally.setup.rules}
    found = propose(tally, lowest, args.target)
    rows = expected(tally, hours_a_day(context.config.periods))
    prices = priced(judged, found, _period_of(context)) if judged else []
    show(context, tally, rows, found, prices)
    if args.report:
        report.write(args.report, context.config.terminal.place, tally, rows, found, keeping.now_utc(), args.by or keeping.user(), _, prices)
        context.errors.print(_(N_("report: {file}")).format(file=args.report), markup=False)
    if not found.reachable or not found.proven:
        sentence = N_("No thresholds are written: {target:g} false alarms a day are not proven.")
        context.errors.print(_(sentence).format(target=args.target), markup=False)
        return 1
    if (lost := sum(one.lost for one in prices)) and not args.accept_misses:
        sentence = N_("No thresholds are written: they would have missed {lost} of {real} alerts that the desk judged real. To take them: --accept-misses")
        context.errors.print(_(sentence).format(lost=lost, real=sum(one.real for one in prices)), markup=False)
        return 1
    way = "history" if args.from_history else "site"
    measured = MeasuredThresholds(
        **keeping.origin(args, f"{way}, for {args.target:g} false alarms a day", tally.heard_s, manifest.sha256),
        sensitivity_dbfs=sensitivity_dbfs,
        periods=found.thresholds,
        l10_dba=whole_level(tally, 10),
        l50_dba=whole_level(tally, 50),
        target_per_day=args.target,
    )
    keeping.keep(context, profile.model_copy(update={"thresholds": measured}), dry_run=args.dry_run)
    return 0


def _past(context: Context, manifest: Manifest, sensitivity_dbfs: float, last_days: int) -> Tally:
    """What the running terminal has counted."""
    from edge.commands.listening import local_time

    now = local_time()
    setup = setup_for(context.config, manifest, sensitivity_dbfs)
    past = read_history(context.state, setup, manifest.step_s, last_days, now.date() if now else None)
    _ = context.translate
    sentence = N_("From the history of {days} days; {left} files of another model, microphone or sensitivity are left out.")
    context.errors.print(_(sentence).format(days=past.days, left=past.left_out), markup=False)
    return past.tally


def _judged(args: argparse.Namespace, context: Context, tally: Tally) -> Judged:
    """The desk's verdicts on what this terminal has raised; what was true is taken out of the tally."""
    from edge.commands.listening import local_time
    from edge.config.names import own_terminal_name

    _, now = context.translate, local_time()
    device = own_terminal_name(context.config.terminal.name)
    judged = read_verdicts(args.verdicts, device, since_days(now, args.from_history) if now else None)
    if not judged.verdicts:
        raise SiteError(N_("{file} has no verdict on {device} in these days ({others} on other terminals, {outside} earlier ones)"),
                        file=args.verdicts, device=device, others=judged.others, outside=judged.outside)  # fmt: skip
    taken = without_true(tally, judged, _period_of(context))
    sentence = N_("{count} verdicts of the desk; {others} on other terminals and {outside} earlier ones are left out. {taken} of the history were true.")
    context.errors.print(_(sentence).format(count=len(judged.verdicts), others=judged.others, outside=judged.outside, taken=taken), markup=False)
    return judged


def _period_of(context: Context) -> Callable[[datetime], str]:
    from edge.decide.period import period_at

    return lambda local: period_at(local, context.config.periods, context.config.holidays)


def _begin(context: Context, manifest: Manifest, sensitivity_dbfs: float, file: Path | None) -> Tally:
    """The tally of earlier listening, or a new one. Raises SiteError where the earlier one cannot go on."""
    setup = setup_for(context.config, manifest, sensitivity_dbfs)
    if file is None or not file.exists():
        return Tally(setup, manifest.step_s)
    try:
        tally = from_json(file.read_text(encoding="utf-8"), manifest.step_s)
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        raise SiteError(N_("{file} cannot be read: {told}. Begin anew with --fresh"), file=file, told=error) from error
    if tally.setup != setup:
        ours, theirs = setup, tally.setup
        names = ("machine", "device", "model", "sensitivity_dbfs", "rules")
        differs = ", ".join(name for name in names if getattr(ours, name) != getattr(theirs, name))
        raise SiteError(N_("{file} was gathered with another setup ({differs}), and cannot be continued. Begin anew with --fresh"), file=file, differs=differs)
    return tally


def _listen(args: argparse.Namespace, context: Context, detector: Detector, tally: Tally, file: Path) -> None:
    """Add to the tally until the time is over, the recordings are, or somebody ends it. It is saved each minute and at the end."""
    if args.hours == 0.0:
        return

    def save() -> None:
        if args.dry_run or not tally.heard_s:
            return
        try:
            write_atomically(file, tally.as_json())
        except OSError as error:
            raise SiteError(N_("{file}: cannot be written: {told}. Run it as the service's user or with sudo"), file=file, told=error.strerror) from error

    end_s = tally.heard_s + args.hours * 3600 if args.hours else float("inf")
    save()
    with _ended_by_signals(), _status(context, tally, args.target) as tell:
        try:
            sources: Sequence[Path | None] = args.recording or [None]
            for recording in sources:
                _hear(context, detector, tally, recording, end_s, save, tell)
                tally.interrupted()
        except KeyboardInterrupt:  # the way to end it
            pass
    save()


def _hear(
    context: Context, detector: Detector, tally: Tally, recording: Path | None, end_s: float, save: Callable[[], None], tell: Callable[[float], None]
) -> None:
    from edge.chain import Chain
    from edge.commands.listening import Ear, local_time
    from edge.decide.period import period_at
    from edge.replay import BLOCK_S

    config, chain = context.config, Chain(detector, tally.setup.sensitivity_dbfs)
    if recording:
        from edge.capture.recording import read_blocks

        for block in read_blocks(recording, BLOCK_S):
            for step in chain.feed(block):
                tally.hear(step, DEFAULT, UNKNOWN_HOUR)
            tell(step.level_dba if tally.heard_s else 0.0)
        return
    said, saved_s, lost_s = "", time.monotonic(), time.monotonic()
    with Ear(config.microphone, None) as ear:
        while tally.heard_s < end_s:
            block_heard = ear.read()
            now_s = time.monotonic()
            if block_heard is None:
                told = ear.problem.told(context.translate) if ear.problem else ""
                if told and told != said:  # once; it may be away for a night
                    said = told
                    context.errors.print(f"xiaoan: {told}", markup=False)
                if now_s - lost_s > 3.0:
                    tally.interrupted()
                continue
            lost_s = now_s
            local = local_time()
            period, hour = period_at(local, config.periods, config.holidays), local.hour if local else UNKNOWN_HOUR
            for step in chain.feed(block_heard):
                tally.hear(step, period, hour)
                tell(step.level_dba)
            if now_s - saved_s >= SAVE_S:
                saved_s = now_s
                save()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM, as `systemd-run` sends it, ends the listening as Ctrl-C does."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _status(context: Context, tally: Tally, target: float) -> Iterator[Callable[[float], None]]:
    """A line that tells how far it is, on a terminal; nothing in a pipe."""
    needed_h = bounds.hours_needed(target)
    with Progress(TextColumn("{task.description}"), console=context.errors, transient=True, disable=not context.errors.is_terminal) as line:
        sentence = context.translate(N_("heard {heard:.2f} h; {needed:.0f} h of quiet prove the target; now {level:.0f} dBA; Ctrl-C ends"))
        task = line.add_task("")
        yield lambda level_dba: line.update(task, description=sentence.format(heard=tally.heard_s / 3600, needed=needed_h, level=level_dba))
