"""`xiaoan replay`: what the terminal would have raised, heard from recordings."""

import argparse
import csv
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median

from rich.cells import cell_len
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from edge import explain
from edge.capture.recording import Recording, duration_s, find
from edge.chain import Wanted, phrase_rules, wanted
from edge.commands.arguments import whole
from edge.commands.context import Context, Subparsers, Translate
from edge.config.phrases import list_in_use
from edge.config.schema import Config
from edge.decide.expect import Outcome, Truth, TruthError, compare, read_truth
from edge.decide.period import DEFAULT, HOLIDAY
from edge.decide.rules import rules_for
from edge.decide.types import Closed, Rule
from edge.detect.detector import LABELS
from edge.detect.manifest import RuleDefaults, read_manifest
from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.replay import Failed, Played, Settings, play_all
from edge.words import N_

_NAME_WIDTH = 48


class ReplayError(EdgeError):
    """The replay that is asked for is not possible."""


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "replay",
        help=_("show what would have been raised for recordings"),
        description=_("Send recordings (WAV, FLAC, Ogg Opus, MP3) through the same chain as the microphone and show what would have been raised."),
        epilog=_("Exit status: 0 fine, 1 an expectation was not met, 2 something could not be done."),
    )
    parser.add_argument("paths", nargs="+", metavar=_("FILE|FOLDER"), help=_("recordings, or folders that are searched for them"))
    parser.add_argument("--json", action="store_true", help=_("one JSON object a line for each alert"))
    parser.add_argument("--scores", type=Path, metavar="OUT.csv", help=_("write the scores of each decision step"))
    parser.add_argument(
        "--expect", type=Path, metavar="TRUTH.csv", help=_("compare with what should be raised (file,label,start,end); status 1 on a miss or a false alarm")
    )
    parser.add_argument("--phrases", type=Path, metavar=_("FILE"), help=_("list of phrases to listen for"))
    parser.add_argument("--period", default=DEFAULT, metavar=_("NAME"), help=_("thresholds of this period of the configuration (default: those of none)"))
    parser.add_argument("--jobs", type=count, default=len(os.sched_getaffinity(0)), metavar="N", help=_("processes at once (default: one a core)"))
    parser.add_argument(
        "--explain", type=Path, metavar="OUT.png", help=_("draw one recording (spectrogram, scores, thresholds, alerts, level) and show the same as a table")
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Replay, write, compare."""
    recordings = find(args.paths)
    truth = truth_for(args.expect, recordings) if args.expect else None
    if args.explain:
        if len(recordings) != 1:
            raise ReplayError(N_("--explain draws one recording, but {count} were given"), count=len(recordings))
        explain.check(args.explain)
    manifest = read_manifest(context.models / "detector.toml", LABELS)
    calibration = context.calibration(manifest.sha256)
    phrases = wanted(list_in_use(context.config.phrases, context.models, args.phrases, calibration.phrases), context.config.labels)
    defaults = {**manifest.rules, **phrase_rules(context.models, phrases)}
    rules = _rules(context.config, defaults, args.period, calibration.thresholds)
    settings = Settings(context.models, rules, calibration.sensitivity_dbfs, phrases, keep_steps=bool(args.scores or args.explain))
    report = _Report(context, recordings, truth)
    with _scores_file(args.scores, manifest.labels, phrases) as write, progress(context, recordings) as heard:
        for recording, result in zip(recordings, play_all(recordings, settings, args.jobs, heard), strict=True):
            report.add(result)
            if isinstance(result, Played):
                write(result)
                if args.explain:
                    explain.draw(args.explain, recording, result, rules, manifest.features, context.translate)
                    report.explain(result, rules)
    return report.end()


def count(text: str) -> int:
    """At least 1."""
    return whole(text, 1, 1024)


def truth_for(path: Path, recordings: Sequence[Recording]) -> Truth:
    """The expectations. A recording that something is expected of must be there: else a lost fixture would look like a success."""
    truth = read_truth(path)
    if absent := truth.without(r.name for r in recordings):
        sentence = N_("{path} expects something of {file}, which is not among the recordings ({count} such)")
        raise TruthError(sentence, path=path, file=absent[0], count=len(absent))
    return truth


def _rules(config: Config, defaults: Mapping[str, RuleDefaults], period: str, calibrated: Mapping[str, Mapping[str, float]]) -> dict[str, Rule]:
    names = {DEFAULT, HOLIDAY, *(p.name for p in config.periods)}
    if period not in names:
        raise ReplayError(N_("--period {period}: the configuration has no such period; it has: {names}"), period=period, names=", ".join(sorted(names)))
    return rules_for(defaults, config.labels, config.periods, period, calibrated)


@contextmanager
def _in_place_of(path: Path, part: Path) -> Iterator[None]:
    """What was written to `part` becomes `path` at the end; after Ctrl-C or an error nothing is left of it, and an earlier file stays."""
    try:
        yield
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _scores_file(path: Path | None, labels: Sequence[str], phrases: Wanted | None) -> Iterator[Callable[[Played], None]]:
    """A function that writes the scores of a recording, or does nothing without a path."""
    if path is None:
        yield lambda _played: None
        return
    whole = path.is_file() or not path.exists()  # and no pipe or terminal
    part = path.with_name(f".{path.name}.part") if whole else path
    try:
        file = part.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise ReplayError(N_("{path}: cannot be written: {told}"), path=path, told=reason_of(error)) from error
    with _in_place_of(path, part) if whole else nullcontext(), file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", "time", "level_dba", *labels, *(("insult", "help", "phrase", "phrase_score") if phrases else ())])

        def write(played: Played) -> None:
            for i, (time_s, level_dba, *scores) in enumerate(played.steps):
                row = [played.name, f"{time_s:.3f}", f"{level_dba:.1f}", *(f"{s:.5f}" for s in scores[: len(labels)])]
                if phrases:
                    of, (phrase, score) = dict(zip(played.labels, scores, strict=True)), played.best[i]
                    row += [f"{of.get('insult', 0.0):.5f}", f"{of.get('help', 0.0):.5f}", phrase, f"{score:.5f}"]
                table.writerow(row)

        yield write


@contextmanager
def progress(context: Context, recordings: Sequence[Recording]) -> Iterator[Callable[[float], None]]:
    """A function that is told the seconds of sound done so far: a bar on a terminal, nothing in a pipe."""
    if not context.errors.is_terminal:
        yield lambda _done_s: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=context.errors, transient=True, redirect_stdout=context.console.is_terminal) as bar:
        task = bar.add_task(context.translate(N_("listening")), total=sum(map(_length_s, recordings)) or None)
        yield lambda done_s: bar.update(task, completed=done_s)


def _length_s(recording: Recording) -> float:
    try:
        return duration_s(recording.path)
    except EdgeError:  # said when its turn comes
        return 0.0


class _Report:
    """Tells of each recording as it is done, and of all at the end."""

    def __init__(self, context: Context, recordings: Sequence[Recording], truth: Truth | None) -> None:
        self._context, self._ = context, context.translate
        self._people = context.errors if context.json else context.console  # sentences never stand among JSON lines
        self._truth = truth
        longest = max(cell_len(r.name) for r in recordings)
        self._widths = (min(longest, _NAME_WIDTH), 10, 10, 10, 10, 6, 6)
        self._alerts = self._files = self._failed = self._events = self._missed = self._false = 0
        self._heard_s = 0.0
        self._delays_s: list[float] = []

    def add(self, result: Played | Failed) -> None:
        """One recording, done or not."""
        self._files += 1
        alerts: tuple[Closed, ...] = ()
        if isinstance(result, Failed):
            self._failed += 1
            print(f"xiaoan: {self._(result.sentence).format(**result.facts)}", file=sys.stderr)  # as `main` says errors
        else:
            alerts = result.alerts
            self._heard_s += result.duration_s
            for alert in alerts:
                self._alert(result.name, alert)
        events = self._truth.of(result.name) if self._truth else None
        if events is not None:
            self._outcome(result.name, compare(events, alerts))

    def explain(self, played: Played, rules: Mapping[str, Rule]) -> None:
        """The recording as a table over time."""
        self._say(N_("threshold: {rules}"), rules=", ".join(f"{self._(label)} {rule.threshold:.2f}" for label, rule in rules.items()))
        self._line((self._(N_("end")), "dBA", *(self._(label) for label in played.labels)), (8, 6, *[20] * len(played.labels)))
        words = {"": "", "+": "+", "onset": self._(N_("onset")), "raised": self._(N_("RAISED")), "open": "|", "end": self._(N_("end"))}
        for row in explain.rows(played, rules):
            cells = (f"{score:.2f} {words[mark]}" for score, mark in zip(row.scores, row.marks, strict=True))
            self._line((_clock(row.end_s), f"{row.level_dba:.1f}", *cells), (8, 6, *[20] * len(row.scores)))

    def end(self) -> int:
        """The sums, and the exit status."""
        if not self._context.json:
            self._say(
                N_("{duration} of sound in {files} recordings, {alerts} alerts"),
                duration=_clock(self._heard_s), files=self._files, alerts=self._alerts,
            )  # fmt: skip
        if self._truth:
            self._say(N_("{found} of {events} expected alerts raised, {missed} missed, {false} false alarms"),
                      found=self._events - self._missed, events=self._events, missed=self._missed, false=self._false)  # fmt: skip
            if self._delays_s:
                sentence = N_("from onset to alert: {median:.2f} s at the median, {longest:.2f} s at most")
                self._say(sentence, median=median(self._delays_s), longest=max(self._delays_s))
        return 2 if self._failed else 1 if self._missed or self._false else 0

    def _alert(self, name: str, alert: Closed) -> None:
        self._alerts += 1
        if self._context.json:
            self._context.print_json({
                "file": name, "label": alert.label, "start": round(alert.onset_s, 3), "raised": round(alert.raised_s, 3), "end": round(alert.end_s, 3),
                "score": round(alert.score, 5), "level_dba": round(alert.level_dba, 1), "phrase": alert.phrase,
            })  # fmt: skip
            return
        if self._alerts == 1:
            heads = (N_("file"), N_("label"), N_("start"), N_("raised"), N_("end"), N_("score"), "dBA")
            self._line([self._(head) for head in heads], self._widths, "bold")
        cells = (name, self._(alert.label), _clock(alert.onset_s), _clock(alert.raised_s), _clock(alert.end_s), f"{alert.score:.2f}", f"{alert.level_dba:.0f}")
        self._line(cells, self._widths)

    def _outcome(self, name: str, outcome: Outcome) -> None:
        self._events += len(outcome.found) + len(outcome.missed)
        self._missed += len(outcome.missed)
        self._false += len(outcome.false)
        self._delays_s += [f.delay_s for f in outcome.found]
        for event in outcome.missed:
            self._say(N_("missed: {file}: {label} from {start} to {end}"),
                      file=name, label=self._(event.label), start=_clock(event.start_s), end=_clock(event.end_s))  # fmt: skip
        for alert in outcome.false:
            self._say(N_("false alarm: {file}: {label} from {start} to {end}, score {score:.2f}"),
                      file=name, label=self._(alert.label), start=_clock(alert.onset_s), end=_clock(alert.end_s), score=alert.score)  # fmt: skip

    def _say(self, sentence: str, **facts: object) -> None:
        self._people.print(Text(self._(sentence).format(**facts)))

    def _line(self, cells: Sequence[str], widths: Sequence[int], style: str = "") -> None:
        padded = (cell + " " * max(0, width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True))
        self._people.print(Text("  ".join(padded).rstrip(), style))


def _clock(time_s: float) -> str:
    """Time as people read it: 0:07.4, 1:02:03.4."""
    minutes, seconds = divmod(round(time_s, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{seconds:04.1f}" if hours else f"{minutes}:{seconds:04.1f}"
