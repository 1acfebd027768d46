"""What an alert is, worked out by hand."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.alert import State, Verdict, acknowledged, closed, gap_s, said_again, uuid7
from tests.alerts.make import alert


def test_a_uuid7_is_the_one_of_the_standards_example() -> None:
    """RFC 9562, A.6: 2022-02-22 19:22:22 UTC, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F."""
    random = bytes([0xFC, 0xC3, 0x58, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F])
    assert uuid7(0x017F22E279B0, random) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_uuid7_has_its_version_variant_and_time(unix_ms: int, random: bytes) -> None:
    """Ids sort by time, whatever the randomness."""
    made = UUID(uuid7(unix_ms, random))
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == unix_ms


def test_an_alert_is_said_at_0_15_30_60_seconds_and_then_each_minute() -> None:
    """The schedule, added up."""
    at_s, times = 0.0, [0.0]
    for repeat in range(6):
        at_s += gap_s(repeat, (15.0, 30.0, 60.0))
        times.append(at_s)
    assert times == [0, 15, 30, 60, 120, 180, 240]


def test_every_saying_of_an_alert_has_a_number_of_its_own() -> None:
    """`repeat` rises with each saying, whatever it says, so that nothing is taken for a duplicate."""
    first = alert(1)
    second = said_again(first, sounding=True)
    third = said_again(second, sounding=False)
    fourth = acknowledged(third, "李老师")
    fifth = closed(fourth, Verdict.REAL, None)
    assert [a.repeat for a in (first, second, third, fourth, fifth)] == [0, 1, 2, 3, 4]
    assert [a.state for a in (second, third, fourth, fifth)] == [State.ONGOING, State.ENDED, State.ACKNOWLEDGED, State.CLOSED]
    assert (fifth.by, fifth.verdict) == ("李老师", Verdict.REAL)
