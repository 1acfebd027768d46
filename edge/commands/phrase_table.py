"""How often phrases would have crossed each threshold, as a table and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from edge.calibrate.tally import GRID, Cell, Tally
from edge.commands.context import Context
from edge.words import N_

SHOWN = tuple(i for i, threshold in enumerate(GRID) if threshold >= 0.295 and (round(threshold * 100) % 10 == 0 or threshold > 0.96))
"""Of the grid, the thresholds that the table shows: lower ones tell nothing."""


@dataclass(frozen=True, slots=True)
class Crossed:
    """One phrase."""

    phrase: str
    counts: tuple[int, ...]  # by threshold of GRID


def crossed(tally: Tally) -> list[Crossed]:
    """Each phrase of a tally over all that was heard, those that are heard most first."""
    together = Cell()
    for cell in tally.cells.values():
        together.add(cell)
    rows = [Crossed(phrase, tuple(together.raised.get(phrase, [0] * len(GRID)))) for phrase in tally.setup.rules]
    return sorted(rows, key=lambda row: tuple(-row.counts[i] for i in reversed(SHOWN)))


def as_json(tally: Tally) -> dict[str, object]:
    """All of it."""
    rows = [{"phrase": row.phrase, "counts": dict(zip(map(str, GRID), row.counts, strict=True))} for row in crossed(tally)]
    return {"heard_h": round(tally.heard_s / 3600, 5), "phrases": rows}


def show(context: Context, tally: Tally) -> None:
    """The phrases that were heard well enough to be of interest, and how many were not."""
    _ = context.translate
    rows = crossed(tally)
    heard = [row for row in rows if row.counts[SHOWN[0]]]
    context.console.print(_(N_("How often each phrase would have reached each threshold, in {heard:.1f} h")).format(heard=tally.heard_s / 3600))
    if heard:
        context.console.print(_table(context, heard))
    if silent := len(rows) - len(heard):
        sentence = N_("{count} phrases never reached {threshold:.1f}")
        context.console.print(_(sentence).format(count=silent, threshold=GRID[SHOWN[0]]))


def _table(context: Context, rows: Sequence[Crossed]) -> Table:
    table = Table(context.translate(N_("phrase")), box=None, pad_edge=False)
    for i in SHOWN:
        table.add_column(f"{GRID[i]:.2f}".removesuffix("0"), justify="right")
    for row in rows:
        table.add_row(Text(row.phrase), *(str(row.counts[i]) for i in SHOWN))
    return table
