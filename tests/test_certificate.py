"""The self-made certificate: what is in it, when it is kept, when it is made anew."""

from __future__ import annotations

import datetime
import ipaddress
import ssl

import pytest
from cryptography import x509

from engines.errors import UserError
from streamer.certificate import FILE, LIFE, addresses, host_names, make, own_certificate, public_part, tls_context

HERE = ipaddress.ip_address("192.168.7.20")
NEW = ipaddress.ip_address("fd00::7")


def subject(path):
    certificate = x509.load_der_x509_certificate(public_part(path))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names.get_values_for_type(x509.DNSName)), set(names.get_values_for_type(x509.IPAddress))


def test_it_names_the_host_and_its_addresses_and_is_the_owners_only(tmp_path):
    path = own_certificate(tmp_path / "var", ["localhost", "shop"], [HERE])
    assert subject(path) == ({"localhost", "shop"}, {HERE})
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == [FILE]
    assert tls_context(path).cert_store_stats()


def test_it_is_kept_until_an_address_is_new(tmp_path):
    path = own_certificate(tmp_path, ["localhost"], [HERE, NEW])
    first = path.read_bytes()
    own_certificate(tmp_path, ["localhost"], [HERE])
    assert path.read_bytes() == first
    own_certificate(tmp_path, ["localhost"], [HERE, ipaddress.ip_address("10.0.0.9")])
    assert path.read_bytes() != first


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_or_ending_one_is_made_anew(tmp_path, damage):
    path = tmp_path / FILE
    ago = datetime.datetime.now(datetime.UTC) - LIFE + datetime.timedelta(days=3)
    old = make(["localhost"], [HERE], ago) if damage is None else damage
    path.write_bytes(old)
    own_certificate(tmp_path, ["localhost"], [HERE])
    assert path.read_bytes() != old
    tls_context(path)


def test_a_browser_that_trusts_it_connects(tmp_path):
    path = own_certificate(tmp_path, ["localhost"], [HERE])
    client = ssl.create_default_context(cadata=public_part(path))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_side = tls_context(path).wrap_bio(to_server, to_client, server_side=True)
    client_side = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    done = set()
    for _ in range(6):
        for side in (client_side, server_side):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass
    assert done == {client_side, server_side}


def test_this_machine_has_names_and_addresses():
    assert "localhost" in host_names()
    assert ipaddress.ip_address("127.0.0.1") in addresses()


def test_files_that_cannot_be_used_are_refused_in_words(tmp_path):
    path = own_certificate(tmp_path, ["localhost"], [HERE])
    (tmp_path / "other").mkdir()
    other = own_certificate(tmp_path / "other", ["localhost"], [HERE])
    bad = tmp_path / "bad.pem"
    bad.write_bytes(b"nonsense")
    with pytest.raises(UserError, match=r"missing\.pem cannot be read"):
        tls_context(tmp_path / "missing.pem")
    with pytest.raises(UserError, match="PEM, unencrypted, and a pair"):
        tls_context(bad)
    with pytest.raises(UserError, match="PEM, unencrypted, and a pair"):
        tls_context(path, other)


def test_an_encrypted_key_is_refused_instead_of_asking_for_its_password(tmp_path):
    from cryptography.hazmat.primitives import serialization

    path = own_certificate(tmp_path, ["localhost"], [HERE])
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    secret = tmp_path / "secret.pem"
    how = serialization.BestAvailableEncryption(b"x")
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how))
    with pytest.raises(UserError, match="encrypted"):
        tls_context(path, secret)


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--data"):
        own_certificate(tmp_path / "file" / "var", ["localhost"], [HERE])
