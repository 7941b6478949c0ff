"""A certificate authority of the rig's own: server certificate, client certificates, service-account key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PemPair:
    certificate: bytes
    key: bytes


class CertificateAuthority:
    """Signs short-lived certificates with a key that exists only in this process."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rig-ca")])
        unsigned = _builder(self._name, self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self._certificate = unsigned.sign(self._key, hashes.SHA256())

    @property
    def certificate(self) -> bytes:
        return self._certificate.public_bytes(Encoding.PEM)

    def server(self, *, elsewhere: bool = False, expired: bool = False) -> PemPair:
        """A server certificate for 127.0.0.1, localhost and the names that a Pod would use; or, `elsewhere`, for a
        host that is none of them."""
        names: list[x509.GeneralName] = [
            x509.IPAddress(IPv4Address("127.0.0.1")),
            *map(x509.DNSName, ("localhost", "kubernetes.default.svc", "kubernetes.default", "kubernetes")),
        ]
        other: list[x509.GeneralName] = [x509.DNSName("elsewhere.example.com")]
        used = other if elsewhere else names
        return self._issue("rig-apiserver", (), ExtendedKeyUsageOID.SERVER_AUTH, used, expired=expired)

    def client(
        self, user: str, groups: Sequence[str], *, expired: bool = False, lifetime: timedelta = _LIFETIME
    ) -> PemPair:
        """A client certificate; Kubernetes reads the user from CN and the groups from O."""
        return self._issue(user, groups, ExtendedKeyUsageOID.CLIENT_AUTH, [], expired=expired, lifetime=lifetime)

    def _issue(
        self,
        common_name: str,
        organisations: Sequence[str],
        usage: x509.ObjectIdentifier,
        names: list[x509.GeneralName],
        *,
        expired: bool = False,
        lifetime: timedelta = _LIFETIME,
    ) -> PemPair:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in organisations),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
        ends = -_LIFETIME if expired else lifetime
        unsigned = _builder(subject, self._name, key, ends).add_extension(
            x509.ExtendedKeyUsage([usage]), critical=False
        )
        if names:
            unsigned = unsigned.add_extension(x509.SubjectAlternativeName(names), critical=False)
        signed = unsigned.sign(self._key, hashes.SHA256())
        return PemPair(certificate=signed.public_bytes(Encoding.PEM), key=_private_pem(key))


def signing_key_pair() -> PemPair:
    """A key pair for service-account tokens; `certificate` holds the public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return PemPair(certificate=public, key=_private_pem(key))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, ends: timedelta = _LIFETIME
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 2 * _LIFETIME if ends < timedelta(0) else now - timedelta(minutes=5))
        .not_valid_after(now + ends)
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
