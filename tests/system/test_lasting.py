"""The short forms of what `make torture` has at length: nothing is left behind, and little is written."""

from pathlib import Path

import pytest

from edge.shipped import models_folder
from tests.broker import Broker
from tests.sound_server import VirtualMicrophone
from tests.system import leak, soak
from tests.system.footprint import Footprint

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")


def test_a_capture_child_that_dies_leaves_nothing_behind(tmp_path: Path, broker: Broker, virtual_microphone: VirtualMicrophone) -> None:
    """Ten times; `make torture` has five hundred."""
    assert leak.wrong(*leak.leaks(tmp_path, virtual_microphone, broker.port, 10)) == []


def test_a_quiet_quarter_of_an_hour_costs_little(tmp_path: Path, broker: Broker) -> None:
    """By the terminal's own clock, which goes faster; `make torture` has a day."""
    found = soak.soak(tmp_path, broker.port, hours=0.25, speed=150.0, every_h=0.05)
    assert soak.wrong(found, warm_h=0.1) == []


def test_what_grows_is_found() -> None:
    """Each kind by itself."""
    warm, more = Footprint(90_000, 20, 5, 100.0), Footprint(92_001, 21, 6, 301.0)
    assert len(leak.wrong(warm, more)) == 3
    assert leak.wrong(warm, Footprint(91_999, 20, 4, 9999.0)) == []
    assert len(soak.wrong([(0.0, warm), (1.0, warm), (2.0, more)])) == 4
    assert soak.wrong([(0.0, warm), (1.0, warm), (2.0, Footprint(91_999, 20, 5, 299.0))]) == []
    assert soak.wrong([(1.0, warm), (3.0, warm), (4.0, Footprint(90_000, 20, 5, 9999.0))]) == []
