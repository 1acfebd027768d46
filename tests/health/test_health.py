"""What the terminal says of itself."""

import os
import socket
from math import inf
from pathlib import Path

import pytest

from edge.health.clock import TRUSTED_S, system_clock, touched_lately
from edge.health.faults import Fault
from edge.health.levels import exceeded
from edge.health.machine import COOL_C, HOT_C, THROTTLED, TOLD_S, Strain, disk_free_mb, temperature_c, throttling
from edge.health.watchdog import Watchdog


def test_levels_exceeded_of_a_hundred_counted_by_hand() -> None:
    """Of 0, 1, … 100 dBA, ten lie above 90, fifty above 50, ninety above 10."""
    assert exceeded([float(level) for level in range(101)]) == (90, 50, 10)


@pytest.mark.parametrize(
    ("levels", "wanted"), [([], None), ([-inf] * 5, (-inf, -inf, -inf)), ([-inf] * 9 + [120.0], (-inf, -inf, -inf)), ([94.0], (94, 94, 94))]
)
def test_levels_of_nothing_silence_and_full_scale(levels: list[float], wanted: tuple[float, float, float] | None) -> None:
    """Silence is the lowest level and never the highest; without sound there is none."""
    assert exceeded(levels) == wanted


def test_the_hottest_zone_is_the_temperature(tmp_path: Path) -> None:
    """In degrees; a computer without zones, or with one that cannot be read, has none."""
    assert temperature_c(tmp_path) is None
    for number, content in enumerate(["48312", "51234", "broken"]):
        zone = tmp_path / "sys/class/thermal" / f"thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "temp").write_text(content)
    assert temperature_c(tmp_path) == 51.234


def write(file: Path, text: str) -> None:
    """A file of the kernel's."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_heat_is_a_fault_until_it_is_some_degrees_cooler(tmp_path: Path) -> None:
    """Around one temperature it does not come and go with each look."""
    strain, zone, told = Strain(tmp_path), tmp_path / "sys/class/thermal/thermal_zone0/temp", []
    for celsius in (HOT_C - 0.1, HOT_C, COOL_C, HOT_C - 0.1, COOL_C - 0.1, HOT_C - 0.1):
        write(zone, f"{celsius * 1000:.0f}\n")
        told.append(Fault.OVER_TEMPERATURE in strain.look(0.0))
    assert told == [False, True, True, True, False, False]


@pytest.mark.parametrize(("number", "wanted"), [("0", (0, 0)), ("50005", (5, 5)), ("80000", (0, 8)), ("0x50000", (0, 5)), ("", (0, 0)), ("none", (0, 0))])
def test_the_firmwares_number_is_read_bit_by_bit(tmp_path: Path, number: str, wanted: tuple[int, int]) -> None:
    """As a Raspberry Pi has it, with and without 0x; nonsense and other computers tell nothing."""
    assert throttling(tmp_path) == (0, 0)
    write(tmp_path / THROTTLED, f"{number}\n")
    assert throttling(tmp_path) == wanted


def test_the_kernels_own_alarm_for_low_voltage_counts_too(tmp_path: Path) -> None:
    """Of that driver alone: another chip's alarm is about something else."""
    for number, (name, alarm) in enumerate([("nvme", "1"), ("rpi_volt", "0")]):
        write(tmp_path / f"sys/class/hwmon/hwmon{number}/name", f"{name}\n")
        write(tmp_path / f"sys/class/hwmon/hwmon{number}/in0_lcrit_alarm", f"{alarm}\n")
    assert throttling(tmp_path) == (0, 0)
    write(tmp_path / "sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
    assert throttling(tmp_path) == (1, 0)


def test_throttling_that_was_over_before_anybody_looked_is_told_for_a_minute(tmp_path: Path) -> None:
    """Once: the firmware remembers until the next start. While it lasts, it is told."""
    strain, told = Strain(tmp_path), []
    for now_s, number in ((0.0, "0"), (5.0, "10000"), (5.0 + TOLD_S - 0.1, "10000"), (5.0 + TOLD_S, "10000"), (100.0, "10001"), (200.0, "10000")):
        write(tmp_path / THROTTLED, number)
        told.append(strain.look(now_s) == {Fault.THROTTLED})
    assert told == [False, True, True, False, True, False]


def test_free_disk_is_told_for_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    """It is that of the nearest folder above."""
    assert disk_free_mb(tmp_path / "state" / "deep") == disk_free_mb(tmp_path)


def test_a_moment_without_synchronisation_has_no_known_time() -> None:
    """The kernel is really asked, and whatever it says decides."""
    now = system_clock()
    assert now.known_ms == (now.unix_ms if now.synchronised else None)
    assert now.unix_ms > 1_700_000_000_000


def test_where_the_kernel_may_not_be_asked_the_time_services_mark_counts(tmp_path: Path) -> None:
    """As long as the kernel itself would believe it; no mark, an old one, and one from the future are none."""
    marker = tmp_path / "synchronized"
    assert not touched_lately(marker, 1e9)
    marker.touch()
    os.utime(marker, (1e9, 1e9))
    assert [touched_lately(marker, 1e9 + since_s) for since_s in (-1.0, 0.0, TRUSTED_S - 1, TRUSTED_S)] == [False, True, True, False]


def test_systemd_is_told_through_an_abstract_socket_too() -> None:
    """`@name` stands for a socket without a file."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0xiaoan-test-notify")
        manager.settimeout(5)
        Watchdog({"NOTIFY_SOCKET": "@xiaoan-test-notify"}).ready()
        assert manager.recv(100) == b"READY=1"


def test_without_systemd_nothing_is_said_and_nothing_expected() -> None:
    """A terminal started by hand."""
    watchdog = Watchdog({})
    watchdog.alive()
    assert watchdog.every_s is None
    assert Watchdog({"WATCHDOG_USEC": "30000000"}).every_s == 15.0
