"""The microphone's card: its rates, its gain, and whether something turns that by itself. By ALSA's mixer, or the sound server's source."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from edge.capture import RATE_HZ
from edge.capture.cards import Card, read_cards
from edge.capture.devices import names_of
from edge.doctor.check import Check, bad, good, warning
from edge.words import N_

Ask: TypeAlias = Callable[[Sequence[str]], str | None]
"""A program's output; None where it is missing or fails."""

ASK_S = 20.0

_CONTROL = re.compile(r"^Simple mixer control '(.*)',(\d+)$", re.MULTILINE)
_CAPTURE = re.compile(r"Capture \d+ \[(\d+)%\](?: \[(-?[\d.]+)dB\])?(?: \[(on|off)\])?")
_SWITCHES_ITSELF = re.compile(r"auto.*gain|\bagc\b|\balc\b|noise.?(suppress|reduc|gate|cancel)", re.IGNORECASE)
_RATES = re.compile(r"Rates: ([\d, -]*\d)")
_ITEM = re.compile(r"Item0: '(.*)'")
_OFF_ITEMS = ("off", "none", "disabled", "disable")


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a mixer that bears on what is recorded."""

    name: str
    percent: int | None  # of its range; None: it has no gain
    gain_db: float | None
    on: bool | None  # its switch; None: it has none
    adjusts: bool  # whether it is a gain that adjusts itself, or suppresses what it takes for noise


def controls(scontents: str) -> list[Control]:
    """What `amixer scontents` printed."""
    found = []
    _, *parts = _CONTROL.split(scontents)
    for name, _number, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        capture = _CAPTURE.search(body)
        if _SWITCHES_ITSELF.search(name):
            item = _ITEM.search(body)
            if item or "[on]" in body or "[off]" in body:
                found.append(Control(name, None, None, item[1].lower() not in _OFF_ITEMS if item else "[on]" in body, adjusts=True))
        elif capture:
            on = capture[3] == "on" if capture[3] else None
            found.append(Control(name, int(capture[1]), float(capture[2]) if capture[2] else None, on, adjusts=False))
        elif "cswitch" in body and "Capture [" in body:
            found.append(Control(name, None, None, "Capture [on]" in body, adjusts=False))
    return found


def gain(device: str, root: Path = Path("/"), ask: Ask | None = None) -> Iterator[Check]:
    """What sets the gain of the configured microphone; nothing where nobody can tell. device: as configured, empty for the system's default."""
    ask = ask or _ask
    found = _found(device, root, ask)
    if isinstance(found, Card):
        yield from _rates(found, root)
        yield from _of_card(found, ask)
    elif found:
        yield from _of_source(found)


def gains_percent(device: str, root: Path = Path("/"), ask: Ask | None = None) -> dict[str, int] | None:
    """The gain of each control as it is now, for the profile; None where nobody can tell, or there is none."""
    ask = ask or _ask
    return _gains(_found(device, root, ask), ask) or None


def gain_since(then: Mapping[str, int] | None, device: str, root: Path = Path("/"), ask: Ask | None = None) -> Iterator[Check]:
    """Whether the gain is still the one at which the microphone was measured. then: of the profile; nothing is said where it, or today's, is not known."""
    ask = ask or _ask
    found = _found(device, root, ask) if then else None
    now = _gains(found, ask)
    known = {control: percent for control, percent in (then or {}).items() if control in now}
    for control, percent in known.items():
        if now[control] != percent:
            sentence = N_("{control} is at {now} %, and was at {then} % when the microphone was measured: levels in dBA and scores are not what they were")
            if isinstance(found, Card):
                remedy = N_("put it back and keep that: amixer -c {card} sset '{control}' {then}% && alsactl store; or measure again: xiaoan calibrate level")
            else:
                remedy = N_("put it back: pactl set-source-volume {control} {then}%; or measure again: xiaoan calibrate level")
            yield warning("gain_since", sentence, remedy, control=control, now=now[control], then=percent, card=found.id if isinstance(found, Card) else "")
    if known and all(now[control] == percent for control, percent in known.items()):
        yield good("gain_since", N_("the gain is the one at which the microphone was measured"))


def _found(device: str, root: Path, ask: Ask) -> Card | dict[str, Any] | None:
    """What sets the gain of this microphone: a card, or a source of the sound server; None where nobody can tell."""
    cards = [card for card in read_cards(root) if card.capture]
    named = [card for card in cards if any(device in names_of(card, pcm) for pcm in card.capture)]
    if not named and (not device or device.startswith("name:")):
        source = _source(ask) if _server_answers() else None
        if source:
            return source
        named = cards[:1]  # of which ALSA's own default is made
    return named[0] if named else None


def _gains(found: Card | dict[str, Any] | None, ask: Ask) -> dict[str, int]:
    if isinstance(found, Card):
        mixed = controls(ask(_mixer(found)) or "")
        return {control.name: control.percent for control in reversed(mixed) if control.percent is not None}  # of two by one name the first
    return {str(found["name"]): _percent(found)} if found else {}


def _mixer(card: Card) -> Sequence[str]:
    return "amixer", "-c", str(card.number), "scontents"


def _rates(card: Card, root: Path) -> Iterator[Check]:
    """At which rates a USB microphone records; other cards do not tell."""
    try:
        told = (root / f"proc/asound/card{card.number}/stream0").read_text(errors="replace").partition("Capture:")[2]
    except OSError:
        return
    rates = list(dict.fromkeys(_RATES.findall(told)))
    if not rates:
        return
    facts = {"card": card.id, "rates": "; ".join(rates)}
    if max(int(rate) for rate in re.findall(r"\d+", " ".join(rates))) < RATE_HZ:
        yield bad("rates", N_("card {card} records at {rates} Hz, and the models need 16000"), N_("use another microphone"), **facts)
    else:
        yield good("rates", N_("card {card} records at {rates} Hz"), **facts)


def _of_card(card: Card, ask: Ask) -> Iterator[Check]:
    if shutil.which("amixer") is None and ask is _ask:
        sentence = N_("nobody can tell the gain of card {card}: the program amixer is not installed")
        yield warning("gain", sentence, N_("run: apt install alsa-utils"), card=card.id)
        return
    told = ask(_mixer(card))
    if told is None:
        yield warning("gain", N_("the mixer of card {card} cannot be read"), N_("look as a user of the group audio: amixer -c {card} scontents"), card=card.id)
        return
    found = controls(told)
    gains = [control for control in found if not control.adjusts]
    if not gains:
        yield good("gain", N_("card {card} has no gain that could be set wrong"), card=card.id)
    for control in gains:
        yield _gain(control, card.id)
    adjusting = [control for control in found if control.adjusts]
    for control in adjusting:
        if control.on:
            yield warning(
                "agc",
                N_("{control} of card {card} is on: quiet sounds are made loud and loud ones quiet, so that no level in dBA is true"),
                N_("switch it off and keep that: amixer -c {card} sset '{control}' off && alsactl store; then: xiaoan calibrate level"),
                control=control.name,
                card=card.id,
            )
    if not any(control.on for control in adjusting):
        yield good("agc", N_("nothing on card {card} turns the gain by itself"), card=card.id)


def _gain(control: Control, card: str) -> Check:
    facts = {"control": control.name, "card": card, "percent": control.percent, "db": control.gain_db}
    if control.on is False:
        remedy = N_("switch it on and keep that: amixer -c {card} sset '{control}' cap && alsactl store")
        return bad("gain", N_("{control} of card {card} is switched off"), remedy, **facts)
    if control.percent == 0:
        remedy = N_("raise it and keep that: amixer -c {card} sset '{control}' 80% && alsactl store; then: xiaoan calibrate level")
        return bad("gain", N_("{control} of card {card} is at its lowest"), remedy, **facts)
    if control.percent is None:
        return good("gain", N_("{control} of card {card} is on"), **facts)
    if control.gain_db is None:
        return good("gain", N_("{control} of card {card} is at {percent} %"), **facts)
    return good("gain", N_("{control} of card {card} is at {percent} % ({db:.1f} dB)"), **facts)


def _server_answers() -> bool:
    """Whether a sound server runs; asking one that does not would start it."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return bool(os.environ.get("PULSE_SERVER")) or Path(runtime, "pulse", "native").exists()


def _source(ask: Ask) -> dict[str, Any] | None:
    """The sound server's default source, as it tells of it."""
    about, sources = ask(("pactl", "--format=json", "info")), ask(("pactl", "--format=json", "list", "sources"))
    try:
        name = json.loads(about or "")["default_source_name"]
        return next((source for source in json.loads(sources or "") if source["name"] == name), None)
    except (ValueError, KeyError, TypeError):
        return None


def _percent(source: dict[str, Any]) -> int:
    volumes = [str(channel.get("value_percent", "")) for channel in source.get("volume", {}).values()]
    return min((int(volume.rstrip("%")) for volume in volumes if volume.rstrip("%").isdigit()), default=100)


def _of_source(source: dict[str, Any]) -> Iterator[Check]:
    name, percent = str(source["name"]), _percent(source)
    if source.get("mute"):
        yield bad("gain", N_("the sound server's source {source} is muted"), N_("run: pactl set-source-mute {source} 0"), source=name)
    elif percent == 0:
        yield bad("gain", N_("the sound server's source {source} is at zero"), N_("run: pactl set-source-volume {source} 100%"), source=name)
    elif percent != 100:
        yield warning(
            "gain",
            N_("the sound server turns the source {source} to {percent} %"),
            N_("leave it at 100 %: pactl set-source-volume {source} 100%; then: xiaoan calibrate level"),
            source=name,
            percent=percent,
        )
    else:
        yield good("gain", N_("the sound server leaves the source {source} as it is (100 %)"), source=name)
    if "echo" in f"{name} {source.get('driver', '')}".lower():
        yield warning(
            "agc",
            N_("the source {source} is an echo canceller, which turns the gain and takes voices for noise"),
            N_("name the microphone itself in [microphone]: xiaoan devices"),
            source=name,
        )
    else:
        yield good("agc", N_("no echo canceller of the sound server is in the way"))


def _ask(command: Sequence[str]) -> str | None:
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        done = subprocess.run([program, *command[1:]], capture_output=True, text=True, timeout=ASK_S, check=False, env={**os.environ, "LC_ALL": "C"})
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 else None
