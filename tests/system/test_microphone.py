"""The microphone of the real terminal fails, and the desk knows."""

from pathlib import Path

import pytest

from edge.shipped import models_folder
from tests.broker import Broker
from tests.sound_server import VirtualMicrophone
from tests.system.microphone import FAULTS, LIMIT_S, room

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")


def test_the_desk_knows_within_ten_seconds_and_it_is_heard_again_within_ten(tmp_path: Path, broker: Broker, virtual_microphone: VirtualMicrophone) -> None:
    """A driver that hangs, a microphone that is pulled out, digital silence; commands are answered meanwhile. `make torture` has the others."""
    with room(tmp_path, virtual_microphone, broker) as on_the_wall:
        for name in ("child stopped (SIGSTOP)", "source vanished", "digital silence"):
            took = on_the_wall.suffers(*FAULTS[name])
            assert max(took.noticed_s, took.recovered_s) <= LIMIT_S, (name, took)
