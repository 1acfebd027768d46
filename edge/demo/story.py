"""What the demo's watcher is told: which alerts came, how long after their sounds, and what should have come."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edge.decide.expect import TOLERANCE_S, Event
from edge.demo.scene import Part, Scene

ON_THE_WAY_S = 1.0
"""An alert may be this much later at the desk than its decision."""


@dataclass(frozen=True, slots=True)
class Line:
    """One alert as the desk saw it arrive."""

    heard_s: float | None  # place in the recording at which it arrived; None: before it began
    place: str
    label: str
    level_dba: float | None
    after_ms: int | None  # since the sound of its event began to be played; None: nothing was played that should raise it
    expected: bool  # whether any event was on at that time


@dataclass(frozen=True, slots=True)
class Story:
    """All that has happened. Times of the machine's monotonic clock."""

    scene: Scene
    start_s: float | None = None  # of the recording
    lines: tuple[Line, ...] = ()
    ids: frozenset[str] = frozenset()

    def begun(self, start_s: float) -> "Story":
        """The recording has begun."""
        return replace(self, start_s=start_s)

    def arrived(self, at_s: float, alert: Mapping[str, object]) -> "Story":
        """A message of the topic `alert` reached the desk; only the first of each alert tells something new."""
        if alert["id"] in self.ids:
            return self
        heard_s = None if self.start_s is None else at_s - self.start_s
        on = [e for e in self.scene.events if heard_s is not None and e.start_s <= heard_s <= e.end_s + TOLERANCE_S + ON_THE_WAY_S]
        mine = [e for e in on if e.label == alert["label"]]
        after_ms = round((heard_s - mine[-1].start_s) * 1000) if mine and heard_s is not None else None
        level = alert["level_dba"]
        line = Line(heard_s, str(alert["place"]), str(alert["label"]), float(level) if isinstance(level, int | float) else None, after_ms, bool(on))
        return replace(self, lines=(*self.lines, line), ids=self.ids | {str(alert["id"])})

    def part(self, now_s: float) -> Part | None:
        """What is being played."""
        if self.start_s is None:
            return None
        return next((p for p in self.scene.parts if p.start_s <= now_s - self.start_s <= p.end_s), None)

    @property
    def missing(self) -> tuple[Event, ...]:
        """Events whose alert has not come."""
        came = {line.label for line in self.lines if line.after_ms is not None}
        return tuple(e for e in self.scene.events if e.label not in came)

    @property
    def unexpected(self) -> tuple[Line, ...]:
        """Alerts for which nothing was played."""
        return tuple(line for line in self.lines if not line.expected)
