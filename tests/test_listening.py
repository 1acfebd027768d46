"""The phrases by which the running terminal listens."""

import pytest

from edge.config.schema import Config
from edge.listening import Phrases
from edge.shipped import models_folder

pytestmark = pytest.mark.skipif(not (models_folder() / "phrases.onnx").exists(), reason="there is no phrase model yet")


def test_thresholds_of_the_profile_hold_at_the_start_and_after_a_reload() -> None:
    """Where nobody has written one; what the configuration says of a phrase goes first."""
    phrases = {"help": {"add": [{"text": "救命啊", "threshold": 0.8}]}}
    terminal = Phrases(models_folder(), Config(), lambda: Config.model_validate({"phrases": phrases}), {"救命": 0.7, "救命啊": 0.6})
    assert terminal.listening
    assert {p.text: p.threshold for p in terminal.listening.wanted.phrases[:3]} == {"救命": 0.7, "救命啊": 0.6, "救救我": 0.97}
    read = terminal.read()
    assert read
    assert {p.text: p.threshold for p in read.wanted.phrases[:3]} == {"救命": 0.7, "救命啊": 0.8, "救救我": 0.97}
