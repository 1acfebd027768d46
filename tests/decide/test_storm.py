"""Storms of alerts."""

from hypothesis import given
from hypothesis import strategies as st

from edge.decide.storm import Storms, admit


def run(times_s: list[float], label: str = "shouting", alerts: int = 3, window_s: float = 600.0) -> list[int]:
    """What each incident is told."""
    state, out = Storms(), []
    for t in times_s:
        state, merged = admit(state, label, t, alerts, window_s)
        out.append(merged)
    return out


def test_past_the_limit_incidents_share_one_alert() -> None:
    """Three alerts stand alone; the fourth in ten minutes raises the storm's alert and the next ones only count in it."""
    assert run([0, 10, 20, 30, 40, 50]) == [0, 0, 0, 1, 2, 3]


def test_a_storm_ends_when_the_window_has_passed_and_a_new_one_counts_afresh() -> None:
    """Once the last three reach back further than the window, an incident is an alert of its own again."""
    assert run([0, 10, 20, 30, 700, 710, 720, 730]) == [0, 0, 0, 1, 0, 0, 0, 1]


def test_labels_have_their_own_storms() -> None:
    """A storm of shouting never swallows crying."""
    state = Storms()
    for t in range(10):
        state, _ = admit(state, "shouting", float(t), 3, 600.0)
    assert admit(state, "crying", 11.0, 3, 600.0)[1] == 0


@given(times=st.lists(st.floats(0, 5000), max_size=60).map(sorted), alerts=st.integers(1, 8))
def test_never_more_than_the_limit_in_a_window(times: list[float], alerts: int) -> None:
    """In any window of 600 s at most `alerts` stand alone, and every other incident is counted in a storm's alert."""
    verdicts = run(times, alerts=alerts)
    own = [t for t, merged in zip(times, verdicts, strict=True) if not merged]
    for t in own:
        assert sum(t <= other < t + 600.0 for other in own) <= alerts
