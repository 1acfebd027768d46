"""The desk in a terminal, at work: keys in, the screen out."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from rich.console import Console
from rich.live import Live
from sqlalchemy.exc import SQLAlchemyError

from edge.desk.console import Mode, View, came_of_it, drawn, press
from edge.desk.desk import Desk, NotDone, Wish
from edge.desk.figures import SHOWN_DAYS
from edge.desk.keyboard import Keys
from edge.desk.store import Session, local_day
from edge.desk.views import Papers
from edge.desk.words import WORDS

TURN_S = 1.0
"""The seconds since an alert began go on."""
BELL_MS = 2000
READ_AGAIN_MS = 10_000
"""What a view has from the database, which another desk may write too."""


def show(desk: Desk, who: Session, keys: Keys, console: Console, translate: Callable[[str], str]) -> None:
    """Until somebody leaves, or the terminal is gone."""

    def say(name: str, **facts: object) -> str:
        return translate(WORDS[name]).format(**facts) if name in WORDS else name.partition("_")[2]

    view, papers, rung_ms = View(), Papers(), 0
    with Live(console=console, screen=True, auto_refresh=False, transient=True) as live:
        while not view.leaving and not keys.ended:
            picture, now_ms = desk.picture(), time.time_ns() // 1_000_000
            view = came_of_it(view, picture, say, now_ms)
            if view.mode in (Mode.STATISTICS, Mode.TOLD) and now_ms - papers.at_ms >= READ_AGAIN_MS:
                papers = _read(desk, now_ms)
            live.update(drawn(view, picture, say, translate, now_ms, console.height, papers), refresh=True)
            if any(alert["calls"] for alert in picture["alerts"]) and now_ms - rung_ms >= BELL_MS:
                rung_ms = now_ms
                console.bell()
            for key in keys.wait(TURN_S):
                view, wish = press(view, key, picture)
                if wish:
                    view = _done(desk, who, wish, view, say)


def _read(desk: Desk, now_ms: int) -> Papers:
    today = local_day(now_ms)
    try:
        return Papers(now_ms, figures=desk.figures(today - timedelta(days=SHOWN_DAYS - 1), today), told=desk.tries())
    except SQLAlchemyError:
        return Papers(now_ms, refused=True)


def _done(desk: Desk, who: Session, wish: Wish, view: View, say: Callable[..., str]) -> View:
    try:
        id_ = desk.do(wish, who)
    except NotDone as error:
        return replace(view, told=say("not_done", reason=say(f"reason_{error.reason}")))
    return replace(view, told=say("done")) if wish.verb == "arrive" else replace(view, asked=(id_, time.time_ns() // 1_000_000), told="")
