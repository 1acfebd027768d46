"""A GPIO chip made of software: the kernel's gpio-sim, set up by configfs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

CONFIGFS = Path("/sys/kernel/config/gpio-sim")
LINES = ("KEY", "LAMP")


def missing() -> str:
    """What keeps the simulated chip from working here; empty: nothing."""
    if not CONFIGFS.is_dir():
        return "this kernel has no gpio-sim; as root: modprobe gpio-sim, with configfs mounted on /sys/kernel/config"
    return "" if os.access(CONFIGFS, os.W_OK) else "only root may make a chip of gpio-sim"


class SimulatedChip:
    """A chip with a line named KEY and one named LAMP."""

    def __init__(self) -> None:
        self._folder = CONFIGFS / f"xiaoan-test-{os.getpid()}"
        self.label = f"xiaoan-{os.getpid()}"
        bank = self._folder / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(len(LINES)))
        (bank / "label").write_text(self.label)
        for number, name in enumerate(LINES):
            (bank / f"line{number}").mkdir()
            (bank / f"line{number}" / "name").write_text(name)
        (self._folder / "live").write_text("1")
        self._device = Path("/sys/devices/platform") / (self._folder / "dev_name").read_text().strip() / (bank / "chip_name").read_text().strip()

    def pull(self, line: str, to: str) -> None:
        """Pull a line `up` or `down` from outside."""
        (self._device / f"sim_gpio{LINES.index(line)}" / "pull").write_text(f"pull-{to}")

    def value(self, line: str) -> int:
        """The level of a line, 0 or 1."""
        return int((self._device / f"sim_gpio{LINES.index(line)}" / "value").read_text())

    def remove(self) -> None:
        """Leave nothing behind."""
        (self._folder / "live").write_text("0")
        bank = self._folder / "bank0"
        for number in range(len(LINES)):
            (bank / f"line{number}").rmdir()
        bank.rmdir()
        self._folder.rmdir()


@pytest.fixture
def simulated_chip() -> Iterator[SimulatedChip]:
    """A chip for one test; skips where the kernel has none."""
    if why := missing():
        pytest.skip(why)
    chip = SimulatedChip()
    yield chip
    chip.remove()
