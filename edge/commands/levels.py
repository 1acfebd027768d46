"""`xiaoan levels`: a sound level meter in the terminal that shows what the detector makes of the same sound."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.live import Live
from rich.text import Text

from edge.calibrate.meter import Meter, Reading
from edge.commands.context import Context, Subparsers, Translate
from edge.config.profiles import Calibration
from edge.decide.types import Rule
from edge.words import N_

LOWEST_DBA, HIGHEST_DBA = 20.0, 120.0
NARROW = 60
"""Columns under which the meter shows figures alone; they fit into 20."""

_LINE_S = 1.0


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "levels",
        help=_("show levels and scores live"),
        description=_("A live meter: the level in dBA and unweighted, L10, L50 and L90 of the last minute, clipping, each label's score against its "
                      "threshold, and the phrase of the list that fits best. Ctrl-C ends it; in a pipe it writes a line a second."),
    )  # fmt: skip
    parser.add_argument("--recording", type=Path, metavar=_("FILE"), help=_("hear this recording, once and at its own speed, instead of the microphone"))
    parser.add_argument("--json", action="store_true", help=_("as JSON, an object a second"))


def run(args: argparse.Namespace, context: Context) -> int:
    """Show it until Ctrl-C, or the recording's end."""
    from edge.chain import Chain
    from edge.commands.listening import Ear, period_now, phrases_heard
    from edge.decide.rules import rules_for
    from edge.detect.detector import Detector

    detector = Detector.load(context.models)
    calibration = context.calibration(detector.manifest.sha256)
    config, listening = context.config, phrases_heard(context, calibration)
    meter = Meter(Chain(detector, calibration.sensitivity_dbfs, listening).feed, calibration.sensitivity_dbfs)
    defaults = {**detector.manifest.rules, **(listening.rules if listening else {})}
    thresholds = {phrase.text: phrase.threshold for phrase in listening.wanted.phrases} if listening else {}
    face = _Face(context, calibration, thresholds, str(args.recording or config.microphone.device or context.translate(N_("the system's default"))))
    try:
        with Ear(config.microphone, args.recording) as ear, face.shown():
            while not ear.finished:
                if (block := ear.read()) is not None:
                    meter.feed(block)
                rules = rules_for(defaults, config.labels, config.periods, period_now(config), calibration.thresholds)
                wrong = [ear.problem.told(context.translate)] if ear.problem else [fault.value for fault in sorted(ear.faults())]
                face.show(meter.reading(), rules, wrong)
    except KeyboardInterrupt:  # the way to end it
        return 0
    return 0


class _Face:
    """The meter's face: a picture that changes where people watch, else a line a second."""

    def __init__(self, context: Context, calibration: Calibration, phrases: Mapping[str, float], device: str) -> None:
        """phrases: the threshold of each."""
        self._context, self._, self._phrases = context, context.translate, phrases
        self._calibration, self._device = calibration, device
        self._live: Live | None = None
        self._next_s = 0.0
        self._told: list[str] = []
        self._clipping = self._(N_("clipping"))

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep it on the screen."""
        if self._context.json or not self._context.console.is_terminal:
            yield
            return
        with Live(Text(self._(N_("starts"))), console=self._context.console, refresh_per_second=8) as self._live:
            yield

    def show(self, now: Reading, rules: Mapping[str, Rule], wrong: list[str]) -> None:
        """Show what is new."""
        if self._live:
            narrow = self._context.console.width < NARROW
            self._live.update(self._small(now, rules, wrong) if narrow else self._large(now, rules, wrong))
            return
        if wrong != self._told:
            self._told = wrong
            for sentence in wrong:
                self._context.errors.print(f"xiaoan: {sentence}", markup=False)
        if now.level_dba is None or now.heard_s < self._next_s:
            return
        self._next_s = now.heard_s + _LINE_S - 0.05  # the blocks need not divide the second
        if self._context.json:
            self._context.print_json(self._facts(now, rules, wrong))
        else:
            self._context.console.print(Text(self._line(now, rules)))

    def _facts(self, now: Reading, rules: Mapping[str, Rule], wrong: list[str]) -> dict[str, object]:
        def rounded(levels: tuple[float, float, float] | None) -> list[float] | None:
            return levels and [round(level, 1) for level in levels]

        return {
            "heard_s": round(now.heard_s, 1),
            "level_dba": None if now.level_dba is None else round(now.level_dba, 1),
            "level_spl": None if now.level_spl is None else round(now.level_spl, 1),
            "l10_l50_l90_dba": rounded(now.minute_dba),
            "l10_l50_l90_spl": rounded(now.minute_spl),
            "clipped": round(now.clipped, 5),
            "scores": {label: round(score, 4) for label, score in now.scores.items()},
            "thresholds": {label: rule.threshold for label, rule in rules.items()},
            "phrase": now.phrase,
            "phrase_score": round(now.phrase_score, 4),
            "phrase_threshold": None if now.phrase is None else self._phrases[now.phrase],
            "measured": self._calibration.measured is not None,
            "wrong": wrong,
        }

    def _line(self, now: Reading, rules: Mapping[str, Rule]) -> str:
        scores = "  ".join(f"{self._(label)} {_score(score, rules.get(label))}" for label, score in now.scores.items())
        phrase = f"  {now.phrase} {self._phrase_score(now)}" if now.phrase else ""
        return f"{now.level_dba:5.1f} dBA {now.level_spl:5.1f} dB SPL  {_exceeded(now.minute_dba)} dBA  {self._clipping} {now.clipped:.2%}  {scores}{phrase}"

    def _phrase_score(self, now: Reading) -> str:
        """Of the best phrase, against its own threshold; empty where none is listened for."""
        return "" if now.phrase is None else f"{now.phrase_score:.2f}/{self._phrases[now.phrase]:.2f}"

    def _small(self, now: Reading, rules: Mapping[str, Rule], wrong: list[str]) -> Text:
        """At most 20 cells a line, the sentences of what is wrong excepted: they wrap."""
        if now.level_dba is None:
            return _lines([Text(line) for line in wrong or [self._(N_("starts"))]])
        loud = "red" if now.clipped else "default"
        rows = [
            Text(f"{now.level_dba:6.1f} dBA", "bold"),
            Text(f"{now.level_spl:6.1f} dB SPL"),
            Text(f"{'':7}L10  L50  L90", "dim"),
            Text(_short("dBA", now.minute_dba)),
            Text(_short("SPL", now.minute_spl)),
            Text(f"{set_cell_size(self._clipping, 8)} {now.clipped:.2%}", loud),
        ]
        for label, score in now.scores.items():
            rule = rules.get(label)
            rows.append(Text(f"{set_cell_size(self._(label), 8)} {_score(score, rule)}", _colour(score, rule)))
        if now.phrase:  # a long one is cut
            rows += [Text(set_cell_size(now.phrase, min(20, cell_len(now.phrase)))), Text(f"{'':8} {self._phrase_score(now)}")]
        rows += [Text(self._device, "dim"), Text(f"{self._calibration.sensitivity_dbfs:.1f} dBFS", "dim")]
        rows.append(Text(self._measured(short=True), "dim"))
        return _lines([*rows, *(Text(sentence, "red") for sentence in wrong)])

    def _large(self, now: Reading, rules: Mapping[str, Rule], wrong: list[str]) -> Text:
        _ = self._
        rows = [Text(f"{self._device}  {self._calibration.sensitivity_dbfs:.1f} dBFS ({self._measured(short=False)})", "dim")]
        if now.level_dba is None or now.level_spl is None:
            return _lines([*rows, *(Text(line) for line in wrong or [_(N_("starts"))])])
        minute = _(N_("last minute"))
        wide = max(cell_len(word) for word in (minute, self._clipping, _(N_("phrase")), *map(_, now.scores)))
        bar = self._context.console.width - wide - 24
        share = (now.level_dba - LOWEST_DBA) / (HIGHEST_DBA - LOWEST_DBA)
        rows.append(Text.assemble((set_cell_size("", wide), ""), (f"  {now.level_dba:5.1f} dBA  ", "bold"), _bar(share, bar, "green")))
        rows.append(Text(f"{set_cell_size('', wide)}  {now.level_spl:5.1f} dB SPL"))
        rows.append(Text(f"{set_cell_size(minute, wide)}  {_exceeded(now.minute_dba)} dBA"))
        rows.append(Text(f"{set_cell_size('', wide)}  {_exceeded(now.minute_spl)} dB SPL"))
        rows.append(Text(f"{set_cell_size(self._clipping, wide)}  {now.clipped:.2%}", "red" if now.clipped else "default"))
        for label, score in now.scores.items():
            rule = rules.get(label)
            head = f"{set_cell_size(_(label), wide)}  {_score(score, rule)}  "
            rows.append(Text.assemble((head, _colour(score, rule)), _bar(score, bar, _colour(score, rule), rule.threshold if rule else None)))
        if now.phrase:
            rows.append(Text(f"{set_cell_size(_(N_('phrase')), wide)}  {self._phrase_score(now)}  {now.phrase}"))
        rows += [Text(sentence, "red") for sentence in wrong]
        rows.append(Text(_(N_("Ctrl-C ends")), "dim"))
        return _lines(rows)

    def _measured(self, *, short: bool) -> str:
        _, measured = self._, self._calibration.measured
        if measured is None:
            return _(N_("not measured")) if short else _(N_("not measured; levels may be wrong by several dB: xiaoan calibrate level"))
        return f"± {measured.uncertainty_db:.1f} dB" + ("" if short else f", {measured.at or _(N_('time unknown'))}")


def _lines(rows: Sequence[Text]) -> Text:
    """One below the other; what is too long goes on in the next line, which the console by itself would cut off."""
    return Text("\n", no_wrap=False, overflow="fold").join(rows)


def _score(score: float, rule: Rule | None) -> str:
    return f"{score:.2f}/{rule.threshold:.2f}" if rule else f"{score:.2f}/-"


def _colour(score: float, rule: Rule | None) -> str:
    return "red" if rule and score >= rule.threshold else "default"


def _exceeded(levels: tuple[float, float, float] | None) -> str:
    return "" if levels is None else "  ".join(f"L{percent} {level:.1f}" for percent, level in zip((10, 50, 90), levels, strict=True))


def _short(weighting: str, levels: tuple[float, float, float] | None) -> str:
    """`dBA   71   58   41`: what was exceeded 10, 50 and 90 % of the minute."""
    return "" if levels is None else f"{weighting}  " + "".join(f"{level:5.0f}" for level in levels)


def _bar(share: float, cells: int, colour: str, mark: float | None = None) -> Text:
    """A bar of so many cells; mark: 0..1, where the threshold is."""
    filled = round(min(max(share, 0.0), 1.0) * cells)
    text = Text("━" * filled + " " * (cells - filled), colour)
    if mark is not None:
        at = min(int(mark * cells), cells - 1)
        text = Text.assemble(text[:at], ("┃", "yellow"), text[at + 1 :])
    return text
