"""A real PostgreSQL, for as long as a test needs one."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.broker import wait_for


@contextmanager
def postgresql() -> Iterator[str]:
    """Its address; skips where it is not installed."""
    found = [path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    if not found:
        pytest.skip("postgresql is not installed")
    programs = found[-1]
    user = "postgres" if os.getuid() == 0 else None  # it refuses to run as root
    # Beside pytest's own folders, which another user cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="desk-pg-"))
    if user:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    try:
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", "desk", "--auth=trust", "--no-sync", "--encoding=UTF8", "--no-locale"],
            user=user, cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
            user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            ready: list[Path | str] = [programs / "pg_isready", "-q", "-h", folder]
            wait_for(lambda: subprocess.run(ready, check=False).returncode == 0, "postgresql", 60.0)
            yield f"postgresql+psycopg://desk@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGINT)  # at SIGTERM it would wait for whoever a failed test left connected
            server.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
