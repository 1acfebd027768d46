"""Which period of the day it is: a shout in a break is not a shout in a lesson."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from edge.config.schema import DAYS, Holiday, Period

DEFAULT = "default"
HOLIDAY = "holiday"


def period_at(local: datetime | None, periods: Sequence[Period], holidays: Sequence[Holiday]) -> str:
    """Name of the period at a local time; `default` where none fits or the clock is not synchronised (None).

    On a holiday it is `holiday` all day. Else the first stretch that fits holds; one that ends before it starts reaches over
    midnight and belongs to the day on which it began. Stretches named `holiday` or `default` only carry thresholds.
    """
    if local is None:
        return DEFAULT
    if any(h.first <= local.date() <= h.last for h in holidays):
        return HOLIDAY
    clock = local.strftime("%H:%M")  # compares as a string: the configuration holds two digits each
    today, yesterday = DAYS[local.weekday()], DAYS[(local - timedelta(days=1)).weekday()]
    for p in periods:
        if p.name in (DEFAULT, HOLIDAY):
            continue
        if p.start < p.end:
            fits = today in p.days and p.start <= clock < p.end
        else:
            fits = (today in p.days and clock >= p.start) or (yesterday in p.days and clock < p.end)
        if fits:
            return p.name
    return DEFAULT
