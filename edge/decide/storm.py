"""A desk that gets hundreds of alerts reads none: past a limit, further incidents of a label share one alert with a count."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Storms:
    """What was raised lately. Start with `Storms()`."""

    raised_s: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # by label, the last `alerts` of them
    merged: Mapping[str, int] = field(default_factory=dict)  # by label, incidents in the storm's one alert


def admit(state: Storms, label: str, raised_s: float, alerts: int, window_s: float) -> tuple[Storms, int]:
    """Count one incident of `label`, raised at `raised_s`. Pure.

    Returns 0 where it is an alert of its own, else n: it is the n-th incident of the alert that stands for the storm, and
    the first (n = 1) raises that alert. A storm is over once the last `alerts` incidents reach back further than `window_s`.
    """
    before = state.raised_s.get(label, ())
    storming = len(before) == alerts and raised_s - before[0] < window_s
    merged = state.merged.get(label, 0) + 1 if storming else 0
    after = Storms({**state.raised_s, label: (*before, raised_s)[-alerts:]}, {**state.merged, label: merged})
    return after, merged
