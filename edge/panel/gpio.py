"""GPIO lines by libgpiod 2 (the package gpiod, extra `panel`): a key's contact, and what switches a lamp or a sounder."""

import errno
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from edge.panel.errors import PartUnusable, busy, unusable
from edge.panel.key import Change
from edge.words import N_

CONSUMER = "xiaoan"
DEVICES = Path("/dev")
EVENTS = 1024
"""Changes that the kernel keeps for us, its most: a contact that rattles must not push a press out."""


class GpioKey:
    """A contact between a line and ground, or between a line and its supply."""

    def __init__(
        self, chip: str, line: str, active: Literal["low", "high"], pull: Literal["up", "down", "none"], clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        """clock_s: the kernel's monotonic clock, by which it stamps changes. Raises PartUnusable."""
        gpio = _library()
        bias = {"up": gpio.line.Bias.PULL_UP, "down": gpio.line.Bias.PULL_DOWN, "none": gpio.line.Bias.DISABLED}[pull]
        settings = gpio.LineSettings(
            direction=gpio.line.Direction.INPUT,
            edge_detection=gpio.line.Edge.BOTH,
            bias=bias,
            active_low=active == "low",
            event_clock=gpio.line.Clock.MONOTONIC,
        )
        self._name = f"GPIO {line}"
        self._gpio = gpio
        self._clock_s = clock_s
        self._request, self._line = _requested(gpio, chip, line, settings)
        self._first = True

    def read(self, timeout_s: float) -> Sequence[Change]:
        """Each change by the kernel's own time; at the end of them how the line really is. Raises PartUnusable."""
        try:
            if self._first:
                self._first = False
                return [Change(self._clock_s(), self._down(), found=True)]
            if not self._request.wait_edge_events(timeout_s):
                return ()
            rising = self._gpio.EdgeEvent.Type.RISING_EDGE
            changes = [Change(e.timestamp_ns / 1e9, e.event_type is rising) for e in self._request.read_edge_events(EVENTS)]
            return [*changes, Change(self._clock_s(), self._down())]  # should one have been lost
        except (OSError, ValueError) as error:
            raise unusable(self._name, error) from error

    def close(self) -> None:
        """Give the line back."""
        self._request.release()

    def _down(self) -> bool:
        return self._request.get_value(self._line) is self._gpio.line.Value.ACTIVE


class GpioSwitch:
    """A line that switches something on and off; off at first, and when it is given back."""

    def __init__(self, chip: str, line: str, active: Literal["low", "high"]) -> None:
        """Raises PartUnusable."""
        gpio = _library()
        settings = gpio.LineSettings(direction=gpio.line.Direction.OUTPUT, active_low=active == "low", output_value=gpio.line.Value.INACTIVE)
        self._name = f"GPIO {line}"
        self._values = (gpio.line.Value.INACTIVE, gpio.line.Value.ACTIVE)
        self._request, self._line = _requested(gpio, chip, line, settings)

    def show(self, state: str, *, lit: bool) -> None:  # noqa: ARG002 - a line knows no more than on and off
        """On or off. Raises PartUnusable."""
        try:
            self._request.set_value(self._line, self._values[lit])
        except (OSError, ValueError) as error:
            raise unusable(self._name, error) from error

    def close(self) -> None:
        """Off, and give the line back."""
        with suppress(PartUnusable):
            self.show("", lit=False)
        self._request.release()


def chips(wanted: str, devices: Path = DEVICES) -> Iterator[Path]:
    """The chips of that name or label, all of them for the empty one, as files. Raises PartUnusable."""
    gpio = _library()
    for path in sorted(devices.glob("gpiochip*")):
        try:
            with gpio.Chip(str(path)) as chip:
                about = chip.get_info()
        except PermissionError as error:
            raise unusable(str(path), error) from error
        except OSError:
            continue
        if wanted in ("", about.name, about.label, str(path)):
            yield path


def _requested(gpio: ModuleType, chip: str, line: str, settings: Any) -> tuple[Any, int]:
    wanted: int | str = int(line) if line.isascii() and line.isdigit() else line
    for path in chips(chip):
        try:
            with gpio.Chip(str(path)) as found:
                offset = found.line_offset_from_id(wanted)
                return found.request_lines({offset: settings}, consumer=CONSUMER, event_buffer_size=EVENTS), offset
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise busy(f"GPIO {line}") from error
            if error.errno != errno.ENOENT:  # this chip has no line of that name
                raise unusable(f"GPIO {line}", error) from error
        except ValueError:  # nor one of that number
            continue
    raise PartUnusable(N_("there is no GPIO line {line} on chip {chip}; gpioinfo shows what there is"), line=line, chip=chip or "*")


def _library() -> ModuleType:
    try:
        import gpiod  # noqa: PLC0415 - only a terminal with GPIO has it
    except ImportError as error:
        raise PartUnusable(N_("GPIO needs the package gpiod; run: pip install 'xiaoan-edge[panel]'")) from error
    if not hasattr(gpiod, "LineSettings"):
        raise PartUnusable(N_("the package gpiod is older than version 2; run: pip install 'xiaoan-edge[panel]'"))
    return gpiod
