"""What README and its companions promise: files that are there, commands that exist, a configuration that is accepted."""

import re
from pathlib import Path

import pytest

from edge.commands.main import COMMANDS
from tests.command import ROOT, xiaoan

DOCUMENTS = sorted(path.relative_to(ROOT) for folder in (".", "docs", "models", "calibration", "systemd") for path in (ROOT / folder).glob("*.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_somewhere(document: Path) -> None:
    """A link to a file of the repository names one that is there."""
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in t]
    assert [t for t in targets if not (ROOT / document.parent / t).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_commands_that_are_shown_exist(document: Path) -> None:
    """Each indented line that begins with `xiaoan` names a command of it."""
    text = (ROOT / document).read_text(encoding="utf-8")
    shown = set(re.findall(r"(?m)^    xiaoan (?:--config \S+ )?([a-z-]+)", text))
    assert shown <= set(COMMANDS)


def test_the_readmes_configuration_is_accepted(tmp_path: Path) -> None:
    """What is copied from the README passes `xiaoan config check`, as it stands."""
    example = re.search(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert example
    config = tmp_path / "config.toml"
    config.write_text(example[1], encoding="utf-8")
    done = xiaoan("--config", config, "config", "check")
    assert (done.returncode, done.stderr) == (0, "")
