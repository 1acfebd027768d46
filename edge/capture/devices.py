"""Microphones by name. An index of PortAudio lives only as long as the process that asked for it, and never leaves it."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from edge.capture import childprocess
from edge.capture.cards import Card
from edge.capture.errors import DevicesUnknown, MicrophoneBusy, MicrophoneMissing, PortAudioMissing

HARDWARE = re.compile(r"^(.*) \(hw:(\d+),(\d+)\)$")
"""How PortAudio calls a device of a card: `USB PnP Sound Device: Audio (hw:1,0)`."""

LISTING_S = 20.0
"""PortAudio opens every device to ask what it can do; a sound server that does not answer holds it up."""


@dataclass(frozen=True, slots=True)
class Device:
    """A microphone that could be configured. `name` and each of `also` may stand in the configuration."""

    name: str
    also: tuple[str, ...]
    label: str
    channels: int
    rate_hz: int  # its own default; 0 where it could not be opened
    usable: bool  # False: ALSA has it but it could not be opened, mostly because a program (perhaps the terminal itself) holds it

    @property
    def names(self) -> tuple[str, ...]:
        """All that it answers to."""
        return (self.name, *self.also)


@dataclass(frozen=True, slots=True)
class Input:
    """A device with input channels as PortAudio tells it; `index` is good in this process only."""

    index: int
    label: str
    channels: int
    rate_hz: int


def name_devices(inputs: Sequence[Input], cards: Sequence[Card]) -> list[tuple[int | None, Device]]:
    """PortAudio's inputs under lasting names, then what ALSA has and PortAudio could not open (without an index)."""
    by_number = {card.number: card for card in cards}
    named: list[tuple[int | None, Device]] = []
    opened: set[tuple[int, int]] = set()
    for one in inputs:
        hardware = HARDWARE.match(one.label)
        if hardware and int(hardware[2]) in by_number:
            number, pcm = int(hardware[2]), int(hardware[3])
            opened.add((number, pcm))
            name, *also = names_of(by_number[number], pcm)
            named.append((one.index, Device(name, tuple(also), hardware[1], one.channels, one.rate_hz, usable=True)))
        else:
            named.append((one.index, Device(f"name:{one.label}", (), one.label, one.channels, one.rate_hz, usable=True)))
    for card in cards:
        for pcm in card.capture:
            if (card.number, pcm) not in opened:
                name, *also = names_of(card, pcm)
                named.append((None, Device(name, tuple(also), card.label, 0, 0, usable=False)))
    return named


def resolve(wanted: str, named: Sequence[tuple[int | None, Device]], default: int) -> int:
    """PortAudio's index of the microphone `wanted`; empty: `default`, PortAudio's own choice (-1: it has none).

    Of several devices of one USB id the first one is taken. Raises MicrophoneMissing, MicrophoneBusy.
    """
    matching = [index for index, device in named if wanted in device.names] if wanted else [None if default < 0 else default] * bool(named)
    usable = [index for index in matching if index is not None]
    if usable:
        return usable[0]
    if matching:
        raise MicrophoneBusy(wanted=wanted or "default")
    raise MicrophoneMissing(wanted=wanted or "default", present=", ".join(device.name for _, device in named) or "-")


def list_devices() -> list[Device]:
    """The microphones of this machine, asked for in a child process: PortAudio cannot forget what it saw first.

    Raises PortAudioMissing, DevicesUnknown.
    """
    command = [*childprocess.COMMAND, "--list"]
    try:
        listing = subprocess.run(
            command, env=childprocess.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=LISTING_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise DevicesUnknown(f"no answer within {LISTING_S:.0f} s") from error
    if listing.returncode == PortAudioMissing.exit_status:
        raise PortAudioMissing
    if listing.returncode:
        raise DevicesUnknown(childprocess.ending(listing.returncode))
    return [Device(**{**told, "also": tuple(told["also"])}) for told in json.loads(listing.stdout)]


def as_json(named: Sequence[tuple[int | None, Device]]) -> str:
    """What the child says when it is asked to list."""
    return json.dumps([asdict(device) for _, device in named])


def names_of(card: Card, pcm: int) -> list[str]:
    """How a device of a card may be named.

    The card's id first: it is what ALSA's own tools show; then the USB socket, which tells two of a kind apart, then the kind.
    """
    suffix = f",{pcm}" if pcm else ""
    names = [f"card:{card.id}"] + [f"path:{card.usb_path}"] * bool(card.usb_path) + [f"usb:{card.usb_id}"] * bool(card.usb_id)
    return [name + suffix for name in names]
