"""Pages for a quiet hour: statistics, the weekly report, the log, the users, one's own password. Pure; made here, so that they print and need no script."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from edge.desk.figures import KINDS, Counts, Figures, Listened, Took
from edge.desk.markup import Markup, tag, together
from edge.desk.school import Terminal
from edge.desk.store import ROLES, Deed, Session, User
from edge.desk.users import LONGEST, SHORTEST
from edge.desk.words import WORDS
from edge.words import N_

Say = Callable[[str], str]
BAD = ("never_seen", "offline", "deaf", "stale", "warm", "faulty")
"""Conditions that somebody must look at."""

_LINKS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "/": (N_("Duty desk"), ROLES),
    "/statistics": (N_("Statistics"), ("technician", "head")),
    "/report": (N_("Weekly report"), ("technician", "head")),
    "/users": (N_("Users"), ("head",)),
    "/log": (N_("Log"), ("head",)),
    "/password": (N_("Password"), ROLES),
}
"""Path -> what it is called, and who may see it."""

_ROLE_NAMES = {"duty": N_("on duty"), "technician": N_("technician"), "head": N_("head")}
_VERBS = {
    "acknowledge": N_("acknowledged"), "arrive": N_("is there"), "close": N_("closed"), "mute": N_("muted"), "unmute": N_("unmuted"),
    "drill": N_("drill"), "ping": N_("pinged"), "hang": N_("put on the plan"), "login": N_("logged in"), "logout": N_("logged out"),
    "told": N_("was told"), "nobody": N_("nobody was on the roster"), "put_user": N_("gave access"), "remove_user": N_("took access away"),
    "password": N_("changed their own password"),
}  # fmt: skip

_OUTCOMES = {
    "sent": N_("sent"), "noted": N_("noted"), "done": N_("done"), "refused": N_("refused"), "broker away": N_("the broker was away"),
    "terminal away": N_("noted; the terminal was away"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and in which language."""

    session: Session
    language: str  # zh or en
    say: Say
    site: str


def readable(role: str) -> list[str]:
    """Names of the papers that a role may see, as they stand in their paths."""
    return [path[1:] for path, (_, roles) in _LINKS.items() if role in roles and path != "/"]


def statistics(reader: Reader, found: Figures) -> Markup:
    """The page of figures over any days."""
    say = reader.say
    span = {"from": found.first.isoformat(), "until": found.last.isoformat()}
    asked = "&".join(f"{key}={value}" for key, value in span.items())
    form = tag(
        "form", *(tag("label", say(label), " ", tag("input", type="date", name=name, value=span[name], required=True))
                  for name, label in (("from", N_("first day")), ("until", N_("last day")))),
        tag("button", say(N_("Show"))),
        tag("a", say(N_("Verdicts for `xiaoan calibrate` (CSV)")), class_="button", href=f"/verdicts.csv?{asked}", download=True),
        tag("a", say(N_("All alerts (CSV)")), class_="button", href=f"/history.csv?{asked}", download=True) if reader.session.role == "head" else None,
        class_="row",
    )  # fmt: skip
    return _page(reader, "/statistics", say(N_("Statistics")), form, _figures(reader, found))


def report(reader: Reader, found: Figures, terminals: Sequence[Terminal], today: date) -> Markup:
    """A week on paper. terminals: as they are now."""
    say = reader.say
    year, week, _ = found.first.isocalendar()
    title = say(N_("{site}, week {week} of {year}: {first} to {last}")).format(
        site=reader.site, week=week, year=year, first=found.first.isoformat(), last=found.last.isoformat()
    )
    before, after = (found.first + timedelta(days=days) for days in (-7, 7))
    links = tag(
        "div", tag("a", say(N_("the week before")), class_="button", href=f"/report?week={_week(before)}"),
        tag("a", say(N_("the week after")), class_="button", href=f"/report?week={_week(after)}") if after <= today else None, class_="row",
    )  # fmt: skip
    broken = [terminal for terminal in terminals if terminal.condition in BAD]
    return _page(
        reader, "/report", say(N_("Weekly report")), links, tag("h1", title), _silence(say, found, len(terminals), today),
        tag("h2", say(N_("Terminals that need somebody now"))) if broken else None,
        tag("ul", *(tag("li", _now(say, terminal), class_="bad") for terminal in broken)) if broken else None,
        _figures(reader, found), tag("p", say(N_("Seen by: ____________________    Date: ______________")), class_="sign"),
    )  # fmt: skip


def log(reader: Reader, deeds: Iterable[Deed]) -> Markup:
    """Who did what, the last first."""
    say = reader.say
    rows = [
        (_moment(deed.at_ms), deed.who, say(_VERBS.get(deed.verb, deed.verb)), deed.terminal, deed.about,
         say(_OUTCOMES[deed.outcome]) if deed.outcome in _OUTCOMES else deed.outcome)
        for deed in deeds
    ]  # fmt: skip
    heads = (N_("When"), N_("Who"), N_("What"), N_("Terminal"), N_("About"), N_("Outcome"))
    return _page(reader, "/log", say(N_("Log")), tag("h1", say(N_("Log"))), _table([say(head) for head in heads], rows))


def users(reader: Reader, everybody: Iterable[User], told: str) -> Markup:
    """Who may log in, with forms to change it. told: what came of the last change."""
    say = reader.say

    def form(action: str, *fields: Markup | None) -> Markup:
        return tag("form", tag("input", type="hidden", name="csrf", value=reader.session.csrf), *fields, method="post", action=action, class_="row")

    rows = [
        (user.name, say(_ROLE_NAMES[user.role]),
         form("/users/remove", tag("input", type="hidden", name="name", value=user.name), tag("button", say(N_("Take access away")))))
        for user in everybody
    ]  # fmt: skip
    return _page(
        reader, "/users", say(N_("Users")), tag("h1", say(N_("Users"))), tag("p", told, role="status") if told else None,
        _table([say(N_("Name")), say(N_("Role")), ""], rows),
        tag("h2", say(N_("Add somebody, or give a new password or role"))),
        form(
            "/users",
            tag("label", say(N_("Name")), " ", tag("input", name="name", maxlength=80, required=True, autocomplete="off")),
            tag("label", say(N_("Role")), " ", tag("select", *(tag("option", say(_ROLE_NAMES[role]), value=role) for role in ROLES), name="role")),
            tag("label", say(N_("Password")), " ",
                tag("input", name="password", type="password", minlength=SHORTEST, maxlength=LONGEST, required=True, autocomplete="new-password")),
            tag("button", say(N_("Keep")), class_="main"),
        ),
    )  # fmt: skip


def password(reader: Reader, told: str) -> Markup:
    """A form for one's own. told: what came of the last change."""
    say = reader.say

    def field(name: str, sentence: str, **more: object) -> Markup:
        return tag("label", say(sentence).format(least=SHORTEST), tag("input", name=name, type="password", maxlength=LONGEST, required=True, **more))

    new = {"minlength": SHORTEST, "autocomplete": "new-password"}
    return _page(
        reader, "/password", say(N_("Password")), tag("h1", say(N_("Change your password"))), tag("p", told, role="status") if told else None,
        tag(
            "form", tag("input", type="hidden", name="csrf", value=reader.session.csrf), field("old", N_("Old password"), autocomplete="current-password"),
            field("new", N_("New password, at least {least} characters"), **new), field("again", N_("New password once more"), **new),
            tag("button", say(N_("Change")), class_="main"), method="post", action="/password", class_="column",
        ),
        tag("p", say(N_("Wherever else you are logged in you are then asked for the new one.")), class_="facts"),
    )  # fmt: skip


def _page(reader: Reader, path: str, title: str, *body: Markup | None) -> Markup:
    links = [
        tag("a", reader.say(name), class_="button", href=where, aria_current="page" if where == path else None)
        for where, (name, roles) in _LINKS.items() if reader.session.role in roles
    ]  # fmt: skip
    head = tag(
        "head", tag("meta", charset="utf-8"), tag("meta", name="viewport", content="width=device-width, initial-scale=1"), tag("title", title),
        tag("link", rel="stylesheet", href="/static/desk.css"),
    )  # fmt: skip
    language = "zh-CN" if reader.language == "zh" else "en"
    other = tag("a", *(("English",) if reader.language == "zh" else ("中文",)), href=f"?lang={'en' if reader.language == 'zh' else 'zh'}")
    content = tag("body", tag("header", tag("nav", *links), tag("div", other, tag("span", reader.session.name), id="tools")), tag("main", *body))
    return Markup("<!doctype html>" + tag("html", head, content, lang=language))


def _figures(reader: Reader, found: Figures) -> Markup:
    say = reader.say
    if not sum(found.total.values()):
        return tag("p", say(N_("No alert in these days.")), class_="good")
    key = tag("p", *(together(tag("span", class_=f"key {kind}"), f" {_kind(say, kind)} {found.total.get(kind, 0)}   ") for kind in KINDS))
    return together(
        tag("h2", say(N_("By day"))), key, _days(say, found.days),
        tag("h2", say(N_("How fast somebody came"))), _times(say, found),
        *(together(tag("h2", say(title)), _counts(say, [(name(row), counts) for row, counts in rows.items()]))
          for title, rows, name in (
              (N_("By label"), found.labels, lambda row: say(WORDS.get(f"label_{row}", row))), (N_("By period of the day"), found.periods, str),
              (N_("By place"), found.places, str),
          )),
        tag("h2", say(N_("By terminal"))), _terminals(say, found.terminals),
    )  # fmt: skip


def _silence(say: Say, found: Figures, count: int, today: date) -> Markup:
    """Which terminals heard nothing, day by day as far as the days have come."""
    places = {terminal.name: terminal.place for terminal in found.terminals}
    lines = []
    for day in (day for day in found.silent if day <= today):
        silent, when = found.silent[day], say(N_("today")) if day == today else say(N_("on {day}")).format(day=day.isoformat())
        if count and len(silent) == count:
            lines.append(tag("p", say(N_("{when} the desk heard of no terminal: it, or the broker, was away")).format(when=when), class_="bad"))
        elif silent:
            told, names = N_("{silent} of {all} heard nothing {when}: {names}"), ", ".join(_called(name, places[name]) for name in silent)
            lines.append(tag("p", say(told).format(silent=len(silent), all=count, when=when, names=names), class_="bad"))
        else:
            lines.append(tag("p", say(N_("all {n} heard something {when}")).format(n=count, when=when), class_="good"))
    return together(*lines)


def _now(say: Say, terminal: Terminal) -> str:
    condition = say(WORDS[f"condition_{terminal.condition}"])
    since = say(WORDS["since"]).format(time=_moment(terminal.since_ms))
    return f"{_called(terminal.name, terminal.place)}: {condition} {since}"


def _called(name: str, place: str) -> str:
    return f"{place} ({name})" if place and place != name else name


def _times(say: Say, found: Figures) -> Markup:
    rows = [(say(name), *_took(took)) for name, took in ((N_("until acknowledged"), found.acknowledged), (N_("until somebody was there"), found.arrived))]
    heads = ("", N_("alerts"), N_("median, s"), N_("95 % within, s"))
    return _table([say(head) if head else "" for head in heads], rows)


def _took(took: Took | None) -> tuple[str, str, str]:
    return ("0", "-", "-") if took is None else (str(took.count), f"{took.median_s:.0f}", f"{took.p95_s:.0f}")


def _terminals(say: Say, terminals: Sequence[Listened]) -> Markup:
    def a_day(terminal: Listened, kind: str) -> str:
        rate = terminal.a_day(kind)
        return "-" if rate is None else f"{rate:.2f}"

    heads = (N_("Terminal"), N_("days heard"), N_("alerts"), N_("false alarms a day"), N_("pranks a day"))
    rows = [
        (_called(t.name, t.place), str(t.days), str(sum(t.counts.values())), a_day(t, "false"), a_day(t, "prank"))
        for t in terminals
    ]  # fmt: skip
    return _table([say(head) for head in heads], rows)


def _counts(say: Say, rows: Sequence[tuple[str, Counts]]) -> Markup:
    largest = max(sum(counts.values()) for _, counts in rows)
    return _table(
        ["", *(_kind(say, kind) for kind in KINDS), ""],
        [(name, *(str(counts.get(kind, 0)) for kind in KINDS), _bar(counts, largest)) for name, counts in rows],
    )


def _bar(counts: Counts, largest: int) -> Markup:
    x, parts = 0.0, []
    for kind in KINDS:
        if width := 100 * counts.get(kind, 0) / largest:
            parts.append(tag("rect", x=f"{x:.2f}", y=0, width=f"{width:.2f}", height=10, class_=kind))
            x += width
    return tag("svg", *parts, class_="bar", viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true")


def _days(say: Say, days: Mapping[date, Counts]) -> Markup:
    largest = max(1, *(sum(counts.values()) for counts in days.values()))
    columns = []
    for number, (day, counts) in enumerate(days.items()):
        y, parts = 100.0, []
        for kind in KINDS:
            if height := 100 * counts.get(kind, 0) / largest:
                y -= height
                parts.append(tag("rect", x=10 * number + 1, y=f"{y:.2f}", width=8, height=f"{height:.2f}", class_=kind))
        if parts:
            told = ", ".join(f"{_kind(say, kind)} {counts[kind]}" for kind in KINDS if counts.get(kind))
            columns.append(tag("g", tag("title", f"{day.isoformat()}: {told}"), *parts))
    name = say(N_("Alerts by day, at most {n} on one")).format(n=largest)
    first, last = min(days).isoformat(), max(days).isoformat()
    chart = tag("svg", *columns, class_="days", viewBox=f"0 0 {10 * len(days)} 100", preserveAspectRatio="none", role="img", aria_label=name)
    return tag("figure", tag("figcaption", name), chart, tag("div", tag("span", first), tag("span", last), class_="ends"))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    body = (tag("tr", *(tag("td", cell) for cell in row)) for row in rows)
    return tag("div", tag("table", tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))), tag("tbody", *body)), class_="wide")


def _kind(say: Say, kind: str) -> str:
    return say(WORDS[f"verdict_{kind}"])


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M")


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"
