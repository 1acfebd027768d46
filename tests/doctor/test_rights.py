"""What a user may do, asked as that user: as nobody where the tests run as root, else as whoever they run as."""

import os
from pathlib import Path

import pytest

from edge.config.schema import BrokerSettings, Config
from edge.doctor.check import Check
from edge.doctor.rights import HIDDEN, Account, Need, account, needs, rights


@pytest.fixture
def somebody(tmp_path: Path) -> Account | None:
    """A user who is not root, and may look into the test's folder."""
    if os.getuid():
        return None
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and not folder.stat().st_mode & 0o001:
            folder.chmod(0o711)
    return account("nobody", [])


def told(wanted: list[Need], user: Account | None) -> list[str]:
    """The sentences."""
    return [f"{check.state} {check.told(str)}" for check in rights(wanted, user, hidden=())]


def test_all_is_well(tmp_path: Path, somebody: Account | None) -> None:
    """One line, with the user's name and how much was looked at."""
    (tmp_path / "read").write_text("")
    (tmp_path / "read").chmod(0o644)
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    (line,) = told([Need(tmp_path / "read"), Need(tmp_path / "state", write=True)], somebody)
    assert line.startswith("good the user ")
    assert "(2 files" in line


def test_what_the_user_may_not_do_is_bad_whatever_root_may(tmp_path: Path, somebody: Account | None) -> None:
    """A file that cannot be read, a folder that cannot be written to; a sound card has a remedy of its own."""
    for name, mode in (("secret", 0o000), ("snd/pcmC0D0c", 0o000), ("state", 0o444)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(mode)
    wanted = [Need(tmp_path / "secret"), Need(tmp_path / "state", write=True), Need(tmp_path / "snd/pcmC0D0c", write=True)]
    (tmp_path / "snd").chmod(0o755)
    found: list[Check] = list(rights(wanted, somebody, hidden=()))
    assert [check.state for check in found] == ["bad", "bad", "bad"]
    assert "may not read" in found[0].told(str)
    assert "may not write to" in found[1].told(str)
    assert "usermod -aG audio" in found[2].told_remedy(str)


@pytest.mark.skipif(os.getuid() != 0, reason="only root asks as somebody else")
def test_a_state_folder_in_which_root_has_tried_the_terminal_is_given_back_as_a_whole(tmp_path: Path, somebody: Account | None) -> None:
    """The folder may be written to, the outbox in it not; one line, with a remedy for all of them. A folder of root alone has the same remedy."""
    state = tmp_path / "state"
    (state / "history").mkdir(parents=True)
    for name in ("outbox.sqlite3", "outbox.sqlite3-wal", "lock", "site.json"):
        (state / name).touch()
    for path, mode in ((state, 0o777), (state / "history", 0o700), (state / "outbox.sqlite3-wal", 0o666)):
        path.chmod(mode)
    (check,) = rights(needs(Config(), None, state, tmp_path), somebody, hidden=())
    assert check.told(str) == f"the user nobody may not write to {state}/history"
    assert check.told_remedy(str) == f"give it to the user: chown -R nobody {state}"
    state.chmod(0o700)
    (check,) = rights([Need(state, write=True, within=state)], somebody, hidden=())
    assert check.told_remedy(str) == f"give it to the user: chown -R nobody {state}"


@pytest.mark.skipif(os.getuid() != 0, reason="only root asks as somebody else")
def test_what_the_unit_hides_is_bad_though_the_modes_allow_it(somebody: Account | None) -> None:
    """ProtectHome: a configuration in /root or /home is not there for the service."""
    (check,) = rights([Need(Path("/root/x/config.toml"))], somebody, HIDDEN)
    assert check.told(str) == "the unit hides /root/x/config.toml from the service"


def test_what_is_needed_is_what_is_configured(tmp_path: Path) -> None:
    """Configuration, credentials, models, state and the sound card; a file that is not there is spoken of elsewhere."""
    (tmp_path / "dev/snd").mkdir(parents=True)
    (tmp_path / "dev/snd/pcmC1D0c").touch()
    (tmp_path / "proc/asound/card1/pcm0c").mkdir(parents=True)
    (tmp_path / "proc/asound/cards").write_text(" 1 [Device         ]: USB-Audio - USB PnP Sound Device\n")
    (tmp_path / "a.onnx").touch()
    (tmp_path / "login").touch()
    config = Config(broker=BrokerSettings(credentials=str(tmp_path / "login")))
    found = needs(config, tmp_path / "absent.toml", tmp_path, tmp_path, tmp_path)
    assert [(need.path.name, need.write) for need in found] == [("a.onnx", False), ("login", False), (tmp_path.name, True), ("pcmC1D0c", True)]


def test_groups_of_the_unit_are_added() -> None:
    """Those that there are; a user that does not exist has none."""
    root = account("root", ["root", "no-such-group-here"])
    assert root
    assert root.groups.count(0) == 1
    assert account("no-such-user-here", []) is None
