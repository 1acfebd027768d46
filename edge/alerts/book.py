"""The life of alerts: incidents and the desk's commands in, sayings into the outbox out."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from edge.alerts.alert import Alert, State, Verdict, acknowledged, closed, gap_s, said_again, uuid7
from edge.alerts.outbox import Outbox
from edge.decide.storm import Storms, admit
from edge.decide.types import Closed, Opened, TracePoint
from edge.health.clock import Moment

STILL_OPEN_S = 3600.0
"""So long an alert of an earlier start stays open at least: its age is told by the wall clock, which may have jumped by a year."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """How alerts of this terminal live."""

    place: str
    model: str  # sha256
    profile: str  # sha256
    say_again_s: Sequence[float]  # seconds since the raising, rising
    close_after_s: float
    storm_alerts: int
    storm_window_s: float


class UnknownAlert(Exception):
    """No open alert has this id."""


class Book:
    """All alerts that are not closed, with what is due for them. Times are monotonic seconds. Not thread-safe."""

    def __init__(self, outbox: Outbox, rules: Rules, random: Callable[[int], bytes], now: Moment) -> None:
        """random: n -> n random bytes. Takes over the outbox's open alerts; they are said again at once."""
        self.raised = 0  # alerts since the start
        self.muted = 0  # incidents since the start that a mute kept quiet
        self.mutes: Mapping[str, float] = {}  # label -> when it ends
        self._outbox = outbox
        self._rules = rules
        self._random = random
        self._say_at_s: dict[str, float] = {}  # by alert; acknowledged ones have none
        self._close_at_s: dict[str, float] = {}
        self._incidents: dict[tuple[str, float], str] = {}  # (label, onset_s) of a sound that goes on -> alert
        self._untraced: dict[tuple[str, float], str] = {}  # (label, onset_s) -> alert whose trace is not complete
        self._storms = Storms()
        self._storm_alerts: dict[str, str] = {}  # label, those raised one step lower apart -> the alert that stands for its storm
        self.restore(outbox.alerts, now)

    @property
    def open(self) -> Sequence[Alert]:
        """Alerts that are not closed, in the order of raising."""
        return sorted(self._outbox.alerts, key=lambda alert: alert.seq)

    def restore(self, alerts: Sequence[Alert], now: Moment) -> None:
        """Take over alerts of an earlier start. Whatever was heard then is over now."""
        for alert in alerts:
            age_s = 0.0
            if alert.raised_ms is not None and now.known_ms is not None:
                age_s = max(0.0, (now.known_ms - alert.raised_ms) / 1000)
            at_least_s = min(STILL_OPEN_S, self._rules.close_after_s)
            self._close_at_s[alert.id] = now.monotonic_s + max(at_least_s, self._rules.close_after_s - age_s)
            if alert.state is not State.ACKNOWLEDGED:
                self._say_at_s[alert.id] = now.monotonic_s
                self._outbox.keep(replace(alert, state=State.ENDED))

    def opened(self, incident: Opened, now: Moment) -> Alert | None:
        """An incident was heard: raise an alert, which is returned, or count it in the one that stands for a storm."""
        if self.mutes.get(incident.label, 0.0) > now.monotonic_s:
            self.muted += 1
            _log.info("alert.muted label=%s score=%.2f", incident.label, incident.score)
            return None
        rules = self._rules
        kind = f"{incident.label} lowered" if incident.lowered else incident.label  # what is more must not get lost in a storm of what is less
        self._storms, merged = admit(self._storms, kind, now.monotonic_s, rules.storm_alerts, rules.storm_window_s)
        storm = self._storm_alert(kind) if merged else None
        if storm is not None:
            alert = storm
            score, level_dba = max(alert.score, incident.score), max(alert.level_dba or incident.level_dba, incident.level_dba)
            state = State.ONGOING if alert.state is State.ENDED else alert.state
            alert = replace(alert, count=alert.count + 1, score=score, level_dba=level_dba, state=state)
            self._outbox.keep(alert)
            _log.info("alert.joined id=%s label=%s count=%d", alert.id, alert.label, alert.count)
        else:
            onset_ms = now.known_ms and now.known_ms - round((incident.raised_s - incident.onset_s) * 1000)
            alert = self._raise(incident.label, now, onset_ms, incident.score, incident.level_dba, incident.phrase, incident.trace, lowered=incident.lowered)
            self._untraced[incident.label, incident.onset_s] = alert.id
            if merged:
                self._storm_alerts[kind] = alert.id
        self._incidents[incident.label, incident.onset_s] = alert.id
        return alert if storm is None else None

    def traced(self, label: str, onset_s: float, trace: tuple[TracePoint, ...]) -> None:
        """The ten seconds around the onset are complete."""
        alert = self._find(self._untraced.pop((label, onset_s), None))
        if alert is not None:
            self._outbox.keep(replace(alert, trace=trace))

    def closed(self, incident: Closed) -> None:
        """The sound of an incident is over."""
        alert = self._find(self._incidents.pop((incident.label, incident.onset_s), None))
        if alert is None:
            return
        score, level_dba = max(alert.score, incident.score), max(alert.level_dba or incident.level_dba, incident.level_dba)
        alert = replace(alert, score=score, level_dba=level_dba, phrase=incident.phrase or alert.phrase)
        if alert.state is not State.ACKNOWLEDGED and alert.id not in self._incidents.values():
            alert = replace(alert, state=State.ENDED)
        self._outbox.keep(alert)

    def drill(self, label: str, now: Moment) -> Alert:
        """Raise an alert without a sound, marked as a drill."""
        return self._raise(label, now, now.known_ms, score=0.0, level_dba=None, phrase=None, trace=(), drill=True)

    def acknowledge(self, id_: str, by: str, now: Moment) -> None:
        """Somebody takes care of it: it is said once more, as acknowledged. Raises UnknownAlert."""
        alert = self._open_alert(id_)
        if alert.state is State.ACKNOWLEDGED:
            return
        self._say([acknowledged(alert, by)], now)
        del self._say_at_s[id_]
        _log.info("alert.acknowledged id=%s by=%s", id_, by)

    def close(self, id_: str, verdict: Verdict, by: str | None, now: Moment) -> None:
        """The desk is done with it. Raises UnknownAlert."""
        alert = self._open_alert(id_)
        self._say([closed(alert, verdict, by)], now)
        self._say_at_s.pop(id_, None)
        self._close_at_s.pop(id_, None)
        _log.info("alert.closed id=%s verdict=%s by=%s", id_, verdict, by)

    def mute(self, label: str, seconds: float, now: Moment) -> None:
        """Raise nothing for `label`, for so long. Kept in memory: after a restart the terminal listens."""
        self.mutes = {**self.mutes, label: now.monotonic_s + seconds}

    def unmute(self, label: str) -> None:
        """Raise alerts for `label` again."""
        self.mutes = {muted: end_s for muted, end_s in self.mutes.items() if muted != label}

    def due_s(self) -> float | None:
        """When `tick` has something to do next; None: nothing."""
        return min((*self._say_at_s.values(), *self._close_at_s.values(), *self.mutes.values()), default=None)

    def tick(self, now: Moment) -> None:
        """Say again what is due, close what nobody closed, end mutes."""
        for id_ in [id_ for id_, at_s in self._close_at_s.items() if at_s <= now.monotonic_s]:
            self.close(id_, Verdict.NONE, None, now)
        due = [id_ for id_, at_s in self._say_at_s.items() if at_s <= now.monotonic_s]
        if due:
            sounding = set(self._incidents.values())
            self._say([said_again(self._open_alert(id_), sounding=id_ in sounding) for id_ in due], now)
        for label in [label for label, end_s in self.mutes.items() if end_s <= now.monotonic_s]:
            self.unmute(label)

    def _raise(
        self,
        label: str,
        now: Moment,
        onset_ms: int | None,
        score: float,
        level_dba: float | None,
        phrase: str | None,
        trace: tuple[TracePoint, ...],
        *,
        drill: bool = False,
        lowered: bool = False,
    ) -> Alert:
        rules = self._rules
        alert = Alert(
            id=uuid7(now.unix_ms, self._random(10)),
            seq=self._outbox.seq + 1,
            place=rules.place,
            label=label,
            state=State.RAISED,
            score=score,
            level_dba=level_dba,
            phrase=phrase,
            onset_ms=onset_ms,
            raised_ms=now.known_ms,
            repeat=0,
            count=1,
            drill=drill,
            verdict=None,
            by=None,
            trace=trace,
            model=rules.model,
            profile=rules.profile,
            lowered=lowered,
        )
        self._close_at_s[alert.id] = now.monotonic_s + rules.close_after_s
        self.raised += 1
        self._say([alert], now)
        _log.info("alert.raised id=%s seq=%d label=%s score=%.2f level_dba=%s drill=%s", alert.id, alert.seq, label, score, level_dba, drill)
        return alert

    def _say(self, alerts: Sequence[Alert], now: Moment) -> None:
        self._outbox.say(alerts, now)
        for alert in alerts:
            self._say_at_s[alert.id] = now.monotonic_s + gap_s(alert.repeat, self._rules.say_again_s)

    def _open_alert(self, id_: str) -> Alert:
        if (alert := self._find(id_)) is None:
            raise UnknownAlert(id_)
        return alert

    def _find(self, id_: str | None) -> Alert | None:
        return next((alert for alert in self._outbox.alerts if alert.id == id_), None)

    def _storm_alert(self, kind: str) -> Alert | None:
        """The alert that stands for the storm, as long as nobody has taken care of it: afterwards the desk must hear of more."""
        alert = self._find(self._storm_alerts.get(kind))
        return None if alert is None or alert.state is State.ACKNOWLEDGED else alert
