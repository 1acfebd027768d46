"""Sound levels of a stretch of time, as noise surveys give them."""

from collections.abc import Sequence

import numpy as np

EXCEEDED_PERCENT = (10, 50, 90)


def exceeded(levels_dba: Sequence[float]) -> tuple[float, float, float] | None:
    """L10, L50 and L90: the levels that are exceeded for 10, 50 and 90 % of the time. None without any level."""
    if not levels_dba:
        return None
    # "lower" gives a level that was measured; interpolating towards digital silence, minus infinity, gives none at all.
    l10, l50, l90 = np.percentile(levels_dba, [100 - p for p in EXCEEDED_PERCENT], method="lower")
    return float(l10), float(l50), float(l90)
