"""Whether sound is analysed as fast as it is heard. Pure."""

from dataclasses import dataclass, replace

BEHIND_S = 1.0
"""So far behind is late: an alert that should be at the desk in a second would take two."""

LONG_S = 5.0
"""What lasts as long as this is a fault; a busy moment that is caught up with is none."""

CAUGHT_UP_S = 0.3
"""Nearer than this it is over."""

LEAK = 0.01
"""How fast a lag becomes what is usual: sound that was lost on the way looks like a lag that never ends, and sound cards and clocks differ by 0.01 %."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How sound that was analysed relates to time that went by."""

    begin_s: float | None = None  # when the first block was through, monotonic; None: there is nothing to be late with
    heard_s: float = 0.0  # sound since then
    usual_s: float = 0.0  # the lag of a chain that is in time
    now_s: float = 0.0
    late_since_s: float | None = None

    def advance(self, sound_s: float, now_s: float) -> "Pace":
        """One more block of so many seconds is through."""
        if self.begin_s is None:
            return Pace(begin_s=now_s, now_s=now_s)
        heard_s = self.heard_s + sound_s
        lag_s = now_s - self.begin_s - heard_s
        usual_s = min(self.usual_s + LEAK * (now_s - self.now_s), lag_s)
        behind_s = lag_s - usual_s
        since_s = self.late_since_s
        if behind_s >= BEHIND_S and since_s is None:
            since_s = now_s
        elif behind_s < CAUGHT_UP_S:
            since_s = None
        return replace(self, heard_s=heard_s, usual_s=usual_s, now_s=now_s, late_since_s=since_s)

    @property
    def late(self) -> bool:
        """Whether it has been behind for long."""
        return self.late_since_s is not None and self.now_s - self.late_since_s >= LONG_S
