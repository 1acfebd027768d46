"""`xiaoan calibrate site`: listen to a place, keep statistics, propose thresholds."""

import argparse
from pathlib import Path

from edge.calibrate import bounds, report
from edge.calibrate.history import setup_for
from edge.calibrate.levels import whole_level
from edge.calibrate.phrase_counts import phrase_setup
from edge.calibrate.site import TARGET_PER_DAY, expected, hours_a_day, propose
from edge.calibrate.tally import Tally
from edge.calibrate.verdicts import Judged, priced, since_days, without_true
from edge.commands import gathering, how, judging, keeping
from edge.commands.claims import may_be_written
from edge.commands.context import Context, Subparsers, Translate
from edge.commands.site_tables import show
from edge.config import profiles
from edge.config.phrases import list_in_use
from edge.config.profiles import Calibration, MeasuredThresholds
from edge.detect.detector import Detector
from edge.errors import EdgeError
from edge.words import N_


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
        epilog=_(
            "Exit status: 0 thresholds were found and kept, 1 the listening was too short, no threshold is high enough or a real alert would have been "
            "missed, 2 it could not be done."
        ),
    )
    parser.add_argument(
        "--target", type=gathering.positive, default=TARGET_PER_DAY, metavar="N", help=_("false alarms a day that the whole terminal may raise (default: 0.5)")
    )
    parser.add_argument("--report", type=Path, metavar="OUT.html", help=_("write a report with charts, one file"))
    judging.add_options(parser, _)
    gathering.add_options(parser, _)
    keeping.add_options(parser, _)


def run(args: argparse.Namespace, context: Context) -> int:
    """Listen, show, keep."""
    _ = context.translate
    bounds.check()
    judging.check(args)
    if args.report:
        report.check(args.report)
    detector = Detector.load(context.models)
    manifest = detector.manifest
    profile = profiles.to_build_on(context.state, context.here(manifest.sha256), replace=args.replace)
    calibration = context.calibration(manifest.sha256)
    judged, phrases = None, None
    if args.from_history:
        tally = judging.past(context, manifest, calibration.sensitivity_dbfs, args.from_history)
        if args.verdicts:
            judged = _judged(args, context, tally)
    else:
        tally, phrases = _gather(args, context, detector, calibration)
    if not tally.heard_s and args.from_history:
        raise SiteError(N_("the running terminal has counted nothing of use yet; it writes once an hour: is it running (xiaoan doctor)?"))
    if not tally.heard_s:
        raise SiteError(N_("nothing was heard yet; let it listen: xiaoan calibrate site"))
    lowest = {label: manifest.rules[label].threshold for label in tally.setup.rules}
    found = propose(tally, lowest, args.target)
    rows = expected(tally, hours_a_day(context.config.periods))
    prices = priced(judged, found, judging.period_of(context)) if judged else []
    show(context, tally, rows, found, prices, phrases)
    if args.from_history and not context.json:
        sentence = N_("The history counts no phrases. What the desk judged of them: xiaoan calibrate phrases --from-history --verdicts FILE.csv")
        context.console.print(_(sentence), markup=False)
    if args.report:
        report.write(args.report, context.config.terminal.place, tally, rows, found, keeping.now_utc(), args.by or keeping.user(), _, prices)
        context.errors.print(_(N_("report: {file}")).format(file=args.report), markup=False)
    lost, real = sum(one.lost for one in prices), sum(one.real for one in prices)
    if not may_be_written(context, found, lost, real, accept_misses=args.accept_misses):
        return 1
    way = how.written(how.HISTORY if args.from_history else how.SITE, target=args.target)
    measured = MeasuredThresholds(
        **keeping.origin(args, way, tally.heard_s, manifest.sha256),
        sensitivity_dbfs=calibration.sensitivity_dbfs,
        periods=found.thresholds,
        l10_dba=whole_level(tally, 10),
        l50_dba=whole_level(tally, 50),
        target_per_day=args.target,
    )
    keeping.keep(context, profile.model_copy(update={"thresholds": measured}), dry_run=args.dry_run)
    return 0


def _judged(args: argparse.Namespace, context: Context, tally: Tally) -> Judged:
    """The desk's verdicts on what this terminal has raised; what was true is taken out of the tally."""
    from edge.commands.listening import local_time

    now = local_time()
    judged = judging.judged(args.verdicts, context, since_days(now, args.from_history) if now else None)
    taken = without_true(tally, judged, judging.period_of(context))
    context.errors.print(context.translate(N_("{taken} of the history were true.")).format(taken=taken), markup=False)
    return judged


def _gather(args: argparse.Namespace, context: Context, detector: Detector, calibration: Calibration) -> tuple[Tally, Tally | None]:
    """Listen. Returns what was heard of labels, and of phrases where any are listened for."""
    from edge.commands.listening import phrases_heard

    manifest, sensitivity_dbfs = detector.manifest, calibration.sensitivity_dbfs
    file, phrases_file = context.state / gathering.SITE_FILE, context.state / gathering.PHRASES_FILE
    tally = gathering.begin(file, setup_for(context.config, manifest, sensitivity_dbfs), manifest.step_s, fresh=args.fresh)
    listening = phrases_heard(context, calibration)
    phrases: Tally | None = None
    if listening:
        setup = phrase_setup(listening, list_in_use(context.config.phrases, context.models), context.here(manifest.sha256), sensitivity_dbfs)
        try:
            phrases = gathering.begin(phrases_file, setup, manifest.step_s, fresh=args.fresh)
        except gathering.GatherError:  # beside the labels they are no reason to refuse days of listening
            phrases = Tally(setup, manifest.step_s)
            told = context.translate(N_("xiaoan: {file} is of another list, model or microphone; the statistics of phrases are begun anew"))
            context.errors.print(told.format(file=phrases_file), markup=False)
    heard = gathering.Gathering(
        context, detector, sensitivity_dbfs, listening, gathering.Counts(file, tally), gathering.Counts(phrases_file, phrases) if phrases else None
    )
    with gathering.status(context, heard, args.target) as tell:
        heard.listen(args, tell)
    return tally, phrases
