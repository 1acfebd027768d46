"""Certificates made for one test."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Pair:
    """Files of a certificate and its key."""

    certificate: Path
    key: Path


class Certificates:
    """An authority with certificates of a broker and a terminal, and an authority that has nothing to do with them."""

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        """address: whose the broker's certificate is."""
        self._folder = folder
        self._address = address
        key = generate_private_key(SECP256R1())
        self.ca = self._write("ca", self._made("authority", key, "authority", key, authority=True), key).certificate
        self.broker = self._signed("broker", key)
        self.terminal = self._signed("terminal", key)
        other = generate_private_key(SECP256R1())
        self.stranger = self._write("stranger", self._made("stranger", other, "stranger", other, authority=True), other).certificate

    def _signed(self, name: str, authority: EllipticCurvePrivateKey) -> Pair:
        key = generate_private_key(SECP256R1())
        return self._write(name, self._made(name, key, "authority", authority, authority=False), key)

    def _made(self, name: str, key: EllipticCurvePrivateKey, issuer: str, signer: EllipticCurvePrivateKey, *, authority: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(self._address))]), critical=False)
            .sign(signer, SHA256())
        )

    def _write(self, name: str, certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> Pair:
        pair = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        pair.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
        pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return pair
