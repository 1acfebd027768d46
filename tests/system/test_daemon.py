"""The daemon in the test's own process, where a part of it must break."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.config.schema import BrokerSettings, Config, PathSettings, TerminalSettings
from edge.daemon import Daemon, WorkerDied
from edge.health.faults import Fault
from edge.shipped import models_folder
from tests.broker import free_port

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")


class Breaking:
    """A source that raises something nobody expects."""

    dropped_blocks = 0

    def read(self, timeout_s: float) -> NDArray[np.float32] | None:
        """Break."""
        raise RuntimeError(f"broken after {timeout_s}")

    def faults(self) -> frozenset[Fault]:
        """None."""
        return frozenset()

    def close(self) -> None:
        """Nothing to let go of."""


def test_a_thread_that_dies_takes_the_terminal_with_it(tmp_path: Path) -> None:
    """A terminal that looks alive and hears nothing is the worst there is: the service must start it anew."""
    config = Config(
        terminal=TerminalSettings(name="t1"),
        broker=BrokerSettings(host="127.0.0.1", port=free_port()),
        paths=PathSettings(state=str(tmp_path)),
    )
    with pytest.raises(WorkerDied, match="the thread sound has ended: RuntimeError: broken after"):
        Daemon(config, Breaking, {}).run()
