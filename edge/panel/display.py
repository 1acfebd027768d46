"""The thread of lamp and sounder: blinks what it is told to show; a part that is gone is tried again and again, and stops nothing."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

from edge.panel.errors import PartUnusable
from edge.panel.patterns import OFF, Pattern, Shown, lit

LOOK_S = 0.5  # longest sleep; also how late `stop` may be heard
AGAIN_S = 5.0  # between two tries of what is gone, and after which all is said again to what may have lost it

_log = logging.getLogger(__name__)


class Switch(Protocol):
    """What is switched; open as long as it exists."""

    def show(self, state: str, *, lit: bool) -> None:
        """The state in a word, and whether it is on now. Must not wait. Raises PartUnusable."""

    def close(self) -> None:
        """Off, and let go of it."""


@dataclass(slots=True)
class Output:
    """The lamp or the sounder."""

    name: str
    open_switch: Callable[[], Switch]  # raises PartUnusable
    patterns: Mapping[Shown, Pattern]
    sounds: bool = False  # can be heard by the microphone
    switch: Switch | None = field(default=None, init=False)
    shown: tuple[Shown, bool] | None = field(default=None, init=False)
    due_s: float = field(default=-inf, init=False)  # when it is opened, or told again
    said: str = field(default="", init=False)


class Display:
    """`run` is the body of a thread; the rest may be asked from others."""

    def __init__(self, outputs: Sequence[Output], clock_s: Callable[[], float]) -> None:
        """clock_s: monotonic."""
        self._outputs = outputs
        self._clock_s = clock_s
        self._wanted = (Shown.DARK, clock_s())
        self._wake = threading.Event()
        self._stopping = False
        self.sounded_s = -inf
        """When a sounder was on last, monotonic."""
        self.turned_s = clock_s()
        """When the thread last came round, monotonic."""

    def show(self, state: Shown, *, anew: bool = False) -> None:
        """From now on; its pattern begins with that. anew: also where it is shown already."""
        if anew or state is not self._wanted[0]:
            self._wanted = (state, self._clock_s())
            self._wake.set()

    def run(self) -> None:
        """Show until `stop`, then switch everything off."""
        try:
            while not self._stopping:
                self._wake.clear()
                now_s = self._clock_s()
                self.turned_s = now_s
                state, since_s = self._wanted
                self._wake.wait(min(LOOK_S, *(self._turn(output, state, now_s, since_s) for output in self._outputs)))
        finally:
            for output in self._outputs:
                if output.switch:
                    output.switch.close()

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping = True
        self._wake.set()

    def _turn(self, output: Output, state: Shown, now_s: float, since_s: float) -> float:
        """Have it show what it should. Returns the seconds until it must be looked at again."""
        on, left_s = lit(output.patterns.get(state, OFF), now_s - since_s)
        if on and output.sounds:
            self.sounded_s = now_s
        again = now_s >= output.due_s
        if again or (output.switch and output.shown != (state, on)):
            output.due_s = now_s + AGAIN_S
            try:
                output.switch = output.switch or output.open_switch()
                output.switch.show(state, lit=on)
            except PartUnusable as error:
                self._lose(output, error)
            else:
                if output.said:
                    _log.info("panel.back part=%s", output.name)
                output.shown, output.said = (state, on), ""
        return left_s

    def _lose(self, output: Output, error: PartUnusable) -> None:
        if output.said != str(error):
            output.said = str(error)
            _log.warning("panel.lost part=%s told=%r", output.name, output.said)
        if output.switch:
            output.switch.close()
            output.switch = None
