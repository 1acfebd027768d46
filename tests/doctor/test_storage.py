"""What is said of the disk below the state folder, on files as Linux has them."""

from pathlib import Path

import pytest

from edge.doctor.check import State
from edge.doctor.storage import mount_of, storage

STATE = Path("/var/lib/xiaoan")
MOUNTS = "21 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw\n33 21 0:30 / /run rw,nosuid shared:2 - tmpfs tmpfs rw,size=1g\n"


class Computer:
    """A Raspberry Pi with a card of 32 GB, two days after its start."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.put("proc/self/mountinfo", MOUNTS)
        self.put("proc/uptime", "172800.00 600000.00\n")
        self.disk = "sys/devices/platform/soc/mmc0/block/mmcblk0"
        self.put(f"{self.disk}/mmcblk0p2/partition", "2\n")
        self.put(f"{self.disk}/size", "62333952\n")
        self.put(f"{self.disk}/stat", "1 0 800 10 5 0 195312 10 0 10 20\n")  # 0.1 GB written
        self.put(f"{self.disk}/device/type", "SD\n")
        self.put("sys/fs/ext4/mmcblk0p2/errors_count", "0\n")
        self.put("sys/fs/ext4/mmcblk0p2/lifetime_write_kbytes", "80000000\n")
        (root / "sys/dev/block").mkdir(parents=True)
        (root / "sys/dev/block/179:2").symlink_to(root / self.disk / "mmcblk0p2")

    def put(self, file: str, text: str) -> None:
        """Write a file of /proc or /sys."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def told(self) -> dict[str, State]:
        """What is said."""
        return {check.name: check.state for check in storage(STATE, self.root)}


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    """It is well."""
    return Computer(tmp_path)


def test_a_good_card_is_said_with_figures(computer: Computer) -> None:
    """How often it was written over, and how much a day."""
    assert computer.told() == {"wear": State.GOOD, "writing": State.GOOD}
    assert [check.told(str) for check in storage(STATE, computer.root)] == [
        "mmcblk0 has been written 2.6 times over (82 GB)",
        "0.05 GB a day are written to mmcblk0",
    ]


def test_a_card_that_was_written_over_and_over_wants_replacing(computer: Computer) -> None:
    """300 times; and what writes gigabytes a day is said before it comes to that."""
    computer.put("sys/fs/ext4/mmcblk0p2/lifetime_write_kbytes", "9900000000\n")
    computer.put(f"{computer.disk}/stat", "1 0 800 10 5 0 18000000 10 0 10 20\n")
    assert computer.told() == {"wear": State.WARNING, "writing": State.GOOD}
    computer.put(f"{computer.disk}/stat", "1 0 800 10 5 0 39062500 10 0 10 20\n")
    assert computer.told() == {"wear": State.WARNING, "writing": State.WARNING}
    computer.put("proc/uptime", "600.00 600.00\n")
    assert computer.told() == {"wear": State.WARNING}


@pytest.mark.parametrize(
    ("life_time", "pre_eol", "state"),
    [("0x01 0x02", "0x01", State.GOOD), ("0x09 0x01", "0x01", State.WARNING), ("0x02 0x02", "0x02", State.WARNING), ("0x0b 0x01", "0x01", State.BAD),
     ("0x08 0x08", "0x03", State.BAD)],
)  # fmt: skip
def test_an_emmc_tells_itself(computer: Computer, life_time: str, pre_eol: str, state: State) -> None:
    """In steps of a tenth, and by its reserve."""
    computer.put(f"{computer.disk}/device/type", "MMC\n")
    computer.put(f"{computer.disk}/device/life_time", f"{life_time}\n")
    computer.put(f"{computer.disk}/device/pre_eol_info", f"{pre_eol}\n")
    assert computer.told()["wear"] is state


def test_a_file_system_that_was_damaged_or_turned_read_only_is_bad(computer: Computer) -> None:
    """As a dying card makes it."""
    computer.put("sys/fs/ext4/mmcblk0p2/errors_count", "3\n")
    assert computer.told()["storage"] is State.BAD
    computer.put("sys/fs/ext4/mmcblk0p2/errors_count", "0\n")
    computer.put("proc/self/mountinfo", MOUNTS.replace("rw,noatime", "ro,noatime"))
    assert computer.told()["storage"] is State.BAD


def test_what_does_not_outlive_a_restart_is_said(computer: Computer) -> None:
    """An overlay over a card that is never written to, or memory."""
    computer.put("proc/self/mountinfo", MOUNTS.replace("- ext4 /dev/root", "- overlay overlay"))
    assert computer.told() == {"storage": State.WARNING}


def test_the_innermost_mount_counts(computer: Computer) -> None:
    """A folder's own, with a space in its name, before the root's."""
    computer.put("proc/self/mountinfo", MOUNTS + "40 21 8:1 / /var/lib\\040of/x rw shared:3 - ext4 /dev/sda1 rw,errors=continue\n")
    found = mount_of(Path("/var/lib of/x/y"), computer.root)
    assert (found and found.number) == "8:1"
    assert mount_of(STATE, computer.root / "absent") is None


def test_this_machine_does_not_make_it_stumble(tmp_path: Path) -> None:
    """Whatever it is."""
    assert all(check.told(str) for check in storage(tmp_path))
