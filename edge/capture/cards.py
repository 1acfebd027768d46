"""The sound cards that ALSA has, by names that survive a reboot."""

import re
from dataclasses import dataclass
from pathlib import Path

CARD = re.compile(r"^ *(\d+) \[(\S+) *\]: (.*)$", re.MULTILINE)
"""A card's first line in /proc/asound/cards: ` 1 [Device         ]: USB-Audio - USB PnP Sound Device`."""


@dataclass(frozen=True, slots=True)
class Card:
    """One sound card. `number` is the kernel's for this boot only."""

    number: int
    id: str
    label: str
    capture: tuple[int, ...]  # its devices that can record
    usb_path: str = ""  # the socket: bus, hub, port, as "1-1.3"; empty: not USB
    usb_id: str = ""  # vendor and product, as "0d8c:0014"


def read_cards(root: Path = Path("/")) -> list[Card]:
    """All cards, in the kernel's order; none where the kernel has no sound. root: where /proc and /sys are."""
    try:
        listed = (root / "proc/asound/cards").read_text(errors="replace")
    except OSError:
        return []
    return [_card(root, int(number), name, label) for number, name, label in CARD.findall(listed)]


def _card(root: Path, number: int, name: str, label: str) -> Card:
    capture = sorted(int(pcm.name[3:-1]) for pcm in (root / f"proc/asound/card{number}").glob("pcm*c"))
    usb_path, usb_id = _usb(root / f"sys/class/sound/card{number}/device")
    return Card(number, name, label.split(" - ", 1)[-1].strip(), tuple(capture), usb_path, usb_id)


def _usb(device: Path) -> tuple[str, str]:
    """The card's device is an interface of the USB device: the nearest folder above it that has a vendor is the device itself."""
    where = device.resolve()
    for folder in (where, *where.parents):
        try:
            return folder.name, ":".join((folder / part).read_text().strip() for part in ("idVendor", "idProduct"))
        except OSError:
            continue
    return "", ""
