"""`xiaoan doctor`: everything that can be wrong, one line each, with the remedy."""

import argparse
import os
from collections.abc import Iterator

from rich.cells import set_cell_size
from rich.text import Text

from edge.calibrate.history import Past
from edge.commands.context import Context, Subparsers, Translate
from edge.config.load import ConfigError
from edge.config.profiles import Calibration, MeasuredThresholds
from edge.detect.manifest import Manifest
from edge.doctor.check import Check, State, bad, failed, good
from edge.errors import EdgeError
from edge.words import N_

HEAD = 8
"""Cells in front of what was seen."""

_STYLES = {State.GOOD: "green", State.WARNING: "yellow", State.BAD: "bold red"}


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "doctor",
        help=_("check everything, with a remedy for what is wrong"),
        description=_("Check everything that can be wrong with this terminal, one line each: good, warning or bad, with the remedy."),
        epilog=_("Exit status: 0 nothing is bad, 1 something is bad."),
    )
    parser.add_argument("--json", action="store_true", help=_("as JSON, an object for each check"))


def run(args: argparse.Namespace, context: Context) -> int:  # noqa: ARG001 - all commands are called alike
    """Look at everything. Status 1 where something is bad."""
    _ = context.translate
    states = []
    for check in _checks(context):
        states.append(check.state)
        remedy = check.told_remedy(_)
        if context.json:
            context.print_json({"name": check.name, "state": check.state, "told": check.told(_), "remedy": remedy or None})
            continue
        line = Text.assemble((set_cell_size(_(check.state), HEAD), _STYLES[check.state]), check.told(_))
        context.console.print(line)
        if remedy:
            context.console.print(Text(f"{'':<{HEAD}}→ {remedy}"))
    if not context.json:
        sentence = N_("{good} good, {warning} to look after, {bad} bad")
        context.console.print(_(sentence).format(good=states.count(State.GOOD), warning=states.count(State.WARNING), bad=states.count(State.BAD)))
    return 1 if State.BAD in states else 0


def _checks(context: Context) -> Iterator[Check]:
    from edge.config.names import own_terminal_name
    from edge.doctor import computer, gain, panel, sound, storage, terminal
    from edge.health.clock import system_clock

    yield computer.versions()
    yield from computer.user()
    try:
        config = context.config
    except ConfigError as error:
        for problem in error.problems:
            yield failed("config", problem)
        return
    except EdgeError as error:
        yield failed("config", error)
        return
    file = context.loaded.file
    yield good("config", N_("{file} is good"), file=file) if file else good("config", N_("there is no configuration file; the defaults hold"))
    try:
        name = own_terminal_name(config.terminal.name)
        yield good("name", N_("the terminal is {site}/{name}"), site=config.terminal.site, name=name)
    except EdgeError as error:
        name = ""
        yield failed("name", error)
    yield from computer.clock(system_clock(), has_periods=bool(config.periods))
    yield computer.disk(context.state)
    yield from storage.storage(context.state)
    yield from computer.temperature()
    yield from computer.throttled()
    yield from computer.unit()
    yield from computer.watchdog()
    yield terminal.state(context.state)
    yield from _rights(context)
    checked, detector = terminal.model(context.models)
    yield checked
    yield terminal.phrases(config.phrases, context.models)
    sensitivity_dbfs, measured = config.microphone.sensitivity_dbfs, None
    if detector:
        found = context.calibration_of(detector.manifest.sha256)
        sensitivity_dbfs, measured = found.sensitivity_dbfs, found.measured
        sentence = N_("in `health` the desk sees model {model}… and profile {profile}…, which is configuration and profile together")
        yield good("hashes", sentence, model=detector.manifest.sha256[:8], profile=found.sha256[:8])
        yield from terminal.profile(config, context.state, found)
        yield from terminal.place(*_place(context, detector.manifest, found))
    yield from gain.gain(config.microphone.device)
    yield from gain.gain_since(measured.gains_percent if measured else None, config.microphone.device)
    yield from sound.microphone(config.microphone, sensitivity_dbfs, terminal_runs=terminal.runs(context.state))
    yield from panel.parts(config, terminal_runs=terminal.runs(context.state))
    yield from _broker(context, name)


def _rights(context: Context) -> Iterator[Check]:
    """As the service's user where that is possible; whoever else looks is told so by `user`."""
    from edge.doctor import computer
    from edge.doctor.rights import account, needs, rights

    service = account(computer.USER, computer.groups_of_unit()) if os.getuid() == 0 else None
    if service or os.getuid() != 0:  # without a service root's rights tell nothing
        yield from rights(needs(context.config, context.loaded.file, context.state, context.models), service)


def _place(context: Context, manifest: Manifest, found: Calibration) -> tuple[MeasuredThresholds | None, Past]:
    """What the place was like when thresholds were found, and what it was like lately."""
    from edge.calibrate.history import read, setup_for
    from edge.commands.listening import local_time
    from edge.config import profiles
    from edge.doctor.terminal import LAST_DAYS

    profile = None if found.problem else profiles.read(context.state / profiles.FILE)
    now = local_time()
    setup = setup_for(context.config, manifest, found.sensitivity_dbfs)
    return profile.thresholds if profile else None, read(context.state, setup, manifest.step_s, LAST_DAYS, now.date() if now else None)


def _broker(context: Context, name: str) -> Iterator[Check]:
    from edge.doctor import broker
    from edge.link.connection import endpoint_of
    from edge.link.topics import Topics

    config = context.config
    if not config.broker.host:
        yield bad("broker", N_("no MQTT broker is configured, so nobody hears of an alert"), N_("set `host` in [broker] of {file}"), file=context.loaded.target)
        return
    try:
        endpoint = endpoint_of(config.broker, os.environ)
    except EdgeError as error:
        yield failed("broker", error)
        return
    yield from broker.stages(endpoint, Topics(config.terminal.site, name))
