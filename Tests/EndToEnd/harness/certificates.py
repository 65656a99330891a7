"""A throw-away certificate authority and a certificate for this machine's loopback addresses."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Authority:
    ca_file: Path
    certificate_file: Path
    key_file: Path

    def context(self, protocols: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLContext:
        """What a server needs; `protocols` are those it offers by ALPN."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate_file, self.key_file)
        context.set_alpn_protocols(list(protocols))
        return context


def make_authority(directory: Path, host: str = "127.0.0.1", expired: bool = False) -> Authority:
    directory.mkdir(parents=True, exist_ok=True)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, name = _name("Signalbox test root"), _name("Signalbox test upstream")
    root = _builder(root_name, root_name, root_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True)
    leaf = _builder(name, root_name, key, expired).add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)

    authority = Authority(directory / "root.pem", directory / "upstream.pem", directory / "upstream.key")
    for path, builder in ((authority.ca_file, root), (authority.certificate_file, leaf)):
        certificate = builder.sign(root_key, hashes.SHA256())
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    authority.key_file.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return authority


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key, expired: bool = False) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    end = now - timedelta(days=1) if expired else now + timedelta(days=2)
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=7)).not_valid_after(end))
