"""The pictures of docs/desk.md: `python -m tests.desk.pictures docs`, two minutes.

The real desk, mosquitto and Chromium; the school, its people, alerts and history are made up. Look at each picture before it is kept.
"""

import argparse
import io
import math
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from edge.desk.figures import KINDS
from edge.desk.school import Case, Terminal
from edge.desk.store import Store
from edge.link.messages import utc
from tests.broker import Broker, Desk, running
from tests.desk.browser import browser, log_in
from tests.desk.life import life
from tests.desk.say import alert, health, status
from tests.desk.served import Served, Visitor, served

if TYPE_CHECKING:
    from playwright.sync_api import Page

PLACES = {
    f"{name}-{number}": f"{floor}楼{place}"
    for number, floor in enumerate("一二三四五", 1)
    for name, place in (("east", "东侧洗手间"), ("west", "西侧楼梯间"), ("dorm", "宿舍入口"))
}
NEVER_CAME, OFFLINE, COVERED, FAULTY = "gate-1", "west-4", "dorm-4", "east-5"
FAULTS = {COVERED: ["covered"], FAULTY: ["clock_unsynchronised"]}
CONDITIONS = {OFFLINE: "offline", COVERED: "deaf", FAULTY: "faulty"}
LABELS = ("shouting", "crying", "insult", "help", "button")
PERIODS = {9: "上课", 10: "课间", 12: "午休", 14: "上课", 16: "放学"}  # by hour
DAYS = 28
S, HOUR = 1000, 3_600_000  # milliseconds


@dataclass(frozen=True, slots=True)
class Picture:
    """What is seen by one person on one screen."""

    name: str
    width: int
    height: int
    who: str
    path: str = "/"
    press: str = "#tab-alerts"
    there: str = "main > *"  # once it is, everything is
    language: str = "zh"
    medium: Literal["screen", "print"] = "screen"

    def take(self, page: "Page", desk: Served, folder: Path) -> None:
        """Log in, go there, keep it."""
        page.set_viewport_size({"width": self.width, "height": self.height})
        page.emulate_media(media="screen")
        page.context.clear_cookies()
        log_in(page, desk, self.language, self.who)
        if self.path == "/":
            page.locator(self.press).click()
        else:
            page.goto(f"http://127.0.0.1:{desk.port}{self.path}")
        page.locator(self.there).first.wait_for()
        page.locator(":focus").evaluate_all("all => all.forEach((one) => one.blur())")
        page.emulate_media(media=self.medium)
        keep(Image.open(io.BytesIO(page.screenshot())).convert("RGB"), folder, self.name)


def keep(picture: Image.Image, folder: Path, name: str) -> None:
    """Small, for a document."""
    picture.quantize(128).save(folder / f"desk-{name}.png", optimize=True)


def at_ms(day: date, hour: int) -> int:
    """That hour of that day, where the desk stands."""
    return round(datetime.combine(day, clock(hour)).timestamp() * S)


def closed(id_: str, day: date, chance: random.Random) -> Case:
    """An alert of that day, to which somebody came."""
    hour, name, kind = chance.choice(list(PERIODS)), chance.choice([one for one in PLACES if one != COVERED]), chance.choices(KINDS, (18, 9, 5, 1, 3))[0]
    first_ms = at_ms(day, hour) + chance.randrange(HOUR)
    acknowledged_ms = first_ms + round(chance.lognormvariate(2.2, 0.6) * S)
    arrived_ms = acknowledged_ms + round(chance.lognormvariate(3.6, 0.4) * S)
    return Case(
        name, id_, chance.choices(LABELS, (5, 3, 2, 1, 2))[0], "closed", PLACES[name], first_ms, PERIODS[hour], drill=kind == "drill",
        verdict=None if kind in ("drill", "none") else kind, acknowledged_ms=acknowledged_ms, arrived_ms=arrived_ms, closed_ms=arrived_ms + 60 * S,
    )  # fmt: skip


def cases(days: list[date], chance: random.Random) -> Iterator[Case]:
    """Some alerts on each day of school."""
    for day in days:
        for number in range(chance.choice((0, 1, 2, 3, 4)) if day.weekday() < 5 else 0):
            yield closed(f"{day}-{number}", day, chance)


def remember(store: Store, today: date, covered: date) -> None:
    """Give the desk a history: what was raised, and which terminal heard something on which day. covered: since which day one is."""
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    store.keep(list(cases(days[:-1], random.Random(7))), [], [])
    told_ms = round(time.time() * S)
    since_ms = {OFFLINE: told_ms - HOUR, COVERED: at_ms(covered, 7), FAULTY: at_ms(today - timedelta(days=1), 8)}
    for day in days:
        listening = [name for name in PLACES if name != COVERED or day < covered]
        store.keep([], [
            Terminal(name, PLACES[name], online=name != OFFLINE, told_ms=told_ms, heard_ms=at_ms(day, 6),
                     condition=CONDITIONS.get(name, "fine"), since_ms=since_ms.get(name, 0))
            for name in listening
        ], [])  # fmt: skip


def come(desk: Desk, chance: random.Random) -> None:
    """All terminals say how they are; the broker keeps it."""
    now_ms = round(time.time() * S)
    for name, place in PLACES.items():
        here = "offline" if name == OFFLINE else "online"
        level = chance.uniform(36, 58)
        desk.say(f"xiaoan/v1/no-4/{name}/status", status(place=place, status=here, version="0.1.0"), retain=True)
        body = health(at=utc(now_ms - (HOUR if name == OFFLINE else 0)), faults=FAULTS.get(name, []), l50_dba=level, temperature_c=chance.uniform(37, 46))
        desk.say(f"xiaoan/v1/no-4/{name}/health", body, retain=True)


def raised(name: str, seconds: float, **fields: Any) -> tuple[str, dict[str, Any]]:
    """Topic and saying of an alert whose sound began so many seconds ago."""
    loud, score = fields["level_dba"], fields["score"]
    offsets = [number / 4 - 5 for number in range(40)]
    rise = [1 / (1 + math.exp(-6 * (offset - 0.3))) for offset in offsets]
    trace = [
        {"offset_s": offset, "score": 0.02 + up * (score - 0.02), "level_dba": loud - 28 * (1 - up) + 2 * math.sin(3 * offset)}
        for offset, up in zip(offsets, rise, strict=True)
    ]
    began = utc(round((time.time() - seconds) * S))
    return f"xiaoan/v1/no-4/{name}/alert", alert(id=f"alert-of-{name}", place=PLACES[name], onset_at=began, raised_at=began, at=began, trace=trace, **fields)


def ready(desk: Served) -> None:
    """Wait until the desk has heard every terminal."""
    visitor = Visitor(desk.port)
    assert visitor.log_in("张主任") == 303
    visitor.wait(lambda picture: sum(one["temperature_c"] is not None for one in picture["terminals"]) == len(PLACES), "the terminals")


def main() -> None:
    """Write them all."""
    parser = argparse.ArgumentParser(prog="python -m tests.desk.pictures", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    if not subprocess.check_output(["fc-list", ":lang=zh"]):
        parser.error("no font here has Chinese characters: install fonts-noto-cjk")
    today = datetime.now().astimezone().date()
    monday = today - timedelta(days=today.weekday())
    week = (monday - timedelta(days=7)).strftime("%G-W%V")
    with tempfile.TemporaryDirectory() as temporary, browser(Path(temporary) / "profile") as page:
        own = Path(temporary)
        store = Store("", own / "desk")
        remember(store, today, monday - timedelta(days=3))
        store.close()
        for broker in running(Broker(own)):
            desk = Desk(broker.port)
            come(desk, random.Random(4))
            with served(own, broker.port) as quiet:
                ready(quiet)
                Picture("statistics", 900, 1000, "张主任", "/statistics").take(page, quiet, folder)
                Picture("report", 720, 1020, "张主任", f"/report?week={week}", medium="print").take(page, quiet, folder)
            with served(own, broker.port, f'terminals = ["{NEVER_CAME}"]\n') as busy:
                ready(busy)
                Picture("terminals", 900, 600, "张主任", press="#tab-terminals", there=".terminal").take(page, busy, folder)
                desk.say(*raised("west-3", 75, label="crying", state="acknowledged", score=0.88, level_dba=71.0, repeat=2, by="王工"))
                desk.say(*raised("east-2", 15, label="shouting", state="ongoing", score=0.97, level_dba=91.0, repeat=1))
                both = ".alert.waiting + .alert"
                Picture("alerts", 1000, 640, "李老师", there=both).take(page, busy, folder)
                Picture("phone", 360, 640, "李老师", language="en", there=both).take(page, busy, folder)
            with served(own, broker.port) as seen:
                keep(life(page, seen, broker.port, desk, own), folder, "life")
            desk.close()


if __name__ == "__main__":
    main()
