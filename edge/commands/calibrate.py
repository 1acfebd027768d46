"""`xiaoan calibrate …`: what was found, and one module an action that finds it."""

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.text import Text

from edge.commands import how, keeping
from edge.commands.arguments import whole
from edge.commands.context import Context, Subparsers, Translate, folding_table
from edge.config import profiles
from edge.config.profiles import Profile
from edge.detect.detector import LABELS
from edge.detect.manifest import Manifest, read_manifest
from edge.errors import EdgeError
from edge.words import N_

MEASURING = ("level", "site", "phrases", "thresholds", "walk")
"""Actions that have a module of their own, `calibrate_…`, in the order of an installation."""


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("calibrate", help=_("calibrate this terminal"), description=_("Calibrate this terminal, and show what was found."))
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True)
    for name in MEASURING:
        import_module(f"edge.commands.calibrate_{name}").add(actions, _)
    show = actions.add_parser(
        "show", help=_("show what was found and what of it is in use"), description=_("Show what calibration found and what of it is in use.")
    )
    past = actions.add_parser("history", help=_("list the last ten profiles"), description=_("List the last ten profiles, the newest first."))
    for action in (show, past):
        action.add_argument("--json", action="store_true", help=_("as JSON"))
    restore = actions.add_parser("restore", help=_("bring one of them back"), description=_("Bring one of the last ten profiles back."))
    restore.add_argument("number", type=number_of, metavar=_("NUMBER"), help=_("its number in the history"))
    restore.add_argument("--dry-run", action="store_true", help=_("say the result, write nothing"))


def number_of(text: str) -> int:
    """A number that a profile may have in the history."""
    return whole(text, 1, 999_999)


def run(args: argparse.Namespace, context: Context) -> int:
    """Carry out the action. Returns the exit status."""
    match args.action:
        case "show":
            return _show(context)
        case "history":
            return _history(context)
        case "restore":
            return _restore(args, context)
    status: int = import_module(f"edge.commands.calibrate_{args.action}").run(args, context)
    return status


def _manifest(context: Context) -> Manifest:
    return read_manifest(context.models / "detector.toml", LABELS)


def _show(context: Context) -> int:
    manifest = _manifest(context)
    found = context.calibration(manifest.sha256)
    if context.json:
        context.print_json({
            "profile": _as_json(_readable(context.state / profiles.FILE)),
            "in_use": {"sensitivity_dbfs": found.sensitivity_dbfs, "thresholds": found.thresholds, "phrases": found.phrases, "sha256": found.sha256},
            "problem": found.problem.told(context.translate) if found.problem else None,
        })  # fmt: skip
        return 1 if found.problem else 0
    _ = context.translate
    profile = _readable(context.state / profiles.FILE)
    if profile is None:
        if not found.problem:
            context.console.print(_(N_("Nothing was calibrated here yet. Begin with: xiaoan calibrate level")))
    else:
        for line in describe(profile, _):
            context.console.print(Text(line))
    origin = _(N_("measured")) if found.measured else _(N_("as configured, or the usual value; not measured"))
    context.console.print(_(N_("In use: {sensitivity:.1f} dBFS at 94 dB SPL ({origin})")).format(sensitivity=found.sensitivity_dbfs, origin=origin))
    return 1 if found.problem else 0


def describe(profile: Profile, _: Translate) -> list[str]:
    """A profile in words, a line each."""
    lines = [_(N_("Microphone: {device}")).format(device=profile.device or _(N_("the system's default")))]
    if (level := profile.level) is not None:
        sentence = _(N_("Sensitivity: {sensitivity:.1f} dBFS at 94 dB SPL, give or take {uncertainty:.1f} dB"))
        lines += [sentence.format(sensitivity=level.sensitivity_dbfs, uncertainty=level.uncertainty_db), _found(level, _)]
        if level.gains_percent:
            lines.append(_(N_("  with the gain at {gains}")).format(gains=", ".join(f"{name} {percent} %" for name, percent in level.gains_percent.items())))
    if (thresholds := profile.thresholds) is not None:
        for period, values in thresholds.periods.items():
            named = ", ".join(f"{_(label)} {value:.2f}" for label, value in values.items())
            lines.append(_(N_("Thresholds ({period}): {values}")).format(period=period, values=named))
        lines.append(_found(thresholds, _))
    if (phrases := profile.phrases) is not None:
        lines += [_(N_("Thresholds of {count} phrases")).format(count=len(phrases.thresholds)), _found(phrases, _)]
    return lines


def _found(origin: profiles.Origin, _: Translate) -> str:
    sentence = _(N_("  by {by}, {at}, {how}, from {heard} of sound"))
    return sentence.format(by=origin.by, at=origin.at or _(N_("time unknown")), how=how.told(origin.how, _), heard=duration(origin.heard_s))


def duration(seconds: float) -> str:
    """Seconds as a technician says them."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _history(context: Context) -> int:
    _ = context.translate
    found = profiles.history(context.state)
    current = _readable(context.state / profiles.FILE)
    if context.json:
        for one in found:
            broken = isinstance(one.profile, EdgeError)
            context.print_json({"number": one.number, "file": str(one.file), "current": one.profile == current,
                                "profile": None if broken else _as_json(one.profile), "problem": str(one.profile) if broken else None})  # fmt: skip
        return 0
    if not found:
        context.console.print(_(N_("Nothing was calibrated here yet. Begin with: xiaoan calibrate level")))
        return 0
    table = folding_table(_(N_("number")), "", _(N_("at")), _(N_("by")), "dBFS", _(N_("how")))
    marked = False
    for one in found:
        if isinstance(one.profile, EdgeError):
            table.add_row(str(one.number), "", "", "", "", Text(one.profile.told(_)))
            continue
        mark = "*" if one.profile == current and not marked else ""
        marked = marked or bool(mark)
        level = f"{one.profile.level.sensitivity_dbfs:.1f}" if one.profile.level else ""
        latest = max((o for o in (one.profile.level, one.profile.thresholds, one.profile.phrases) if o), key=lambda o: o.at, default=None)
        at, by, way = (latest.at, latest.by, how.told(latest.how, _)) if latest else ("", "", "")
        table.add_row(str(one.number), mark, at or _(N_("time unknown")), Text(by), level, Text(way))
    context.console.print(table)
    context.console.print(_(N_("* in use. To bring another one back: xiaoan calibrate restore NUMBER")))
    return 0


def _restore(args: argparse.Namespace, context: Context) -> int:
    profile = profiles.kept(context.state, args.number)
    profiles.refuse_foreign(profile, context.here(_manifest(context).sha256))
    for line in describe(profile, context.translate):
        context.console.print(Text(line))
    keeping.keep(context, profile, dry_run=args.dry_run)
    return 0


def _readable(file: Path) -> Profile | None:
    """The profile, None where there is none or it is broken; `calibration` has said why."""
    try:
        return profiles.read(file)
    except profiles.ProfileBroken:
        return None


def _as_json(profile: Any) -> Any:
    return None if profile is None else profile.model_dump(mode="json")
