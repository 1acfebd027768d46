"""Recordings through the same chain and the same decisions as the microphone, over the cores, in order."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.capture import RATE_HZ
from edge.capture.recording import Recording, read_blocks
from edge.chain import Chain, Listening, Wanted, labels_of
from edge.decide.gate import Gates, advance, finish
from edge.decide.types import Closed, Rule
from edge.detect.detector import Detector
from edge.errors import EdgeError
from edge.words import N_

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

BLOCK_S = 5.0
"""Sound given to the chain at a time: long enough that the calls cost nothing, short against memory."""

AHEAD = 4
"""Recordings a worker may be ahead of the one whose turn it is: bounds what waits in memory."""

_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Settings:
    """What a replay is made with."""

    models: Path
    rules: Mapping[str, Rule]
    sensitivity_dbfs: float
    wanted: Wanted | None = None  # phrases
    keep_steps: bool = False  # whether the scores are wanted, not only the alerts


@dataclass(frozen=True, slots=True)
class Played:
    """One recording, replayed."""

    name: str
    duration_s: float
    alerts: tuple[Closed, ...]  # in the order of raising
    labels: tuple[str, ...]
    steps: NDArray[np.float64]  # (steps, 2 + labels): time_s, level_dba, a score a label; no rows unless kept
    best: tuple[tuple[str, float], ...] = ()  # the best-ranked phrase of each step and its score; none where none is listened for


@dataclass(frozen=True, slots=True)
class Failed:
    """One recording that could not be read: the sentence of its error and the facts in it."""

    name: str
    sentence: str
    facts: Mapping[str, object]


class WorkerDied(EdgeError):
    """A process of the pool ended before its work was done."""

    def __init__(self, first: str) -> None:
        super().__init__(
            N_("a worker process was killed while {file} or one after it was being replayed, maybe for want of memory. Try again with --jobs 1"), file=first
        )


@dataclass(frozen=True, slots=True)
class Models:
    """What a worker has loaded."""

    detector: Detector
    listening: Listening | None

    @classmethod
    def load(cls, settings: Settings) -> "Models":
        """Raises ModelError."""
        return cls(Detector.load(settings.models, at_once=True), Listening.load(settings.models, settings.wanted, at_once=True))


def play(recording: Recording, models: Models, settings: Settings, heard: Callable[[float], None]) -> Played:
    """One recording from fresh state. heard: is told the seconds of sound that each block had. Raises what `read_blocks` raises."""
    chain, gates = Chain(models.detector, settings.sensitivity_dbfs, models.listening), Gates()
    labels = labels_of(models.detector, models.listening)
    alerts: list[Closed] = []
    rows: list[tuple[float, ...]] = []
    best: list[tuple[str, float]] = []
    samples = 0
    for block in read_blocks(recording.path, BLOCK_S):
        samples += len(block)
        for step in chain.feed(block):
            gates, decisions = advance(gates, step, settings.rules)
            alerts += [d for d in decisions if isinstance(d, Closed)]
            if settings.keep_steps:
                rows.append((step.time_s, step.level_dba, *(step.scores[label] for label in labels)))
                if step.phrase is not None:
                    best.append((step.phrase, step.phrase_score))
        heard(len(block) / RATE_HZ)
    alerts += finish(gates)
    alerts.sort(key=lambda a: a.raised_s)
    return Played(recording.name, samples / RATE_HZ, tuple(alerts), labels, np.array(rows).reshape(len(rows), 2 + len(labels)), tuple(best))


def play_all(recordings: Sequence[Recording], settings: Settings, jobs: int, heard: Callable[[float], None]) -> Iterator[Played | Failed]:
    """All recordings, results in their order as soon as each is there. heard: is told the seconds of sound done so far, now and then.

    jobs: processes; with one, the work is done here. Raises ModelError, and WorkerDied where a process was killed.
    """
    if min(jobs, len(recordings)) > 1:
        yield from _in_processes(recordings, settings, min(jobs, len(recordings)), heard)
        return
    models = Models.load(settings)
    done_s = 0.0

    def more(seconds: float) -> None:
        nonlocal done_s
        done_s += seconds
        heard(done_s)

    for recording in recordings:
        yield _play_or_fail(recording, models, settings, more)


def _play_or_fail(recording: Recording, models: Models, settings: Settings, heard: Callable[[float], None]) -> Played | Failed:
    try:
        return play(recording, models, settings, heard)
    except EdgeError as error:
        return Failed(recording.name, error.sentence, error.facts)


def _in_processes(recordings: Sequence[Recording], settings: Settings, jobs: int, heard: Callable[[float], None]) -> Iterator[Played | Failed]:
    Models.load(settings)  # whatever is wrong with the model is said once, here
    context = get_context("spawn")  # a fork would copy the threads' locks
    done_s = context.Value("d", 0.0)
    waiting: deque[Future[Played | Failed]] = deque()
    left = iter(recordings)
    turn = 0
    pool = ProcessPoolExecutor(jobs, context, initializer=_start, initargs=(settings, done_s))
    try:
        while True:
            while len(waiting) < jobs * AHEAD and (recording := next(left, None)) is not None:
                with _without_ctrl_c():
                    waiting.append(pool.submit(_work, recording))
            if not waiting:
                return
            try:
                result = waiting[0].result(_LOOK_S)
            except NotYet:
                heard(done_s.value)
                continue
            waiting.popleft()
            turn += 1
            heard(done_s.value)
            yield result
    except BrokenProcessPool as error:
        raise WorkerDied(recordings[turn].name) from error
    finally:
        for child in active_children():  # after Ctrl-C nobody waits for a recording of a day to end
            child.terminate()
        pool.shutdown(cancel_futures=True)


_models: Models
_settings: Settings
_done_s: "Synchronized[float]"


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """A process that is started meanwhile never gets Ctrl-C, not even while it begins and cannot refuse it yet. We get it afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(settings: Settings, done_s: "Synchronized[float]") -> None:
    """Begin a worker: it holds the models for all its recordings."""
    global _models, _settings, _done_s
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _models, _settings, _done_s = Models.load(settings), settings, done_s


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _work(recording: Recording) -> Played | Failed:
    def more(seconds: float) -> None:
        with _done_s.get_lock():
            _done_s.value += seconds

    return _play_or_fail(recording, _models, _settings, more)
