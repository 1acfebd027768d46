"""Names and folders that the machine gives."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.names import NoMachineId, own_terminal_name, state_folder, terminal_name


@given(st.text())
def test_a_derived_name_fits_the_topics(machine_id: str) -> None:
    """Lower-case letters, digits and -, whatever the id."""
    assert re.fullmatch(r"[a-z0-9-]{3,64}", terminal_name(machine_id))


def test_a_name_is_lasting_unlike_others_and_hides_the_id() -> None:
    """The same id gives the same name, another id another; the id itself does not show."""
    one, other = "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdee"
    assert terminal_name(one) == terminal_name(one + "\n") != terminal_name(other)
    assert terminal_name(one).removeprefix("t-") not in one


def test_the_configured_name_goes_first(tmp_path: Path) -> None:
    """It needs no machine-id at all."""
    assert own_terminal_name("washroom-2", tmp_path / "absent") == "washroom-2"


@pytest.mark.parametrize("content", [None, "", "\n", "uninitialized\n"])
def test_a_machine_without_id_must_be_named(tmp_path: Path, content: str | None) -> None:
    """Two terminals of one image must not share a name."""
    file = tmp_path / "machine-id"
    if content is not None:
        file.write_text(content)
    with pytest.raises(NoMachineId, match="set `name` in"):
        own_terminal_name("", file)


def test_state_lies_with_the_system_where_it_can_and_with_the_user_otherwise(tmp_path: Path) -> None:
    """Configured; the system's folder; $XDG_STATE_HOME; the user's home."""
    home = {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert state_folder("/srv/xiaoan", home, tmp_path) == Path("/srv/xiaoan")
    assert state_folder("", home, tmp_path) == tmp_path
    assert state_folder("", home, tmp_path / "absent") == tmp_path / "state" / "xiaoan"
    assert state_folder("", {}, tmp_path / "absent") == Path.home() / ".local" / "state" / "xiaoan"
