"""What `xiaoan calibrate site` shows: charts and tables for the terminal, or all of it as JSON."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from edge.calibrate import report
from edge.calibrate.levels import by_hour, whole_level
from edge.calibrate.site import Expected, Proposal
from edge.calibrate.tally import GRID, Tally
from edge.calibrate.verdicts import Priced
from edge.commands import phrase_table
from edge.commands.claims import PLACE_IS_LOUD, conclusions, facts
from edge.commands.context import Context, Translate, folding_table
from edge.words import N_

LOWEST_DBA, HIGHEST_DBA, CELLS = 20, 110, 45
SHOWN = tuple(i for i, threshold in enumerate(GRID) if round(threshold * 100) % 10 == 0 or threshold > 0.96)
"""Of the grid, the thresholds that a table shows."""


def show(context: Context, tally: Tally, rows: Sequence[Expected], found: Proposal, judged: Sequence[Priced], phrases: Tally | None) -> None:
    """Charts and tables for the terminal, or all of it as JSON. phrases: how often each was heard, where they were counted."""
    _ = context.translate
    if context.json:
        context.print_json({
            **facts(found), "thresholds": found.thresholds,
            "hours": [{"hour": h.hour, "heard_s": round(h.heard_s, 1), "l10_dba": h.l10, "l50_dba": h.l50, "l90_dba": h.l90} for h in by_hour(tally)],
            "expected": [{"label": r.label, "period": r.period, "threshold": r.threshold, "incidents": r.incidents, "heard_h": round(r.heard_h, 5),
                          "per_day": round(r.per_day, 3), "low": round(r.low, 3), "high": round(r.high, 3)} for r in rows],
            "judged": [{"label": one.label, "false": one.false, "real": one.real, "away_from": one.away_from, "away_costs": one.away_costs,
                        "proposed": one.proposed, "lost": one.lost, "causes": dict(one.causes),
                        "prices": [{"threshold": p.threshold, "false_left": p.false_left, "real_lost": p.real_lost} for p in one.prices]} for one in judged],
            "phrases": phrases and phrase_table.as_json(phrases),
        })  # fmt: skip
        return
    console = context.console
    if hours := by_hour(tally):
        console.print(_(N_("Levels by the hour, in dBA: from L90 to L10, with L50 between them")))
        for hour in hours:
            console.print(_row(f"{hour.hour:02d} h", hour.l90, hour.l50, hour.l10, console.width))
    else:
        console.print(_(N_("Levels in dBA, from L90 to L10, with L50 between them; not by the hour, for the time of day was not known")))
        low, middle, high = (whole_level(tally, percent) for percent in (90, 50, 10))
        console.print(_row("", low, middle, high, console.width))
    for label in tally.setup.rules:
        console.print()
        console.print(_(N_("{label}: false alarms to expect in a day, with exact limits (95 %)")).format(label=_(label)))
        console.print(_expectations([row for row in rows if row.label == label], _))
    if phrases and phrases.heard_s:
        console.print()
        phrase_table.show(context, phrases)
    console.print()
    table = folding_table(_(N_("period")), _(N_("label")), _(N_("proposed threshold")))
    for period, thresholds in found.thresholds.items():
        for label, threshold in thresholds.items():
            table.add_row(period, _(label), f"{threshold:.2f}")
    console.print(table)
    _show_judged(judged, context)
    for line in conclusions(found, _, PLACE_IS_LOUD, "xiaoan calibrate site"):
        console.print(line, markup=False)


def _show_judged(judged: Sequence[Priced], context: Context) -> None:
    _, console = context.translate, context.console
    for one in judged:
        console.print()
        for line in report.of_verdicts(one, _):
            console.print(line, markup=False)
        table = folding_table(*map(_, report.PRICE_HEADS))
        for price in one.shown:
            table.add_row(f"{price.threshold:.2f}", str(price.false_left), str(price.real_lost))
        console.print(table)
    if judged:
        console.print()


def _expectations(rows: Sequence[Expected], _: Translate) -> Table:
    """Thresholds downwards; all that was heard, then each period."""
    periods = list(dict.fromkeys(row.period for row in rows))
    shown = periods if len(periods) > 2 else periods[:1]  # one period alone is the whole
    names = (_(N_("all")) if period is None else period for period in shown)
    table = folding_table(_(N_("threshold")), *names)
    # Both limits for the whole, the upper one alone for the periods: more does not fit beside each other, and the JSON has all.
    cells = {(r.period, r.threshold): f"{r.per_day:.2f} ≤{r.high:.2f}" if r.period else f"{r.per_day:.2f} ({r.low:.2f}-{r.high:.2f})" for r in rows}
    for i in SHOWN:
        table.add_row(f"{GRID[i]:.2f}", *(cells[period, GRID[i]] for period in shown))
    return table


def _row(head: str, low: float, middle: float, high: float, columns: int) -> Text:
    """A line of the chart, in so many columns."""
    return Text(f"{head:4}  {_range(low, middle, high, min(CELLS, max(columns - 19, 1)))}  {low:3.0f} {middle:3.0f} {high:3.0f}")


def _range(low: float, middle: float, high: float, cells: int) -> str:
    """A bar of so many cells, on a scale from LOWEST_DBA to HIGHEST_DBA."""

    def cell(level: float) -> int:
        return min(max(round((level - LOWEST_DBA) / (HIGHEST_DBA - LOWEST_DBA) * (cells - 1)), 0), cells - 1)

    bar = [" "] * cells
    for at in range(cell(low), cell(high) + 1):
        bar[at] = "━"
    bar[cell(middle)] = "┃"
    return "".join(bar)
