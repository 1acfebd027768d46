"""The microphone as the rest sees it: blocks at 16 kHz, faults by name, and a child that is started again for as long as it takes."""

import logging
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge.capture import RATE_HZ
from edge.capture.childprocess import COMMAND, ChildProcess, ending
from edge.capture.errors import CaptureFailed, MicrophoneError
from edge.capture.frames import FAILURE, BadFrame, Frame
from edge.capture.hearing import Hearing
from edge.config.schema import MicrophoneSettings
from edge.errors import Reason
from edge.health.faults import Fault
from edge.reasons import reason_of
from edge.words import N_

log = logging.getLogger(__name__)

STALL_S = 2.0
"""No sound for so long: the card is gone, or the driver hangs. PortAudio tells neither."""

START_S = 10.0
"""The same for the first sound of a child: a small computer needs seconds to start Python and to ask every device."""

HEALTHY_S = 30.0
"""After so much sound without a break the next pause is the shortest again, and the rate is the usual one."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 6.0
"""Between a child's end and the next: doubled each time. The longest, with its jitter and two seconds for a small computer to start a
child, has a microphone that is back heard within ten seconds."""

OVERFLOW_S = 10.0
"""How long after a dropped block the fault is shown."""

ENDED = Reason(N_("its process ended"))

KILLED_S = 0.02
"""Between two looks whether the kernel has ended a killed child."""


def pause_s(failures: int, chance: float) -> float:
    """The pause after so many failures in a row (1, 2, ...); chance: 0..1, spreads it by 20 % either way."""
    return float(min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 16), LONGEST_PAUSE_S) * (0.8 + 0.4 * chance))


@dataclass(slots=True)
class _Spell:
    """One run of the child. `over`: it was told to end, or has ended; what is left is to wait for the kernel."""

    child: ChildProcess
    alive_at_s: float  # when its last byte came, at first when it was started
    hearing: Hearing
    over: bool = False


class Microphone:
    """Sound from the microphone of the settings. One thread reads; others may ask for faults and counts."""

    def __init__(
        self,
        settings: MicrophoneSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """clock: monotonic seconds; command: what the child is. The first `read` starts it, and it ends with the thread that reads."""
        self._settings = settings
        self._clock = clock
        self._rng = rng or random.Random()
        self._command = command
        self._device = settings.device or "default"
        self._samples = round(settings.block_s * RATE_HZ)
        self._waiting = np.zeros(0, np.float32)
        self._spell: _Spell | None = None
        self._starts = 0
        self._start_at_s = clock()
        self._failures = 0
        self._lost_at_s: float | None = None
        self._said = ""
        self._usual_hz = settings.rate_hz
        self._dropped_before = 0
        self._overflow_until_s = self._start_at_s
        self.problem: MicrophoneError | None = None
        """Why there is no sound, as a sentence; None while there is, and while the first child starts."""

    @property
    def dropped_blocks(self) -> int:
        """Blocks lost because somebody was too slow, and overflows of the card, since the beginning."""
        return self._dropped_before + (self._spell.hearing.dropped if self._spell else 0)

    @property
    def restarts(self) -> int:
        """How often the child was started again."""
        return max(self._starts - 1, 0)

    @property
    def rate_hz(self) -> int:
        """The rate at which the device was opened; 0: it is not open."""
        return self._spell.hearing.rate_hz if self._spell else 0

    @property
    def child(self) -> int | None:
        """The child's process id; None between two."""
        return self._spell.child.pid if self._spell else None

    def faults(self) -> frozenset[Fault]:
        """What is wrong now: with the device, or else with the signal."""
        problem, spell = self.problem, self._spell
        faults: set[Fault] = set()
        if problem:
            faults |= problem.faults
        elif spell:
            faults |= spell.hearing.faults
            if spell.hearing.rate_hz not in (0, self._usual_hz):
                faults.add(Fault.RATE_CHANGED)
        if self._clock() < self._overflow_until_s:
            faults.add(Fault.OVERFLOW)
        return frozenset(faults)

    def read(self, timeout_s: float) -> NDArray[np.float32] | None:
        """(n,) the next `block_s` of sound; None when it has not come within `timeout_s`, whatever the child does."""
        until_s = self._clock() + timeout_s
        while True:
            left_s = until_s - self._clock()
            if len(self._waiting) < self._samples:
                self._advance(max(left_s, 0.0))
            if len(self._waiting) >= self._samples:
                block, self._waiting = self._waiting[: self._samples], self._waiting[self._samples :]
                return block
            if left_s <= 0.0:
                return None

    def close(self) -> None:
        """End the child, for good. For the thread that reads, or after it."""
        self._start_at_s = np.inf
        if self._spell:
            self._spell.child.close(patience_s=2.0)
            self._spell = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()

    def _advance(self, left_s: float) -> None:
        """One step of the child's life, waiting at most `left_s`."""
        now_s = self._clock()
        if self._spell is None and now_s < self._start_at_s:
            time.sleep(min(left_s, self._start_at_s - now_s))
        elif self._spell is None:
            self._start(now_s)
        elif self._spell.over:
            self._bury(self._spell, left_s)
        else:
            self._listen(self._spell, left_s)

    def _start(self, now_s: float) -> None:
        settings = self._settings
        arguments = ("--device", settings.device, "--rate", str(settings.rate_hz), "--channels", str(settings.channels), "--parent", str(os.getpid()))
        try:
            self._spell = _Spell(ChildProcess(arguments, self._command), now_s, Hearing())
        except OSError as error:  # no memory or no process left for it, now
            self.problem = CaptureFailed(wanted=self._device, told=reason_of(error))
            self._plan(0.0)
        else:
            self._starts += 1

    def _listen(self, spell: _Spell, left_s: float) -> None:
        """Take what the child has sent. Only then is it asked how long ago that was: it may be we who slept."""
        patience_s = STALL_S if spell.hearing.heard_s else START_S
        before = spell.child.received_bytes
        try:
            frames = spell.child.receive(min(left_s, max(spell.alive_at_s + patience_s - self._clock(), 0.0)))
            for frame in frames:
                if frame.kind == FAILURE:
                    self._lose(spell, frame.failure())
                    return
                self._hear(spell, frame)
        except EOFError:
            self._lose(spell, None)
        except BadFrame as error:
            self._lose(spell, CaptureFailed(wanted=self._device, told=f"not a frame: {error}"))
        now_s = self._clock()
        if spell.child.received_bytes > before:
            spell.alive_at_s = now_s
        elif now_s - spell.alive_at_s >= patience_s and not spell.over:
            self._lose(spell, CaptureFailed(wanted=self._device, told=Reason(N_("nothing heard for {seconds:.0f} s"), seconds=patience_s)))

    def _hear(self, spell: _Spell, frame: Frame) -> None:
        hearing, now_s = spell.hearing, self._clock()
        if not hearing.heard_s:
            self.problem, self._said = None, ""
            name, down_s = ("capture.open", 0.0) if self._lost_at_s is None else ("capture.back", now_s - self._lost_at_s)
            log.info("%s device=%r rate_hz=%d channels=%d down_s=%.1f restarts=%d", name, self._device, frame.rate_hz, frame.channels, down_s, self.restarts)
            self._lost_at_s = None
        if frame.dropped > hearing.dropped:
            self._overflow_until_s = now_s + OVERFLOW_S
        self._waiting = np.concatenate([self._waiting, hearing.hear(frame)])
        if not self._usual_hz or (not self._settings.rate_hz and hearing.heard_s >= HEALTHY_S):
            self._usual_hz = frame.rate_hz

    def _lose(self, spell: _Spell, problem: MicrophoneError | None) -> None:
        """Give the child up; without a problem it is the child's exit status that will tell."""
        spell.child.kill()
        spell.over = True
        self.problem = problem or CaptureFailed(wanted=self._device, told=ENDED)
        self._lost_at_s = self._clock() if self._lost_at_s is None else self._lost_at_s

    def _bury(self, spell: _Spell, left_s: float) -> None:
        """When the kernel has ended the child, and not before (it may still hold the card), plan the next one."""
        status = spell.child.ended()
        if status is None:
            time.sleep(min(left_s, KILLED_S))
            return
        if self.problem and self.problem.facts.get("told") == ENDED:
            self.problem = CaptureFailed(wanted=self._device, told=ending(status))
        spell.child.close()
        self._dropped_before += spell.hearing.dropped
        self._spell = None
        self._plan(spell.hearing.heard_s)

    def _plan(self, heard_s: float) -> None:
        """Set the time of the next start, later after each child that did not hear for long."""
        self._failures = 1 if heard_s >= HEALTHY_S else self._failures + 1
        wait_s = pause_s(self._failures, self._rng.random())
        self._start_at_s = self._clock() + wait_s
        if str(self.problem) != self._said:  # once, then quiet until it is another problem or sound is back
            self._said = str(self.problem)
            log.warning("capture.lost device=%r heard_s=%.1f pause_s=%.1f restarts=%d told=%r", self._device, heard_s, wait_s, self.restarts, self._said)
