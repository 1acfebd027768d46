"""The installation's transcript ends when it is written."""

from pathlib import Path

from tests.broker import wait_for
from tests.system.installation import leave


def test_nobody_waits_for_the_environment_to_be_removed(tmp_path: Path) -> None:
    """It goes all the same, with all that is in it."""
    folder = tmp_path / "install"
    (folder / "xiaoan/lib").mkdir(parents=True)
    (folder / "xiaoan/lib/file").write_text("x")
    leave(folder)
    wait_for(lambda: not folder.exists(), "the folder to be gone")
