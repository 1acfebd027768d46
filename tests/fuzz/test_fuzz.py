"""Some hundred cases of nonsense for each door; `make fuzz` runs as many as one wants."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.shipped import models_folder
from tests.fuzz.__main__ import Failed, Feeder, run
from tests.fuzz.cases import TARGETS

pytestmark = pytest.mark.skipif(not (models_folder() / "detector.onnx").exists(), reason="there is no model yet: make train")


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_nonsense_leads_to_expected_errors_alone(target: str, data: st.DataObject) -> None:
    """No traceback, no crash, nothing that is out of its bounds."""
    TARGETS[target].feed(data.draw(TARGETS[target].with_))


def test_the_long_form_finds_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts, and tells when the process that is fed has ended."""
    with Feeder("credentials") as feeder:
        run(TARGETS["credentials"], feeder, 40, 1)
        assert feeder.count >= 30
        assert feeder.longest_s > 0
        monkeypatch.setattr(feeder, "name", "no such target")
        feeder._end()
        with pytest.raises(Failed, match="the process ended with 1"):
            feeder.feed(b"x")
