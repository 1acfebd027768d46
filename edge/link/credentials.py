"""What the broker asks for: user and password from a file that nobody else can read, and the TLS context."""

import ssl
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.config.schema import TlsSettings
from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_


class BadCredentials(EdgeError):
    """The credentials file cannot be used."""


class BadCertificates(EdgeError):
    """A certificate or key file cannot be used."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password of the broker."""

    user: str
    password: str = field(repr=False)


def read_credentials(file: Path, environment: Mapping[str, str]) -> Credentials:
    """User on the first line and password on the second, or `user:password` on one. Raises BadCredentials."""
    # systemd lets the service read its credentials through an ACL, whose mask shows as group bits (systemd.exec, LoadCredential).
    from_systemd = str(file.parent) == environment.get("CREDENTIALS_DIRECTORY")
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadCredentials(N_("credentials file {file} cannot be read: {reason}"), file=file, reason=reason_of(error)) from error
    if mode & (stat.S_IRWXO if from_systemd else stat.S_IRWXG | stat.S_IRWXO):
        raise BadCredentials(
            N_("credentials file {file} can be read by others (mode {mode}); run: chmod 600 {file}"), file=file, mode=f"{stat.S_IMODE(mode):04o}"
        )
    lines = text.splitlines()
    user, password = (lines[0].partition(":")[::2] if len(lines) == 1 else lines[:2]) if lines else ("", "")
    if not user or not password or len(lines) > 2:
        raise BadCredentials(N_("credentials file {file} must hold the user on the first line and the password on the second, or user:password"), file=file)
    return Credentials(user, password)


def tls_context(settings: TlsSettings) -> ssl.SSLContext:
    """The context for connections to the broker; it always checks the broker's certificate and name. Raises BadCertificates."""
    try:
        context = ssl.create_default_context(cafile=settings.ca or None)
    except OSError as error:  # ssl.SSLError is one
        raise BadCertificates(N_("certificate authority file {file} cannot be used: {reason}"), file=settings.ca, reason=reason_of(error)) from error
    if settings.certificate:
        try:
            context.load_cert_chain(settings.certificate, settings.key, password="")  # a wrong password, rather than a question on the terminal
        except OSError as error:
            raise BadCertificates(
                N_("certificate {file} with key {key} cannot be used: {reason}"), file=settings.certificate, key=settings.key, reason=reason_of(error)
            ) from error
    return context
