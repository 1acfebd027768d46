"""Listening for statistics, which `calibrate site` and `calibrate phrases` do alike: for minutes or days, ended by Ctrl-C, and it goes on the next time."""

import argparse
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress, TextColumn

from edge.calibrate import bounds
from edge.calibrate.phrase_counts import PhraseCounter
from edge.calibrate.tally import UNKNOWN_HOUR, Setup, Tally, Unreadable, from_json
from edge.capture.recording import Recording, find, rate_hz
from edge.chain import Listening
from edge.commands.arguments import number
from edge.commands.context import Context, Translate
from edge.commands.keeping import unwritten
from edge.config.files import write_atomically
from edge.decide.period import DEFAULT
from edge.decide.types import Step
from edge.detect.detector import Detector
from edge.errors import EdgeError
from edge.features import RATE_HZ
from edge.reasons import reason_of
from edge.words import N_

SITE_FILE = "site.json"
PHRASES_FILE = "phrases.json"
SAVE_S = 60.0
MOST = 100_000.0
"""Of hours and of false alarms a day: more is a slip of the finger."""


class GatherError(EdgeError):
    """The statistics cannot be used or kept."""


def add_options(parser: argparse.ArgumentParser, _: Translate) -> None:
    """What both commands have."""
    parser.add_argument("--hours", type=not_negative, metavar="H", help=_("listen for so long (default: until Ctrl-C); 0: show what was gathered so far"))
    parser.add_argument("--fresh", action="store_true", help=_("forget what was gathered before"))
    parser.add_argument("--recording", type=Path, nargs="+", metavar=_("FILE|FOLDER"), help=_("hear these recordings instead of the microphone"))
    parser.add_argument("--json", action="store_true", help=_("as JSON"))


def positive(text: str) -> float:
    """More than nothing."""
    return number(text, 0.001, MOST)


def not_negative(text: str) -> float:
    """Nothing or more."""
    return number(text, 0.0, MOST)


def tell_narrow(context: Context, recordings: Sequence[Recording]) -> None:
    """Say it where recordings lack the high sounds that the terminal hears."""
    rates = [(rate_hz(one.path), one.name) for one in recordings]
    if narrow := sorted(one for one in rates if one[0] < RATE_HZ):
        sentence = N_("{count} of {of} recordings have less than {needed} Hz (the least: {file}, {rate} Hz): high sounds are missing there, "
                      "and what is found may not hold for the terminal.")  # fmt: skip
        rate, file = narrow[0]
        told = context.translate(sentence).format(count=len(narrow), of=len(rates), needed=RATE_HZ, file=file, rate=rate)
        context.errors.print(told, markup=False)


def begin(file: Path, setup: Setup, step_s: float, *, fresh: bool) -> Tally:
    """The tally of earlier listening, or a new one. Raises GatherError where the earlier one cannot go on."""
    if fresh or not file.exists():
        return Tally(setup, step_s)
    try:
        tally = from_json(file.read_text(encoding="utf-8"), step_s, type(setup))
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        raise GatherError(N_("{file} cannot be read: {told}. Begin anew with --fresh"), file=file, told=reason_of(error)) from error
    if tally.setup != setup:
        ours, theirs = setup, tally.setup
        names = ("machine", "device", "model", "sensitivity_dbfs", "rules", "sounds")
        differs = ", ".join(name for name in names if getattr(ours, name, None) != getattr(theirs, name, None))
        sentence = N_("{file} was gathered with another setup ({differs}), and cannot be continued. Begin anew with --fresh")
        raise GatherError(sentence, file=file, differs=differs)
    return tally


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted, and the file that it is kept in."""

    file: Path
    tally: Tally


class Gathering:
    """Counts labels, phrases, or both."""

    def __init__(
        self, context: Context, detector: Detector, sensitivity_dbfs: float, listening: Listening | None, labels: Counts | None, phrases: Counts | None
    ) -> None:
        """listening: the phrases that the chain hears; needed where they are counted."""
        self._context, self._detector, self._sensitivity_dbfs, self._listening = context, detector, sensitivity_dbfs, listening
        self._labels, self._phrases = labels, phrases
        self._counter = PhraseCounter(phrases.tally, [p.spoken for p in listening.wanted.phrases], detector.manifest.step_s) if listening and phrases else None
        self._scores: list[NDArray[np.float32]] = []

    @property
    def heard_s(self) -> float:
        """All that was heard for the first of them."""
        return self._all()[0].tally.heard_s

    def listen(self, args: argparse.Namespace, show: Callable[[float], None]) -> None:
        """Add until the time is over, the recordings are, or somebody ends it. It is saved each minute and at the end. show: is told the level in dBA."""
        if args.hours == 0.0:
            return
        until_s = self.heard_s + args.hours * 3600 if args.hours else float("inf")
        self._save(args)
        with _ended_by_signals():
            try:
                if args.recording:
                    self._hear_recordings(args.recording, show)
                else:
                    self._hear_microphone(args, until_s, show)
            except KeyboardInterrupt:  # the way to end it
                pass
        self._save(args)

    def _hear_recordings(self, recordings: Sequence[Path], show: Callable[[float], None]) -> None:
        from edge.capture.recording import read_blocks
        from edge.replay import BLOCK_S

        found = find(recordings)
        tell_narrow(self._context, found)
        for recording in found:
            feed = self._chain()
            for block in read_blocks(recording.path, BLOCK_S):
                for step in self._count(feed(block), DEFAULT, UNKNOWN_HOUR):
                    show(step.level_dba)
            self._interrupted()

    def _hear_microphone(self, args: argparse.Namespace, until_s: float, show: Callable[[float], None]) -> None:
        from edge.commands.listening import Ear, local_time
        from edge.decide.period import period_at

        config, feed = self._context.config, self._chain()
        said, saved_s, lost_s = "", time.monotonic(), time.monotonic()
        with Ear(config.microphone, None) as ear:
            while self.heard_s < until_s:
                block = ear.read()
                now_s = time.monotonic()
                if block is None:
                    told = ear.problem.told(self._context.translate) if ear.problem else ""
                    if told and told != said:  # once; it may be away for a night
                        said = told
                        self._context.errors.print(f"xiaoan: {told}", markup=False)
                    if now_s - lost_s > 3.0:
                        self._interrupted()
                    continue
                lost_s = now_s
                local = local_time()
                period, hour = period_at(local, config.periods, config.holidays), local.hour if local else UNKNOWN_HOUR
                for step in self._count(feed(block), period, hour):
                    show(step.level_dba)
                if now_s - saved_s >= SAVE_S:
                    saved_s = now_s
                    self._save(args)

    def _chain(self) -> Callable[[NDArray[np.float32]], list[Step]]:
        from edge.chain import Chain

        return Chain(self._detector, self._sensitivity_dbfs, self._listening, self._scores.append).feed

    def _count(self, steps: list[Step], period: str, hour: int) -> list[Step]:
        for step in steps if self._labels else ():
            assert self._labels
            self._labels.tally.hear(step, period, hour)
        for scores in self._scores:
            for row in scores if self._counter else ():
                assert self._counter
                self._counter.hear(row, period, hour)
        self._scores.clear()
        return steps

    def _interrupted(self) -> None:
        if self._labels:
            self._labels.tally.interrupted()
        if self._counter:
            self._counter.interrupted()

    def _save(self, args: argparse.Namespace) -> None:
        for counts in self._all():
            if not args.dry_run and counts.tally.heard_s:
                try:
                    write_atomically(counts.file, counts.tally.as_json())
                except OSError as error:
                    raise GatherError(unwritten(error), file=counts.file, told=reason_of(error)) from error

    def _all(self) -> list[Counts]:
        return [counts for counts in (self._labels, self._phrases) if counts]


@contextmanager
def status(context: Context, gathering: Gathering, target: float) -> Iterator[Callable[[float], None]]:
    """A line that tells how far it is, on a terminal; nothing in a pipe."""
    needed_h = bounds.hours_needed(target)
    with Progress(TextColumn("{task.description}"), console=context.errors, transient=True, disable=not context.errors.is_terminal) as line:
        sentence = context.translate(N_("heard {heard:.2f} h; {needed:.0f} h of quiet prove the target; now {level:.0f} dBA; Ctrl-C ends"))
        task = line.add_task("")
        yield lambda level_dba: line.update(task, description=sentence.format(heard=gathering.heard_s / 3600, needed=needed_h, level=level_dba))


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM, as `systemd-run` sends it, ends the listening as Ctrl-C does."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
