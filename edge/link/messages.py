"""What is said over MQTT, as bytes. Pure. docs/asyncapi.yaml describes every field; a test holds both together."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite

from edge.alerts.alert import Alert
from edge.health.faults import Fault
from edge.link.commands import Refusal

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every message carries."""

    at_ms: int | None  # milliseconds since 1970, None while the clock is not synchronised
    boot: str  # id of this start of the terminal


@dataclass(frozen=True, slots=True)
class Status:
    """What the terminal is."""

    version: str
    place: str
    labels: Sequence[str]  # armed
    mutes: Mapping[str, float]  # label -> seconds that are left


@dataclass(frozen=True, slots=True)
class SelfTested:
    """What came of the last self-test."""

    at_ms: int | None  # None while the clock was not synchronised
    heard: bool


@dataclass(frozen=True, slots=True)
class Health:
    """How the terminal is. Levels in dBA, exceeded 10, 50 and 90 % of the last minute; None: no sound was heard."""

    faults: frozenset[Fault]
    l10_dba: float | None
    l50_dba: float | None
    l90_dba: float | None
    heard_s: float  # sound analysed since the message of the minute before
    waiting: int  # messages that the broker has not confirmed
    outbox_dropped: int  # since the start, as the next three
    dropped_blocks: int
    raised: int
    muted: int
    uptime_s: float
    clock_synchronised: bool
    temperature_c: float | None
    disk_free_mb: int | None
    model: str  # sha256
    profile: str  # sha256
    selftest: SelfTested | None = None  # None: none since the start


def status(stamp: Stamp, now: Status, *, online: bool) -> bytes:
    """`status`, retained; as the will with online False."""
    mutes = [{"label": label, "left_s": round(left_s)} for label, left_s in sorted(now.mutes.items())]
    return _packed(
        stamp,
        status="online" if online else "offline",
        version=now.version,
        place=now.place,
        labels=list(now.labels),
        mutes=mutes,
    )


def alert(stamp: Stamp, said: Alert) -> bytes:
    """`alert`: one saying."""
    return _packed(
        stamp,
        id=said.id,
        seq=said.seq,
        place=said.place,
        label=said.label,
        state=said.state,
        score=_rounded(said.score, 3),
        level_dba=_rounded(said.level_dba, 1),
        phrase=said.phrase,
        onset_at=utc(said.onset_ms),
        raised_at=utc(said.raised_ms),
        repeat=said.repeat,
        count=said.count,
        drill=said.drill,
        verdict=said.verdict,
        by=said.by,
        trace=[{"offset_s": _rounded(point.offset_s, 2), "score": _rounded(point.score, 3), "level_dba": _rounded(point.level_dba, 1)} for point in said.trace],
        model=said.model,
        profile=said.profile,
        **({"lowered": True} if said.lowered else {}),
    )


def open_alerts(stamp: Stamp, alerts: Sequence[Alert]) -> bytes:
    """`open`, retained: all alerts that are not closed."""
    return _packed(stamp, alerts=[{"id": a.id, "seq": a.seq, "label": a.label, "state": a.state} for a in alerts])


def health(stamp: Stamp, now: Health) -> bytes:
    """`health`, retained."""
    return _packed(
        stamp,
        faults=sorted(now.faults),
        l10_dba=_rounded(now.l10_dba, 1),
        l50_dba=_rounded(now.l50_dba, 1),
        l90_dba=_rounded(now.l90_dba, 1),
        heard_s=_rounded(now.heard_s, 1),
        waiting=now.waiting,
        outbox_dropped=now.outbox_dropped,
        dropped_blocks=now.dropped_blocks,
        raised=now.raised,
        muted=now.muted,
        uptime_s=round(now.uptime_s),
        clock_synchronised=now.clock_synchronised,
        temperature_c=_rounded(now.temperature_c, 1),
        disk_free_mb=now.disk_free_mb,
        model=now.model,
        profile=now.profile,
        selftest=now.selftest and {"at": utc(now.selftest.at_ms), "heard": now.selftest.heard},
    )


def reply(stamp: Stamp, command: str, refusal: Refusal | None) -> bytes:
    """`reply` to the command of that id; refusal None: it was carried out."""
    reason, field = (refusal.reason, refusal.field) if refusal else (None, None)
    return _packed(stamp, command=command, ok=refusal is None, reason=reason, field=field)


def utc(unix_ms: int | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and `Z`."""
    if unix_ms is None:
        return None
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _rounded(value: float | None, digits: int) -> float | None:
    """JSON knows no infinity, and digital silence is minus infinity."""
    return None if value is None or not isfinite(value) else round(value, digits)


def _packed(stamp: Stamp, **fields: object) -> bytes:
    message = {"schema": SCHEMA, "at": utc(stamp.at_ms), "boot": stamp.boot, **fields}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
