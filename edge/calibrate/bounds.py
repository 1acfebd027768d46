"""What counts tell, and how surely: exact Poisson limits and Wilson's interval. Limits need scipy (extra [technician])."""

from importlib.util import find_spec
from math import exp, sqrt

from edge.errors import EdgeError
from edge.words import N_

CONFIDENCE = 0.95


class StatisticsMissing(EdgeError):
    """scipy is not installed."""


def check() -> None:
    """Raise StatisticsMissing where scipy is missing, before anybody listens for hours."""
    if find_spec("scipy") is None:
        raise StatisticsMissing(N_("this needs scipy, which is not installed. Run: pip install 'xiaoan-edge[technician]'"))


def poisson_limits(count: int) -> tuple[float, float]:
    """Two-sided exact limits (Garwood 1936) of the mean of a Poisson count, at CONFIDENCE."""
    from scipy.stats import chi2  # noqa: PLC0415 - of the extra [technician]

    tail = (1.0 - CONFIDENCE) / 2
    low = 0.0 if count == 0 else float(chi2.ppf(tail, 2 * count)) / 2
    return low, float(chi2.ppf(1.0 - tail, 2 * count + 2)) / 2


def poisson_at_most(count: int) -> float:
    """One-sided exact upper limit of the mean of a Poisson count, at CONFIDENCE; for 0 it is 3.0, the rule of three."""
    from scipy.stats import chi2  # noqa: PLC0415 - of the extra [technician]

    return float(chi2.ppf(CONFIDENCE, 2 * count + 2)) / 2


def poisson_tail(count: int, mean: float) -> float:
    """How likely a Poisson count of that mean is at least `count`. Needs no scipy."""
    term = below = exp(-mean)
    for i in range(1, count):
        term *= mean / i
        below += term
    return max(0.0, 1.0 - below) if count else 1.0


def hours_needed(per_day: float) -> float:
    """Hours without a single alarm after which at most `per_day` of them may be claimed."""
    return 24.0 * poisson_at_most(0) / per_day


def wilson(found: int, of: int) -> tuple[float, float]:
    """Wilson's interval of a share (1927), at 95 %. (0, 1) where nothing was tried."""
    if of == 0:
        return 0.0, 1.0
    z = 1.959964
    share = found / of
    centre = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return max(0.0, centre - half), min(1.0, centre + half)
