"""`xiaoan calibrate level`: the microphone's sensitivity."""

import argparse
import gettext
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.calibrate import level
from edge.calibrate.level import Heard, Sensitivity
from edge.capture.recording import rate_hz
from edge.commands import how, keeping
from edge.commands.arguments import number
from edge.commands.context import Context, Subparsers, Translate
from edge.config import profiles
from edge.config.profiles import Calibration, MeasuredLevel
from edge.detect.detector import LABELS
from edge.detect.manifest import read_manifest
from edge.doctor.gain import gains_percent
from edge.errors import EdgeError
from edge.features import RATE_HZ
from edge.words import N_

SETTLE_S = 1.0
"""After opening: sound cards begin with a click, and filters settle."""

WAIT_S = 60.0
"""So long the tone may take to come."""

LOOK_S = 0.5
LARGE_CHANGE_DB = 10.0


class WrongUse(EdgeError):
    """The options do not go together."""


def add(actions: Subparsers, _: Translate) -> None:
    """Describe the action."""
    parser = actions.add_parser(
        "level",
        help=_("measure the microphone's sensitivity"),
        description=_(
            "Measure the microphone's sensitivity, on which every level in dBA rests: with an acoustic calibrator (1 kHz at 94 or 114 dB), or with "
            "steady noise and a sound level meter held beside the microphone. Two levels show as well whether the microphone follows."
        ),
        epilog=_("Exit status: 0 measured, 2 refused or impossible; the sentence says why."),
    )
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--calibrator", nargs="+", type=calibrator_level, metavar="DB", help=_("the calibrator's level, 94 or 114; both, if it has both"))
    way.add_argument(
        "--meter", nargs="*", type=meter_level, metavar="DBA", help=_("what the meter reads (LAeq or slow), for one or two noises; without a figure it asks")
    )
    parser.add_argument(
        "--recording", type=Path, nargs="+", metavar=_("FILE"), help=_("hear recordings made by this microphone, one for each level, instead of it")
    )
    parser.add_argument("--json", action="store_true", help=_("as JSON"))
    keeping.add_options(parser, _)


def calibrator_level(text: str) -> float:
    """94 or 114."""
    if text not in ("94", "114"):
        raise argparse.ArgumentTypeError(gettext.gettext(N_("a calibrator gives 94 or 114 dB, not {typed}")).format(typed=text))
    return float(text)


def meter_level(text: str) -> float:
    """A level that noise in a room may have."""
    return number(text, 40.0, 115.0)


def run(args: argparse.Namespace, context: Context) -> int:
    """Listen, judge, keep."""
    _ = context.translate
    model = read_manifest(context.models / "detector.toml", LABELS).sha256
    here = context.here(model)
    profile = profiles.to_build_on(context.state, here, replace=args.replace)
    before = context.calibration_of(model) if args.replace else context.calibration(model)
    references: list[float] = args.calibrator or args.meter or []
    if len(references) > 2 or (args.recording and len(args.recording) != len(references)):
        raise WrongUse(N_("one or two levels can be given, and a recording for each of them"))
    level.check_step(references)
    calibrator = bool(args.calibrator)
    if not references and not sys.stdin.isatty():
        raise WrongUse(N_("--meter without a figure asks for it, and there is no terminal to ask on; give it: --meter 74.5"))
    heard = list(_asked(context) if not references else _given(args, context, references, calibrator=calibrator))
    found = level.sensitivity(heard, calibrator=calibrator)
    _tell(context, found, before, calibrator=calibrator)
    one, two = (how.CALIBRATOR, how.CALIBRATOR_TWICE) if calibrator else (how.METER, how.METER_TWICE)
    way = how.written(one if len(heard) == 1 else two, level=heard[0].reference_db, other=heard[-1].reference_db)
    measured = MeasuredLevel(
        **keeping.origin(args, way, sum(h.heard_s for h in heard), model),
        sensitivity_dbfs=round(found.sensitivity_dbfs, 2),
        uncertainty_db=round(found.uncertainty_db, 2),
        gains_percent=None if args.recording else gains_percent(context.config.microphone.device),
    )
    keeping.keep(context, profile.model_copy(update={"level": measured}), dry_run=args.dry_run)
    if not context.json:
        context.console.print(_(N_("Next: look at the levels (xiaoan levels), then let it listen to the place (xiaoan calibrate site)")))
    return 0


def _given(args: argparse.Namespace, context: Context, references: list[float], *, calibrator: bool) -> Iterator[Heard]:
    """The levels of the command line, one after the other."""
    for i, reference in enumerate(references):
        recording = args.recording[i] if args.recording else None
        if not recording:
            if calibrator:
                sentence = N_("Set the calibrator to {level:g} dB, put it over the microphone and switch it on.")
            else:
                sentence = N_("Let the noise sound at which the meter beside the microphone reads {level:g} dBA.")
            _ask(context, sentence, level=reference)
        yield _measure(context, reference, recording, calibrator=calibrator)


def _asked(context: Context) -> Iterator[Heard]:
    """Readings of the meter that are asked for, one or two."""
    _ = context.translate
    for first, sentence in (
        (True, N_("Let steady noise sound (pink noise, loud), hold the meter beside the microphone and type what it reads (LAeq or slow, dBA): ")),
        (False, N_("Now at least {least:.0f} dB softer or louder; type what it reads, or only Enter to leave it at one: ")),
    ):
        reference = None
        while reference is None:
            context.errors.print(_(sentence).format(least=level.LEAST_STEP_DB), end="", markup=False)
            typed = keeping.answer().replace(",", ".").replace("\N{FULLWIDTH COMMA}", ".")
            if not typed and not first:
                return
            try:
                reference = meter_level(typed)
            except argparse.ArgumentTypeError:
                context.errors.print(_(N_("That is no level from 40 to 115 dBA.")))
        yield _measure(context, reference, None, calibrator=False)


def _ask(context: Context, sentence: str, **facts: object) -> None:
    """Say what to do, and wait for Enter where somebody can press it."""
    _ = context.translate
    context.errors.print(_(sentence).format(**facts), markup=False)
    if sys.stdin.isatty():
        context.errors.print(_(N_("Then press Enter.")))
        keeping.answer()


def _measure(context: Context, reference: float, recording: Path | None, *, calibrator: bool) -> Heard:
    from edge.commands.listening import blocks, progress

    if recording and not calibrator and (rate := rate_hz(recording)) < RATE_HZ:
        sentence = N_("{file} was recorded at {rate} Hz: the high part of the noise, which the meter heard, is missing. Record it at {needed} Hz or more")
        raise WrongUse(sentence, file=recording, rate=rate, needed=RATE_HZ)
    needed_s = level.TONE_S if calibrator else level.NOISE_S
    with blocks(context.config.microphone, recording) as sound, progress(context, needed_s) as bar:
        skipped = 0
        while not recording and skipped < SETTLE_S * RATE_HZ:
            skipped += len(next(sound))
        if calibrator and not recording:
            context.errors.print(context.translate(N_("It waits for the tone, up to {seconds:.0f} s.")).format(seconds=WAIT_S))
        start = _tone_begins(sound) if calibrator else np.zeros(0, np.float32)
        taken = [start]
        count = len(start)
        while count < needed_s * RATE_HZ and (block := next(sound, None)) is not None:
            taken.append(block)
            count += len(block)
            bar(count / RATE_HZ)
    samples = np.concatenate(taken)
    return level.tone(samples, reference) if calibrator else level.noise(samples, reference)


def _tone_begins(sound: Iterator[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Wait for half a second of tone, and let another half pass while it settles. Where none comes, what was heard last."""
    window, waited = np.zeros(0, np.float32), 0
    size = round(LOOK_S * RATE_HZ)
    for block in sound:
        waited += len(block)
        window = np.concatenate([window, block])[-round(level.TONE_S * RATE_HZ) :]
        if len(window) >= size and level.has_tone(window[-size:]):
            settled = 0
            while settled < size and (more := next(sound, None)) is not None:
                settled += len(more)
            return np.zeros(0, np.float32)
        if waited > WAIT_S * RATE_HZ:
            break
    return window


def _tell(context: Context, found: Sensitivity, before: Calibration, *, calibrator: bool) -> None:
    """The result, and what to think of it."""
    if context.json:
        context.print_json({"sensitivity_dbfs": round(found.sensitivity_dbfs, 2), "uncertainty_db": round(found.uncertainty_db, 2),
                            "followed_db": None if found.followed_db is None else round(found.followed_db, 2)})  # fmt: skip

    def say(sentence: str, **facts: object) -> None:
        (context.errors if context.json else context.console).print(context.translate(sentence).format(**facts), markup=False)

    if not context.json:
        sentence = N_("Sensitivity: {sensitivity:.1f} dBFS at 94 dB SPL, give or take {uncertainty:.1f} dB")
        say(sentence, sensitivity=found.sensitivity_dbfs, uncertainty=found.uncertainty_db)
    if found.followed_db is None:
        again = "--calibrator 94 114" if calibrator else "--meter"
        say(N_("From one level alone nobody can tell whether the microphone follows (no automatic gain control). With two: {again}"), again=again)
    elif not context.json:
        say(N_("The microphone follows: from one level to the other it is {db:+.1f} dB off."), db=found.followed_db)
    change_db = found.sensitivity_dbfs - before.sensitivity_dbfs
    if abs(change_db) >= LARGE_CHANGE_DB:
        say(N_("That is {db:+.1f} dB against what was in use. If nobody changed gain or microphone, check the reference level."), db=change_db)
    if "sensitivity_dbfs" in context.config.microphone.model_fields_set:
        say(N_("The configuration sets sensitivity_dbfs, and that goes before the profile: take the line out of [microphone]."))


