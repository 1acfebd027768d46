"""What the computer says of itself."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge.health.faults import Fault

HOT_C, COOL_C = 80.0, 75.0
"""Where `over_temperature` begins and ends: from 80 °C on a Raspberry Pi slows itself down, and what hangs on a wall in August gets no cooler by waiting."""

THROTTLED = Path("sys/devices/platform/soc/soc:firmware/get_throttled")
"""The Raspberry Pi's firmware, without the program vcgencmd and the device that it needs."""

HAPPENED_BITS = 16
"""Of that file's number: bits 0..3 tell what is (too little voltage, frequency capped, throttled, soft limit of temperature), bits 16..19 what was."""

TOLD_S = 60.0
"""So long something that was over before anybody looked is told, so that it is in one message of `health` at least."""


def temperature_c(root: Path = Path("/")) -> float | None:
    """The hottest thermal zone in degrees Celsius, None where the computer has none."""
    found = []
    for file in (root / "sys/class/thermal").glob("thermal_zone*/temp"):
        with suppress(OSError, ValueError):
            found.append(int(file.read_text(encoding="ascii")) / 1000)
    return max(found, default=None)


def throttling(root: Path = Path("/")) -> tuple[int, int]:
    """What slows the computer down now, and what has since its start, as bits; zeros where it does not tell.

    Two sources: the firmware's number, and the kernel's own alarm for too little voltage (driver raspberrypi-hwmon).
    """
    now = happened = 0
    with suppress(OSError, ValueError):
        told = int((root / THROTTLED).read_text(encoding="ascii"), 16)
        now, happened = told & 0xF, told >> HAPPENED_BITS & 0xF
    for folder in (root / "sys/class/hwmon").glob("hwmon*"):
        with suppress(OSError, ValueError):
            if (folder / "name").read_text(encoding="ascii").strip() == "rpi_volt":
                now |= int((folder / "in0_lcrit_alarm").read_text(encoding="ascii"))
    return now, happened


@dataclass(slots=True)
class Strain:
    """Heat and throttling over time: looks now and then, remembers what was told."""

    root: Path = Path("/")
    _hot: bool = False
    _happened: int = 0
    _throttled_until_s: float = float("-inf")

    def look(self, now_s: float) -> frozenset[Fault]:
        """What is wrong. now_s: monotonic."""
        temperature = temperature_c(self.root)
        self._hot = temperature is not None and temperature >= (COOL_C if self._hot else HOT_C)
        now, happened = throttling(self.root)
        if happened & ~self._happened:
            self._throttled_until_s = now_s + TOLD_S
        self._happened = happened
        throttled = bool(now) or now_s < self._throttled_until_s
        return frozenset([Fault.OVER_TEMPERATURE] * self._hot + [Fault.THROTTLED] * throttled)


def disk_free_mb(folder: Path) -> int | None:
    """Megabytes free for us where `folder` is or would be, None where nobody can tell."""
    for at in (folder, *folder.absolute().parents):
        with suppress(OSError):
            return shutil.disk_usage(at).free // 1_000_000
    return None
