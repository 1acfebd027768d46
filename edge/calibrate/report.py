"""The site's report: one HTML file with charts inside, to print or to mail. Needs matplotlib (extra [technician])."""

from collections.abc import Callable, Sequence
from html import escape
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

from edge.calibrate.curve import Point
from edge.calibrate.levels import by_hour, whole_level
from edge.calibrate.site import Expected, Proposal
from edge.calibrate.tally import Tally
from edge.calibrate.verdicts import Priced
from edge.config.files import write_atomically
from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_

Translate = Callable[[str], str]

STYLE = """body{font:15px/1.5 sans-serif;max-width:52em;margin:2em auto;padding:0 1em;color:#222}h1{font-size:1.4em}h2{font-size:1.1em;margin-top:2em}
table{border-collapse:collapse}td,th{padding:.15em .8em .15em 0;text-align:left;border-bottom:1px solid #ddd}svg{max-width:100%;height:auto}
.good{color:#176617}.bad{color:#a11}@media print{body{margin:0}}"""


class ReportImpossible(EdgeError):
    """The report cannot be drawn or written."""


def check(out: Path, *, charts: bool = True) -> None:
    """Raise ReportImpossible where the folder, or for charts matplotlib, is missing, before anybody listens for hours."""
    if charts and find_spec("matplotlib") is None:
        raise ReportImpossible(N_("a picture needs matplotlib, which is not installed. Run: pip install 'xiaoan-edge[technician]'"))
    if not out.absolute().parent.is_dir():
        raise ReportImpossible(N_("{path}: cannot be written: there is no folder {folder}"), path=out, folder=out.parent)


def write(
    out: Path, place: str, tally: Tally, rows: Sequence[Expected], found: Proposal, at: str, by: str, translate: Translate, judged: Sequence[Priced] = ()
) -> None:
    """Draw and write it. place: in words. at: UTC, empty where nobody knows. judged: what the desk judged. Raises ReportImpossible."""
    _ = translate
    title = _(N_("Listening to a place"))
    facts = (
        (N_("place"), place),
        (N_("terminal"), tally.setup.machine),
        (N_("microphone"), f"{tally.setup.device or 'default'}, {tally.setup.sensitivity_dbfs:.1f} dBFS"),
        (N_("model"), tally.setup.model[:16]),
        (N_("by"), by),
        (N_("at"), at),
        (N_("heard"), f"{found.heard_h:.1f} h"),
    )
    parts = [f"<h1>xiaoan: {escape(title)}</h1>", _table([], [(_(name), value) for name, value in facts if value])]
    kind = "good" if found.proven and found.reachable else "bad"
    claim = _(
        N_("{per_day:.2f} false alarms a day with the proposed thresholds, at most {at_most:.2f} (95 %); {needed:.0f} h of quiet are needed for {target:g}.")
    )
    told = claim.format(per_day=found.per_day, at_most=found.at_most_per_day, needed=found.needed_h, target=found.target_per_day)
    parts.append(f'<p class="{kind}">{escape(told)}</p>')
    thresholds = [(period, _(label), f"{value:.2f}") for period, values in found.thresholds.items() for label, value in values.items()]
    parts.append(_table([_(N_("period")), _(N_("label")), _(N_("proposed threshold"))], thresholds))
    if judged:
        parts.append(f"<h2>{escape(_(N_('What the desk judged')))}</h2>")
    for one in judged:
        parts += [f"<p>{escape(line)}</p>" for line in of_verdicts(one, _)]
        parts.append(_table([_(head) for head in PRICE_HEADS], [(f"{p.threshold:.2f}", str(p.false_left), str(p.real_lost)) for p in one.shown]))
    levels, by_threshold = _(N_("Levels by the hour")), _(N_("false alarms a day by threshold"))
    if by_hour(tally):
        parts += [f"<h2>{escape(levels)}</h2>", _levels(tally)]
    else:
        parts.append("<p>" + ", ".join(f"L{percent} {whole_level(tally, percent):.0f} dBA" for percent in (10, 50, 90)) + "</p>")
    for label in tally.setup.rules:
        parts.append(f"<h2>{escape(_(label))}: {escape(by_threshold)}</h2>")
        parts.append(_expectations([row for row in rows if row.label == label and row.period is None], found.target_per_day))
    _page(out, title, parts)


def write_curve(out: Path, curve: Sequence[Point], found: Proposal, at: str, by: str, translate: Translate) -> None:
    """Draw and write what labelled recordings told: a detection error trade-off for each label. Raises ReportImpossible."""
    _ = translate
    title = _(N_("Thresholds from labelled recordings"))
    facts = ((N_("by"), by), (N_("at"), at), (N_("heard"), f"{found.heard_h:.2f} h"))
    parts = [f"<h1>xiaoan: {escape(title)}</h1>", _table([], [(_(name), value) for name, value in facts if value])]
    heads = [_(N_("threshold")), _(N_("recall (95 %)")), _(N_("an hour (95 %)"))]
    explained = _(N_("Missed share of events against false alarms an hour; the numbers beside the curve are thresholds."))
    for label in dict.fromkeys(point.label for point in curve):
        own = [point for point in curve if point.label == label]
        parts += [f"<h2>{escape(_(label))}</h2>", f"<p>{escape(explained)}</p>", _trade_off(own)]
        parts.append(_table(heads, [(f"{p.threshold:.2f}", share(p), rate(p)) for p in own]))
    _page(out, title, parts)


def write_sheet(out: Path, facts: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], *, accepted: bool, left: int, translate: Translate) -> None:
    """Write the acceptance sheet. rows: distance, act, outcome, raised, level, scores. left: trials left out. Raises ReportImpossible."""
    _ = translate
    title = _(N_("Acceptance sheet"))
    heads = [_(word) for word in (N_("distance"), N_("what was done"), N_("outcome"), N_("raised"), N_("level"), N_("scores"))]
    told = _(N_("Accepted.")) if accepted else _(N_("Not accepted; {left} trials were left out.")).format(left=left)
    kind = "good" if accepted else "bad"
    signs = "".join(f"<p>{escape(_(who))}: ______________________</p>" for who in (N_("technician"), N_("school")))
    parts = [f"<h1>xiaoan: {escape(title)}</h1>", _table([], facts), _table(heads, rows), f'<p class="{kind}">{escape(told)}</p>', signs]
    _page(out, title, parts)


PRICE_HEADS = (N_("threshold"), N_("false alarms left"), N_("real ones missed"))


def of_verdicts(one: Priced, translate: Translate) -> list[str]:
    """What the desk judged of one label, in sentences."""
    _ = translate
    lines = [_(N_("{label}: {false} false alarms and pranks, {real} real ones")).format(label=_(one.label), false=one.false, real=one.real)]
    if one.causes:
        causes = ", ".join(f"{word} ({count})" for word, count in one.causes)
        lines.append(_(N_("what raised false alarms, as the desk wrote it: {causes}")).format(causes=causes))
    if one.false and one.away_from is not None:
        sentence = _(N_("From a threshold of {threshold:.2f} on none of the false ones would have come; that would have cost {lost} of the {real} real ones."))
        lines.append(sentence.format(threshold=one.away_from, lost=one.away_costs, real=one.real))
    elif one.false:
        lines.append(_(N_("No threshold keeps them all away: find what raises them, set min_dba, or move the terminal.")))
    if one.proposed is not None:
        sentence = _(N_("What is proposed (at most {threshold:.2f}) would have cost {lost} of the {real} real ones, each by its period of the day."))
        lines.append(sentence.format(threshold=one.proposed, lost=one.lost, real=one.real))
    return lines


def share(point: Point) -> str:
    """Recall with its interval."""
    low, high = point.recall_limits
    return "-" if point.recall is None else f"{point.recall:.2f} ({low:.2f}-{high:.2f})"


def rate(point: Point) -> str:
    """False alarms an hour with their limits."""
    low, high = point.false_limits
    return f"{point.false_per_h:.2f} ({low:.2f}-{high:.2f})"


def _trade_off(own: Sequence[Point]) -> str:
    import matplotlib.pyplot as plt  # noqa: PLC0415 - of the extra [technician]

    figure, axis = _figure()
    least = min((p.false_per_h for p in own if p.false), default=1.0) / 2  # a logarithm has no zero
    drawn = [(max(p.false_per_h, least), 1 - p.recall, p.threshold) for p in own if p.recall is not None]
    axis.plot([x for x, _, _ in drawn], [y for _, y, _ in drawn], "o-", color="#1f4e79", ms=3)
    for x, y, threshold in drawn[1::2]:
        axis.annotate(f"{threshold:.1f}", (x, y), fontsize=7, xytext=(3, 3), textcoords="offset points")
    axis.set(xscale="log", xlabel="1/h", ylabel="1 - recall", ylim=(-0.02, 1.02))
    text = _svg(figure)
    plt.close(figure)
    return text


def _page(out: Path, title: str, parts: Sequence[str]) -> None:
    html = f'<!doctype html><html><head><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style></head><body>{"".join(parts)}</body></html>'
    try:
        write_atomically(out.absolute(), html)
    except OSError as error:
        raise ReportImpossible(N_("{path}: cannot be written: {told}"), path=out, told=reason_of(error)) from error


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _levels(tally: Tally) -> str:
    import matplotlib.pyplot as plt  # noqa: PLC0415 - of the extra [technician]

    figure, axis = _figure()
    hours = by_hour(tally)
    at = [hour.hour for hour in hours]
    axis.bar(at, [hour.l10 - hour.l90 for hour in hours], 0.7, [hour.l90 for hour in hours], color="#9bc3e6", label="L90 - L10")
    axis.plot(at, [hour.l50 for hour in hours], "o", color="#1f4e79", label="L50")
    axis.set(xlim=(-0.6, 23.6), xlabel="h", ylabel="dBA", xticks=range(0, 24, 2))
    axis.legend()
    text = _svg(figure)
    plt.close(figure)
    return text


def _expectations(rows: Sequence[Expected], target_per_day: float) -> str:
    import matplotlib.pyplot as plt  # noqa: PLC0415 - of the extra [technician]

    figure, axis = _figure()
    at = [row.threshold for row in rows]
    least = 0.01
    axis.fill_between(at, [max(row.low, least) for row in rows], [max(row.high, least) for row in rows], color="#9bc3e6", label="95 %", step="mid")
    axis.step(at, [max(row.per_day, least) for row in rows], where="mid", color="#1f4e79")
    axis.axhline(target_per_day, color="#a11", lw=1, ls="--", label=f"{target_per_day:g}")
    axis.set(yscale="log", ylim=(least, None), xlim=(0, 1), xlabel="0 … 1", ylabel="1/d")
    axis.legend()
    text = _svg(figure)
    plt.close(figure)
    return text


def _figure() -> Any:
    import matplotlib as mpl  # noqa: PLC0415 - of the extra [technician]

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415

    return plt.subplots(figsize=(8, 2.8), layout="constrained")


def _svg(figure: Any) -> str:
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return "<svg" + text.getvalue().partition("<svg")[2]  # without the XML declaration: it stands inside of HTML
