"""`xiaoan calibrate thresholds`: thresholds from labelled recordings."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from edge.calibrate import bounds, report
from edge.calibrate.curve import Counts, Point, as_tally, count, points
from edge.calibrate.history import setup_for
from edge.calibrate.site import TARGET_PER_DAY, Proposal, propose
from edge.capture.recording import find
from edge.commands import how, keeping
from edge.commands.claims import PLACE_IS_LOUD, conclusions, may_be_written
from edge.commands.context import Context, Subparsers, Translate, folding_table
from edge.commands.gathering import positive, tell_narrow
from edge.commands.replay import count as jobs
from edge.commands.replay import progress, truth_for
from edge.commands.site_tables import SHOWN
from edge.config import profiles
from edge.config.profiles import MeasuredThresholds
from edge.decide.period import DEFAULT
from edge.decide.rules import rules_for
from edge.detect.detector import LABELS
from edge.detect.manifest import read_manifest
from edge.errors import EdgeError
from edge.replay import Failed, Settings, play_all
from edge.words import N_

_SHOWN = frozenset(SHOWN)


class NotHeard(EdgeError):
    """A recording cannot be used."""


def add(actions: Subparsers, _: Translate) -> None:
    """Describe the action."""
    parser = actions.add_parser(
        "thresholds",
        help=_("propose thresholds from labelled recordings"),
        description=_(
            "Send labelled recordings through the terminal's chain and show, for each threshold, how many events are found (with Wilson's interval) and "
            "how many false alarms an hour are raised (with exact limits); then propose thresholds for a target."
        ),
        epilog=_("Exit status: 0 thresholds were found and kept, 1 the recordings are too short for the target or no threshold is high enough, "
                 "2 it could not be done."),
    )  # fmt: skip
    parser.add_argument("paths", nargs="+", metavar=_("FILE|FOLDER"), help=_("recordings, or folders that are searched for them"))
    parser.add_argument(
        "--truth", type=Path, required=True, metavar="TRUTH.csv", help=_("what is in them (file,label,start,end; a row without a label: nothing)")
    )
    parser.add_argument(
        "--target", type=positive, default=TARGET_PER_DAY, metavar="N", help=_("false alarms a day that the whole terminal may raise (default: 0.5)")
    )
    parser.add_argument("--jobs", type=jobs, default=len(os.sched_getaffinity(0)), metavar="N", help=_("processes at once (default: one a core)"))
    parser.add_argument("--report", type=Path, metavar="OUT.html", help=_("write a report with charts, one file"))
    parser.add_argument("--json", action="store_true", help=_("as JSON"))
    keeping.add_options(parser, _)


def run(args: argparse.Namespace, context: Context) -> int:
    """Hear, count, show, keep."""
    _ = context.translate
    bounds.check()
    if args.report:
        report.check(args.report)
    recordings = find(args.paths)
    truth = truth_for(args.truth, recordings)
    used = [recording for recording in recordings if truth.of(recording.name) is not None]
    manifest = read_manifest(context.models / "detector.toml", LABELS)
    profile = profiles.to_build_on(context.state, context.here(manifest.sha256), replace=args.replace)
    sensitivity_dbfs = context.calibration(manifest.sha256).sensitivity_dbfs
    rules = rules_for(manifest.rules, context.config.labels, (), DEFAULT, {})
    settings = Settings(context.models, rules, sensitivity_dbfs, keep_steps=True)
    tell_narrow(context, used)
    counts: Counts = {}
    heard_s = 0.0
    with progress(context, used) as heard:
        for played in play_all(used, settings, args.jobs, heard):
            if isinstance(played, Failed):
                raise NotHeard(played.sentence, **played.facts)
            heard_s += played.duration_s
            for label, rows in count(played.steps, played.labels, rules, truth.of(played.name) or ()).items():
                counts[label] = counts[label] + rows if label in counts else rows
    curve = points(counts, heard_s)
    tally = as_tally(counts, heard_s, setup_for(context.config, manifest, sensitivity_dbfs), manifest.step_s)
    found = propose(tally, {label: manifest.rules[label].threshold for label in rules}, args.target)
    _show(context, curve, found, len(used))
    if args.report:
        report.write_curve(args.report, curve, found, keeping.now_utc(), args.by or keeping.user(), _)
        context.errors.print(_(N_("report: {file}")).format(file=args.report), markup=False)
    if not may_be_written(context, found):
        return 1
    measured = MeasuredThresholds(
        **keeping.origin(args, how.written(how.RECORDINGS, count=len(used), target=args.target), heard_s, manifest.sha256),
        sensitivity_dbfs=sensitivity_dbfs,
        periods=found.thresholds,
    )
    keeping.keep(context, profile.model_copy(update={"thresholds": measured}), dry_run=args.dry_run)
    return 0


def _show(context: Context, curve: Sequence[Point], found: Proposal, recordings: int) -> None:
    _ = context.translate
    if context.json:
        context.print_json({
            "recordings": recordings, "heard_h": round(found.heard_h, 5), "needed_h": round(found.needed_h, 1), "proven": found.proven,
            "reachable": found.reachable, "thresholds": found.thresholds.get(DEFAULT, {}),
            "points": [{"label": p.label, "threshold": p.threshold, "found": p.found, "events": p.events, "recall": p.recall,
                        "recall_limits": [round(limit, 4) for limit in p.recall_limits], "false": p.false, "false_per_h": round(p.false_per_h, 4),
                        "false_limits": [round(limit, 4) for limit in p.false_limits]} for p in curve],
        })  # fmt: skip
        return
    for label in dict.fromkeys(point.label for point in curve):
        context.console.print(_(label), style="bold")
        heads = (N_("threshold"), N_("found"), N_("of"), N_("recall (95 %)"), N_("false alarms"), N_("an hour (95 %)"))
        table = folding_table(*map(_, heads))
        for i, point in enumerate(p for p in curve if p.label == label):
            chosen = found.thresholds.get(DEFAULT, {}).get(label) == point.threshold
            if i in _SHOWN or chosen:
                threshold = f"{point.threshold:.2f}{' *' if chosen else ''}"
                counted = (str(point.found), str(point.events), report.share(point), str(point.false), report.rate(point))
                table.add_row(threshold, *counted, style="bold" if chosen else "")
        context.console.print(table)
        context.console.print()
    context.console.print(_(N_("* proposed")))
    for line in conclusions(found, _, PLACE_IS_LOUD, "xiaoan calibrate site"):
        context.console.print(line, markup=False)
