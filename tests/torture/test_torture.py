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
    told = (tmp_path / "terminal.log").read_text()
    assert "broker_unreachable" in told
    assert "link.lost" in told
    # Which of these a full disk comes to depends on how much of the kept room a run needs.
    assert not_tried or any(name in told for name in ("outbox.refused", "outbox.room_used", "name=disk_full"))
    if not_tried:
        pytest.skip("all but the full disk was tried: a small file system needs root to be mounted")
