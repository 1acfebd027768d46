"""What the computer says of itself."""

import shutil
from contextlib import suppress
from pathlib import Path


def temperature_c(root: Path = Path("/")) -> float | None:
    """The hottest thermal zone in degrees Celsius, None where the computer has none."""
    found = []
    for file in (root / "sys/class/thermal").glob("thermal_zone*/temp"):
        with suppress(OSError, ValueError):
            found.append(int(file.read_text(encoding="ascii")) / 1000)
    return max(found, default=None)


def disk_free_mb(folder: Path) -> int | None:
    """Megabytes free for us where `folder` is or would be, None where nobody can tell."""
    for at in (folder, *folder.absolute().parents):
        with suppress(OSError):
            return shutil.disk_usage(at).free // 1_000_000
    return None
