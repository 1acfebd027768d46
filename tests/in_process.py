"""Runs a command in this process: most of its time is its start, which is spared here."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from edge.commands.main import main


class Done(NamedTuple):
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


def xiaoan_with(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *before: str, columns: int = 120
) -> Callable[..., Done]:
    """`xiaoan` with this configuration, in English: the words `before`, then what it is called with."""
    for name, value in {"LC_ALL": "C.UTF-8", "LANGUAGE": "", "COLUMNS": str(columns)}.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str | Path) -> Done:
        capsys.readouterr()
        return Done(main([*before, *map(str, arguments), "--config", str(config)]), *capsys.readouterr())

    return run
