"""`xiaoan devices`."""

import argparse
from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from edge.capture.devices import Device, list_devices
from edge.commands.context import Context, Subparsers, Translate
from edge.words import N_


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("devices", help=_("list the microphones"), description=_("List the microphones by names that survive a reboot."))
    parser.add_argument("--json", action="store_true", help=_("as JSON"))


def run(args: argparse.Namespace, context: Context) -> int:  # noqa: ARG001 - all commands are called alike
    """Print each microphone, and what to write into the configuration. Status 1 where there is none."""
    devices = list_devices()
    if context.json:
        for device in devices:
            context.print_json(asdict(device))
    else:
        _print(devices, context)
    return 0 if devices else 1


def _print(devices: list[Device], context: Context) -> None:
    _ = context.translate
    if not devices:
        context.console.print(_(N_("There is no microphone. Check the plug, and that your user is in the group audio.")))
        return
    table = Table(_(N_("name")), _(N_("also known as")), _(N_("description")), _(N_("channels")), _(N_("rate in Hz")), box=None, pad_edge=False)
    for device in devices:
        numbers = (str(device.channels), str(device.rate_hz)) if device.usable else (_(N_("in use")), "")
        table.add_row(Text(device.name), Text("\n".join(device.also)), Text(device.label), *numbers)
    context.console.print(table)
    context.console.print()
    context.console.print(_(N_("To use one, write its name into the configuration ({file}):")).format(file=context.loaded.target), markup=False)
    context.console.print(f'\n[microphone]\ndevice = "{devices[0].name}"', markup=False)
