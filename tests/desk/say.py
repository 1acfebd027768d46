"""What terminals say, for the desk to hear."""

import json
from typing import Any

from edge.desk.message import Message, Withdrawn, parse

NOON_MS = 1_800_000_000_000
ID = "018f0000-0000-7000-8000-000000000001"
PLACE = "二楼东侧洗手间"


def alert(**fields: Any) -> dict[str, Any]:
    """A saying of an alert."""
    return {
        "schema": 1, "at": "2027-01-15T08:00:00.000Z", "boot": "00" * 8, "id": ID, "seq": 1, "place": PLACE, "label": "shouting", "state": "raised",
        "score": 0.9, "level_dba": 88.0, "phrase": None, "onset_at": "2027-01-15T07:59:59.000Z", "raised_at": "2027-01-15T08:00:00.000Z", "repeat": 0,
        "count": 1, "drill": False, "verdict": None, "by": None, "trace": [{"offset_s": 0.0, "score": 0.9, "level_dba": 88.0}], "model": "a" * 64,
        "profile": "b" * 64, **fields,
    }  # fmt: skip


def status(**fields: Any) -> dict[str, Any]:
    """That it is there."""
    return {
        "schema": 1, "at": None, "boot": "00" * 8, "status": "online", "version": "1", "place": PLACE, "labels": ["shouting"], "mutes": [], **fields,
    }  # fmt: skip


def health(**fields: Any) -> dict[str, Any]:
    """How it is."""
    return {
        "schema": 1, "at": None, "boot": "00" * 8, "faults": [], "l10_dba": 60.0, "l50_dba": 50.0, "l90_dba": 40.0, "heard_s": 60.0, "waiting": 0,
        "temperature_c": 41.0, **fields,
    }  # fmt: skip


def listed(*states: tuple[str, str], at: str | None = None) -> dict[str, Any]:
    """All that is open. states: (id, state)."""
    return {
        "schema": 1, "at": at, "boot": "00" * 8,
        "alerts": [{"id": id_, "seq": 1, "label": "shouting", "state": state} for id_, state in states],
    }  # fmt: skip


def said(kind: str, body: dict[str, Any] | None, terminal: str = "t1", *, retained: bool = False) -> Message | Withdrawn:
    """As it comes from the broker."""
    message = parse(f"xiaoan/v1/no-4/{terminal}/{kind}", b"" if body is None else json.dumps(body).encode(), retained=retained)
    assert message
    return message
