"""Why one recording raised what it raised: its scores against the thresholds over time, as rows and as a picture."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.capture.recording import Recording, read_blocks
from edge.decide.types import Closed, Rule
from edge.errors import EdgeError
from edge.features import RATE_HZ
from edge.features.logmel import LogMelSettings, LogMelStream
from edge.reasons import reason_of
from edge.replay import BLOCK_S, Played
from edge.words import N_

ROW_S = 0.5
MOST_COLUMNS = 4_000
"""Columns of the spectrogram: more than any screen has."""

_CHINESE_FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "SimHei", "Microsoft YaHei")


@dataclass(frozen=True, slots=True)
class Row:
    """Half a second of a recording."""

    end_s: float
    level_dba: float  # highest in it
    scores: tuple[float, ...]  # highest in it, by label
    marks: tuple[str, ...]  # by label: "" under the threshold, "+" at or over it, "onset", "raised", "open", "end"


class PictureImpossible(EdgeError):
    """The picture cannot be drawn or written."""


def rows(played: Played, rules: Mapping[str, Rule]) -> Iterator[Row]:
    """What was heard each ROW_S and what the decision made of it; `played` must have kept its steps."""
    cells = np.floor((played.steps[:, 0] - 1e-6) / ROW_S).astype(int)
    for cell in np.unique(cells):
        level, *scores = played.steps[cells == cell, 1:].max(axis=0)
        span = (cell * ROW_S, (cell + 1) * ROW_S)
        marks = tuple(
            _mark([a for a in played.alerts if a.label == label], rules.get(label), score, span) for label, score in zip(played.labels, scores, strict=True)
        )
        yield Row(span[1], float(level), tuple(map(float, scores)), marks)


def _mark(alerts: list[Closed], rule: Rule | None, score: float, span: tuple[float, float]) -> str:
    begin_s, end_s = span
    for alert in alerts:
        if begin_s < alert.raised_s <= end_s:
            return "raised"
        if begin_s <= alert.onset_s < end_s:
            return "onset"
        if begin_s < alert.end_s <= end_s:
            return "end"
        if alert.onset_s < begin_s and end_s < alert.end_s:
            return "open"
    return "+" if rule is not None and score >= rule.threshold else ""


def spectrogram(recording: Recording, settings: LogMelSettings) -> tuple[NDArray[np.float32], float]:
    """(columns, bands) log-mel of a whole recording and the seconds a column stands for; long recordings are averaged as they are read."""
    stream = LogMelStream(settings)
    kept = np.zeros((0, settings.bands), np.float32)
    rest = np.zeros((0, settings.bands), np.float32)
    pooled = 1
    for block in read_blocks(recording.path, BLOCK_S):
        rest = np.concatenate([rest, stream.feed(block)])
        whole = len(rest) // pooled
        kept = np.concatenate([kept, rest[: whole * pooled].reshape(whole, pooled, settings.bands).mean(axis=1)])
        rest = rest[whole * pooled :]
        while len(kept) > MOST_COLUMNS:
            even = len(kept) // 2 * 2
            rest = np.concatenate([np.repeat(kept[even:], pooled, axis=0), rest])
            kept = kept[:even].reshape(even // 2, 2, settings.bands).mean(axis=1)
            pooled *= 2
    return kept, pooled * settings.hop / RATE_HZ


def check(out: Path) -> None:
    """Raise PictureImpossible where matplotlib or the folder is missing, before any work is done."""
    if find_spec("matplotlib") is None:
        raise PictureImpossible(N_("a picture needs matplotlib, which is not installed. Run: pip install 'xiaoan-edge[technician]'"))
    if not out.parent.is_dir():
        raise PictureImpossible(N_("{path}: cannot be written: there is no folder {folder}"), path=out, folder=out.parent)


def draw(out: Path, recording: Recording, played: Played, rules: Mapping[str, Rule], settings: LogMelSettings, translate: Callable[[str], str]) -> None:
    """Write the picture: spectrogram, each label's scores with threshold and release and its alerts as bars, level in dBA."""
    import matplotlib as mpl  # noqa: PLC0415 - of the extra [technician]

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415
    from matplotlib import font_manager  # noqa: PLC0415

    chinese = [f for f in _CHINESE_FONTS if f in font_manager.get_font_names()]
    _ = translate if chinese else str  # boxes instead of characters help nobody
    picture, column_s = spectrogram(recording, settings)
    with mpl.rc_context({"font.family": [*chinese[:1], "DejaVu Sans"], "font.size": 9}):
        figure, axes = plt.subplots(2 + len(played.labels), 1, sharex=True, figsize=(12, 3 + 1.6 * (1 + len(played.labels))), layout="constrained")
        figure.suptitle(played.name)
        axes[0].imshow(picture.T, origin="lower", aspect="auto", extent=(0, len(picture) * column_s, 0, settings.bands), cmap="magma")
        axes[0].set_ylabel(_(N_("mel band")))
        time_s = played.steps[:, 0]
        for i, label in enumerate(played.labels):
            _draw_label(axes[1 + i], time_s, played.steps[:, 2 + i], [a for a in played.alerts if a.label == label], rules.get(label), _)
            axes[1 + i].set_ylabel(_(label))
        axes[-1].plot(time_s, played.steps[:, 1], color="tab:green", lw=1)
        axes[-1].set_ylabel("dBA")
        axes[-1].set_xlabel(_(N_("time in s")))
        axes[-1].set_xlim(0, max(played.duration_s, 0.1))
        try:
            figure.savefig(out, dpi=120)
        except (OSError, ValueError) as error:  # ValueError: a suffix that matplotlib does not know
            raise PictureImpossible(N_("{path}: cannot be written: {told}"), path=out, told=reason_of(error)) from error
        finally:
            plt.close(figure)


def _draw_label(axis, time_s, scores, alerts, rule, _) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - matplotlib is optional
    axis.plot(time_s, scores, color="tab:blue", lw=1, drawstyle="steps-pre")
    axis.set_ylim(0, 1.05)
    if rule is not None:
        axis.axhline(rule.threshold, color="tab:red", lw=0.8, label=_(N_("threshold")))
        axis.axhline(rule.release, color="tab:red", lw=0.8, ls=":", label=_(N_("release")))
        axis.legend(loc="upper right", fontsize=7)
    for alert in alerts:
        axis.axvspan(alert.onset_s, alert.end_s, color="tab:red", alpha=0.2)
        axis.axvline(alert.raised_s, color="tab:red", lw=1.5)
