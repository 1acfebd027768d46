"""A USB key: what the kernel tells of it, and a device of uinput where there is one."""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from edge.panel.errors import PartBusy, PartUnusable
from edge.panel.usb import CODES, EV_KEY, EV_SYN, EVENT, SYN_DROPPED, Event, Keys, UsbKey, decoded
from tests.broker import wait_for

ENTER, SPACE = 28, 57
UINPUT = Path("/dev/uinput")
# linux/uinput.h
UI_SET_EVBIT, UI_SET_KEYBIT, UI_DEV_SETUP, UI_DEV_CREATE, UI_DEV_DESTROY, UI_GET_SYSNAME = 0x40045564, 0x40045565, 0x405C5503, 0x5501, 0x5502, 0x8040552C


def follow(keys: Keys, *events: tuple[int, int]) -> list[bool]:
    """Whether the key is down after each (code, value)."""
    found = []
    for code, value in events:
        keys.take(Event(0.0, EV_KEY, code, value))
        found.append(keys.down)
    return found


def test_events_are_read_as_the_kernel_writes_them() -> None:
    """Seconds and microseconds of the monotonic clock; half an event, which never comes, is left out."""
    received = EVENT.pack(12, 500_000, EV_KEY, ENTER, 1) + EVENT.pack(12, 500_000, EV_SYN, 0, 0)
    assert decoded(received + b"half") == [Event(12.5, EV_KEY, ENTER, 1), Event(12.5, EV_SYN, 0, 0)]


def test_any_key_of_the_device_counts_or_the_one_that_was_named() -> None:
    """A repeat is no change, and of two that are down one may be let go of."""
    assert follow(Keys(0), (ENTER, 1), (ENTER, 2), (SPACE, 1), (ENTER, 0), (SPACE, 0)) == [True, True, True, True, False]
    assert follow(Keys(SPACE), (ENTER, 1), (SPACE, 1), (ENTER, 0), (SPACE, 0)) == [False, True, True, False]


def test_where_the_kernel_lost_events_it_is_asked_how_the_keys_are() -> None:
    """A release may have been among them."""
    keys = Keys(0)
    follow(keys, (ENTER, 1))
    assert keys.take(Event(0.0, EV_SYN, SYN_DROPPED, 0))
    keys.know(bytes(CODES // 8))
    assert not keys.down
    keys.know(bytes([0] * 3 + [1 << ENTER % 8] + [0] * 92))
    assert (keys.down, follow(keys, (ENTER, 0))) == (True, [False])


def test_what_is_no_key_is_said(tmp_path: Path) -> None:
    """Nothing there, and something else there."""
    with pytest.raises(PartUnusable, match="cannot be used: No such file or directory"):
        UsbKey(tmp_path / "event0", 0)
    (tmp_path / "file").touch()
    with pytest.raises(PartUnusable, match="cannot be used: Inappropriate ioctl for device"):
        UsbKey(tmp_path / "file", 0)


@pytest.fixture
def plugged() -> Iterator[tuple[Path, int]]:
    """A keyboard of uinput: its file below /dev/input, and where its events are written."""
    try:
        uinput = os.open(UINPUT, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        pytest.skip(f"{UINPUT}: {error.strerror}; as root: modprobe uinput")
    try:
        fcntl.ioctl(uinput, UI_SET_EVBIT, EV_KEY)
        for code in (ENTER, SPACE):
            fcntl.ioctl(uinput, UI_SET_KEYBIT, code)
        fcntl.ioctl(uinput, UI_DEV_SETUP, struct.pack("@HHHH80sI", 3, 1, 1, 1, b"xiaoan test key", 0))
        fcntl.ioctl(uinput, UI_DEV_CREATE)
        name = fcntl.ioctl(uinput, UI_GET_SYSNAME, bytes(64)).split(b"\0")[0].decode()
        (event,) = Path("/sys/devices/virtual/input", name).glob("event*")
        device = Path("/dev/input", event.name)
        wait_for(lambda: os.access(device, os.R_OK), f"{device}")
        yield device, uinput
    finally:
        with suppress(OSError):
            fcntl.ioctl(uinput, UI_DEV_DESTROY)
        os.close(uinput)


def press(uinput: int, code: int, value: int) -> None:
    """One change of a key."""
    os.write(uinput, EVENT.pack(0, 0, EV_KEY, code, value) + EVENT.pack(0, 0, EV_SYN, 0, 0))


def test_a_usb_key_is_ours_alone_until_it_is_pulled_out(plugged: tuple[Path, int]) -> None:
    """Its presses with the kernel's time; nobody else gets it; a plug that is pulled is told."""
    device, uinput = plugged
    key = UsbKey(device, SPACE)
    assert [(c.down, c.found) for c in key.read(0.0)] == [(False, True)]
    with pytest.raises(PartBusy):
        UsbKey(device, 0)
    press(uinput, ENTER, 1)
    press(uinput, SPACE, 1)
    press(uinput, SPACE, 0)
    changes = key.read(5.0)
    assert [a.down for a, b in zip(changes, [None, *changes], strict=False) if b is None or a.down != b.down] == [False, True, False]
    assert [c.at_s for c in changes] == sorted(c.at_s for c in changes)
    fcntl.ioctl(uinput, UI_DEV_DESTROY)
    with pytest.raises(PartUnusable, match="No such device"):
        list(iter(lambda: key.read(5.0), None))
    key.close()
