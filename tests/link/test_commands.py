"""What the desk may say, and what is refused with which reason."""

import json
from typing import Any

import pytest

from edge.link.commands import LARGEST_BYTES, REMEMBERED, Gatekeeper, Reason, Refusal, Refused, parse
from tests.alerts.make import at
from tests.asyncapi import problems

ID = "00000001-0000-7000-8000-000000000000"


def command(**fields: object) -> dict[str, Any]:
    """A command, issued at the tests' start and valid for a minute."""
    return {"id": "c1", "by": "李老师", "issued_at": "2026-11-23T08:00:00Z", "expires_s": 60, **fields}


GOOD = [
    command(verb="acknowledge", alert=ID),
    command(verb="close", alert=ID),
    command(verb="close", alert=ID, verdict="prank", schema=1, at="2026-11-23T08:00:00.000Z", boot=None),
    command(verb="mute", label="shouting", seconds=7200),
    command(verb="unmute", label="crying"),
    command(verb="drill"),
    command(verb="drill", label="button"),
    command(verb="ping", issued_at="2026-11-23T16:00:00+08:00"),
    command(verb="identify"),
    command(verb="reload"),
]

BAD = [
    (command(verb="acknowledge"), "alert"),
    (command(verb="acknowledge", alert=ID, label="crying"), "label"),
    (command(verb="close", alert=ID, verdict="maybe"), "verdict"),
    (command(verb="mute", label="shouting", seconds=7201), "seconds"),
    (command(verb="mute", label="singing", seconds=60), "label"),
    (command(verb="mute", label="shouting", seconds="60"), "seconds"),
    (command(verb="explode"), "verb"),
    (command(), "verb"),
    (command(verb="ping", expires_s=0), "expires_s"),
    (command(verb="ping", by=""), "by"),
]


@pytest.mark.parametrize("body", GOOD, ids=lambda body: str(body["verb"]))
def test_a_good_command_is_taken(body: dict[str, Any]) -> None:
    """And docs/asyncapi.yaml says the same."""
    assert not isinstance(parse(json.dumps(body).encode()), Refused)
    assert problems("command", body) == []


@pytest.mark.parametrize(("body", "field"), BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_a_malformed_command_is_refused_by_the_name_of_its_field(body: dict[str, Any], field: str) -> None:
    """And docs/asyncapi.yaml says the same."""
    assert parse(json.dumps(body).encode()) == Refused("c1", Refusal(Reason.MALFORMED, field))
    assert problems("command", body)


def test_a_time_without_a_zone_is_refused() -> None:
    """Nobody could say when it expires."""
    assert parse(json.dumps(command(verb="ping", issued_at="2026-11-23T08:00:00")).encode()) == Refused("c1", Refusal(Reason.MALFORMED, "issued_at"))


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"verb":"ping"}', b"[" * 4000, b" " * (LARGEST_BYTES + 1)])
def test_what_is_no_command_is_refused_without_a_reply(payload: bytes) -> None:
    """There is no id that a reply could name."""
    refused = parse(payload)
    assert isinstance(refused, Refused)
    assert (refused.id, refused.refusal.reason) == (None, Reason.MALFORMED)


def taken(**fields: object) -> Any:
    """A ping, parsed."""
    return parse(json.dumps(command(verb="ping", **fields)).encode())


@pytest.mark.parametrize(("now_s", "reason"), [(0, None), (60, None), (60.1, Reason.EXPIRED), (-60, None), (-60.1, Reason.NOT_YET)])
def test_a_command_is_carried_out_only_in_its_time(now_s: float, reason: Reason | None) -> None:
    """One that waited for the terminal too long, and one from a clock that is far ahead, are refused."""
    refusal = Gatekeeper().admit(taken(), at(now_s))
    assert (refusal.reason if refusal else None) == reason


def test_without_a_synchronised_clock_age_is_no_reason() -> None:
    """A terminal without a time server must be acknowledgeable."""
    assert Gatekeeper().admit(taken(), at(10_000, synchronised=False)) is None


def test_a_command_is_carried_out_once() -> None:
    """QoS 1 may deliver twice, and somebody may record and repeat."""
    gatekeeper = Gatekeeper()
    assert gatekeeper.admit(taken(), at(0)) is None
    assert gatekeeper.admit(taken(), at(1)) == Refusal(Reason.REPLAYED)
    assert gatekeeper.admit(taken(id="c2"), at(1)) is None


def test_what_an_earlier_start_carried_out_is_not_carried_out_again() -> None:
    """A restart forgets nothing of it."""
    gatekeeper = Gatekeeper({"c1"}.__contains__)
    assert gatekeeper.admit(taken(), at(0)) == Refusal(Reason.REPLAYED)
    assert gatekeeper.admit(taken(id="c2"), at(0)) is None


def test_the_memory_of_ids_is_bounded() -> None:
    """The last ones are known, the first ones are forgotten."""
    gatekeeper = Gatekeeper()
    for number in range(REMEMBERED + 1):
        gatekeeper.admit(taken(id=str(number)), at(0))
    assert gatekeeper.admit(taken(id="1"), at(0)) == Refusal(Reason.REPLAYED)
    assert gatekeeper.admit(taken(id="0"), at(0)) is None
