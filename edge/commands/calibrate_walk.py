"""`xiaoan calibrate walk`: the acceptance walk, and its sheet."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from edge.calibrate import report
from edge.calibrate.walk import Act, Trial, Tried, accepted, judge, trials
from edge.chain import Chain, Listening
from edge.commands import keeping
from edge.commands.context import Context, Subparsers, Translate
from edge.config.names import own_terminal_name
from edge.config.profiles import Calibration
from edge.decide.rules import rules_for
from edge.decide.types import Step
from edge.detect.detector import Detector
from edge.errors import EdgeError
from edge.features import RATE_HZ
from edge.words import N_

LISTEN_S = 6.0
SETTLE_S = 1.0
BY_HAND = "________________"
"""In the place of the time, while the clock is not synchronised."""

_DO = {
    Act.SHOUT: N_("{distance} m away, shout for help, as loud as you can, two or three times"),
    Act.CLAP: N_("{distance} m away, clap your hands five times"),
    Act.READ: N_("{distance} m away, read something aloud, as a teacher does"),
    Act.SAY: N_("{distance} m away, call as somebody in trouble would: {phrase}"),
}


class NobodyThere(EdgeError):
    """The walk needs somebody at a terminal."""


def add(actions: Subparsers, _: Translate) -> None:
    """Describe the action."""
    parser = actions.add_parser(
        "walk",
        help=_("the acceptance walk: shout, clap, read and call at four distances"),
        description=_(
            "At 1, 3, 5 and 10 m somebody shouts, claps, reads aloud and calls a phrase of the list; each is shown as heard or not, with level and score. "
            "Shouts up to 5 m must be raised, claps and reading never; phrases are shown and not judged. No sound is kept. It ends in an acceptance sheet "
            "to print."
        ),
        epilog=_("Exit status: 0 accepted, 1 something did not come out as it must or was left out, 2 it could not be done."),
    )
    parser.add_argument("--sheet", type=Path, metavar="OUT.html", help=_("write the acceptance sheet"))
    parser.add_argument("--by", default="", metavar=_("NAME"), help=_("who does it (default: the user)"))
    parser.add_argument("--dry-run", action="store_true", help=_("say the result, write nothing"))
    parser.add_argument("--json", action="store_true", help=_("as JSON, an object for each trial"))


def run(args: argparse.Namespace, context: Context) -> int:
    """Walk, show, write the sheet."""
    from edge.commands.listening import phrases_heard

    _ = context.translate
    if not sys.stdin.isatty():
        raise NobodyThere(N_("the walk asks for Enter before each trial, and there is no terminal to ask on"))
    if args.sheet:
        report.check(args.sheet, charts=False)
    detector = Detector.load(context.models)
    calibration = context.calibration(detector.manifest.sha256)
    listening = phrases_heard(context, calibration)
    walk = trials(listening.wanted.phrases if listening else ())
    tried: list[Tried] = []
    for number, trial in enumerate(walk, 1):
        sentence = _(_DO[trial.act]).format(distance=trial.distance_m, phrase=trial.phrase)
        context.errors.print(Text(f"{number}/{len(walk)}  {sentence}", "bold"))
        context.errors.print(_(N_("Enter, and begin at the bar; s and Enter leaves it out, q and Enter ends: ")), end="")
        answer = keeping.answer().lower()
        if answer == "q":
            break
        if answer == "s":
            continue
        tried.append(_listen(context, detector, listening, calibration, trial))
        _tell(context, tried[-1])
    if args.sheet and args.dry_run:
        context.errors.print(_(N_("dry run: nothing is written")))
    elif args.sheet:
        _write_sheet(args, context, detector, calibration, tried, walk)
    well = accepted(tried, walk)
    if not context.json:
        done = N_("Accepted.") if well else N_("Not accepted: {wrong} of {tried} did not come out as they must, {left} were left out.")
        context.console.print(_(done).format(wrong=sum(not t.as_wanted for t in tried), tried=len(tried), left=len(walk) - len(tried)))
    return 0 if well else 1


def _listen(context: Context, detector: Detector, listening: Listening | None, calibration: Calibration, trial: Trial) -> Tried:
    from edge.commands.listening import blocks, period_now, progress

    config, chain = context.config, Chain(detector, calibration.sensitivity_dbfs, listening)
    steps: list[Step] = []
    heard = 0
    with blocks(config.microphone, None) as sound:
        while heard < SETTLE_S * RATE_HZ:
            heard += len(next(sound))
        with progress(context, LISTEN_S) as bar:
            heard = 0
            while heard < LISTEN_S * RATE_HZ:
                block = next(sound)
                heard += len(block)
                steps += chain.feed(block)
                bar(heard / RATE_HZ)
    defaults = {**detector.manifest.rules, **(listening.rules if listening else {})}
    rules = rules_for(defaults, config.labels, config.periods, period_now(config), calibration.thresholds)
    return judge(trial, steps, rules)


def _tell(context: Context, tried: Tried) -> None:
    if context.json:
        context.print_json({"distance_m": tried.trial.distance_m, "act": tried.trial.act, "raised": tried.raised, "as_wanted": tried.as_wanted,
                            "phrase": tried.trial.phrase or None, "heard": tried.heard,
                            "level_dba": round(tried.level_dba, 1), "scores": {label: round(score, 3) for label, score in tried.scores.items()}})  # fmt: skip
        return
    outcome, raised, level, scores = cells(tried, context.translate)
    context.console.print(Text(f"      {outcome}: {raised}, {level}, {scores}", "green" if tried.as_wanted else "bold red"))


def cells(tried: Tried, _: Translate) -> tuple[str, str, str, str]:
    """Outcome, what was raised, level and scores, in words."""
    outcome = _(N_("as it must be")) if tried.as_wanted else _(N_("NOT as it must be"))
    if tried.trial.phrase:
        outcome = _(N_("the phrase was heard")) if tried.heard else _(N_("the phrase was not heard"))
    raised = ", ".join(map(_, tried.raised)) or _(N_("nothing raised"))
    if tried.heard:
        raised += f" ({tried.heard})"
    return outcome, raised, f"{tried.level_dba:.0f} dBA", ", ".join(f"{_(label)} {score:.2f}" for label, score in tried.scores.items())


def _write_sheet(
    args: argparse.Namespace, context: Context, detector: Detector, calibration: Calibration, tried: Sequence[Tried], walk: Sequence[Trial]
) -> None:
    _, config = context.translate, context.config
    measured, unmeasured = calibration.measured, _(N_("not measured"))
    sensitivity = f"{calibration.sensitivity_dbfs:.1f} dBFS" + (f" ± {measured.uncertainty_db:.1f} dB" if measured else f" ({unmeasured})")
    facts = (
        (N_("terminal"), f"{config.terminal.site}/{own_terminal_name(config.terminal.name)}"),
        (N_("place"), config.terminal.place),
        (N_("at"), keeping.now_utc() or BY_HAND),
        (N_("by"), args.by or keeping.user()),
        (N_("microphone"), f"{config.microphone.device or 'default'}, {sensitivity}"),
        (N_("model"), detector.manifest.sha256[:16]),
        (N_("the profile"), calibration.sha256[:16]),
    )
    rows = [(f"{t.trial.distance_m} m", t.trial.phrase or _(t.trial.act), *cells(t, _)) for t in tried]
    left = len(walk) - len(tried)
    report.write_sheet(args.sheet, [(_(name), value) for name, value in facts], rows, accepted=accepted(tried, walk), left=left, translate=_)
    context.errors.print(_(N_("sheet: {file}")).format(file=args.sheet), markup=False)
