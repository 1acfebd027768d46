"""Runs the real command as a technician does."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

XIAOAN = (sys.executable, "-c", "import sys; from edge.commands.start import start; sys.exit(start())")
ROOT = Path(__file__).parents[1]


def xiaoan(*arguments: str | Path, environment: Mapping[str, str] | None = None, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    """`xiaoan` with these arguments, in English unless `environment` says otherwise."""
    return subprocess.run(
        [*XIAOAN, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "", "COLUMNS": "120", **(environment or {})},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
