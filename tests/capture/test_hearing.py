"""One run of the capture child, heard: what is no fault."""

import pytest

from tests.capture.rooms import ROOMS, faults_in


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_in_which_nothing_happens_is_no_fault(room: str) -> None:
    """Two minutes here, eight hours in `make torture`."""
    assert faults_in(room, 120) == frozenset()
