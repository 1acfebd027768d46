"""`xiaoan config check|show|schema`."""

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from edge.commands.context import Context, Subparsers, Translate
from edge.config.allowed import json_schema
from edge.config.load import ConfigError, Loaded
from edge.config.names import own_terminal_name, state_folder
from edge.config.where import KeyPath
from edge.errors import EdgeError
from edge.shipped import models_folder
from edge.words import N_, language

# Where a value came from, as --json says it.
FROM_FILE, FROM_DEFAULT, FROM_MACHINE, FROM_MODEL, FROM_PROFILE = "file", "default", "machine", "model", "profile"


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("config", help=_("check and show the configuration"), description=_("Check and show the configuration."))
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True)
    check = actions.add_parser(
        "check", help=_("say whether the file can be used"), description=_("Say whether the file can be used, and what is wrong with it.")
    )
    show = actions.add_parser("show", help=_("show every value and where it comes from"), description=_("Show every value that holds and where it comes from."))
    for action in (check, show):
        action.add_argument("--json", action="store_true", help=_("as JSON"))
    actions.add_parser(
        "schema",
        help=_("print all keys with defaults, bounds and a sentence each"),
        description=_("Print all keys with defaults, bounds and a sentence each, as a JSON schema."),
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Carry out one of the three."""
    match args.action:
        case "check":
            return _check(context)
        case "show":
            return _show(context)
    print(json.dumps(_translated(json_schema(), context.translate), ensure_ascii=False, indent=2))
    return 0


def _check(context: Context) -> int:
    try:
        file = context.loaded.file
    except ConfigError as error:
        for problem in error.problems:
            if context.json:
                context.print_json({"line": problem.line, "key": problem.facts.get("key"), "problem": problem.told(context.translate)})
            else:
                context.errors.print(problem.told(context.translate), markup=False)
        return 1
    if not context.json:
        said = context.translate(N_("{file} is good")) if file else context.translate(N_("there is no configuration file; the defaults hold"))
        context.console.print(said.format(file=file), markup=False)
    return 0


def _show(context: Context) -> int:
    _ = context.translate
    loaded = context.loaded
    model, profile = _measured_values(context)
    rows = list(_values(loaded, _name(context), model, profile))
    if context.json:
        context.print_json({key: {"value": value, "from": origin, "line": line} for key, value, origin, line in rows})
        return 0
    table = Table("", _(N_("value")), _(N_("from")), box=None, pad_edge=False)
    said = {FROM_DEFAULT: _(N_("default")), FROM_MACHINE: _(N_("this machine")), FROM_MODEL: _(N_("the model")), FROM_PROFILE: _(N_("the profile"))}
    for key, value, origin, line in rows:
        place = _(N_("line {line}")).format(line=line) if origin == FROM_FILE else said[origin]
        table.add_row(key, Text("" if value is None else json.dumps(value, ensure_ascii=False)), place)
    if loaded.file:
        context.console.print(str(loaded.file), markup=False)
    context.console.print(table)
    return 0


def _name(context: Context) -> str:
    """The terminal's name; none, and a remark, where the machine gives none."""
    try:
        return own_terminal_name(context.config.terminal.name)
    except EdgeError as error:
        context.errors.print(error.told(context.translate), markup=False)
        return ""


def _measured_values(context: Context) -> tuple[dict[KeyPath, object], dict[KeyPath, object]]:
    """What the model's manifest and what the profile say where the configuration is silent; nothing, and a remark, where the model cannot be read."""
    from edge.decide.period import DEFAULT
    from edge.detect.manifest import read_manifest

    try:
        manifest = read_manifest(context.models / "detector.toml")
    except EdgeError as error:
        context.errors.print(error.told(context.translate), markup=False)
        return {}, {}
    found = context.calibration(manifest.sha256)
    profile: dict[KeyPath, object] = {("labels", label, "threshold"): value for label, value in found.thresholds.get(DEFAULT, {}).items()}
    if found.measured:
        profile["microphone", "sensitivity_dbfs"] = found.sensitivity_dbfs
    return {("labels", label, key): value for label, rule in manifest.rules.items() for key, value in asdict(rule).items()}, profile


def _values(
    loaded: Loaded, name: str, model: Mapping[KeyPath, object], profile: Mapping[KeyPath, object]
) -> Iterator[tuple[str, object, str, int | None]]:
    """Key, the value that holds, where it comes from, and its line where that is the file."""
    config = loaded.config
    derived: dict[KeyPath, object] = {
        ("terminal", "name"): name,
        ("terminal", "language"): config.terminal.language or language("", os.environ),
        ("broker", "port"): config.broker.port_used,
        ("paths", "state"): str(state_folder(config.paths.state, os.environ)),
        ("paths", "models"): config.paths.models or str(models_folder()),
    }
    for path, value in _flat(config.model_dump(mode="json", by_alias=True), ()):
        key = ".".join(str(step) for step in path)
        if path in loaded.lines and not (path in derived and not value):
            yield key, value, FROM_FILE, loaded.lines[path]
        elif path in derived:
            yield key, derived[path], FROM_MACHINE, None
        elif path in profile:
            yield key, profile[path], FROM_PROFILE, None
        elif value is None and path in model:
            yield key, model[path], FROM_MODEL, None
        else:
            yield key, value, FROM_DEFAULT, None


def _flat(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Every value that is not a table; lists stay whole."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, (*path, key))
    else:
        yield path, value


def _translated(node: Any, translate: Translate) -> Any:
    """The schema with its sentences in the language of `translate`."""
    if isinstance(node, dict):
        spoken = {key: translate(node[key]) for key in ("description", "allowed") if isinstance(node.get(key), str)}
        return {key: _translated(inner, translate) for key, inner in node.items()} | spoken
    return [_translated(inner, translate) for inner in node] if isinstance(node, list) else node
