"""GPIO lines, on the kernel's simulated chip where there is one."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest

from edge.panel.errors import PartBusy, PartUnusable
from edge.panel.gpio import GpioKey, GpioSwitch, chips
from edge.panel.key import Change
from tests.panel.gpio_sim import SimulatedChip, simulated_chip  # noqa: F401 - a fixture


def until(key: GpioKey, down: bool) -> list[Change]:  # noqa: FBT001 - what a key is
    """Its changes up to the one that tells how it is now; the kernel may take a moment for each."""
    found: list[Change] = []
    for _ in range(100):
        found += key.read(0.1)
        if found and found[-1].down == down:
            break
    return found


def test_a_key_to_ground_is_down_while_the_line_is(simulated_chip: SimulatedChip) -> None:  # noqa: F811 - the fixture
    """The first look is told as one; changes carry the kernel's time, in order; a line is ours alone."""
    key = GpioKey(simulated_chip.label, "KEY", "low", "up")
    assert [(c.down, c.found) for c in key.read(0.0)] == [(False, True)]
    changes = []
    for down in (True, False, True):
        simulated_chip.pull("KEY", "down" if down else "up")
        changes += until(key, down)
    assert [after.down for before, after in pairwise([Change(0.0, down=False), *changes]) if before.down != after.down] == [True, False, True]
    assert [c.at_s for c in changes] == sorted(c.at_s for c in changes)
    with pytest.raises(PartBusy, match="GPIO KEY is in use by another program"):
        GpioKey(simulated_chip.label, "KEY", "low", "up")
    key.close()
    again = GpioKey("", "KEY", "low", "none")  # the chip is found by its line, and what is down is found down
    simulated_chip.pull("KEY", "down")
    assert [(c.down, c.found) for c in again.read(0.0)] == [(True, True)]
    again.close()


@pytest.mark.parametrize(("active", "off", "on"), [("high", 0, 1), ("low", 1, 0)])
def test_a_lamp_is_off_until_it_is_told_and_after_the_end(simulated_chip: SimulatedChip, active: str, off: int, on: int) -> None:  # noqa: F811 - the fixture
    """By its level, whichever of the two means on."""
    lamp = GpioSwitch(simulated_chip.label, "1", "low" if active == "low" else "high")
    seen = [simulated_chip.value("LAMP")]
    for lit in (True, False, True):
        lamp.show("", lit=lit)
        seen.append(simulated_chip.value("LAMP"))
    assert seen == [off, on, off, on]
    lamp.close()


def test_a_chip_or_line_that_is_not_there_is_said(tmp_path: Path) -> None:
    """With the tool that shows what there is; a file that is no chip is passed over."""
    (tmp_path / "gpiochip0").touch()
    assert list(chips("", tmp_path)) == []
    for line in ("GPIO-of-nobody", "99999"):
        with pytest.raises(PartUnusable, match=f"there is no GPIO line {line} on chip nowhere; gpioinfo shows what there is"):
            GpioKey("nowhere", line, "low", "up")


@pytest.mark.parametrize(("module", "told"), [(None, "GPIO needs the package gpiod; run: pip install"), (sys, "is older than version 2")])
def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, module: object, told: str) -> None:
    """Neither it nor the old one of that name is a traceback."""
    monkeypatch.setitem(sys.modules, "gpiod", module)
    with pytest.raises(PartUnusable, match=told):
        GpioSwitch("", "GPIO17", "high")
