"""What a key comes to at the desk in a terminal, and the desk in a real one at a real broker."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from rich.cells import cell_len
from rich.console import Console

from edge.desk.console import DOWN, ENTER, ESCAPE, LATE_MS, LEFT, RIGHT, UP, Mode, View, came_of_it, drawn, press
from edge.desk.desk import Wish, _alert, _terminal
from edge.desk.figures import figures
from edge.desk.school import Case, School
from edge.desk.store import Spot, Store
from edge.desk.tell import Told
from edge.desk.views import FLOOR_COLUMNS, FLOOR_ROWS, Papers, clock
from edge.desk.words import WORDS
from tests.broker import Broker, Desk, wait_for
from tests.command import xiaoan
from tests.desk.say import ID, NOON_MS, PLACE, alert, health, said, status
from tests.pseudo_terminal import Terminal

TOPIC = "xiaoan/v1/no-4/t1"
CASE = Case("t1", ID, "shouting", "raised", PLACE, NOON_MS, "break")


def shown(number: int, state: str = "raised", *, arrived_ms: int | None = None) -> dict[str, Any]:
    """An alert of a picture, as far as keys ask for it."""
    opened = state != "closed"
    return {"terminal": "t1", "id": f"a{number}", "state": state, "waiting": opened and state != "acknowledged", "open": opened, "arrived_ms": arrived_ms}


TWO: Mapping[str, Any] = {"alerts": [shown(1), shown(2, "acknowledged"), shown(3, "closed")], "answers": {}}


def pressed(keys: list[str], picture: Mapping[str, Any] = TWO, view: View = View()) -> tuple[View, Wish | None]:  # noqa: B008 - it is frozen
    """One after the other; the last wish."""
    wish: Wish | None = None
    for key in keys:
        view, wish = press(view, key, picture)
    return view, wish


@pytest.mark.parametrize(
    ("keys", "wish"),
    [
        (["g"], Wish("acknowledge", "t1", "a1")),
        (["2", "g"], None),  # somebody is going already
        ([DOWN, "t"], Wish("arrive", "t1", "a2")),
        ([DOWN, DOWN, UP, "g"], Wish("acknowledge", "t1", "a1")),
        (["3", "9", "g"], Wish("acknowledge", "t1", "a1")),  # a closed one is not there
        (["t"], None),
        (["c", "f", *"门坏q", "\x7f", ENTER], Wish("close", "t1", "a1", verdict="false", word="门坏")),
        (["2", "c", "p", ENTER], Wish("close", "t1", "a2", verdict="prank")),
        (["c", "x", "r", ENTER], Wish("close", "t1", "a1", verdict="real")),
        (["c", ESCAPE, "r", ENTER], None),
        (["c", "r", "门", ESCAPE, "g"], Wish("acknowledge", "t1", "a1")),
    ],
)
def test_what_keys_come_to(keys: list[str], wish: Wish | None) -> None:
    """Whatever is typed as a word is not a command."""
    assert pressed(keys)[1] == wish


def test_an_alert_that_somebody_else_closes_takes_the_closing_along() -> None:
    """The word that is half written must not close the next alert."""
    view, _ = pressed(["c", "f", "门"])
    gone = {**TWO, "alerts": [shown(4), *TWO["alerts"][1:]]}
    assert press(view, ENTER, gone) == (View(("t1", "a1"), Mode.LOOK, "false"), None)


def test_with_no_alert_only_leaving_does_something() -> None:
    """No key may raise an error."""
    nothing: Mapping[str, Any] = {"alerts": [], "answers": {}}
    assert pressed(["g", "1", DOWN, "c", "t", "é", ENTER], nothing) == (View(), None)
    assert pressed(["q"], nothing)[0].leaving


WALL: Mapping[str, Any] = {**TWO, "terminals": [{"name": "t9", "labels": []}, {"name": "t1", "labels": ["shouting", "crying"]}]}


@pytest.mark.parametrize(
    ("keys", "wish"),
    [
        (["e", DOWN, "m"], Wish("mute", "t1", label="shouting", seconds=600)),
        (["e", DOWN, DOWN, RIGHT, "u"], Wish("unmute", "t1", label="crying")),
        (["e", DOWN, LEFT, "d"], Wish("drill", "t1", label="crying")),
        (["e", "d"], Wish("drill", "t9", label="help")),
        (["e", "g"], None),
        (["e", ESCAPE, "g"], Wish("acknowledge", "t1", "a1")),
        (["e", "m", "m"], None),
        (["m"], None),
    ],
)
def test_a_terminal_is_muted_and_drilled_by_keys(keys: list[str], wish: Wish | None) -> None:
    """After it was chosen, so that no slip mutes anything; without a terminal there is none to choose."""
    assert pressed(keys, WALL)[1] == wish
    nothing: Mapping[str, Any] = {**TWO, "terminals": []}
    assert pressed(["e", "m"], nothing) == (View(("t1", "a1")), None)
    view, _ = pressed(["e", DOWN], WALL)
    assert press(view, "m", nothing)[1] is None  # it was taken back meanwhile


def test_the_answer_to_a_command_is_told_and_so_is_none() -> None:
    """Within fifteen seconds."""

    def say(name: str, **facts: object) -> str:
        return f"{name} {facts}" if facts else name

    asked = View(asked=("c1", 1000))
    assert came_of_it(asked, TWO, say, 1000 + LATE_MS) is asked
    assert came_of_it(asked, TWO, say, 1001 + LATE_MS).told == "no_answer"
    assert came_of_it(asked, {**TWO, "answers": {"c1": {"ok": True, "reason": None}}}, say, 1001).told == "done"
    assert came_of_it(asked, {**TWO, "answers": {"c1": {"ok": True, "reason": None, "by": "王工"}}}, say, 1001).told == "taken_by {'who': '王工'}"
    assert came_of_it(asked, {**TWO, "answers": {"c1": {"ok": False, "reason": "expired"}}}, say, 1001).told == "refused {'reason': 'reason_expired'}"


def test_other_views_are_a_key_away_and_so_are_the_alerts() -> None:
    """No key of a view is about an alert; what is chosen stays."""
    view, _ = pressed([DOWN, "p"])
    assert (view.mode, view.chosen) == (Mode.PLAN, ("t1", "a2"))
    for keys, mode, page in (([DOWN, "j", " ", UP], Mode.PLAN, 2), ([DOWN, "s"], Mode.STATISTICS, 0), (["s", "w", UP], Mode.TOLD, -1)):
        there, wish = pressed([*keys, "g", "t", "c", "e", "1"], view=view)
        assert (there.mode, there.page, wish) == (mode, page, None)
        assert {pressed([*keys, key], view=view)[0].mode for key in ("a", ESCAPE)} == {Mode.LOOK}
        assert pressed([*keys, "q"], view=view)[0].leaving
    assert pressed(["p", "a", "c", "r", *"saw", ENTER])[1] == Wish("close", "t1", "a1", verdict="real", word="saw")


def screen(picture: Mapping[str, Any], view: View = View(), height: int = 24, papers: Papers = Papers()) -> list[str]:  # noqa: B008 - they are frozen
    """The lines that somebody sees, in English."""
    console = Console(file=StringIO(), width=160, height=height, color_system=None)
    with console.capture() as drawing:
        console.print(drawn(view, picture, in_english, str, picture["now_ms"], height, papers))
    return drawing.get().splitlines()


def in_english(name: str, **facts: object) -> str:
    """A word of the page."""
    return WORDS[name].format(**facts)


def pictured(school: School, now_ms: int) -> dict[str, Any]:
    """What the desk makes of a school, at a broker that is there."""
    return {
        "now_ms": now_ms, "site": "no-4", "broker": None, "broker_since_ms": 0, "store": None, "alerts": [_alert(case) for case in school.cases],
        "terminals": [_terminal(terminal, None) for terminal in school.terminals], "silent_today": [], "answers": {}, "plans": [],
    }  # fmt: skip


def test_however_many_alerts_there_are_the_chosen_one_and_what_is_typed_are_seen() -> None:
    """The rest is counted."""
    school = School([f"t{number}" for number in range(30)], NOON_MS)
    for number in range(12):
        school.take(said("alert", alert(id=f"a{number}", place=f"hall {number}")), NOON_MS + number, "")
    picture = pictured(school, NOON_MS + 5000)
    for at, view in ((0, View()), (8, View(("t1", "a8"), Mode.WORD, "false", "door")), (11, View(("t1", "a11"), Mode.VERDICT))):
        lines = screen(picture, view)
        assert len(lines) <= 24
        assert sum(line.startswith(f"> {at + 1} hall {at} ") for line in lines) == 1
        assert "leave" in lines[-1] if at == 0 else "door▏" in lines[-2] if at == 8 else "Esc" in lines[-1]
        hidden = [int(found[1]) for line in lines if (found := re.fullmatch(r"… and (\d+) more *", line))]
        shown_alerts = sum(bool(re.match(r"[> ] \d+ hall", line)) for line in lines)
        assert (shown_alerts > 1, shown_alerts + hidden[0]) == (True, 12)
        assert sum(line.startswith("never came") for line in lines) + hidden[1] == 30


def test_how_a_terminal_was_is_told_with_its_time_once_it_is_away() -> None:
    """Faults in words; where the time is not known, nothing is told."""
    school = School([], NOON_MS)
    school.take(said("status", status()), NOON_MS, "")
    school.take(said("health", health(faults=["disk_full"])), NOON_MS, "")
    now = f"has a fault  {PLACE} · t1 · since {clock(NOON_MS)} · the disk is full · 50 dBA · 41 °C"
    assert now in screen(pictured(school, NOON_MS))
    school.take(said("status", status(status="offline", mutes=[{"label": "shouting", "left_s": 60}])), NOON_MS + 600_000, "")
    line = next(line for line in screen(pictured(school, NOON_MS + 600_000)) if "offline" in line)
    assert f"since {clock(NOON_MS + 600_000)} · at {clock(NOON_MS)} it was: the disk is full, 50 dBA, 41 °C" in line
    assert f"shouting muted until {clock(NOON_MS + 660_000)}" in line
    school = School([], NOON_MS)
    school.take(said("health", health(), retained=True), NOON_MS, "")
    school.take(said("status", status(status="offline"), retained=True), NOON_MS, "")
    assert not any("dBA" in line for line in screen(pictured(school, NOON_MS)))


def test_the_plan_shows_each_terminal_on_its_floor() -> None:
    """Its number where it hangs, above how it is; an alert beside it; those that hang on none, or on one that was taken out, at the end."""
    school = School([], NOON_MS)
    for name in ("t1", "t2", "t3", "t4", "t5"):
        school.take(said("status", status(place=f"hall {name}"), name), NOON_MS, "")
        school.take(said("health", health(faults=["covered"] if name == "t2" else []), name), NOON_MS, "")
    school.take(said("alert", alert(label="help"), "t3"), NOON_MS, "")
    assert "No plan is configured" in "".join(screen(pictured(school, NOON_MS), View(mode=Mode.PLAN)))
    picture = {**pictured(school, NOON_MS), "plans": ["ground", "first"]}
    spots = {"t1": ("ground", 0.0, 1.0), "t2": ("ground", 1.0, 0.0), "t3": ("ground", 1.0, 0.0), "t4": ("attic", 0.5, 0.5)}
    for one in picture["terminals"]:
        one["spot"] = dict(zip(("plan", "x", "y"), spots[one["name"]], strict=True)) if one["name"] in spots else None
    lines = [line.rstrip() for line in screen(picture, View(mode=Mode.PLAN), 40)]
    assert lines[:2] == ["Duty desk · no-4 · Plan", f"Alert: call for help, {PLACE}"]
    at = lines.index("ground")
    assert lines[at + 2] == "│" + "2 1".rjust(FLOOR_COLUMNS) + "│"
    assert lines[at + 1 + FLOOR_ROWS] == "│3".ljust(FLOOR_COLUMNS + 1) + "│"
    rows = lines[at + FLOOR_ROWS + 3 : lines.index("first")]
    assert [re.sub(" · since.*| · 50 dBA.*", "", row) for row in rows] == [
        "  1  deaf  hall t2 · t2", "  2   call for help   fine  hall t3 · t3", "  3  fine  hall t1 · t1", "",
    ]  # fmt: skip
    assert [line[:14] for line in lines[lines.index("On no plan") + 1 :][:2]] == ["     fine  hal"] * 2


def test_statistics_are_the_pages_with_names_of_any_width_in_columns() -> None:
    """Page after page; a database that refuses is said."""
    first, last = date(2027, 1, 14), date(2027, 1, 15)
    cases = [
        replace(CASE, id=str(number), place=place, state="closed", verdict=verdict, acknowledged_ms=NOON_MS + 8000, arrived_ms=NOON_MS + 40_000)
        for number, (place, verdict) in enumerate([(PLACE, "real"), (PLACE, "false"), (PLACE, "false"), ("gate", "prank")])
    ]
    found = figures(cases, {("t1", first)}, first, last, {"t1": PLACE, "t2": "gate"}, lambda _: last)
    picture = pictured(School([], NOON_MS), NOON_MS)
    lines = [line.rstrip() for line in screen(picture, View(mode=Mode.STATISTICS), 60, Papers(1, figures=found))]
    shown = {line.split("  ")[0]: line for line in lines}
    assert lines[2] == "2027-01-14 … 2027-01-15   real 1   false alarm 2   prank 1   drill 0   not known 0"
    for name, numbers in {
        "until acknowledged": ["4", "8", "8"], "until somebody was there": ["4", "40", "40"], "shouting": ["1", "2", "1", "0", "0"],
        "break": ["1", "2", "1", "0", "0"], "gate": ["0", "0", "1", "0", "0"], "2027-01-15": ["1", "2", "1", "0", "0"],
    }.items():  # fmt: skip
        assert shown[name].removeprefix(name).replace("█", "").split() == numbers
    by_terminal = lines[lines.index(next(line for line in lines if line.startswith("By terminal"))) + 1 :]
    assert [row.split() for row in by_terminal[:2]] == [[PLACE, "2", "4", "1.00", "0.50"], ["gate", "0", "0", "-", "-"]]
    assert len({cell_len(line.partition(" █")[0].rstrip()) for line in lines if "█" in line}) == 1
    pages = [screen(picture, View(mode=Mode.STATISTICS, page=page), 12, Papers(1, figures=found)) for page in range(5)]
    assert max(map(len, pages)) <= 12
    assert [page[-2].strip() for page in pages[:2]] == ["page 1 of 4", "page 2 of 4"]
    assert (pages[4], pages[0] != pages[1]) == (pages[0], True)
    assert "The database refuses" in screen(picture, View(mode=Mode.STATISTICS), 24, Papers(1, refused=True))[2]
    assert "No alert in these days." in screen(picture, View(mode=Mode.STATISTICS))[2]


@pytest.fixture
def commands(broker: Broker) -> Iterator[list[dict[str, Any]]]:
    """What the terminal t1 is told."""
    told: list[dict[str, Any]] = []
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    client.on_connect = lambda client, *_: client.subscribe(f"{TOPIC}/command", 1)
    client.on_message = lambda _client, _data, message: told.append(json.loads(message.payload))
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    wait_for(client.is_connected, "the broker")
    yield told
    client.disconnect()
    client.loop_stop()


def test_an_alert_from_the_first_saying_to_its_close(tmp_path: Path, broker: Broker, desk: Desk, commands: list[dict[str, Any]]) -> None:
    """In a real terminal, in Chinese where it is wanted, with the worst terminal first; the word is kept."""
    (tmp_path / "desk.toml").write_text(
        f'[terminal]\nsite = "no-4"\n[paths]\nstate = "{tmp_path}"\n[broker]\nhost = "127.0.0.1"\nport = {broker.port}\n[desk]\nterminals = ["t9"]\n',
        encoding="utf-8",
    )
    desk.say(f"{TOPIC}/status", status(), retain=True)
    desk.say(f"{TOPIC}/health", health(), retain=True)
    with Terminal("--config", tmp_path / "desk.toml", "desk", "--terminal", "--as", "李老师", columns=120, environment={"LC_ALL": "zh_CN.UTF-8"}) as screen:
        screen.wait_for("没有未关闭的警报")
        screen.wait_for(f"从未出现 +t9.*\n.*{PLACE}")
        desk.say(f"{TOPIC}/alert", alert(phrase="别打了"))
        screen.wait_for(f"1 {PLACE} · .*“别打了”")
        screen.press("g")
        wait_for(lambda: [(c["verb"], c["alert"], c["by"]) for c in commands] == [("acknowledge", ID, "李老师")], "the acknowledgement")
        desk.say(f"{TOPIC}/reply", {"schema": 1, "at": None, "boot": "00" * 8, "command": commands[0]["id"], "ok": True, "reason": None, "field": None})
        desk.say(f"{TOPIC}/alert", alert(state="acknowledged", repeat=1, by="李老师"))
        screen.wait_for("李老师.*\n")
        screen.press("cf搬桌子\r")
        wait_for(lambda: len(commands) == 2, "the close")
        assert (commands[1]["verb"], commands[1]["verdict"]) == ("close", "false")
        desk.say(f"{TOPIC}/alert", alert(state="closed", repeat=2, by="李老师", verdict="false"))
        before = screen.text.count("没有未关闭的警报")
        wait_for(lambda: screen._read() and screen.text.count("没有未关闭的警报") > before, "the end of it")
        screen.press("e\x1b[Bd")
        wait_for(lambda: len(commands) == 3, "the drill")
        assert (commands[2]["verb"], commands[2]["label"]) == ("drill", "shouting")
        screen.press("q")
        assert screen.end() == 0
    store = Store("", tmp_path)
    (kept,) = store.cases(0, 2**62)
    store.close()
    assert (kept.state, kept.verdict, kept.word, kept.by) == ("closed", "false", "搬桌子", "李老师")


def test_the_plan_statistics_and_who_was_told_in_a_real_terminal(tmp_path: Path, broker: Broker, desk: Desk) -> None:
    """From what the database has, also of a desk that serves the page meanwhile; in Chinese, on 80 columns."""
    (tmp_path / "desk.toml").write_text(
        f'[terminal]\nsite = "no-4"\n[paths]\nstate = "{tmp_path}"\n[broker]\nhost = "127.0.0.1"\nport = {broker.port}\n'
        '[desk]\nplans = { "二楼" = "/f.png" }\n',
        encoding="utf-8",
    )
    store, now_ms = Store("", tmp_path), round(time.time() * 1000)
    store.put_spot("t1", Spot("二楼", 0.5, 0.5))
    store.keep([replace(CASE, first_ms=now_ms, state="closed", verdict="prank", acknowledged_ms=now_ms + 8000)], [], [])
    desk.say(f"{TOPIC}/status", status(), retain=True)
    with Terminal("--config", tmp_path / "desk.toml", "desk", "--terminal", columns=80, environment={"LC_ALL": "zh_CN.UTF-8"}) as screen:
        screen.wait_for(rf"{PLACE}[\s\S]*p.平面图  s.统计  w.通知了谁  q.退出")
        desk.say(f"{TOPIC}/health", health())
        screen.wait_for(f"正常 +{PLACE}")
        screen.press("p")
        screen.wait_for(rf"平面图 *\n[\s\S]*二楼 *\n┌─+┐[\s\S]*│ +1 +│[\s\S]* 1  正常  {PLACE}")
        screen.press("s")
        screen.wait_for(r"恶作剧 1[\s\S]*到确认为止 +1 +8 +8")
        screen.press("w")
        screen.wait_for("还没有需要通知任何人")
        store.keep([], [], [Told(now_ms, "t1", ID, "值班群", 1, "404").deed])
        screen.wait_for("未能通知 值班群.第 1 次.404")
        desk.say(f"{TOPIC}/alert", alert(phrase="别打了", id="id-2"))
        screen.wait_for(f"警报.喊叫.{PLACE}")
        screen.press("a")
        screen.wait_for(f"1 {PLACE} · .*“别打了”")
        screen.press("q")
        assert screen.end() == 0
    store.close()


def test_without_a_terminal_there_is_none(tmp_path: Path) -> None:
    """A pipe is told so in a sentence."""
    (tmp_path / "desk.toml").write_text(f'[paths]\nstate = "{tmp_path}"\n[broker]\nhost = "127.0.0.1"\n', encoding="utf-8")
    done = xiaoan("--config", tmp_path / "desk.toml", "desk", "--terminal")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "needs one" in done.stderr
