"""Nothing leaves the school."""

import os
import subprocess
import sys
from pathlib import Path

from tests.command import ROOT


def test_the_inference_engine_keeps_no_identifier_and_reports_nothing(tmp_path: Path) -> None:
    """Loading and running a model writes no file of the engine's telemetry, whatever the environment asked for."""
    program = "from edge.detect.detector import Detector; from edge.shipped import models_folder; Detector.load(models_folder())"
    homes = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")}
    environment = {**os.environ, **homes, "ORT_DISABLE_TELEMETRY": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True)
    assert list(tmp_path.iterdir()) == []
