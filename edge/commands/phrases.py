"""`xiaoan phrases check` and, beside this file, `try`."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edge.calibrate.findings import Finding
from edge.calibrate.vocabulary import Collision
from edge.commands import phrases_try
from edge.commands.context import Context, Subparsers, Translate
from edge.config.load import ConfigError
from edge.config.phrases import PhraseList, list_in_use
from edge.words import N_

TABLE = 110
"""Columns from which a table of six columns can be read."""


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "phrases",
        help=_("check a list of phrases, or try it"),
        description=_("Check a list of phrases before a terminal listens for it, or try it live."),
    )
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True)
    check = actions.add_parser(
        "check",
        help=_("say how each phrase is heard, and what speaks against it"),
        description=_(
            "Show each phrase of a list with the syllables that it is heard by, whether it is too short, which ordinary words sound like it, "
            "and what was measured of it: its recall and its false alarms, and from how much sound that is known."
        ),
        epilog=_("Exit status: 0 nothing speaks against any phrase, 1 something does or the list has mistakes, 2 it could not be done."),
    )
    check.add_argument("file", nargs="?", type=Path, metavar=_("FILE"), help=_("a list of phrases (default: the one that the terminal listens for)"))
    check.add_argument("--json", action="store_true", help=_("as JSON, an object for each phrase"))
    phrases_try.add(actions, _)


def run(args: argparse.Namespace, context: Context) -> int:
    """Look at each phrase. Status 1 where one wants looking at."""
    if args.action == "try":
        return phrases_try.run(args, context)
    settings, models = context.config.phrases, context.models
    try:
        listed = list_in_use(settings, models, args.file, context.calibration_of("").phrases)
    except ConfigError as error:
        for problem in error.problems:
            if context.json:
                context.print_json({"line": problem.line, "problem": problem.told(context.translate)})
            else:
                context.errors.print(problem.told(context.translate), markup=False)
        return 1
    waiting = context.errors.status(context.translate(N_("looking for words that sound alike"))) if context.errors.is_terminal else nullcontext()
    with waiting:
        found = _findings(context, listed, models)
    if context.json:
        for one in found:
            context.print_json(_as_json(one))
    else:
        _print(context, found)
    return 1 if any(one.wanting for one in found) else 0


def _findings(context: Context, listed: PhraseList, models: Path) -> list[Finding]:
    """All that can be said; what is missing for it is said on standard error."""
    from edge.calibrate import measured
    from edge.calibrate.findings import findings
    from edge.calibrate.vocabulary import VocabularyMissing, ordinary_words, vocabulary
    from edge.detect.phrases import PHRASE_MANIFEST, read_phrase_manifest
    from edge.detect.units import units_of

    units = units_of([phrase.text for phrase in listed.phrases], listed.mergers, heteronyms=listed.heteronyms)
    manifest = models / PHRASE_MANIFEST
    model = read_phrase_manifest(manifest) if manifest.exists() else None
    if model is None:
        context.errors.print(context.translate(N_("there is no phrase model here; whether it can hear each syllable is not known")))
    try:
        words = vocabulary(ordinary_words(frozenset().union(*(position for positions in units.values() for position in positions))))
    except VocabularyMissing as error:
        context.errors.print(error.told(context.translate), markup=False)
        words = None
    return list(
        findings(
            listed,
            units,
            None if model is None else frozenset(model.units),
            words,
            measured.read(models, model.scale_sha256) if model else measured.MeasuredPhrases(),
        )
    )


def _as_json(one: Finding) -> dict[str, object]:
    phrase, measured = one.phrase, one.measured
    return {
        "phrase": phrase.text, "group": phrase.group, "on": phrase.on, "units": [sorted(position) for position in one.units],
        "threshold": phrase.threshold, "severity": phrase.severity, "min_dba": phrase.min_dba, "only_shouted": phrase.only_shouted, "alone": phrase.alone,
        "short": one.short, "lacking": list(one.lacking), "alike": list(one.alike),
        "collisions": None if one.collisions is None else [_words(c) for c in one.collisions], "homophones": [_words(c) for c in one.homophones],
        "measured": measured and {
            "threshold": measured.threshold, "recall": measured.recall, "recall_limits": [round(limit, 4) for limit in measured.recall_limits],
            "recall_n": measured.recall_n, "false_alarms_per_h": measured.false_alarms_per_h,
            "false_limits": measured.false_limits and [round(limit, 4) for limit in measured.false_limits],
            "hours": measured.hours, "source": measured.source,
        },
    }  # fmt: skip


def _words(collision: Collision) -> dict[str, object]:
    return {"words": list(collision.words), "per_million": round(collision.per_million, 3)}


def _print(context: Context, found: Sequence[Finding]) -> None:
    _ = context.translate
    (_print_table if context.console.width >= TABLE else _print_blocks)(context, found)
    context.console.print()
    sentence = N_("{phrases} phrases, {on} of them listened for; something speaks against {wanting}, and {measured} have been measured")
    counts = {
        "phrases": len(found),
        "on": sum(one.phrase.on for one in found),
        "wanting": sum(one.wanting for one in found),
        "measured": sum(one.measured is not None for one in found),
    }
    context.console.print(_(sentence).format(**counts))
    for source in dict.fromkeys(one.measured.source for one in found if one.measured and one.measured.source):
        context.console.print(_(N_("measured on: {source}")).format(source=source), markup=False)


def _print_blocks(context: Context, found: Sequence[Finding]) -> None:
    """A block a phrase, wrapped: six columns beside each other would be cut to pieces."""
    _ = context.translate
    for one in found:
        head = Text(f"{one.phrase.text}  {_(one.phrase.group)}  {one.phrase.threshold:.2f}  {_syllables(one)}", _style(one) or "bold")
        lines = [head, *(Padding(Text(line), (0, 0, 0, 2)) for line in (*_against(one, _), *_measured(one, _).split("\n")))]
        for line in lines:
            context.console.print(line, soft_wrap=False)


def _syllables(one: Finding) -> str:
    return " ".join("/".join(sorted(position)) for position in one.units)


def _style(one: Finding) -> str:
    return "dim" if not one.phrase.on else "yellow" if one.wanting else ""


def _print_table(context: Context, found: Sequence[Finding]) -> None:
    _ = context.translate
    heads = (N_("phrase"), N_("label"), N_("syllables"), N_("threshold"), N_("what speaks against it"), N_("what was measured"))
    table = Table(*map(_, heads), box=None, pad_edge=False)
    for one in found:
        cells = (one.phrase.text, _(one.phrase.group), _syllables(one), f"{one.phrase.threshold:.2f}", "\n".join(_against(one, _)), _measured(one, _))
        table.add_row(*map(Text, cells), style=_style(one))
    context.console.print(table)


def _against(one: Finding, _: Translate) -> Iterator[str]:
    """What the technician should know, a line each."""
    if not one.phrase.on:
        yield _(N_("off: not listened for"))
    if one.short:
        yield _(N_("short: ordinary talk has these syllables by chance"))
    if one.lacking:
        yield _(N_("the model cannot hear {syllables}")).format(syllables=", ".join(one.lacking))
    if one.alike:
        yield _(N_("sounds like {others} of the list")).format(others=", ".join(one.alike))
    if one.homophones:
        yield _(N_("tones count little, so {words} is nearly the same (times in a million words)")).format(words=_often(one.homophones))
    if others := [c for c in one.collisions or () if c not in one.homophones]:
        yield _(N_("sounds like {words} (times in a million words)")).format(words=_often(others))


def _often(words: Sequence[Collision]) -> str:
    return ", ".join(f"{'+'.join(c.words)} {c.per_million:.2g}" for c in words)


def _measured(one: Finding, _: Translate) -> str:
    measured = one.measured
    if measured is None:
        return _(N_("not measured"))
    low, high = measured.recall_limits
    recall = _(N_("at {threshold:.2f}: heard {recall:.0%} ({low:.0%} to {high:.0%}) of {count}")).format(
        threshold=measured.threshold, recall=measured.recall, low=low, high=high, count=measured.recall_n
    )
    if measured.false_limits is None:
        return recall + "\n" + _(N_("{rate:.2g} false alarms an hour in {hours:g} h")).format(rate=measured.false_alarms_per_h, hours=measured.hours)
    low, high = measured.false_limits
    sentence = N_("{rate:.2g} false alarms an hour ({low:.2g} to {high:.2g}) in {hours:g} h")
    return recall + "\n" + _(sentence).format(rate=measured.false_alarms_per_h, low=low, high=high, hours=measured.hours)
