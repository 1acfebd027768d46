"""The computer: clock, disk, temperature, service, versions, who runs it."""

import os
import platform
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import edge
from edge.doctor.check import Check, bad, good, warning
from edge.health.clock import Moment
from edge.health.machine import THROTTLED, disk_free_mb, temperature_c, throttling
from edge.words import N_

USER, UNIT = "xiaoan", "xiaoan.service"
LITTLE_MB, TOO_LITTLE_MB = 500, 50
WARM_C, HOT_C = 70.0, 80.0
"""A Raspberry Pi slows down from 80 °C on (config.txt, temp_limit 85, soft limit 60 to 80)."""

_SYSTEMD = Path("/run/systemd/system")
_PARTS = ("numpy", "onnxruntime", "paho-mqtt", "sounddevice", "soundfile", "soxr")
_ASK_S = 5.0
_LITTLE_VOLTAGE = 0b0001
"""Of what `throttling` tells; the other bits are heat and what comes of either."""


def clock(now: Moment, *, has_periods: bool) -> Iterator[Check]:
    """The time of day, without which there are no periods and no times in alerts."""
    local = datetime.fromtimestamp(now.unix_ms / 1000).astimezone()
    shown = local.strftime("%Y-%m-%d %H:%M:%S")
    if now.synchronised:
        yield good("clock", N_("the clock is synchronised: {shown}"), shown=shown)
    else:
        yield warning(
            "clock",
            N_("the clock is not synchronised (it says {shown}): alerts carry no time, and the period is always default"),
            N_("switch it on: timedatectl set-ntp true; without internet let the school's router or the broker's machine give the time"),
            shown=shown,
        )
    zone = local.strftime("%Z %z")
    if has_periods and not local.utcoffset():
        yield warning(
            "time_zone",
            N_("the time zone is {zone}, and the configured periods go by local time"),
            N_("set the school's: timedatectl set-timezone Asia/Shanghai"),
            zone=zone,
        )
    else:
        yield good("time_zone", N_("the time zone is {zone}"), zone=zone)


def disk(folder: Path) -> Check:
    """Room for the outbox."""
    free_mb = disk_free_mb(folder)
    remedy = N_("make room: journalctl --vacuum-size=100M, apt clean")
    if free_mb is None:
        return warning("disk", N_("nobody can tell how much room is left at {folder}"), N_("look yourself: df -h"), folder=folder)
    if free_mb < TOO_LITTLE_MB:
        return bad("disk", N_("only {free_mb} MB are free at {folder}"), remedy, free_mb=free_mb, folder=folder)
    if free_mb < LITTLE_MB:
        return warning("disk", N_("only {free_mb} MB are free at {folder}"), remedy, free_mb=free_mb, folder=folder)
    return good("disk", N_("{free_mb} MB are free at {folder}"), free_mb=free_mb, folder=folder)


def temperature(root: Path = Path("/")) -> Iterator[Check]:
    """Nothing is said where the computer has no thermometer."""
    found = temperature_c(root)
    if found is None:
        return
    remedy = N_("give it air: out of the sun, a heat sink, a case with holes")
    if found >= HOT_C:
        yield bad("temperature", N_("the processor is at {celsius:.0f} °C and slows down"), remedy, celsius=found)
    elif found >= WARM_C:
        yield warning("temperature", N_("the processor is at {celsius:.0f} °C, warm for a quiet moment"), remedy, celsius=found)
    else:
        yield good("temperature", N_("the processor is at {celsius:.0f} °C"), celsius=found)


def throttled(root: Path = Path("/")) -> Iterator[Check]:
    """Whether something slows the computer down; nothing is said where it does not tell."""
    if not (root / THROTTLED).exists():
        return
    now, happened = throttling(root)
    power = N_("give it the maker's own power supply by a short thick cable, and nothing on USB that draws much")
    air = N_("give it air: out of the sun, a heat sink, a case with holes")
    if now & _LITTLE_VOLTAGE:
        yield bad("throttled", N_("the computer gets too little voltage: it slows down, and writes to its card may be lost"), power)
    elif now:
        yield bad("throttled", N_("the processor is slowed down now"), air)
    elif happened & _LITTLE_VOLTAGE:
        yield warning("throttled", N_("the computer got too little voltage at some time since its start"), power)
    elif happened:
        yield warning("throttled", N_("the processor was slowed down at some time since its start"), air)
    else:
        yield good("throttled", N_("nothing has slowed the processor down since its start, and the voltage is right"))


def unit(ask: Callable[[str], str] | None = None, systemd: Path = _SYSTEMD) -> Iterator[Check]:
    """The service. ask: systemctl's answer to a verb with its options, for this unit. Nothing is said where there is no systemd."""
    if not systemd.is_dir():
        return
    enabled, active = (ask or _systemctl)("is-enabled"), (ask or _systemctl)("is-active")
    if enabled in ("", "not-found"):
        yield warning("unit", N_("the service {unit} is not installed, so nothing starts the terminal"), N_("see systemd/README.md"), unit=UNIT)
    elif enabled != "enabled":
        yield bad("unit", N_("the service {unit} is {state}: after a power cut nobody starts the terminal"), N_("run: systemctl enable --now {unit}"),
                  unit=UNIT, state=enabled)  # fmt: skip
    elif active != "active":
        yield bad(
            "unit", N_("the service {unit} is {state}"), N_("read why: journalctl -u {unit} -n 50; then: systemctl restart {unit}"), unit=UNIT, state=active
        )
    else:
        yield good("unit", N_("the service {unit} is enabled and runs"), unit=UNIT)


def watchdog(ask: Callable[[str], str] | None = None, systemd: Path = _SYSTEMD) -> Iterator[Check]:
    """Whether systemd watches the service; nothing is said where it is not installed. ask, systemd: as for `unit`."""
    if not systemd.is_dir() or (ask or _systemctl)("is-enabled") in ("", "not-found"):
        return
    every = (ask or _systemctl)("show --property=WatchdogUSec --value")
    if every in ("", "0", "infinity"):
        yield warning("watchdog", N_("systemd does not watch whether the terminal still hears, so one that hangs stays so"),
                      N_("put WatchdogSec=30 and Type=notify into the unit, as systemd/xiaoan.service has them"))  # fmt: skip
    else:
        yield good("watchdog", N_("systemd starts a terminal anew that has hung for {every}"), every=every)


def groups_of_unit() -> list[str]:
    """Groups that the unit adds to the service's user."""
    return _systemctl("show --property=SupplementaryGroups --value").split() if _SYSTEMD.is_dir() else []


def _systemctl(verb: str) -> str:
    program = shutil.which("systemctl")
    if program is None:
        return ""
    try:
        return subprocess.run([program, *verb.split(), UNIT], capture_output=True, text=True, timeout=_ASK_S, check=False).stdout.strip()
    except subprocess.TimeoutExpired:
        return ""


def user() -> Iterator[Check]:
    """Who looks: what somebody may, the service need not."""
    try:
        service = pwd.getpwnam(USER)
    except KeyError:
        return
    if os.getuid() not in (0, service.pw_uid):  # root asks as that user: edge.doctor.rights
        yield warning(
            "user",
            N_("this is not the service's user, who may see less of microphone, folders and files"),
            N_("look as that user: sudo -u {user} xiaoan doctor"),
            user=USER,
        )


def versions() -> Check:
    """What is installed."""
    found = []
    for part in _PARTS:
        try:
            found.append(f"{part} {version(part)}")
        except PackageNotFoundError:
            found.append(f"{part} -")
    sentence = N_("xiaoan-edge {version}, Python {python}, {machine}; {parts}")
    return good("versions", sentence, version=edge.__version__, python=platform.python_version(), machine=platform.machine(), parts=", ".join(found))
