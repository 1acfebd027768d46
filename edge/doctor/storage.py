"""What the state folder lies on: whether it can be written to at all, whether it outlives a restart, and how worn it is."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge.doctor.check import Check, bad, good, warning
from edge.words import N_

WORN, WORN_OUT = 9, 11
"""Of an eMMC's own estimate in steps of 10 % (JEDEC JESD84-B51, 7.4.30): 11 is above what it was made for."""

OVERWRITTEN = 300
"""Times that a memory card may be written as a whole before somebody should think of a new one: cheap cards are made for some hundred."""

MUCH_GB_A_DAY = 5.0
"""A terminal writes some megabytes a day; whatever writes this much is something else, and wears a small card out in a year or two."""

SETTLED_S = 6 * 3600.0
"""A start writes more than the hours after it."""

SECTOR = 512
_PASSING = ("tmpfs", "ramfs", "overlay")
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """What a folder lies on."""

    number: str  # major:minor
    point: Path
    kind: str  # of file system
    read_only: bool


def mount_of(folder: Path, root: Path = Path("/")) -> Mount | None:
    """What the folder lies on, or would; None where nobody can tell. root: where /proc is."""
    try:
        lines = (root / "proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return None
    found, folder = None, folder.absolute()
    for line in lines:  # proc(5): id, parent, major:minor, root, mount point, options, …, "-", kind, source, options of all mounts of it
        about, _, beyond = line.partition(" - ")
        _id, _parent, number, _root, point, options, *_ = about.split(" ")
        kind, _source, shared, *_ = beyond.split(" ")
        at = Path(_ESCAPE.sub(lambda found: chr(int(found[1], 8)), point))
        if folder.is_relative_to(at) and (found is None or at.is_relative_to(found.point)):  # the last one that is mounted there is on top
            found = Mount(number, at, kind, "ro" in options.split(",") or "ro" in shared.split(","))
    return found


def storage(folder: Path, root: Path = Path("/")) -> Iterator[Check]:
    """A line for what it lies on, one for its wear as far as it tells."""
    mount = mount_of(folder, root)
    if mount is None:
        return
    if mount.read_only:
        yield bad("storage", N_("{folder} lies on {point}, which can only be read: alerts do not survive a restart"),
                  N_("a worn or damaged card does that; read why: dmesg | grep -i -e ext4 -e mmc; then put in a new one"),
                  folder=folder, point=mount.point)  # fmt: skip
    elif mount.kind in _PASSING:
        yield warning("storage", N_("{folder} lies on {kind}: what is written there is lost at a restart or with the container"),
                      N_("put `state` in [paths] on a disk that stays"), folder=folder, kind=mount.kind)  # fmt: skip
        return
    block = (root / "sys/dev/block" / mount.number).resolve()
    if not block.is_dir():
        return
    disk = block.parent if (block / "partition").exists() else block
    errors = _number(root / "sys/fs/ext4" / block.name / "errors_count")
    if errors:
        yield bad("storage", N_("the file system on {disk} has counted {errors} errors"),
                  N_("copy {folder} somewhere else, put in a new card, and look at the power supply"),
                  disk=block.name, errors=errors, folder=folder)  # fmt: skip
    yield from _wear(root, block, disk)


def _wear(root: Path, block: Path, disk: Path) -> Iterator[Check]:
    facts: dict[str, object] = {"disk": disk.name}
    renew = N_("put in a new one soon, best a card made for writing (industrial, high endurance), and copy the state folder")
    steps, near_end = _worst(disk / "device/life_time"), _worst(disk / "device/pre_eol_info")
    if steps:
        facts["percent"] = 10 * steps
        if steps >= WORN_OUT or near_end >= 3:
            yield bad("wear", N_("{disk} has been written more than it was made for"), renew, **facts)
        elif steps >= WORN or near_end == 2:
            yield warning("wear", N_("{disk} has used up to {percent} percent of its life"), renew, **facts)
        else:
            yield good("wear", N_("{disk} has used up to {percent} percent of its life"), **facts)
    size_gb = (_number(disk / "size") or 0) * SECTOR / 1e9
    written_gb = (_number(root / "sys/fs/ext4" / block.name / "lifetime_write_kbytes") or 0) * 1024 / 1e9
    is_card = _text(disk / "device/type") == "SD"
    if is_card and size_gb and written_gb:
        facts |= {"times": written_gb / size_gb, "written": written_gb}
        if written_gb / size_gb >= OVERWRITTEN:
            yield warning("wear", N_("{disk} has been written {times:.0f} times over ({written:.0f} GB)"), renew, **facts)
        else:
            yield good("wear", N_("{disk} has been written {times:.1f} times over ({written:.0f} GB)"), **facts)
    yield from _rate(root, disk)


def _rate(root: Path, disk: Path) -> Iterator[Check]:
    """What is written in a day, by what has been since the start."""
    fields, up_s = _text(disk / "stat").split(), 0.0
    with suppress(ValueError, IndexError):
        up_s = float(_text(root / "proc/uptime").split()[0])
    if up_s < SETTLED_S or len(fields) < 7 or not fields[6].isdigit():
        return
    a_day = int(fields[6]) * SECTOR / 1e9 / (up_s / 86_400)
    if a_day >= MUCH_GB_A_DAY:
        yield warning("writing", N_("{gb:.1f} GB a day are written to {disk}, which wears it out"),
                      N_("see who writes: apt install iotop && iotop -ao; the terminal writes some megabytes a day"), gb=a_day, disk=disk.name)  # fmt: skip
    else:
        yield good("writing", N_("{gb:.2f} GB a day are written to {disk}"), gb=a_day, disk=disk.name)


def _text(file: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return file.read_text(encoding="ascii").strip()
    return ""


def _number(file: Path) -> int | None:
    text = _text(file)
    return int(text) if text.isdigit() else None


def _worst(file: Path) -> int:
    """The highest of the hexadecimal numbers in it; 0: it does not tell."""
    with suppress(ValueError):
        return max((int(part, 16) for part in _text(file).split()), default=0)
    return 0
