"""The microphone: whether it is there, at what rate it opens, and whether it hears anything."""

import time
from collections.abc import Iterator
from contextlib import closing

from edge.calibrate.meter import FastLevel
from edge.capture.devices import list_devices
from edge.capture.errors import MicrophoneBusy
from edge.capture.microphone import START_S, Microphone
from edge.config.schema import MicrophoneSettings
from edge.doctor.check import Check, bad, failed, good, warning
from edge.errors import EdgeError
from edge.health.faults import Fault
from edge.words import N_

LISTEN_S = 3.0
SILENT_DBFS = -100.0
"""Every open capsule has more noise of its own."""


def microphone(settings: MicrophoneSettings, sensitivity_dbfs: float, *, terminal_runs: bool) -> Iterator[Check]:
    """Look for it, open it, listen for some seconds. terminal_runs: then it may well be held by the terminal itself."""
    try:
        devices = list_devices()
    except EdgeError as error:
        yield failed("microphone", error)
        return
    named = [device for device in devices if settings.device in device.names] if settings.device else devices
    if not named:
        yield bad(
            "microphone",
            N_("microphone {wanted} not found; present: {present}"),
            N_("check the plug, then run: xiaoan devices"),
            wanted=settings.device or "default",
            present=", ".join(device.name for device in devices) or "-",
        )
        return
    if terminal_runs and settings.device and not named[0].usable:
        yield good("microphone", N_("microphone {name} is there; the running terminal hears it"), name=named[0].name)
        return
    with closing(Microphone(settings)) as ear:
        yield from _listen(ear, settings, sensitivity_dbfs, terminal_runs=terminal_runs)


def _listen(ear: Microphone, settings: MicrophoneSettings, sensitivity_dbfs: float, *, terminal_runs: bool) -> Iterator[Check]:
    name = settings.device or "default"
    level, heard_s, loudest_dbfs, faults = FastLevel(), 0.0, float("-inf"), frozenset[Fault]()
    until_s = time.monotonic() + START_S
    while heard_s < LISTEN_S and time.monotonic() < until_s and not ear.problem:
        block = ear.read(0.5)
        if block is not None:
            heard_s += settings.block_s
            loudest_dbfs = max(loudest_dbfs, level.feed(block))
            faults |= ear.faults()
    if isinstance(ear.problem, MicrophoneBusy) and terminal_runs:
        yield good("microphone", N_("microphone {name} is there; the running terminal hears it"), name=name)
    elif ear.problem:
        yield failed("microphone", ear.problem)
    elif heard_s < LISTEN_S:
        yield bad("microphone", N_("microphone {name} opens and gives no sound"), N_("unplug it and plug it in again"), name=name)
    else:
        yield good("microphone", N_("microphone {name} opens at {rate_hz} Hz"), name=name, rate_hz=ear.rate_hz)
        yield _signal(loudest_dbfs, sensitivity_dbfs, faults, ear.dropped_blocks)


def _signal(loudest_dbfs: float, sensitivity_dbfs: float, faults: frozenset[Fault], dropped: int) -> Check:
    if loudest_dbfs < SILENT_DBFS:
        return bad("sound", N_("the microphone gives silence"), N_("is it muted or its gain at zero? Look with alsamixer, F4"))
    if faults:
        return bad("sound", N_("the microphone's signal is not sound: {faults}"), N_("look at it with: xiaoan levels"), faults=", ".join(sorted(faults)))
    if dropped:
        return warning(
            "sound", N_("{dropped} blocks were lost in {seconds:.0f} s"), N_("is another program busy? Look with top"), dropped=dropped, seconds=LISTEN_S
        )
    sentence = N_("the microphone hears up to {level:.0f} dB SPL in {seconds:.0f} s")
    return good("sound", sentence, level=loudest_dbfs - sensitivity_dbfs + 94.0, seconds=LISTEN_S)
