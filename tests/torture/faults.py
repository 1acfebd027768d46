"""What is done to the rig: each kind begins, lasts, and ends."""

import signal
import time
from collections.abc import Callable, Generator

from tests.torture.rig import Rig

HOUR_MS, YEAR_MS = 3_600_000, 365 * 86_400_000

REFUSED_S = 60.0
"""How long a terminal may take to start and to write on the full disk; it takes a second or two where nothing else runs."""

ENOUGH = 5
"""Alerts that no page that happens to be half empty could take: the log has room of its own."""

Fault = Generator[None]
"""Up to its first `yield` it begins, after it it ends."""


def terminal_killed(rig: Rig) -> Fault:
    """SIGKILL, at best in the middle of raising, writing or sending."""
    rig.incidents(3)
    time.sleep(rig.rng.uniform(0.0, 0.06))
    rig.end(signal.SIGKILL)
    yield
    rig.start()


def terminal_stopped(rig: Rig) -> Fault:
    """SIGTERM, as at an update."""
    rig.incidents(3)
    time.sleep(rig.rng.uniform(0.0, 0.06))
    rig.end(signal.SIGTERM)
    yield
    rig.start()


def broker_killed(rig: Rig) -> Fault:
    """SIGKILL of mosquitto."""
    rig.incidents(3)
    time.sleep(rig.rng.uniform(0.0, 0.06))
    rig.broker.kill()
    yield
    rig.broker.start()


def network_cut(rig: Rig) -> Fault:
    """Connections end, new ones are refused."""
    rig.proxy.passes = False
    yield
    rig.proxy.passes = True


def network_half_open(rig: Rig) -> Fault:
    """Bytes vanish in one direction or both, and nobody says so; later they go on, or the connection is reset."""
    rig.proxy.up, rig.proxy.down = rig.rng.choice([(False, False), (False, True), (True, False)])
    yield
    if rig.rng.random() < 0.5:
        rig.proxy.reset()
    rig.proxy.up = rig.proxy.down = True


def disk_full(rig: Rig) -> Fault:
    """Not a byte is left: for a terminal that runs, or for one that starts."""
    killed, full_at_start = rig.rng.random() < 0.3, rig.rng.random() < 0.5
    rig.end(signal.SIGKILL if killed else signal.SIGTERM)
    if full_at_start:
        rig.fill_disk()
    rig.start()
    if not full_at_start:
        rig.fill_disk()
    yield
    rig.look()
    before = len(rig.raised)
    rig.incidents(ENOUGH)
    rig.wait(lambda: not rig.durable or len(rig.raised) >= before + ENOUGH, REFUSED_S)  # a round may be shorter than a start
    if rig.durable:  # the log has room of its own; what only memory has could not survive this
        rig.end(signal.SIGKILL)
        rig.look()
        rig.free_disk()
        rig.start()
    else:
        rig.free_disk()


def clock_jumps(rig: Rig) -> Fault:
    """By an hour or a year, ahead or back, or it is no longer synchronised."""
    ahead_ms = rig.rng.choice([HOUR_MS, -HOUR_MS, YEAR_MS, -YEAR_MS, 0])
    rig.set_clock(ahead_ms, synchronised=ahead_ms != 0)
    yield
    rig.set_clock(0, synchronised=True)


def login_refused(rig: Rig) -> Fault:
    """The broker no longer knows the terminal."""
    rig.let_in(terminal=False)
    yield
    rig.let_in(terminal=True)


def desk_away(rig: Rig) -> Fault:
    """Nobody hears, nobody acknowledges."""
    rig.desk.leave()
    yield
    rig.desk.come()


def broker_killed_desk_away(rig: Rig) -> Fault:
    """What the broker has confirmed and not yet handed on nor written down is gone."""
    rig.desk.leave()
    rig.incidents(3)
    time.sleep(rig.rng.uniform(0.0, 0.6))
    rig.broker.kill()
    yield
    rig.broker.start()
    rig.desk.come()


KINDS: dict[str, Callable[[Rig], Fault]] = {
    "terminal killed": terminal_killed,
    "terminal stopped": terminal_stopped,
    "broker killed": broker_killed,
    "network cut": network_cut,
    "network half-open": network_half_open,
    "disk full": disk_full,
    "clock jumps": clock_jumps,
    "login refused": login_refused,
    "desk away": desk_away,
    "broker killed, desk away": broker_killed_desk_away,
}

ENDS_TERMINAL = {"terminal killed", "terminal stopped", "disk full"}
NEEDS_BROKER = {"broker killed", "broker killed, desk away", "login refused"}
NEEDS_DESK = {"desk away", "broker killed, desk away"}
APART = [ENDS_TERMINAL, NEEDS_BROKER, NEEDS_DESK]
"""Of each, one at a time. Of the first also because what only memory holds cannot survive the process."""
