"""`xiaoan calibrate phrases --from-history --verdicts`: what the desk judged of the phrases that alerted, and the thresholds that follow from it."""

import argparse
from collections.abc import Callable, Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from edge.calibrate import phrase_verdicts
from edge.calibrate.phrase_verdicts import PhraseJudged
from edge.calibrate.site import Proposal
from edge.calibrate.verdicts import COLUMNS, Verdict, since_days
from edge.commands import how, judging, keeping
from edge.commands.claims import PHRASE_IS_COMMON, conclusions, facts, may_be_written
from edge.commands.context import Context
from edge.config import profiles
from edge.config.phrases import list_in_use
from edge.config.profiles import Calibration, PhraseThresholds, Profile
from edge.decide.rules import rules_for
from edge.detect.detector import LABELS
from edge.detect.manifest import read_manifest
from edge.detect.phrases import PHRASE_MANIFEST, installed, read_phrase_manifest
from edge.words import N_


def run(args: argparse.Namespace, context: Context) -> int:
    """Read, show, keep."""
    _ = context.translate
    if not args.verdicts:
        raise judging.NothingJudged(N_("the history counts no phrases; --from-history takes what the desk judged of them: --verdicts FILE.csv"))
    if args.lower:
        raise judging.NothingJudged(N_("--lower does not go with --verdicts: what stayed below a threshold raised no alert that could be judged"))
    manifest = read_manifest(context.models / "detector.toml", LABELS)
    profile = profiles.to_build_on(context.state, context.here(manifest.sha256), replace=args.replace)
    calibration = context.calibration(manifest.sha256)
    listed = list_in_use(context.config.phrases, context.models, calibrated=calibration.phrases)
    days, since = _asked(args.from_history, profile, context)
    heard_s = judging.past(context, manifest, calibration.sensitivity_dbfs, days).heard_s
    if not heard_s:
        raise judging.NothingJudged(N_("nobody knows for how long it has listened: the history is empty. The terminal writes it each hour"))
    judged = judging.judged(args.verdicts, context, since, (*COLUMNS, "phrase"))
    alerts, left_out = phrase_verdicts.alerted(judged, listed.heard, _label_threshold(context, calibration))
    if left_out:
        sentence = N_("{count} of them are left out: the phrase is not listened for any more, or had another threshold then.")
        context.errors.print(_(sentence).format(count=left_out), markup=False)
    if not alerts:
        raise judging.NothingJudged(N_("{file} has no verdict on a phrase that is listened for"), file=args.verdicts)
    proposal = phrase_verdicts.proposed(alerts, heard_s, args.target)
    rows = phrase_verdicts.by_phrase(alerts, heard_s, proposal)
    _show(context, rows, proposal)
    missed, real = sum(len(row.missed) for row in rows), sum(row.counts["real"] for row in rows)
    if not may_be_written(context, proposal, missed, real, accept_misses=args.accept_misses):
        return 1
    raised = {row.phrase.spoken: row.proposed for row in rows if row.proposed > row.phrase.threshold}
    if not raised:
        context.errors.print(_(N_("Every phrase keeps its threshold; nothing is written.")))
        return 0
    before = profile.phrases.thresholds if profile.phrases else {}
    measured = PhraseThresholds(
        **keeping.origin(args, how.written(how.VERDICTS, count=len(alerts), target=args.target), heard_s, installed(context.models)),
        sensitivity_dbfs=calibration.sensitivity_dbfs,
        thresholds={**before, **raised},
    )
    keeping.keep(context, profile.model_copy(update={"phrases": measured}), dry_run=args.dry_run)
    _say_what_next(context, rows, measured)
    return 0


def _asked(days: int, profile: Profile, context: Context) -> tuple[int, datetime | None]:
    """The days that count, and when the first of them begins: an alert tells nothing of thresholds that it was not raised by. None: all that there is."""
    from edge.commands.listening import local_time

    now = local_time()
    changed = profile.phrases.at if profile.phrases else None
    if profile.phrases and not (now and changed):
        sentence = N_("Nobody knows when the profile's thresholds of phrases were found. Give --from-history only days since then.")
        context.errors.print(context.translate(sentence), markup=False)
    if now and changed:
        since = datetime.fromisoformat(changed).astimezone()
        days = min(days, (now.date() - since.date()).days)
        if days < 1:
            raise judging.NothingJudged(N_("the thresholds of phrases were changed at {at}; let it listen for some days with them, and judge"), at=changed)
    return days, since_days(now, days) if now else None


def _label_threshold(context: Context, calibration: Calibration) -> Callable[[str, datetime], float | None]:
    rules, period = read_phrase_manifest(context.models / PHRASE_MANIFEST).rules, judging.period_of(context)

    def threshold(label: str, raised: datetime) -> float | None:
        config = context.config
        rule = rules_for(rules, config.labels, config.periods, period(raised.astimezone()), calibration.thresholds).get(label)
        return rule.threshold if rule else None

    return threshold


def _show(context: Context, rows: Sequence[PhraseJudged], found: Proposal) -> None:
    _ = context.translate
    if context.json:
        context.print_json({
            **facts(found),
            "phrases": [{"phrase": row.phrase.text, "label": row.phrase.group, "before": row.phrase.threshold, "proposed": row.proposed, **row.counts,
                         "per_day": round(row.per_day, 3), "low": round(row.limits[0], 3), "high": round(row.limits[1], 3), "false_left": row.left,
                         "missed": [{"raised": one.raised.isoformat(), "score": one.score, "word": one.word} for one in row.missed]} for row in rows],
        })  # fmt: skip
        return
    heads = (N_("phrase"), N_("label"), N_("prank"), N_("real"), N_("false alarms"), N_("a day (95 %)"), N_("threshold"), N_("proposed"),
             N_("false alarms left"), N_("real ones missed"))  # fmt: skip
    table = Table(*map(_, heads), box=None, pad_edge=False)
    for row in rows:
        rate = f"{row.per_day:.2f} ({row.limits[0]:.2f}-{row.limits[1]:.2f})"
        judged = [str(row.counts[kind]) for kind in ("prank", "real", "false")]
        thresholds = (f"{row.phrase.threshold:.2f}", f"{row.proposed:.2f}")
        table.add_row(Text(row.phrase.text), _(row.phrase.group), *judged, rate, *thresholds, str(row.left), str(len(row.missed)))
    context.console.print(table)
    for line in (*_missed(rows, context), *_remarks(rows, context), *conclusions(found, _, PHRASE_IS_COMMON, "xiaoan run")):
        context.console.print(line, markup=False)


def _missed(rows: Sequence[PhraseJudged], context: Context) -> list[str]:
    """The real ones that would not have come, one by one: somebody has to answer for each."""
    sentence = context.translate(N_("would have been missed: {phrase}, {at}, score {score}, {word}"))

    def told(row: PhraseJudged, one: Verdict) -> str:
        score = "-" if one.score is None else f"{one.score:.2f}"
        return sentence.format(phrase=row.phrase.text, at=f"{one.raised.astimezone():%Y-%m-%d %H:%M}", score=score, word=one.word or "-")

    return [told(row, one) for row in rows for one in row.missed]


def _remarks(rows: Sequence[PhraseJudged], context: Context) -> list[str]:
    """What the figures do not tell."""
    _ = context.translate
    lines = []
    if any(row.counts["real"] > len(row.missed) for row in rows if row.proposed > row.phrase.threshold):
        lines.append(_(N_("Real ones just above a proposed threshold may be missed as well: what speaks for a phrase counts for less where it fits less.")))
    if any(row.counts["prank"] for row in rows):
        lines.append(_(N_("No threshold keeps pranks away, for they are heard rightly. To ask for loudness or shouting as well: `alone`, docs/phrases.md")))
    lines.append(_(N_("No threshold is lowered: what stayed below one raised no alert, so nobody has judged it. Alerts that nobody judged are not counted.")))
    return lines


def _say_what_next(context: Context, rows: Sequence[PhraseJudged], measured: PhraseThresholds) -> None:
    """What is left to do; a threshold that somebody has written goes before the profile's."""
    _ = context.translate
    after = {phrase.spoken: phrase.threshold for phrase in list_in_use(context.config.phrases, context.models, calibrated=measured.thresholds).phrases}
    for row in rows:
        if row.proposed > row.phrase.threshold and after[row.phrase.spoken] != row.proposed:
            sentence = N_("{phrase}: the list or the configuration sets its threshold, which goes before the profile. Write there: threshold = {proposed:g}")
            context.errors.print(_(sentence).format(phrase=row.phrase.text, proposed=row.proposed), markup=False)
    if not context.json:
        context.console.print(_(N_("Next: call these phrases at the distances that matter (xiaoan calibrate walk), and look again in some weeks")))
