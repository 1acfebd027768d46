"""The short form of the torture; `make torture` is the long one."""

from pathlib import Path

import pytest

from edge.shipped import models_folder
from tests.torture.faults import KINDS
from tests.torture.torture import torture

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")


def test_no_alert_is_lost_whatever_breaks(tmp_path: Path) -> None:
    """Everything that can go wrong does: each alert reaches the desk, in order, with a seq and an id of its own, and somebody closes it."""
    outcome = torture(tmp_path, 60, 7, longest_s=1.2, events=(2, 6))
    assert outcome.wrong == []
    assert outcome.rows["all"].lost == 0
    assert outcome.rows["all"].raised >= 60
    not_tried = KINDS.keys() - outcome.tried
    assert not_tried <= {"disk full"}, not_tried
    for name in ("broker_unreachable", "link.lost", *(() if not_tried else ("outbox.refused", "outbox.healed"))):
        assert name in (tmp_path / "terminal.log").read_text()
    if not_tried:
        pytest.skip("all but the full disk was tried: a small file system needs root to be mounted")
