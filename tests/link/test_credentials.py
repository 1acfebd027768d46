"""Files that hold secrets, and what is wrong with them."""

from pathlib import Path

import pytest

from edge.config.schema import TlsSettings
from edge.link.credentials import BadCertificates, BadCredentials, Credentials, read_credentials, tls_context


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    """A credentials file with that mode."""
    file = folder / "credentials"
    file.write_text(text)
    file.chmod(mode)
    return file


@pytest.mark.parametrize("text", ["terminal\nse:cret\n", "terminal:se:cret", "terminal\r\nse:cret\r\n"])
def test_user_and_password_on_two_lines_or_one(tmp_path: Path, text: str) -> None:
    """The password may hold a colon, and is never printed."""
    found = read_credentials(written(tmp_path, text), {})
    assert found == Credentials("terminal", "se:cret")
    assert "cret" not in repr(found)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that makes it right."""
    with pytest.raises(BadCredentials, match=rf"can be read by others \(mode {mode:04o}\); run: chmod 600 {tmp_path}/credentials"):
        read_credentials(written(tmp_path, "a:b", mode), {})


def test_systemds_credentials_may_show_group_bits(tmp_path: Path) -> None:
    """They are the mask of an access list, and the folder is the service's own."""
    assert read_credentials(written(tmp_path, "a:b", 0o440), {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == Credentials("a", "b")
    with pytest.raises(BadCredentials):
        read_credentials(written(tmp_path, "a:b", 0o444), {"CREDENTIALS_DIRECTORY": str(tmp_path)})


@pytest.mark.parametrize("text", ["", "\n", "terminal", "terminal:", ":secret", "terminal\n\n", "a\nb\nc\n"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    """The sentence says what it must hold, and not what it holds."""
    with pytest.raises(BadCredentials, match="must hold the user on the first line"):
        read_credentials(written(tmp_path, text), {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(BadCredentials, match=f"{tmp_path}/nothing cannot be read: No such file"):
        read_credentials(tmp_path / "nothing", {})


def test_certificate_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """Missing, or no certificate at all."""
    with pytest.raises(BadCertificates, match=r"ca\.pem cannot be used: No such file"):
        tls_context(TlsSettings(ca=str(tmp_path / "ca.pem")))
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(BadCertificates, match="certificate authority file"):
        tls_context(TlsSettings(ca=str(tmp_path / "ca.pem")))
    with pytest.raises(BadCertificates, match=r"certificate .*own\.pem with key .*own\.key cannot be used"):
        tls_context(TlsSettings(on=True, certificate=str(tmp_path / "own.pem"), key=str(tmp_path / "own.key")))
