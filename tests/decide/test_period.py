"""Periods of the day."""

from datetime import date, datetime

import pytest

from edge.config.schema import Holiday, Period
from edge.decide.period import period_at

WEEK = ("mon", "tue", "wed", "thu", "fri")
PERIODS = (
    Period(name="break", days=WEEK, start="10:00", end="10:20"),
    Period(name="class", days=WEEK, start="08:00", end="12:00"),
    Period(name="night", days=("fri",), start="22:00", end="06:00"),
    Period(name="holiday", start="00:00", end="23:59", thresholds={"shouting": 0.9}),
)
HOLIDAYS = (Holiday(**{"from": date(2026, 10, 1), "to": date(2026, 10, 7)}),)


@pytest.mark.parametrize(
    ("local", "name"),
    [
        ("2026-11-23 07:59", "default"),  # a Monday
        ("2026-11-23 08:00", "class"),
        ("2026-11-23 10:00", "break"),  # class fits as well: the first one holds
        ("2026-11-23 10:19", "break"),
        ("2026-11-23 10:20", "class"),
        ("2026-11-23 12:00", "default"),
        ("2026-11-21 10:10", "default"),  # a Saturday
        ("2026-11-27 22:00", "night"),  # Friday evening
        ("2026-11-28 05:59", "night"),  # reaches into Saturday
        ("2026-11-28 06:00", "default"),
        ("2026-11-28 22:00", "default"),  # but Saturday has no night of its own
        ("2026-11-27 05:00", "default"),  # nor has Thursday
        ("2026-10-01 00:00", "holiday"),
        ("2026-10-07 10:10", "holiday"),
        ("2026-10-08 10:10", "break"),
    ],
)
def test_the_first_stretch_that_fits_holds(local: str, name: str) -> None:
    """Weekdays, both ends, stretches over midnight and holidays fall where the configuration says."""
    assert period_at(datetime.fromisoformat(local), PERIODS, HOLIDAYS) == name


def test_without_a_synchronised_clock_it_is_default() -> None:
    """A terminal that does not know the time takes no period's thresholds."""
    assert period_at(None, PERIODS, HOLIDAYS) == "default"
