"""Whether sound is analysed as fast as it is heard."""

from collections.abc import Iterable

from edge.health.pace import BEHIND_S, LONG_S, Pace


def late_at(blocks: Iterable[tuple[float, float]]) -> list[float]:
    """(seconds of sound, seconds until the next one is through) -> the times at which it was late."""
    pace, now_s, found = Pace(), 0.0, []
    for sound_s, takes_s in blocks:
        now_s += takes_s
        pace = pace.advance(sound_s, now_s)
        if pace.late:
            found.append(now_s)
    return found


def test_a_chain_that_takes_longer_than_its_sound_is_late() -> None:
    """At 110 % it is a second behind after ten, and five more make it a fault; it ends once it has caught up."""
    found = late_at([(0.1, 0.11)] * 400 + [(0.1, 0.02)] * 60 + [(0.1, 0.1)] * 100)
    assert 14.0 < found[0] < 18.0
    assert 44.0 <= found[-1] < 45.5


def test_sound_that_comes_at_its_own_pace_is_in_time_all_year() -> None:
    """A sound card whose second is 0.02 % longer than ours, for a day."""
    assert late_at([(1.0, 1.0002)] * 86_400) == []


def test_a_busy_moment_is_no_fault() -> None:
    """Four seconds at which the computer did something else, caught up with at once."""
    assert late_at([(0.1, 0.1)] * 50 + [(0.1, 4.0)] + [(0.1, 0.01)] * 45 + [(0.1, 0.1)] * 100) == []


def test_lost_sound_is_not_late_for_ever() -> None:
    """Two seconds that never came are a fault of another name; some minutes later nothing is left of it here."""
    found = late_at([(0.1, 0.1)] * 50 + [(0.1, BEHIND_S + 1.1)] + [(0.1, 0.1)] * 6000)
    assert found
    assert found[-1] - found[0] < 200.0
    assert found[0] > 5.0 + LONG_S
