"""Every message the terminal makes against docs/asyncapi.yaml, and the exact form of what the desk relies on."""

import json
from dataclasses import replace
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.alert import State, Verdict
from edge.config.schema import LABELS
from edge.decide.types import TracePoint
from edge.health.faults import Fault
from edge.link import messages
from edge.link.commands import Reason, Refusal
from edge.link.messages import Health, SelfTested, Stamp, Status
from edge.link.topics import Topics
from tests.alerts.make import START_MS, alert
from tests.asyncapi import document, problems

STAMP = Stamp(START_MS, "0123456789abcdef")
STATUS = Status("0.1.0", "二楼东侧洗手间", ("crying", "shouting"), {"shouting": 59.6})
HEALTH = Health(
    frozenset(Fault), 70.04, 55.0, -inf, 60.0, 3, 0, 0, 1, 0, 3600.4, clock_synchronised=True, temperature_c=51.23, disk_free_mb=812,
    model="a" * 64, profile="b" * 64, selftest=SelfTested(START_MS, heard=True),
)  # fmt: skip


def test_topics_are_those_of_the_design() -> None:
    """Prefix, site, terminal, and the names that desks subscribe to."""
    topics = Topics("no-4", "t-0123456789")
    names = {name: getattr(topics, name) for name in ("status", "alert", "open", "health", "command", "reply")}
    assert names == {name: f"xiaoan/v1/no-4/t-0123456789/{name}" for name in names}
    assert {channel["address"].rsplit("/", 1)[1] for channel in document()["channels"].values()} == set(names)


def test_an_alert_says_what_the_desk_relies_on() -> None:
    """The exact fields of one alert, the place in words and not in escapes."""
    raised = replace(alert(7), trace=(TracePoint(-0.25, 0.12345, 41.04), TracePoint(0.0, 0.9, -inf)))
    sent = messages.alert(STAMP, raised)
    assert "二楼东侧洗手间".encode() in sent
    assert json.loads(sent) == {
        "schema": 1, "at": "2026-11-23T08:00:00.000Z", "boot": "0123456789abcdef",
        "id": "00000007-0000-7000-8000-000000000000", "seq": 7, "place": "二楼东侧洗手间", "label": "shouting", "state": "raised",
        "score": 0.93, "level_dba": 88.5, "phrase": None, "onset_at": "2026-11-23T08:00:00.000Z", "raised_at": "2026-11-23T08:00:00.500Z",
        "repeat": 0, "count": 1, "drill": False, "verdict": None, "by": None,
        "trace": [{"offset_s": -0.25, "score": 0.123, "level_dba": 41.0}, {"offset_s": 0.0, "score": 0.9, "level_dba": None}],
        "model": "a" * 64, "profile": "b" * 64,
    }  # fmt: skip


@given(
    st.builds(
        replace, st.just(alert(1)), label=st.sampled_from(LABELS), state=st.sampled_from(State), score=st.floats(0, 1), level_dba=st.none() | st.floats(),
        onset_ms=st.none() | st.integers(0, 4_102_444_800_000), raised_ms=st.none() | st.integers(0, 4_102_444_800_000), repeat=st.integers(0, 2000),
        count=st.integers(1, 500), drill=st.booleans(), verdict=st.none() | st.sampled_from(Verdict), by=st.none() | st.text(), phrase=st.none() | st.text(),
        lowered=st.booleans(),
    ),
    st.none() | st.integers(0, 4_102_444_800_000),
)  # fmt: skip
def test_any_alert_fits_the_schema(made: Any, at_ms: int | None) -> None:
    """Whatever its values."""
    assert problems("alert", messages.alert(Stamp(at_ms, "0123456789abcdef"), made)) == []


@pytest.mark.parametrize("stamp", [STAMP, Stamp(None, "0123456789abcdef")])
def test_the_other_messages_fit_the_schema(stamp: Stamp) -> None:
    """Status, open, health and reply, with every fault and every reason there is."""
    assert problems("status", messages.status(stamp, STATUS, online=True)) == []
    assert problems("status", messages.status(stamp, replace(STATUS, mutes={}), online=False)) == []
    assert problems("open", messages.open_alerts(stamp, [alert(1), alert(2, State.ACKNOWLEDGED)])) == []
    assert problems("health", messages.health(stamp, HEALTH)) == []
    assert problems("health", messages.health(stamp, replace(HEALTH, l10_dba=None, temperature_c=None, disk_free_mb=None, faults=frozenset()))) == []
    for refusal in (None, *(Refusal(reason, "verb") for reason in Reason)):
        assert problems("reply", messages.reply(stamp, "c1", refusal)) == []


def test_the_document_knows_every_fault_and_no_other() -> None:
    """The list of names is in two places; they must be the same."""
    listed = document()["components"]["schemas"]["health"]["properties"]["faults"]["items"]["enum"]
    assert listed == [fault.value for fault in Fault]


@pytest.mark.parametrize("change", [{"state": "over"}, {"seq": 0}, {"at": "2026-11-23 08:00"}, {"level_dba": "loud"}, {"more": 1}, {"id": "1"}])
def test_the_schema_refuses_a_wrong_alert(change: dict[str, Any]) -> None:
    """A schema that lets everything through would hold nothing."""
    assert problems("alert", {**json.loads(messages.alert(STAMP, alert(1))), **change})


def test_digital_silence_is_no_level_and_not_invalid_json() -> None:
    """Minus infinity has no place in JSON."""
    assert json.loads(messages.health(STAMP, HEALTH))["l90_dba"] is None
