"""The technician's ear: the microphone of the configuration, or a recording in its place."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, Progress, TextColumn

from edge.capture.microphone import START_S, Microphone
from edge.capture.playback import PacedRecording
from edge.capture.recording import read_blocks
from edge.chain import Listening, wanted
from edge.commands.context import Context
from edge.config.phrases import list_in_use
from edge.config.profiles import Calibration
from edge.config.schema import Config, MicrophoneSettings
from edge.decide.period import period_at
from edge.errors import EdgeError
from edge.health.clock import system_clock
from edge.health.faults import Fault
from edge.words import N_

BLOCK_S = 0.1
_WAIT_S = 0.5


class NothingHeard(EdgeError):
    """The microphone gives no sound, and says nothing about why."""


class Ear:
    """Blocks of sound in real time. A context manager."""

    def __init__(self, settings: MicrophoneSettings, recording: Path | None) -> None:
        """recording: heard once, at its own speed, instead of the microphone. Raises what `read_blocks` raises."""
        self._source = PacedRecording(recording, block_s=BLOCK_S) if recording else Microphone(settings)

    @property
    def finished(self) -> bool:
        """Whether a recording has come to its end."""
        return isinstance(self._source, PacedRecording) and self._source.finished

    @property
    def problem(self) -> EdgeError | None:
        """Why there is no sound."""
        return self._source.problem if isinstance(self._source, Microphone) else None

    def faults(self) -> frozenset[Fault]:
        """What is wrong with the signal."""
        return self._source.faults()

    def read(self) -> NDArray[np.float32] | None:
        """The next block, None where it does not come within half a second."""
        return self._source.read(_WAIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()


@contextmanager
def blocks(settings: MicrophoneSettings, recording: Path | None) -> Iterator[Iterator[NDArray[np.float32]]]:
    """Sound without a gap: a recording as fast as it can be read, or the microphone, whose failure ends it with an error.

    Raises what `read_blocks` raises, MicrophoneError and NothingHeard.
    """
    if recording:
        found = read_blocks(recording, BLOCK_S)
        try:
            yield found
        finally:
            found.close()
        return
    with Ear(settings, None) as ear:
        yield _heard(ear)


def _heard(ear: Ear) -> Iterator[NDArray[np.float32]]:
    until_s = time.monotonic() + START_S
    while True:
        block = ear.read()
        if block is not None:
            until_s = time.monotonic() + START_S
            yield block
        elif ear.problem:
            raise ear.problem
        elif time.monotonic() > until_s:
            raise NothingHeard(N_("the microphone has given no sound for {seconds:.0f} s; try: xiaoan doctor"), seconds=START_S)


def phrases_heard(context: Context, calibration: Calibration) -> Listening | None:
    """What of the list the terminal listens for; None, and a remark, where the list or the model cannot be used: as the terminal, one goes on without."""
    try:
        listed = list_in_use(context.config.phrases, context.models, calibrated=calibration.phrases)
        return Listening.load(context.models, wanted(listed, context.config.labels))
    except EdgeError as error:
        for line in error.told(context.translate).splitlines():
            context.errors.print(f"xiaoan: {line}", markup=False)
        context.errors.print(context.translate(N_("xiaoan: it goes on without phrases")))
        return None


@contextmanager
def progress(context: Context, seconds: float) -> Iterator[Callable[[float], None]]:
    """A function that is told the seconds of sound done so far: a bar on a terminal, nothing in a pipe."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} / {task.total:.0f} s"))
    with Progress(*columns, console=context.errors, transient=True, disable=not context.errors.is_terminal) as bar:
        task = bar.add_task(context.translate(N_("listening")), total=seconds)
        yield lambda done_s: bar.update(task, completed=done_s)


def local_time() -> datetime | None:
    """The time of day here, None while the clock is not synchronised."""
    now = system_clock()
    return datetime.fromtimestamp(now.unix_ms / 1000).astimezone() if now.synchronised else None


def period_now(config: Config) -> str:
    """The period of the day."""
    return period_at(local_time(), config.periods, config.holidays)
