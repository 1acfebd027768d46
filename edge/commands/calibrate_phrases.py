"""`xiaoan calibrate phrases`: a threshold for each phrase from how well it fits speech in which nobody says it."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from edge.calibrate import bounds
from edge.calibrate.phrase_counts import lowest, phrase_setup, whole
from edge.calibrate.site import TARGET_PER_DAY, Proposal, kept_beside, propose
from edge.calibrate.tally import GRID, UNKNOWN_HOUR, Tally
from edge.chain import Listening, wanted
from edge.commands import gathering, how, judging, keeping, phrases_judged
from edge.commands.claims import PHRASE_IS_COMMON, conclusions, facts, may_be_written
from edge.commands.context import Context, Subparsers, Translate
from edge.commands.phrases_try import NoPhrases
from edge.config import profiles
from edge.config.phrases import Phrase, list_in_use
from edge.config.profiles import PhraseThresholds
from edge.decide.period import DEFAULT
from edge.detect.detector import Detector
from edge.words import N_


def add(actions: Subparsers, _: Translate) -> None:
    """Describe the action."""
    parser = actions.add_parser(
        "phrases",
        help=_("listen to ordinary speech and find a threshold for each phrase"),
        description=_(
            "Listen for minutes to days to speech in which nobody says a phrase of the list, and keep statistics alone, never sound or text: how often each "
            "phrase would have reached each threshold. From these come the false alarms to expect, and a threshold for each phrase so that all of them "
            "together stay under a target. Ctrl-C ends the listening; the next time it goes on from there. A threshold that the list or the configuration "
            "gives a phrase goes before what is found here. With --from-history and --verdicts it does not listen: it takes what the desk judged of the "
            "phrases that alerted, and raises the thresholds of those that did so falsely too often."
        ),
        epilog=_(
            "Exit status: 0 thresholds were found and kept, 1 the listening was too short, no threshold is high enough or a real alert would have been "
            "missed, 2 it could not be done."
        ),
    )
    parser.add_argument(
        "--target",
        type=gathering.positive,
        default=TARGET_PER_DAY,
        metavar="N",
        help=_("false alarms in 24 hours of such sound that all phrases together may raise (default: 0.5)"),
    )
    parser.add_argument(
        "--lower",
        action="store_true",
        help=_("also lower thresholds where nothing speaks against it; only where speech was heard all the time, for silence proves nothing"),
    )
    judging.add_options(parser, _)
    gathering.add_options(parser, _)
    keeping.add_options(parser, _)


@dataclass(frozen=True, slots=True)
class Found:
    """What comes of one phrase."""

    phrase: Phrase
    before: float  # threshold without calibration
    proposed: float
    count: int  # how often it would have been raised at the proposed one
    per_day: float
    limits: tuple[float, float]  # of `per_day`, 95 %


def run(args: argparse.Namespace, context: Context) -> int:
    """Listen, show, keep."""
    bounds.check()
    judging.check(args)
    if args.from_history:
        return phrases_judged.run(args, context)
    detector = Detector.load(context.models, at_once=bool(args.recording))
    manifest = detector.manifest
    here = context.here(manifest.sha256)
    profile = profiles.to_build_on(context.state, here, replace=args.replace)
    sensitivity_dbfs = context.calibration(manifest.sha256).sensitivity_dbfs
    listed = list_in_use(context.config.phrases, context.models)
    listening = Listening.load(context.models, wanted(listed, context.config.labels), at_once=bool(args.recording))
    if listening is None:
        raise NoPhrases(N_("no phrase is listened for: all of the list are off, or the labels help and insult are"))
    file = context.state / gathering.PHRASES_FILE
    tally = gathering.begin(file, phrase_setup(listening, listed, here, sensitivity_dbfs), manifest.step_s, fresh=args.fresh)
    heard = gathering.Gathering(context, detector, sensitivity_dbfs, listening, None, gathering.Counts(file, tally))
    with gathering.status(context, heard, args.target) as show:
        heard.listen(args, show)
    if not tally.heard_s:
        raise gathering.GatherError(N_("nothing was heard yet; let it listen: xiaoan calibrate phrases"))
    together = whole(tally, manifest.step_s)
    start = lowest(listed, tally.setup.rules, lower=args.lower)
    proposal = propose(together, start, args.target)
    found = _found(together, listening, start if not args.lower else lowest(listed, tally.setup.rules, lower=False), proposal)
    _show(context, found, proposal)
    if not may_be_written(context, proposal):
        return 1
    way = how.written(how.PHRASES_RECORDINGS if args.recording else how.PHRASES_LISTENING, target=args.target)
    measured = PhraseThresholds(
        **keeping.origin(args, way, tally.heard_s, listening.model.manifest.scale_sha256),
        sensitivity_dbfs=sensitivity_dbfs,
        thresholds={one.phrase.spoken: one.proposed for one in found},
    )
    keeping.keep(context, profile.model_copy(update={"phrases": measured}), dry_run=args.dry_run)
    return 0


def _found(tally: Tally, listening: Listening, before: Mapping[str, float], proposal: Proposal) -> list[Found]:
    """Each phrase, those that are heard most first."""
    cell = tally.cells[DEFAULT, UNKNOWN_HOUR]
    per_day = 86_400 / cell.heard_s
    rows = []
    for phrase in listening.wanted.phrases:
        proposed = proposal.thresholds[DEFAULT][phrase.spoken]
        count = cell.raised.get(phrase.spoken, [0] * len(GRID))[GRID.index(proposed)]
        low, high = bounds.poisson_limits(count)
        rows.append(Found(phrase, before[phrase.spoken], kept_beside(proposed, before[phrase.spoken]), count, count * per_day, (low * per_day, high * per_day)))
    return sorted(rows, key=lambda row: (-row.count, -row.proposed))


def _show(context: Context, found: list[Found], proposal: Proposal) -> None:
    _ = context.translate
    if context.json:
        context.print_json({
            **facts(proposal),
            "phrases": [{"phrase": one.phrase.text, "label": one.phrase.group, "before": one.before, "proposed": one.proposed, "incidents": one.count,
                         "per_day": round(one.per_day, 3), "low": round(one.limits[0], 3), "high": round(one.limits[1], 3)} for one in found],
        })  # fmt: skip
        return
    told = [one for one in found if one.count or one.proposed != one.before]
    if told:
        heads = (N_("phrase"), N_("label"), N_("threshold"), N_("proposed"), N_("times"), N_("a day (95 %)"))
        table = Table(*map(_, heads), box=None, pad_edge=False)
        for one in told:
            rate = f"{one.per_day:.2f} ({one.limits[0]:.2f}-{one.limits[1]:.2f})"
            table.add_row(Text(one.phrase.text), _(one.phrase.group), f"{one.before:.2f}", f"{one.proposed:.2f}", str(one.count), rate)
        context.console.print(table)
    if still := len(found) - len(told):
        context.console.print(_(N_("{count} phrases keep their thresholds: they would have raised nothing.")).format(count=still))
    for line in conclusions(proposal, _, PHRASE_IS_COMMON, "xiaoan calibrate phrases"):
        context.console.print(line, markup=False)
