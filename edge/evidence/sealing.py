"""Sealing to the desk's public key: libsodium's sealed boxes (X25519, XSalsa20-Poly1305), in which the sealing side keeps no secret.

A file is a head, which names the key, and parts one after the other: the length of a box, and the box.
"""

import base64
import os
import struct
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_

MAGIC = b"xiaoan sealed 1\n"
NAMED_BYTES = 8
KEY_BYTES = 32
LENGTH = struct.Struct("<I")  # of the box that follows, bytes
KEY_LINE = "xiaoan evidence, private key: whoever has it can open what terminals have sealed. It belongs on no terminal."


class NoLibrary(EdgeError):
    """PyNaCl is not installed."""


class BadKey(EdgeError):
    """A key file that cannot be used."""


class NotOpened(EdgeError):
    """A sealed file that this key does not open, or that is none."""


def key_name(public: bytes) -> str:
    """A short name of a public key, by which sealed files say whose they are."""
    return sha256(public).hexdigest()[: 2 * NAMED_BYTES]


def as_text(key: bytes) -> str:
    """A key as it stands in files."""
    return base64.b64encode(key).decode("ascii")


def from_text(text: str) -> bytes:
    """The key in `text`. Raises ValueError."""
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError(f"{len(key)} bytes")
    return key


class Seal:
    """Seals to one public key."""

    def __init__(self, public: bytes) -> None:
        """Raises NoLibrary."""
        box = _nacl()
        self._box = box.SealedBox(box.PublicKey(public))
        self.head = MAGIC + bytes.fromhex(key_name(public))

    def __call__(self, clear: bytes) -> bytes:
        """A file with one part that only the owner of the private key can read."""
        return self.head + self.part(clear)

    def part(self, clear: bytes) -> bytes:
        """One more part, for the end of a file."""
        sealed: bytes = self._box.encrypt(clear)
        return LENGTH.pack(len(sealed)) + sealed


def named(head: bytes) -> str | None:
    """The name of the key to which a file with this beginning is sealed; None: it is no sealed file."""
    whole = len(MAGIC) + NAMED_BYTES
    return head[len(MAGIC) : whole].hex() if head.startswith(MAGIC) and len(head) >= whole else None


def unseal(sealed: bytes, private: bytes, file: Path) -> list[bytes]:
    """The parts that are in it. One that was cut off at the end, by a kill or a power cut, is left out.

    file: for the error. Raises NotOpened, NoLibrary.
    """
    box = _nacl()
    from nacl.exceptions import CryptoError  # noqa: PLC0415 - only where evidence is used

    wanted = named(sealed)
    if wanted is None:
        raise NotOpened(N_("{file} is no sealed evidence"), file=file)
    key = box.PrivateKey(private)
    given = key_name(bytes(key.public_key))
    if given != wanted:
        raise NotOpened(N_("{file} is sealed to the key {wanted}, this one is {given}"), file=file, wanted=wanted, given=given)
    damaged = N_("{file} is damaged, or was changed: it cannot be opened")
    try:
        parts: list[bytes] = [box.SealedBox(key).decrypt(boxed) for boxed in _parts(sealed[len(MAGIC) + NAMED_BYTES :])]
    except CryptoError as error:
        raise NotOpened(damaged, file=file) from error
    if not parts:
        raise NotOpened(damaged, file=file)
    return parts


def _parts(rest: bytes) -> Iterator[bytes]:
    at = 0
    while at + LENGTH.size <= len(rest):
        begin = at + LENGTH.size
        at = begin + LENGTH.unpack_from(rest, at)[0]
        if at <= len(rest):
            yield rest[begin:at]


def public_of(private: bytes) -> bytes:
    """The public key that belongs to a private one. Raises NoLibrary."""
    return bytes(_nacl().PrivateKey(private).public_key)


def make_key(file: Path) -> bytes:
    """Make a private key in a new file that only its owner can read. Returns the public one. Raises BadKey, NoLibrary."""
    key = _nacl().PrivateKey.generate()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(f"{KEY_LINE}\n{as_text(bytes(key))}\n")
            opened.flush()
            os.fsync(opened.fileno())
    except FileExistsError as error:
        raise BadKey(N_("{file} is there already; a key that is overwritten opens nothing any more"), file=file) from error
    except OSError as error:
        raise BadKey(N_("{file}: cannot be written: {told}"), file=file, told=reason_of(error)) from error
    return bytes(key.public_key)


def read_key(file: Path) -> bytes:
    """The private key in `file`. Raises BadKey."""
    try:
        if file.stat().st_mode & 0o077:
            raise BadKey(N_("{file} can be read by others; first: chmod 600 {file}"), file=file)
        lines = file.read_text(encoding="ascii").splitlines()
        return from_text(lines[-1])
    except OSError as error:
        raise BadKey(N_("{file}: cannot be read: {told}"), file=file, told=reason_of(error)) from error
    except (ValueError, IndexError) as error:
        raise BadKey(N_("{file} holds no private key as `xiaoan evidence keygen` makes it"), file=file) from error


def _nacl() -> ModuleType:
    try:
        import nacl.public  # noqa: PLC0415 - an extra; whoever keeps no evidence does without
    except ImportError as error:
        raise NoLibrary(
            N_(
                "sealed evidence needs PyNaCl, which is not installed: pip install 'xiaoan-edge[evidence]', "
                "on 32-bit Arm Debian's python3-nacl (docs/evidence.md); or set `on = false` in [evidence]"
            )
        ) from error
    return nacl.public
