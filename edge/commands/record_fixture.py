"""`xiaoan record-fixture`: seconds of sound with a label, for the maintainers, announced aloud and sealed."""

import argparse
import errno
import os
import re
import secrets
import sys
import time
from pathlib import Path

import numpy as np

from edge.commands import keeping
from edge.commands.arguments import BadArguments, number
from edge.commands.context import Context, Subparsers, Translate
from edge.errors import EdgeError, filled
from edge.evidence.container import About, Fixture, Samples
from edge.evidence.fixture import LABELS
from edge.evidence.sealing import Seal, from_text
from edge.features import RATE_HZ
from edge.reasons import reason_of
from edge.words import N_

SHORTEST_S, LONGEST_S, USUAL_S = 2.0, 60.0, 10.0
LEAVE_S = 3.0
"""Between the warning and the first sample: whoever does not want to be recorded takes some steps."""

SETTLE_S = 1.0
"""After opening: sound cards begin with a click, and filters settle."""

LEAST_CONSENT = 6
"""Characters: a name and a word."""

CLIPPED = 0.001
"""Share of samples at full scale from which it is said."""


class NobodyWarned(EdgeError):
    """Nothing is recorded where nobody was told."""


class NothingToKeep(EdgeError):
    """The microphone gave silence."""


class NoKey(EdgeError):
    """There is no key to seal to."""


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "record-fixture",
        help=_("record seconds of sound with a label, for the maintainers"),
        description=_(
            "Record seconds of sound with a label, so that the maintainers can make the terminal hear it. It says aloud that sound is recorded, by the "
            "loudspeaker of the configuration or by you; wants to know who agreed; and seals the sound to the maintainers' key, so that nobody else "
            "can hear it."
        ),
        epilog=_("Exit status: 0 recorded, 2 refused or impossible; the sentence says why."),
    )
    parser.add_argument("label", choices=LABELS, metavar=_("LABEL"), help=_("what must be raised by it: shouting, crying, insult, help; none: nothing may"))
    parser.add_argument("--consent", required=True, metavar=_("WORDS"), help=_("who agreed to be recorded, and how; kept with the sound"))
    parser.add_argument("--seconds", type=seconds, default=USUAL_S, metavar="S", help=_("how long, 2 to 60 (default: 10)"))
    parser.add_argument("--note", default="", metavar=_("WORDS"), help=_("what is done: who, how far away"))
    parser.add_argument("--by", default="", metavar=_("NAME"), help=_("who records (default: the user)"))
    parser.add_argument("--key", default="", metavar=_("KEY"), help=_("public key to seal to (default: the one in [evidence])"))
    parser.add_argument("--clear", action="store_true", help=_("do not seal: FLAC, and truth.csv beside it for `xiaoan replay --expect`"))
    parser.add_argument("--folder", type=Path, default=Path(), metavar=_("FOLDER"), help=_("where to (default: this folder)"))
    parser.add_argument("--warning", type=Path, metavar=_("FILE"), help=_("recording of the warning in a voice of your own (default: a shipped one)"))
    parser.add_argument("--said", action="store_true", help=_("the warning has been said aloud by you; nothing is played and nothing asked"))
    parser.add_argument("--dry-run", action="store_true", help=_("warn and listen, write nothing"))
    parser.add_argument("--json", action="store_true", help=_("as JSON"))


def seconds(text: str) -> float:
    """So long as a recording may be."""
    return number(text, SHORTEST_S, LONGEST_S)


def run(args: argparse.Namespace, context: Context) -> int:
    """Warn, record, seal."""
    from edge.config.names import own_terminal_name
    from edge.detect.detector import LABELS as DETECTED
    from edge.detect.manifest import read_manifest
    from edge.evidence import fixture
    from edge.evidence.container import as_flac, pack
    from edge.evidence.shelf import SUFFIX

    consent = " ".join(args.consent.split())
    if len(consent) < LEAST_CONSENT:
        raise BadArguments(N_("--consent must say who agreed and how, in some words"))
    seal = None if args.clear else _seal(args, context)
    if (refused := _refused(args.folder)) is not None:
        raise fixture.NotWritten(N_("{file}: cannot be written: {told}"), file=args.folder, told=reason_of(refused))
    sensitivity_dbfs = context.calibration(read_manifest(context.models / "detector.toml", DETECTED).sha256).sensitivity_dbfs
    _warn(args, context)
    sound = _listen(args.seconds, context)
    level_dba = _judge(sound, sensitivity_dbfs, context)
    at = keeping.now_utc()
    name = f"fixture-{args.label}-{re.sub('[-:]', '', at) or 'undated'}-{secrets.token_hex(2)}"
    terminal = f"{context.config.terminal.site}/{own_terminal_name(context.config.terminal.name)}"
    about = About(name, args.label, context.config.terminal.place, terminal, at or None, 0.0, len(sound) / RATE_HZ,
                  Fixture(consent, args.by or keeping.user(), args.note, context.config.microphone.device, sensitivity_dbfs, round(level_dba, 1)))  # fmt: skip
    file = args.folder / (f"{name}{SUFFIX}" if seal else f"{name}.flac")
    if not args.dry_run:
        if seal:
            fixture.put(file, seal(pack(about, sound)))
        else:
            fixture.put_clear(file, about, as_flac(sound))
    _tell(args, context, file, about)
    return 0


def _refused(folder: Path) -> OSError | None:
    """Why nothing can be written there."""
    if not folder.is_dir():
        return OSError(errno.ENOTDIR if folder.exists() else errno.ENOENT, "")
    return None if os.access(folder, os.W_OK | os.X_OK) else OSError(errno.EACCES, "")


def _seal(args: argparse.Namespace, context: Context) -> Seal:
    text = args.key or context.config.evidence.public_key
    if not text:
        raise NoKey(N_("there is no key to seal to: give the maintainers' public key with --key, or --clear to keep the sound as it is"))
    try:
        return Seal(from_text(text))
    except ValueError as error:
        raise BadArguments(N_("--key must be a public key as `xiaoan evidence keygen` prints it")) from error


def _warn(args: argparse.Namespace, context: Context) -> None:
    """Everybody in hearing must know before the first sample. Raises NobodyWarned."""
    from edge.panel.announce import announce, warning_in

    _, config = context.translate, context.config
    warning = _(N_("Attention, please. Sound will now be recorded. Whoever does not want to be recorded, please leave now."))
    context.errors.print(warning, style="bold", markup=False)
    if args.said:
        return
    loudspeaker = config.loudspeaker.device or (config.sounder.loudspeaker if config.sounder.sentence else "")
    why = announce(loudspeaker, args.warning or warning_in(context.language)) if loudspeaker else _(N_("no loudspeaker is configured"))
    if why:
        if not sys.stdin.isatty():
            raise NobodyWarned(N_("nobody was warned: {why}. Say the warning aloud yourself, and then run it with --said"), why=why)
        sentence = N_("It was not said by the terminal: {why}. Say it aloud yourself, then press Enter.")
        context.errors.print(filled(sentence, {"why": why}, _), markup=False)
        keeping.answer()
    time.sleep(LEAVE_S)


def _listen(wanted_s: float, context: Context) -> Samples:
    from edge.commands.listening import blocks, progress
    from edge.evidence.container import to_int16

    with blocks(context.config.microphone, None) as sound, progress(context, wanted_s) as bar:
        skipped = heard = 0
        while skipped < SETTLE_S * RATE_HZ:
            skipped += len(next(sound))
        found = []
        while heard < wanted_s * RATE_HZ:
            found.append(next(sound))
            heard += len(found[-1])
            bar(heard / RATE_HZ)
    return to_int16(np.concatenate(found)[: round(wanted_s * RATE_HZ)])


def _judge(sound: Samples, sensitivity_dbfs: float, context: Context) -> float:
    """The loudest moment in dBA. Raises NothingToKeep."""
    from edge.evidence.container import FULL
    from edge.features.level import LevelStream

    if not sound.any():
        raise NothingToKeep(N_("the microphone gives silence; nothing is written. See: xiaoan doctor"))
    _, clipped = context.translate, float(np.mean(np.abs(sound.astype(np.int32)) >= FULL - 1))
    if clipped > CLIPPED:
        sentence = N_("{share:.1%} of it is clipped: stand farther away, or turn the gain down, and record it again.")
        context.errors.print(_(sentence).format(share=clipped), markup=False)
    return float(LevelStream().feed(sound.astype(np.float32) / np.float32(FULL)).max()) - sensitivity_dbfs + 94.0


def _tell(args: argparse.Namespace, context: Context, file: Path, about: About) -> None:
    from edge.evidence.fixture import TRUTH

    _, fixture = context.translate, about.fixture
    assert fixture
    if context.json:
        context.print_json({"file": None if args.dry_run else str(file), "label": about.label, "seconds": round(about.seconds, 2), "sealed": not args.clear,
                            "level_dba": fixture.level_dba, "consent": fixture.consent, "by": fixture.by})  # fmt: skip
        return
    heard = _(N_("{seconds:.0f} s of sound for {label}, up to {level:.0f} dBA"))
    context.console.print(heard.format(seconds=about.seconds, label=_(about.label), level=fixture.level_dba), markup=False)
    if args.dry_run:
        context.console.print(_(N_("dry run: nothing is written")))
    elif args.clear:
        context.console.print(_(N_("{file}, and what is expected of it in {truth}")).format(file=file, truth=file.with_name(TRUTH)), markup=False)
        context.console.print(_(N_("Next: xiaoan replay {folder} --expect {truth}")).format(folder=args.folder, truth=file.with_name(TRUTH)), markup=False)
    else:
        context.console.print(_(N_("{file}, sealed: only the owner of the key can hear it")).format(file=file), markup=False)
        sentence = N_("Next: send it to the maintainers, who open it with: xiaoan evidence open FILE --key KEY --who NAME --why REASON")
        context.console.print(_(sentence), markup=False)
