"""Every fault is explained to whoever reads its name."""

import re

from edge.health.faults import Fault
from tests.command import ROOT

PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = {row[0]: row[1:] for row in re.findall(r"^\| `(\w+)` \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)}


def test_every_fault_is_on_the_page_and_no_other() -> None:
    """With what it means and what to do."""
    assert sorted(ROWS) == sorted(Fault)
    assert all(len(meaning) > 20 and len(remedy) > 10 for meaning, remedy in ROWS.values())


def test_what_the_page_says_is_not_told_yet_is_not_told() -> None:
    """And whoever begins to tell it takes the words out."""
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "edge").rglob("*.py") if file.name != "faults.py")
    later = {name for name, (meaning, _) in ROWS.items() if "Not yet told" in meaning}
    assert later == {fault.value for fault in Fault if f"Fault.{fault.name}" not in source}
