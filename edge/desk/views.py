"""What the desk in a terminal shows beside the alerts: the plan, statistics, who was told. Pure: lines of text, as many as there are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from edge.desk.figures import KINDS, Counts, Figures, Took
from edge.desk.tell import Told
from edge.words import N_

Picture = Mapping[str, Any]
Say = Callable[..., str]
"""say(name of a word of the page, facts…)."""
Translate = Callable[[str], str]

FLOOR_COLUMNS, FLOOR_ROWS = 60, 7  # of a plan, frame left out
_NAME_COLUMNS = 26
_BAR_COLUMNS = 20
_LOOKS = {"fine": "green", "never_seen": "bold red", "offline": "bold red", "deaf": "bold red"}
_KIND_LOOKS = {"real": "red", "false": "yellow", "prank": "magenta", "drill": "cyan", "none": "dim"}


@dataclass(frozen=True, slots=True)
class Papers:
    """What was read from the database for a view."""

    at_ms: int = 0  # when
    refused: bool = False
    figures: Figures | None = None
    told: Sequence[Told] = ()


def plan(picture: Picture, say: Say, translate: Translate, now_ms: int) -> list[Text]:
    """Floor by floor: where the terminals hang, and how they are; then those that hang nowhere."""
    alarmed = {alert["terminal"]: alert["label"] for alert in reversed(picture["alerts"]) if alert["open"]}

    def row(terminal: Mapping[str, Any], number: int | None) -> Text:
        label = alarmed.get(terminal["name"])
        mark = Text(f" {say('label_' + label)} " if label else "", style="bold white on red")
        return Text.assemble(f"{number:>3}  " if number else "     ", mark, "  " if label else "", terminal_line(terminal, say, now_ms))

    lines: list[Text] = [] if picture["plans"] else [Text(say("no_plans"))]
    for name in picture["plans"]:
        hung = [one for one in picture["terminals"] if one["spot"] and one["spot"]["plan"] == name]
        hung.sort(key=lambda one: (round(one["spot"]["y"] * (FLOOR_ROWS - 1)), one["spot"]["x"]))
        lines += [Text(name, style="bold"), *_floor(hung, alarmed), *(row(one, number) for number, one in enumerate(hung, 1)), Text("")]
    nowhere = [one for one in picture["terminals"] if not one["spot"] or one["spot"]["plan"] not in picture["plans"]]
    return [*lines, *([Text(translate(N_("On no plan")), style="bold"), *(row(one, None) for one in nowhere)] if nowhere else [])]


def _floor(hung: Sequence[Mapping[str, Any]], alarmed: Mapping[str, str]) -> list[Text]:
    """Their numbers where they hang, in a frame; one that would stand on another stands beside it."""
    if not hung:
        return []
    cells: dict[tuple[int, int], tuple[str, str]] = {}  # row and column -> character, style
    for number, one in enumerate(hung, 1):
        digits, row, last = str(number), round(one["spot"]["y"] * (FLOOR_ROWS - 1)), FLOOR_COLUMNS - len(str(number))
        wanted = round(one["spot"]["x"] * last)
        free = (at for at in range(last + 1) if all((row, near) not in cells for near in range(at - 1, at + len(digits) + 1)))
        at = min(free, key=lambda at: abs(at - wanted), default=wanted)
        look = "bold white on red" if one["name"] in alarmed else _LOOKS.get(one["condition"], "yellow")
        cells.update({(row, at + more): (digit, look) for more, digit in enumerate(digits)})
    edge = "─" * FLOOR_COLUMNS
    rows = (Text.assemble("│", *(cells.get((row, column), " ") for column in range(FLOOR_COLUMNS)), "│") for row in range(FLOOR_ROWS))
    return [Text(f"┌{edge}┐"), *rows, Text(f"└{edge}┘")]


def statistics(papers: Papers, say: Say, translate: Translate) -> list[Text]:
    """As the page's, of the same days."""
    if papers.refused:
        return [Text(say("store_refuses"), style="bold white on red")]
    found = papers.figures
    if found is None or not sum(found.total.values()):
        return [Text(translate(N_("No alert in these days.")), style="green")]
    _ = translate
    total = "   ".join(f"{say('verdict_' + kind)} {found.total.get(kind, 0)}" for kind in KINDS)
    lines = [Text(f"{found.first.isoformat()} … {found.last.isoformat()}   {total}"), Text("")]
    lines += _table(
        [_(N_("How fast somebody came")), _(N_("alerts")), _(N_("median, s")), _(N_("95 % within, s"))],
        [[_(N_("until acknowledged")), *_took(found.acknowledged)], [_(N_("until somebody was there")), *_took(found.arrived)]],
    )
    lines += _table(
        [_(N_("By terminal")), _(N_("days heard")), _(N_("alerts")), _(N_("false alarms a day")), _(N_("pranks a day"))],
        [[one.place, str(one.days), str(sum(one.counts.values())), *(_rate(one.a_day(kind)) for kind in ("false", "prank"))] for one in found.terminals],
    )
    days = {day.isoformat(): counts for day, counts in sorted(found.days.items(), reverse=True) if sum(counts.values())}
    labels = {say(f"label_{label}"): counts for label, counts in found.labels.items()}
    for title, rows in ((N_("By label"), labels), (N_("By period of the day"), found.periods), (N_("By place"), found.places), (N_("By day"), days)):
        lines += _counted(_(title), rows, say)
    return lines[:-1]


def _took(took: Took | None) -> list[str]:
    return ["0", "-", "-"] if took is None else [str(took.count), f"{took.median_s:.0f}", f"{took.p95_s:.0f}"]


def _rate(a_day: float | None) -> str:
    return "-" if a_day is None else f"{a_day:.2f}"


def _counted(title: str, rows: Mapping[str, Counts], say: Say) -> list[Text]:
    """With a bar for each row, as long as it has alerts."""
    largest = max(sum(counts.values()) for counts in rows.values())
    numbers = [[name, *(str(counts.get(kind, 0)) for kind in KINDS)] for name, counts in rows.items()]
    table = _table([title, *(say(f"verdict_{kind}") for kind in KINDS)], numbers)
    for line, counts in zip(table[1:], rows.values(), strict=False):
        line.append("  ")
        for kind in KINDS:
            line.append("█" * round(_BAR_COLUMNS * counts.get(kind, 0) / largest), style=_KIND_LOOKS[kind])
    return table


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Text]:
    """Columns under each other, however wide their characters are; an empty line at the end."""
    widths = [_NAME_COLUMNS, *(max(5, cell_len(head)) + 2 for head in heads[1:])]

    def line(cells: Sequence[str], style: str = "") -> Text:
        told = [set_cell_size(cells[0], widths[0]), *(" " * (width - cell_len(cell)) + cell for cell, width in zip(cells[1:], widths[1:], strict=True))]
        return Text("".join(told), style=style)

    return [line(heads, "bold"), *map(line, rows), Text("")]


def told(papers: Papers, picture: Picture, say: Say, translate: Translate) -> list[Text]:
    """Tries to tell others because nobody acknowledged, by whichever desk, the last first."""
    if papers.refused:
        return [Text(say("store_refuses"), style="bold white on red")]
    places = {one["name"]: one["place"] or one["name"] for one in picture["terminals"]}
    lines = [Text(say("told"), style="bold")]
    for one in papers.told:
        facts = {"time": clock(one.at_ms), "place": places.get(one.terminal, one.terminal), "whom": one.whom, "n": one.number, "reason": one.failed}
        word = "told_nobody" if not one.whom else "told_failed" if one.failed else "told_sent"
        lines.append(Text(say(word, **facts), style="yellow" if one.failed else ""))
    return lines if papers.told else [*lines, Text(translate(N_("Nobody had to be told yet.")), style="green")]


def terminal_line(terminal: Mapping[str, Any], say: Say, now_ms: int) -> Text:
    """How a terminal is, and since when."""
    condition = terminal["condition"]
    name = f"{terminal['place']} · {terminal['name']}" if terminal["place"] else terminal["name"]
    more = [say("since", time=clock(terminal["since_ms"]))] if condition != "fine" else []
    facts = [say(f"fault_{fault}") for fault in terminal["faults"]]
    facts += [f"{terminal['l50_dba']:.0f} dBA"] if terminal["l50_dba"] is not None else []
    facts += [f"{terminal['temperature_c']:.0f} °C"] if terminal["temperature_c"] is not None else []
    if terminal["away"]:  # nobody knows how it is now
        facts = [say("it_was", time=clock(terminal["told_ms"]), what=", ".join(facts))] if facts and terminal["told_ms"] is not None else []
    more += facts
    more += [say("muted_until", label=say(f"label_{label}"), time=clock(until)) for label, until in terminal["mutes"].items() if until > now_ms]
    return Text.assemble((say(f"condition_{condition}"), _LOOKS.get(condition, "yellow")), "  ", (name, "bold"), *(f" · {fact}" for fact in more))


def clock(ms: int) -> str:
    """Month, day and time where the desk stands."""
    return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%m-%d %H:%M")
