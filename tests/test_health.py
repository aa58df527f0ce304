"""What a server stands on, taken away: a full disk, a read-only one, an ended certificate, a clock that is set, a network that is gone."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import shutil
import ssl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from streamer import health as healths
from streamer.certificate import make, own_certificate, tls_context
from streamer.config import ROOT, Config
from streamer.health import Health, ending
from streamer.server import Server
from tests.fakes import FakeCatalog, FakePipeline
from tests.test_server import fitting_room

ON_A_DISK = """
import datetime, pathlib, subprocess, sys
from dataclasses import replace
from streamer.config import Config
from streamer.health import Health
from streamer.numbers import FILE, FRAMES, Numbers
from streamer.server import Server
from tests.fakes import FakeCatalog, FakePipeline
disk = pathlib.Path(sys.argv[1])
server = Server(replace(Config(), public_url="https://mirror.shop.example"), FakePipeline(), FakeCatalog())
server.worker.start()
health, numbers = Health(server, disk), Numbers(disk / FILE)
numbers.count(FRAMES)
assert numbers.flush()
assert health.look() == {}
"""


def on_a_disk(folder: Path, code: str) -> str:
    """Run code with a disk of 512 KB, which goes away with the process; what it logged. Skips where this user may not mount one."""
    unshare = shutil.which("unshare")
    mount = f"mount -t tmpfs -o size=512k tmpfs {folder}"
    if not unshare or subprocess.run([unshare, "-m", "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("a disk cannot be mounted by this user")
    run = f'{mount} && exec "$0" -c "$1" {folder}'
    done = subprocess.run([unshare, "-m", "sh", "-c", run, sys.executable, ON_A_DISK + code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def server(tmp_path):
    """A server whose worker runs."""
    made = Server(replace(Config(), public_url="https://mirror.shop.example"), FakePipeline(), FakeCatalog())
    made.worker.start()
    yield made
    made.worker.stop()
    made.pools.close()


def test_a_full_disk_is_named_once_and_the_numbers_wait_for_room(tmp_path):
    said = on_a_disk(
        tmp_path,
        """
filler = disk / "filler"
try:
    filler.write_bytes(bytes(2**20))
except OSError as error:
    assert "No space" in str(error)
for n in range(200):
    numbers.count("tries", f"garment {n}" * 5)
assert not numbers.flush()
assert "No space left" in health.look()["disk"]
health.look()
filler.unlink()
assert numbers.flush()
assert health.look() == {}
today = datetime.date.today()
assert sum(row.value for row in numbers.rows(today - datetime.timedelta(1), today) if row.name == "tries") == 200
""",
    )
    assert said.count("Sessions go on") == 1


def test_a_full_disk_keeps_the_catalogue_as_it_was_and_says_so(tmp_path):
    on_a_disk(
        tmp_path,
        """
from streamer.catalog import Catalog
from engines.errors import UserError
from tests.test_catalog import add, png
catalog = Catalog(disk / "catalog", built_in=None)
kept = add(catalog, "shirt")
filler = disk / "filler"
try:
    filler.write_bytes(bytes(2**20))
except OSError:
    pass
for change in (lambda: add(catalog, "another"), lambda: catalog.update(kept, png=png(9)), lambda: catalog.update(kept, name="x" * 80)):
    try:
        change()
    except UserError as error:
        assert "cannot be changed" in str(error) and ("No space left" in str(error) or "disk is full" in str(error)), error
    else:
        assert catalog.record(kept).name == "x" * 80  # a row that was there has room
assert [each.id for each in catalog.list()] == [kept]
assert catalog.picture(kept) == png(200)
filler.unlink()
assert len(list((disk / "catalog" / "pictures").iterdir())) == 1
add(catalog, "another")
assert len(catalog.list()) == 2
catalog.close()
""",
    )


def test_a_read_only_disk_is_named(tmp_path):
    on_a_disk(
        tmp_path,
        """
numbers.close()  # else the disk is busy, and cannot be made read-only
subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
assert "Read-only" in health.look()["disk"]
numbers.count(FRAMES)
assert not numbers.flush()
subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
assert numbers.flush()
assert health.look() == {}
""",
    )


@pytest.mark.parametrize(("days", "said"), [(-400, "ended on"), (-360, "ends on"), (0, None), (10, "check this machine's clock")])
def test_a_certificate_that_has_ended_ends_soon_or_has_not_begun_is_named(tmp_path, days, said):
    path = tmp_path / "own.pem"
    path.write_bytes(make(["localhost"], [], datetime.datetime.now(datetime.UTC) + datetime.timedelta(days)))
    found = ending(path)
    assert found is None if said is None else said in found


def serial(context: ssl.SSLContext) -> int:
    """The serial number of the certificate that a new connection is shown."""
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    client = anybody.wrap_bio(theirs, ours)
    server = context.wrap_bio(ours, theirs, server_side=True)
    for _ in range(4):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return x509.load_der_x509_certificate(client.getpeercert(binary_form=True)).serial_number


def test_a_certificate_that_was_replaced_is_taken_up_under_way(tmp_path, server):
    path = tmp_path / "own.pem"
    path.write_bytes(make(["localhost"], [], datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=400)))
    server.config = replace(server.config, cert=path)
    context = tls_context(path)
    health = Health(server, None)
    health.tls = (context, path)
    before = serial(context)
    assert "phones refuse this page" in health.look()["certificate"]
    path.write_bytes(make(["localhost"], []))
    os.utime(path, (1, 1))
    assert health.look() == {}
    assert serial(context) != before
    path.write_bytes(b"damaged")
    assert "cannot be taken up" in health.look()["certificate"]


def test_the_self_made_certificate_is_made_anew_before_it_ends(tmp_path, server, monkeypatch):
    monkeypatch.setattr("streamer.certificate.addresses", lambda: [ipaddress.ip_address("192.168.0.4")])
    path = own_certificate(tmp_path)
    context = tls_context(path)
    server.config = replace(server.config, data=tmp_path)
    health = Health(server, None)
    health.tls = (context, path)
    before = serial(context)
    assert health.look() == {}
    assert serial(context) == before
    monkeypatch.setattr("streamer.certificate.addresses", lambda: [ipaddress.ip_address("192.168.0.9")])  # another network
    assert health.look() == {}
    assert serial(context) != before


def test_a_clock_that_is_set_is_noticed_once(server, monkeypatch):
    health = Health(server, None)
    assert health.clock_jump() == 0
    real = healths.time.time
    monkeypatch.setattr(healths.time, "time", lambda: real() + 7200)
    assert 7100 < health.clock_jump() < 7300
    assert health.clock_jump() == 0


def test_without_a_network_the_server_opens_and_says_so(tmp_path):
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-n", "true"], capture_output=True).returncode:
        pytest.skip("a network cannot be taken away by this user")
    code = """
from dataclasses import replace
from streamer.address import page_url
from streamer.config import Config
from streamer.health import Health
from streamer.server import Server
from tests.fakes import FakeCatalog, FakePipeline
server = Server(Config(), FakePipeline(), FakeCatalog())
server.worker.start()
print(page_url(Config(), 8443), Health(server, None).look())
server.worker.stop()
"""
    done = subprocess.run([unshare, "-n", sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "https://localhost:8443/" in done.stdout
    assert "no network but this machine's own" in done.stdout


async def test_readyz_names_what_is_in_the_way(tmp_path):
    async with fitting_room(tmp_path, public_url="https://mirror.shop.example") as client:
        reply = await client.get("/readyz")
        assert (reply.status, await reply.json()) == (200, {"ready": True, "problems": []})
        client.room.catalog.list = lambda: 1 / 0
        client.room.worker.stop()
        reply = await client.get("/readyz")
        assert (reply.status, await reply.json()) == (503, {"ready": False, "problems": ["catalogue", "worker"]})
        assert (await client.get("/healthz")).status == 200
