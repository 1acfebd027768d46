"""The desk in a terminal: what a key press comes to, and what is drawn. Pure; the same picture as the page's."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from edge.desk.desk import VERDICTS, Wish
from edge.desk.views import Papers, Picture, Say, clock, plan, statistics, terminal_line, told
from edge.words import N_

LATE_MS = 15_000
"""For a terminal to answer a command."""
LONGEST_WORD = 200
MUTE_S = 600
_TERMINALS_ALWAYS = 4
"""Lines of terminals that no flood of alerts takes away: the worst."""
LEFT, RIGHT = "\x1b[D", "\x1b[C"
UP, DOWN, ENTER, ESCAPE, BACKSPACE = "\x1b[A", "\x1b[B", "\r", "\x1b", "\x7f"
_CALLS = 3
"""Lines of alerts that call, above another view."""
_BARS = "▁▂▃▄▅▆▇█"
_QUIET_DBA, _LOUD_DBA = 30.0, 110.0


class Mode(Enum):
    """What is being done."""

    LOOK = auto()
    VERDICT = auto()
    WORD = auto()
    TERMINAL = auto()
    PLAN = auto()
    STATISTICS = auto()
    TOLD = auto()


VIEWS = {"a": Mode.LOOK, "p": Mode.PLAN, "s": Mode.STATISTICS, "w": Mode.TOLD}
"""By the key that leads there; the first one is where the desk begins."""
ASIDE = (Mode.PLAN, Mode.STATISTICS, Mode.TOLD)


_TITLES = {Mode.PLAN: N_("Plan"), Mode.STATISTICS: N_("Statistics"), Mode.TOLD: N_("Who was told")}
_WAYS = N_("↑ ↓: page  a: alerts  p: plan  s: statistics  w: who was told  q: leave")


@dataclass(frozen=True, slots=True)
class View:
    """What somebody at the terminal sees and has begun. Start with `View()`."""

    chosen: tuple[str, str] | None = None  # terminal and id of an alert; None: the first
    mode: Mode = Mode.LOOK
    verdict: str = "none"
    word: str = ""
    asked: tuple[str, int] | None = None  # id of the last command, and when
    told: str = ""  # what came of it
    terminal: str = ""  # the one that is to be muted or drilled; unknown: the worst
    label: str = ""  # of it
    page: int = 0  # of the plan, the statistics or who was told; the one after the last is the first
    leaving: bool = False


def opened(picture: Picture) -> list[Mapping[str, Any]]:
    """The open alerts, in the page's order."""
    return [alert for alert in picture["alerts"] if alert["open"]]


def chosen(view: View, picture: Picture) -> Mapping[str, Any] | None:
    """The alert that a key is about."""
    alerts = opened(picture)
    return next((a for a in alerts if (a["terminal"], a["id"]) == view.chosen), alerts[0] if alerts else None)


def press(view: View, key: str, picture: Picture) -> tuple[View, Wish | None]:
    """A key. Returns what is seen then, and what is to be done.

    An alert that is being closed stays chosen, whatever comes meanwhile; what is closed by somebody else is not closed again.
    """
    if view.mode is Mode.TERMINAL:
        return _at_terminal(view, key, picture)
    if view.mode in VIEWS.values():
        if key == "q":
            return replace(view, leaving=True), None
        if there := VIEWS.get(key):
            return replace(view, mode=there, page=0), None
    if view.mode in ASIDE:
        if key == ESCAPE:
            return replace(view, mode=Mode.LOOK), None
        return replace(view, page=view.page + {DOWN: 1, "j": 1, " ": 1, UP: -1, "k": -1}.get(key, 0)), None
    if view.mode is Mode.LOOK and key == "e":
        return _aiming(view, picture), None
    return _at_alert(view, key, picture)


def _at_alert(view: View, key: str, picture: Picture) -> tuple[View, Wish | None]:
    alert = chosen(view, picture)
    if view.mode is not Mode.LOOK and (alert is None or (alert["terminal"], alert["id"]) != view.chosen):
        return replace(view, mode=Mode.LOOK, word=""), None
    if view.mode is Mode.WORD and alert is not None:
        return _write(view, key, alert)
    if view.mode is Mode.VERDICT:
        verdict = {name[0]: name for name in VERDICTS}.get(key.lower())
        if verdict:
            return replace(view, mode=Mode.WORD, verdict=verdict, word=""), None
        return (replace(view, mode=Mode.LOOK) if key == ESCAPE else view), None
    if alert is None:
        return view, None
    terminal, id_ = alert["terminal"], alert["id"]
    here = replace(view, chosen=(terminal, id_), mode=Mode.LOOK)
    match key.lower():
        case "g" if alert["waiting"]:
            return here, Wish("acknowledge", terminal, id_)
        case "t" if alert["state"] == "acknowledged" and not alert["arrived_ms"]:
            return here, Wish("arrive", terminal, id_)
        case "c":
            return replace(here, mode=Mode.VERDICT), None
    alerts = opened(picture)
    at = alerts.index(alert)
    step = {DOWN: 1, "j": 1, UP: -1, "k": -1}.get(key, 0)
    there = alerts[int(key) - 1] if key in "123456789" and key and int(key) <= len(alerts) else alerts[min(len(alerts) - 1, max(0, at + step))]
    return replace(here, chosen=(there["terminal"], there["id"])), None


def _aimed(view: View, picture: Picture) -> int | None:
    """Number of the terminal that is to be muted or drilled, if it is still there."""
    return next((number for number, one in enumerate(picture["terminals"]) if one["name"] == view.terminal), None)


def _aiming(view: View, picture: Picture, at: int | None = None) -> View:
    """At that terminal, else at the one that was aimed at last, else at the worst."""
    terminals = picture["terminals"]
    if not terminals:
        return view
    one = terminals[at if at is not None else _aimed(view, picture) or 0]
    return replace(view, mode=Mode.TERMINAL, terminal=one["name"], label=view.label if view.label in _labels(one) else _labels(one)[0])


def _labels(terminal: Mapping[str, Any]) -> Sequence[str]:
    return terminal["labels"] or ["help"]


def _at_terminal(view: View, key: str, picture: Picture) -> tuple[View, Wish | None]:
    done, at = replace(view, mode=Mode.LOOK), _aimed(view, picture)
    if key == ESCAPE or at is None:
        return done, None
    match key.lower():
        case "m":
            return done, Wish("mute", view.terminal, label=view.label, seconds=MUTE_S)
        case "u":
            return done, Wish("unmute", view.terminal, label=view.label)
        case "d":
            return done, Wish("drill", view.terminal, label=view.label)
    terminals = picture["terminals"]
    there = min(len(terminals) - 1, max(0, at + {DOWN: 1, "j": 1, UP: -1, "k": -1}.get(key, 0)))
    labels = _labels(terminals[at])
    label = labels[(labels.index(view.label) + {RIGHT: 1, LEFT: -1}.get(key, 0)) % len(labels)] if view.label in labels else labels[0]
    return _aiming(replace(view, label=label), picture, there), None


def _write(view: View, key: str, alert: Mapping[str, Any]) -> tuple[View, Wish | None]:
    match key:
        case "\r" | "\n":
            wish = Wish("close", alert["terminal"], alert["id"], verdict=view.verdict, word=view.word.strip())
            return replace(view, mode=Mode.LOOK, word=""), wish
        case "\x1b":
            return replace(view, mode=Mode.LOOK, word=""), None
        case "\x7f" | "\b":
            return replace(view, word=view.word[:-1]), None
    more = key if key and not any(unicodedata.category(char) == "Cc" for char in key) else ""
    return replace(view, word=(view.word + more)[:LONGEST_WORD]), None


def came_of_it(view: View, picture: Picture, say: Say, now_ms: int) -> View:
    """With the terminal's answer to the last command, or that there is none."""
    if view.asked is None:
        return view
    id_, since_ms = view.asked
    answer = picture["answers"].get(id_)
    if answer is not None:
        if not answer["ok"]:
            return replace(view, asked=None, told=say("refused", reason=say(f"reason_{answer['reason']}")))
        done = say(f"reason_{answer['reason']}" if answer["reason"] else "done")
        return replace(view, asked=None, told=say("taken_by", who=answer["by"]) if answer.get("by") else done)
    return replace(view, asked=None, told=say("no_answer")) if now_ms - since_ms > LATE_MS else view


def drawn(
    view: View, picture: Picture, say: Say, translate: Callable[[str], str], now_ms: int, height: int, papers: Papers = Papers()  # noqa: B008 - it is frozen
) -> RenderableType:
    """The whole screen, a line for each thing that has to be on one: of many alerts those around the chosen one, the rest counted."""
    shown = _aside(view, picture, say, translate, now_ms, height, papers) if view.mode in ASIDE else _all(view, picture, say, translate, now_ms, height)
    for line in shown:
        line.no_wrap, line.overflow = True, "ellipsis"
    return Group(*shown)


def _aside(view: View, picture: Picture, say: Say, translate: Callable[[str], str], now_ms: int, height: int, papers: Papers) -> list[Text]:
    """A page of one of the other views; whoever has to be called is called there too."""
    head = [Text(f"{say('title')} · {picture['site']} · {translate(_TITLES[view.mode])}", style="bold"), *_troubles(picture, say)]
    calling = [alert for alert in picture["alerts"] if alert["calls"]]
    head += [Text(say("alert_there", label=say("label_" + alert["label"]), place=alert["place"]), style="bold white on red") for alert in calling[:_CALLS]]
    head += [Text(say("and_more", n=len(calling) - _CALLS), style="bold white on red")] if len(calling) > _CALLS else []
    lines = {
        Mode.PLAN: lambda: plan(picture, say, translate, now_ms),
        Mode.STATISTICS: lambda: statistics(papers, say, translate),
        Mode.TOLD: lambda: told(papers, picture, say, translate),
    }[view.mode]()
    room = max(1, height - len(head) - 4)
    pages = max(1, -(-len(lines) // room))
    at = view.page % pages
    number = [Text(translate(N_("page {page} of {pages}")).format(page=at + 1, pages=pages), style="yellow")] if pages > 1 else [Text("")]
    return [*head, Text(""), *lines[at * room : (at + 1) * room], *number, Text(translate(_WAYS))]


def _all(view: View, picture: Picture, say: Say, translate: Callable[[str], str], now_ms: int, height: int) -> list[Text]:
    alerts, marked = opened(picture), chosen(view, picture)
    lines = [Text(f"{say('title')} · {picture['site']}", style="bold"), *_troubles(picture, say), Text("")]
    if not alerts:
        lines.append(Text(say("no_alerts"), style="green"))
    blocks = [_alert(alert, number, say, now_ms, chosen=alert is marked) for number, alert in enumerate(alerts, 1)]
    terminals = [terminal_line(terminal, say, now_ms) for terminal in picture["terminals"]] or [Text(say("no_terminals"))]
    silent, total = picture["silent_today"], len(picture["terminals"])
    today = say("not_heard", n=len(silent), all=total, names=", ".join(silent)) if silent else say("all_heard", n=total)
    foot = _foot(view, say, translate)
    aim = _aimed(view, picture) if view.mode is Mode.TERMINAL else None
    if aim is not None:
        terminals[aim] = Text.assemble("> ", terminals[aim])
    heading = [Text(""), Text(say("terminals"), style="bold"), *([Text(today, style="yellow" if silent else "green")] if total else [])]
    room = height - len(lines) - len(heading) - len(foot) - 1
    lines += _around(blocks, alerts.index(marked) if marked else 0, room - min(len(terminals), _TERMINALS_ALWAYS), say)
    room = height - len(lines) - len(heading) - len(foot) - 1
    return [*lines, *heading, *_around([[line] for line in terminals], aim or 0, room, say), Text(""), *foot]


def _around(blocks: Sequence[list[Text]], at: int, room: int, say: Say) -> list[Text]:
    """As many of the blocks as have room, those around the one at `at`; a line counts the others."""
    if sum(map(len, blocks)) <= room:
        return [line for block in blocks for line in block]
    first, last = at, at + 1
    free = room - 1 - len(blocks[at])
    while True:
        if last < len(blocks) and len(blocks[last]) <= free:
            free, last = free - len(blocks[last]), last + 1
        elif first > 0 and len(blocks[first - 1]) <= free:
            free, first = free - len(blocks[first - 1]), first - 1
        else:
            break
    more = Text(say("and_more", n=len(blocks) - (last - first)), style="yellow")
    return [*(line for block in blocks[first:last] for line in block), more]


def _troubles(picture: Picture, say: Say) -> list[Text]:
    told = []
    if picture["broker"] is not None:
        told.append(Text(say("broker_away", time=clock(picture["broker_since_ms"])), style="bold white on red"))
    if picture["store"] is not None:
        told.append(Text(say("store_refuses"), style="bold white on red"))
    return told


def _alert(alert: Mapping[str, Any], number: int, say: Say, now_ms: int, *, chosen: bool) -> list[Text]:
    style = "bold white on red" if alert["calls"] else "bold" if alert["waiting"] else ""
    phrase = f" “{alert['phrase']}”" if alert["phrase"] else ""
    drill = f" ({say('drill')})" if alert["drill"] else ""
    what = f"{say('label_' + alert['label'])}{phrase}{drill}"
    facts = [say(f"state_{alert['state']}")]
    facts += [say("lowered")] if alert["lowered"] else []
    facts += [f"{say('level')} {alert['level_dba']:.0f} dBA"] if alert["level_dba"] is not None else []
    facts += [f"{say('score')} {alert['score']:.2f}"] if alert["score"] is not None else []
    facts += [say("said_times", n=alert["repeat"] + 1)] if alert["repeat"] > 0 else []
    facts += [say("stands_for", n=alert["count"])] if alert["count"] > 1 else []
    facts += [say("taken_by", who=alert["by"])] if alert["by"] else []
    facts += [say("is_there")] if alert["arrived_ms"] else []
    first = Text(f"{'>' if chosen else ' '} {number} {alert['place']} · {what} · {_ago(now_ms - alert['began_ms'], say)}", style=style)
    return [first, Text(f"    {' · '.join(facts)}"), *([Text(f"    {_trace(alert['trace'])}", style="cyan")] if chosen and alert["trace"] else [])]


def _trace(points: Sequence[Sequence[float | None]]) -> str:
    """Levels around the onset, quiet to loud; no sound is ever here."""
    return "".join(_bar((point[2] - _QUIET_DBA) / (_LOUD_DBA - _QUIET_DBA)) if point[2] is not None else " " for point in points)


def _bar(share: float) -> str:
    return _BARS[min(len(_BARS) - 1, max(0, int(share * len(_BARS))))]


def _foot(view: View, say: Say, translate: Callable[[str], str]) -> list[Text]:
    if view.mode is Mode.VERDICT:
        return [Text(f"{say('verdict')}  " + "  ".join(f"{name[0]} {say('verdict_' + name)}" for name in VERDICTS) + f"  Esc {say('cancel')}", style="reverse")]
    if view.mode is Mode.TERMINAL:
        keys = translate(N_("↑ ↓ terminal   ← → label   m: mute 10 min   u: unmute   d: drill   Esc: back"))
        return [Text(f"{view.terminal} · {say('label_' + view.label)}", style="reverse"), Text(keys)]
    if view.mode is Mode.WORD:
        line = f"{say('word')} ({say('verdict_' + view.verdict)}): {view.word}▏"
        return [Text(line, style="reverse"), Text(translate(N_("Enter closes the alert, Esc does not")))]
    keys = translate(N_("↑ ↓ or a number: choose  g: I'm going  t: I'm there  c: close  e: mute or drill"))
    return [Text(view.told), Text(keys), Text(translate(N_("p: plan  s: statistics  w: who was told  q: leave")))]


def _ago(ms: int, say: Say) -> str:
    seconds = max(0, round(ms / 1000))
    if seconds < 120:
        return say("seconds_ago", n=seconds)
    return say("minutes_ago", n=round(seconds / 60)) if seconds < 7200 else say("hours_ago", n=round(seconds / 3600))
