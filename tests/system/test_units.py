"""What is shipped for systemd, held against systemd's own tools."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import ROOT

UNITS = ROOT / "systemd"
LARGEST_EXPOSURE = 15  # tenths


def tool(name: str) -> str:
    """The path of one of systemd's programs."""
    path = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
    if not path:
        pytest.skip(f"{name} (package systemd) is not installed")
    return path


def version() -> int:
    """Of systemd: `systemd 252 (…)`."""
    return int(subprocess.run([tool("systemctl"), "--version"], capture_output=True, text=True, check=True).stdout.split()[1])


def installed(folder: Path, *drop_ins: str) -> Path:
    """The unit with these drop-ins beside it, and with a program that is there."""
    unit = folder / "xiaoan.service"
    unit.write_text((UNITS / unit.name).read_text().replace("/opt/xiaoan/bin/xiaoan", sys.executable))
    beside = folder / "xiaoan.service.d"
    beside.mkdir()
    for name in drop_ins:
        shutil.copy(UNITS / "drop-ins" / name, beside)
    return unit


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """No unknown key, no value that cannot be; with each drop-in that this systemd is for."""
    drop_ins = ["gpio.conf", "usb-key.conf", "usb-relay.conf", "kernel-clock.conf", *(["restart-steps.conf"] if version() >= 254 else [])]
    done = subprocess.run([tool("systemd-analyze"), "verify", "--man=no", installed(tmp_path, *drop_ins)], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "xiaoan" in line]) == (0, [])


def test_the_service_is_exposed_to_little(tmp_path: Path) -> None:
    """At most 1.5 of 10 by systemd's own measure, as it is shipped and with the drop-ins of the panel."""
    for drop_ins in ([], ["gpio.conf"], ["gpio.conf", "usb-key.conf", "usb-relay.conf"]):
        folder = tmp_path / str(len(drop_ins))
        folder.mkdir()
        command = [tool("systemd-analyze"), "security", "--offline=true", "--no-pager", f"--threshold={LARGEST_EXPOSURE}", str(installed(folder, *drop_ins))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-200:]


def test_the_desk_is_a_service_as_well(tmp_path: Path) -> None:
    """Understood line by line, exposed to as little, with a user and files of its own."""
    unit = tmp_path / "xiaoan-desk.service"
    unit.write_text((UNITS / unit.name).read_text().replace("/opt/xiaoan/bin/xiaoan", sys.executable))
    (tmp_path / "xiaoan-desk.service.d").mkdir()
    shutil.copy(UNITS / "drop-ins" / "desk-tls.conf", tmp_path / "xiaoan-desk.service.d")
    done = subprocess.run([tool("systemd-analyze"), "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "xiaoan" in line]) == (0, [])
    command = [tool("systemd-analyze"), "security", "--offline=true", "--no-pager", f"--threshold={LARGEST_EXPOSURE}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-200:]
    etc = tmp_path / "etc"
    etc.mkdir()
    subprocess.run([tool("systemd-sysusers"), f"--root={tmp_path}", UNITS / "desk-sysusers.conf"], check=True, capture_output=True)
    assert "\nxiaoan-desk:" in "\n" + (etc / "passwd").read_text()
    subprocess.run([tool("systemd-tmpfiles"), f"--root={tmp_path}", "--create", UNITS / "desk-tmpfiles.conf"], check=True, capture_output=True)
    assert [(etc / "xiaoan" / name).stat().st_mode & 0o777 for name in ("desk-broker", "desk-tell")] == [0o600, 0o600]


def test_user_and_folders_are_made(tmp_path: Path) -> None:
    """In a root of their own: the user xiaoan in the group audio, and a credentials file that only root reads."""
    etc = tmp_path / "etc"
    etc.mkdir()
    subprocess.run([tool("systemd-sysusers"), f"--root={tmp_path}", UNITS / "sysusers.conf"], check=True, capture_output=True)
    assert "\nxiaoan:" in "\n" + (etc / "passwd").read_text()
    assert any(line.startswith("audio:") and line.endswith(":xiaoan") for line in (etc / "group").read_text().splitlines())
    subprocess.run([tool("systemd-tmpfiles"), f"--root={tmp_path}", "--create", UNITS / "tmpfiles.conf"], check=True, capture_output=True)
    file = etc / "xiaoan" / "credentials"
    assert (file.stat().st_mode & 0o777, file.stat().st_size) == (0o600, 0)
