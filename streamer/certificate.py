"""The HTTPS certificate the server makes itself: for localhost, the host's name and the machine's addresses, kept and reused."""

from __future__ import annotations

import datetime
import ipaddress
import logging
import os
import socket
import ssl
from collections.abc import Iterable
from pathlib import Path

import ifaddr
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engines.errors import UserError

log = logging.getLogger(__name__)

FILE = "certificate.pem"  # key and certificate in one file, so that they are replaced together
LIFE = datetime.timedelta(days=365)  # phones refuse certificates for more than 825 days
RENEW_BEFORE = datetime.timedelta(days=14)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def addresses() -> list[Address]:
    """The machine's addresses, without those that mean nothing to another machine (link-local IPv6)."""
    found = {ipaddress.ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0]) for adapter in ifaddr.get_adapters() for ip in adapter.ips}
    return sorted((a for a in found if not (a.version == 6 and a.is_link_local)), key=lambda a: (a.version, int(a)))


def host_names() -> list[str]:
    """localhost and the machine's name, also as mDNS has it, where they can stand in a certificate."""
    host = socket.gethostname().lower()
    fit = host.isascii() and all(c.isalnum() or c in "-." for c in host) and 0 < len(host) < 60
    return list(dict.fromkeys(["localhost", *([host, f"{host.split('.')[0]}.local"] if fit else [])]))


def own_certificate(folder: Path, names: Iterable[str] | None = None, ips: Iterable[Address] | None = None) -> Path:
    """The PEM file with key and certificate in ``folder``.

    The kept one, or a new one where there is none, it ends soon, or it lacks an address. Raises :class:`UserError` where it cannot be kept.
    """
    names, ips = list(host_names() if names is None else names), list(addresses() if ips is None else ips)
    path = folder / FILE
    if (reason := _why_new(path, names, ips)) is not None:
        log.info("making a certificate: %s", reason)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(path, make(names, ips))
        except OSError as error:
            raise UserError(f"The certificate cannot be kept in {path}: {error.strerror}. Choose another folder with --data.") from None
    return path


def make(names: Iterable[str], ips: Iterable[Address], now: datetime.datetime | None = None) -> bytes:
    """A fresh key and its certificate as PEM."""
    now = now or datetime.datetime.now(datetime.UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Live fitting room")])
    unused = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign", "encipher_only", "decipher_only")
    usage = dict.fromkeys(unused, False)
    subject = x509.SubjectAlternativeName([*map(x509.DNSName, names), *map(x509.IPAddress, ips)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # a phone's clock may be a little behind
        .not_valid_after(now + LIFE)
        .add_extension(subject, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)  # iOS lets only such be trusted
        .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem)


def public_part(path: Path) -> bytes:
    """The certificate without its key, DER: what a phone installs to trust this server."""
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.DER)


def tls_context(cert: Path, key: Path | None = None) -> ssl.SSLContext:
    """A server's context. Raises :class:`UserError` for files that are missing, damaged, or do not belong together."""
    for path in filter(None, (cert, key)):
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise UserError(f"The certificate file {path} cannot be read: {error.strerror}.") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        files = f"{cert} and {key}" if key else f"{cert}"
        why = getattr(error, "reason", None) or error
        raise UserError(f"{files} cannot be used as certificate and key ({why}): both have to be PEM, unencrypted, and a pair.") from None
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def _why_new(path: Path, names: list[str], ips: list[Address]) -> str | None:
    """Why the kept certificate will not do, or None when it will."""
    if not path.exists():
        return "there is none yet"
    try:
        tls_context(path)
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        subject = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (UserError, OSError, ValueError, x509.ExtensionNotFound):
        return "the kept one is damaged"
    if certificate.not_valid_after_utc - RENEW_BEFORE < datetime.datetime.now(datetime.UTC):
        return "the kept one ends soon"
    missing = {*names, *ips} - {*subject.get_values_for_type(x509.DNSName), *subject.get_values_for_type(x509.IPAddress)}
    return f"the kept one lacks {', '.join(sorted(map(str, missing)))}" if missing else None


def _write(path: Path, pem: bytes) -> None:
    """Whole or not at all, readable by the owner only."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pem)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
