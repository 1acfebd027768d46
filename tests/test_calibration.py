"""The starting profiles that are shipped."""

from pathlib import Path

import pytest

from edge.config.load import load
from edge.config.schema import Config
from edge.shipped import calibration_folder

PROFILES = sorted(calibration_folder().glob("*.toml"))


def test_there_is_one_for_each_place() -> None:
    """The places that the documentation names."""
    assert [file.stem for file in PROFILES] == ["corridor", "dormitory", "playground_edge", "stairwell", "washroom_entrance"]


@pytest.mark.parametrize("file", PROFILES, ids=lambda file: file.stem)
def test_each_can_be_copied_into_a_configuration(file: Path) -> None:
    """It is a valid piece of one, and changes labels alone."""
    assert load(file).model_dump(exclude={"labels"}) == Config().model_dump(exclude={"labels"})
