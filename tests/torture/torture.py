"""Raises alerts while everything around them breaks, and counts what the desk got."""

import math
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random

from tests.torture.faults import APART, KINDS
from tests.torture.rig import Rig

SETTLE_S = 180.0  # without anything new at the desk
TOGETHER = 0.35  # share of rounds in which two things are wrong at once
BURSTS = 0.3  # share of events that are several incidents at once
TOO_SOON = 0.2  # share of rounds that begin before the terminal has come back from the last one
LONG, LONG_TIMES = 0.25, 4.0  # share of half-open networks that last longer than the connection's keep-alive


@dataclass(frozen=True, slots=True)
class Row:
    """What became of the alerts that were raised while one thing was wrong."""

    raised: int
    delivered: int
    by_repeat: int  # of those, the first saying was lost behind the broker, and a later one came
    duplicates: int  # messages that came more than once
    lost: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures, and what must not be."""

    rows: dict[str, Row]
    tried: frozenset[str]  # kinds of what went wrong
    wrong: list[str]
    starts: int
    took_s: float


def torture(
    folder: Path,
    alerts: int,
    seed: int,
    *,
    longest_s: float = 4.0,
    events: tuple[int, int] = (6, 20),
    most_s: float = math.inf,
    told: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """At least so many alerts, and everything wrong at least once; after most_s no more rounds begin.

    longest_s: of a round; events: least and most in a round.
    """
    rng = Random(seed)
    start_s = time.monotonic()
    with Rig(folder, rng) as rig:
        rounds, tried = 0, set[str]()
        possible = [kind for kind in KINDS if rig.small_disk or kind != "disk full"]
        coming = rng.sample(possible, len(possible))
        first_pass = len(coming)
        while (first_pass > 0 or len(rig.raised) < alerts) and time.monotonic() - start_s < most_s:
            coming = coming or rng.sample(possible, len(possible))
            kinds = _round(rig, coming, longest_s, events)
            first_pass -= len(kinds)
            tried.update(kinds)
            rounds += 1
            if rounds % 10 == 0:
                at_desk, open_ = len(rig.desk.alerts), len(rig.desk.open)
                told(f"{time.monotonic() - start_s:6.0f} s  {rounds} rounds  {len(rig.raised)} raised  {at_desk} at the desk  {open_} open")
        rig.kinds = ("none",)
        settled = _settle(rig)
        return Outcome(_rows(rig), frozenset(tried), [*settled, *_wrong(rig)], rig.starts, time.monotonic() - start_s)


def _round(rig: Rig, coming: list[str], longest_s: float, events: tuple[int, int]) -> list[str]:
    """One thing or two go wrong, alerts are raised, and all is well again. Returns which."""
    rng = rig.rng
    kinds = [coming.pop()]
    if coming and rng.random() < TOGETHER and not any({kinds[0], coming[-1]} <= apart for apart in APART):
        kinds.append(coming.pop())
    rig.look()
    if rng.random() >= TOO_SOON:
        rig.wait(lambda: rig.connected, 20.0)
    rig.kinds = tuple(kinds)
    lasts_s = rng.uniform(0.6, 1.0) * longest_s * (LONG_TIMES if "network half-open" in kinds and rng.random() < LONG else 1.0)
    plan: list[tuple[float, Callable[[], object]]] = []
    for kind in kinds:
        fault = KINDS[kind](rig)
        plan += [(rng.uniform(*when) * lasts_s, partial(next, fault, None)) for when in ((0.0, 0.3), (0.6, 1.0))]
    for _ in range(rng.randint(*events)):
        count = rng.randint(2, 12) if rng.random() < BURSTS else 1
        plan.append((rng.uniform(0.0, 1.0) * lasts_s, partial(rig.incidents, count)))
    begin_s = time.monotonic()
    for at_s, act in sorted(plan, key=lambda step: step[0]):
        time.sleep(max(0.0, begin_s + at_s - time.monotonic()))
        act()
        rig.look()
    rig.desk.care()
    if "disk full" in kinds:  # nothing may kill a terminal that has something in memory alone
        rig.wait(lambda: rig.durable, SETTLE_S)
    return kinds


def _settle(rig: Rig) -> list[str]:
    """Wait until the desk has everything and nothing is open. A slow machine may take as long as it gets on."""

    def quiet() -> bool:
        time.sleep(0.4)
        rig.desk.care()
        return not rig.desk.open and rig.raised.keys() <= rig.desk.alerts.keys()

    def known() -> tuple[int, list[tuple[str, str]]]:
        return len(rig.desk.alerts), [(alert["id"], alert["state"]) for alert in rig.desk.open]

    time.sleep(1.0)
    before = known()
    while not rig.wait(quiet, SETTLE_S):
        if known() == before:
            return [f"not at rest, and nothing new for {SETTLE_S:.0f} s; open at the desk: {rig.desk.open[:5]}"]
        before = known()
    return []


def _rows(rig: Rig) -> dict[str, Row]:
    raised, delivered, by_repeat = Counter[str](), Counter[str](), Counter[str]()
    known = dict(rig.raised)
    for id_, alert in rig.desk.alerts.items():  # raised and killed before the log's line
        known.setdefault(id_, (alert.seq, ("terminal killed",)))
    for id_, (_, kinds) in known.items():
        rows = {*kinds, "all"}
        raised.update(rows)
        if id_ in rig.desk.alerts:
            delivered.update(rows)
            by_repeat.update(rows if ("raised", 0) not in rig.desk.alerts[id_].said else ())
    return {
        kind: Row(raised[kind], delivered[kind], by_repeat[kind], rig.desk.duplicates[kind], raised[kind] - delivered[kind])
        for kind in (*KINDS, "none", "all")
        if raised[kind] or rig.desk.duplicates[kind]
    }


def _wrong(rig: Rig) -> list[str]:
    """What must not be, each in a sentence."""
    wrong = []
    came = sorted(rig.desk.alerts.values(), key=lambda alert: alert.place)
    seqs = [alert.seq for alert in came]
    if lost := rig.raised.keys() - rig.desk.alerts.keys():
        wrong.append(f"{len(lost)} alerts are lost: seq {sorted(rig.raised[id_][0] for id_ in lost)[:10]}")
    if len(set(seqs)) < len(seqs):
        wrong.append("a seq was given twice: " + ", ".join(str(seq) for seq, times in Counter(seqs).items() if times > 1))
    if gaps := set(range(1, max(seqs, default=0) + 1)) - set(seqs):
        wrong.append(f"seq has gaps: {sorted(gaps)[:10]}")
    # What the broker confirmed and then forgot comes by its repeat, after what was raised meanwhile.
    first = [alert.seq for alert in came if ("raised", 0) in alert.said]
    if late := [(before, after) for before, after in pairwise(first) if after < before]:
        wrong.append(f"not in the order of raising: {late[:10]}")
    if unseen := [alert.seq for alert in came if alert.closed_unseen]:
        wrong.append(f"closed by the terminal itself: seq {unseen[:10]}")
    if rig.ends:
        wrong.append(f"the terminal ended by itself: {dict(rig.ends)}")
    if "Traceback" in rig.log():
        with suppress(ValueError):
            wrong.append("a traceback: " + rig.log()[rig.log().index("Traceback") :][:1500])
    return wrong
