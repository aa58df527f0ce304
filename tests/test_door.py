"""Who may come in: codes, cookies, the staff password, and the table of routes seen from outside."""

from __future__ import annotations

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import argon2
import pytest
import sqlalchemy as sa
from multidict import CIMultiDict

from engines.errors import UserError
from streamer import door as doors
from streamer.catalog import Catalog
from streamer.catalog.schema import used_codes
from streamer.codes import UsedCodes
from streamer.config import Config
from streamer.door import Door, kept_key, kept_password
from streamer.http import Access, Refusal, Request
from streamer.password import add_arguments as password_arguments
from streamer.password import run as set_password
from streamer.routes import TABLE
from tests.shopper import Shopper
from tests.test_server import closed, fitting_room

KEY = b"k" * 32
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = QUICK.hash("open sesame")


def request(remote="192.168.0.9", host="192.168.0.4:8443", cookie="", **headers):
    fields = CIMultiDict({"Host": host, "Cookie": cookie, **{name.replace("_", "-"): value for name, value in headers.items()}})
    return Request("GET", "/", fields, {}, remote, True, lambda longest: None)


def cookie_of(header):
    return header.split(";")[0]


def refusal(door, access, asked):
    with pytest.raises(Refusal) as caught:
        door.check(access, asked)
    return caught.value.reason


class Now:
    """time.time, to be set."""

    def __init__(self, monkeypatch):
        self.at = time.time()
        monkeypatch.setattr(doors.time, "time", lambda: self.at)
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda: self.at)


def test_a_code_lets_one_phone_in_for_a_while(monkeypatch):
    now = Now(monkeypatch)
    door = Door(Config(), KEY)
    code = door.new_code("wall")
    phone, screen = door.join(code)
    assert screen == "wall"
    with pytest.raises(Refusal, match="used by another phone"):
        door.join(code)
    cookie = door.phone_cookie(phone, screen)
    assert re.fullmatch(r"__Host-phone=\S+; Path=/; Max-Age=7200; Secure; HttpOnly; SameSite=Strict", cookie)
    asked = request(cookie=f"other=1; {cookie_of(cookie)}")
    assert door.phone(asked) == (phone, "wall")
    door.check(Access.SHOPPER, asked)
    assert refusal(door, Access.STAFF, asked) == "no-password"
    assert Door(Config(), KEY).phone(asked) == (phone, "wall")  # after a restart, and at another server with the key
    assert Door(Config(), b"x" * 32).phone(asked) is None
    now.at += 7201
    assert refusal(door, Access.SHOPPER, asked) == "no-code"


def test_a_code_ends_whichever_way_the_clock_jumps(monkeypatch):
    now = Now(monkeypatch)
    door = Door(Config(), KEY)
    for jump in (121, -121):
        code = door.new_code()
        now.at += jump
        with pytest.raises(Refusal, match="has ended"):
            door.join(code)
    cookie = cookie_of(door.phone_cookie("phone"))
    now.at -= 86400  # a phone that is in stays in when the clock is set back
    assert door.phone(request(cookie=cookie)) == ("phone", "")


@pytest.fixture
def shared(tmp_path):
    """The doors of two replicas, or of a server before and after a restart: one key, one database."""
    catalogs = [Catalog(tmp_path, built_in=None) for _ in range(2)]
    yield [Door(Config(), KEY, used=UsedCodes(each.database)) for each in catalogs]
    for each in catalogs:
        each.close()


def test_a_code_lets_one_phone_in_at_all_replicas_together_and_after_a_restart(shared):
    one, other = shared
    for _ in range(20):
        code = one.new_code()
        with ThreadPoolExecutor(8) as pool:
            came = [pool.submit(door.join, code) for door in (one, other) * 4]
        assert [type(each.exception()) for each in came if each.exception()] == [Refusal] * 7
    one.join(other.new_code())  # shown before a restart, used after it


def test_used_codes_are_forgotten_when_no_jump_of_the_clock_can_bring_them_back(shared, monkeypatch):
    now = Now(monkeypatch)
    monkeypatch.setattr("streamer.codes.time.time", lambda: now.at)
    first = shared[0].new_code()
    shared[0].join(first)
    now.at += 3600
    shared[0].join(shared[0].new_code())
    now.at -= 3600
    for door in shared:
        with pytest.raises(Refusal, match="used by another phone"):
            door.join(first)
    now.at += 2 * 24 * 3600
    shared[1].join(shared[1].new_code())
    with shared[0]._used._database.connect() as rows:
        assert len(rows.execute(sa.select(used_codes)).all()) == 1


def test_a_full_disk_keeps_nobody_out(shared, caplog):
    with shared[0]._used._database.connect() as rows:
        rows.exec_driver_sql("DROP TABLE used_codes")
    code = shared[0].new_code()
    shared[0].join(code)
    assert "only this server knows it" in caplog.text
    with pytest.raises(Refusal, match="used by another phone"):
        shared[0].join(code)


@pytest.mark.parametrize("kind", ["phone", "staff", "screen"])
def test_what_was_signed_for_one_thing_opens_no_other(kind):
    door = Door(Config(), KEY, HASH)
    tokens = {
        "phone": cookie_of(door.phone_cookie("a")),
        "screen": cookie_of(door.screen_cookie("a")),
        "staff": cookie_of(door.sign_in("open sesame")),
    }
    value = tokens[kind].partition("=")[2]
    others = "; ".join(f"__Host-{other}={value}" for other in tokens if other != kind)
    assert refusal(door, Access.SHOPPER, request(cookie=others)) == "no-code"
    assert refusal(door, Access.STAFF, request(cookie=others)) == "staff"
    with pytest.raises(Refusal):
        door.join(value)
    for cut in (value[:-1], value + "A", value.swapcase(), "", ".", "a.b.c", "\x00", "é.A.B"):
        assert refusal(door, Access.SHOPPER, request(cookie=f"__Host-{kind}={cut}")) == "no-code"


def test_staff_sign_in_until_the_password_is_changed():
    door = Door(Config(), KEY, HASH)
    with pytest.raises(Refusal, match="not the staff password"):
        door.sign_in("open barley")
    asked = request(cookie=cookie_of(door.sign_in("open sesame")))
    for access in Access:
        door.check(access, asked)
    screen = request(cookie=cookie_of(door.screen_cookie("wall")))
    door.check(Access.SCREEN, screen)
    door.check(Access.SHOPPER, screen)
    assert refusal(door, Access.STAFF, screen) == "staff"
    changed = Door(Config(), KEY, QUICK.hash("another one"))
    assert refusal(changed, Access.STAFF, asked) == "staff"
    assert changed.screen(screen) is None


def test_this_machines_own_browser_is_trusted_and_nothing_that_looks_like_it():
    door = Door(Config(), KEY)
    for host in ("localhost:8443", "127.0.0.1", "[::1]:8443"):
        door.check(Access.STAFF, request("127.0.0.1" if "[" not in host else "::1", host))
    strangers = [
        request("127.0.0.1", "evil.example"),  # another name that leads here
        request("127.0.0.1", "localhost.evil.example:8443"),
        request("127.0.0.1", "localhost:8443", X_Forwarded_For="203.0.113.9"),  # through a proxy
        request("192.168.0.9", "localhost:8443"),
        request("127.0.0.1", ""),
        request("127.0.0.1", "[::1"),
        request("", "localhost"),
    ]
    for asked in strangers:
        assert refusal(door, Access.SHOPPER, asked) == "no-code"
        assert refusal(door, Access.STAFF, asked) == "no-password"
    here = request("127.0.0.1", "localhost")
    assert refusal(Door(replace(Config(), trust_localhost=False), KEY), Access.SHOPPER, here) == "no-code"
    assert refusal(Door(Config(), KEY, HASH), Access.STAFF, here) == "staff"  # with a password, it is asked for here, too
    Door(replace(Config(), door=False), KEY).check(Access.SHOPPER, request())


def test_who_is_counted_is_named_by_a_trusted_proxy_only():
    door = Door(replace(Config(), trusted_proxies=("10.0.0.1",)), KEY)
    assert door.caller(request("10.0.0.1", X_Forwarded_For="1.1.1.1, 203.0.113.9")) == "203.0.113.9"
    assert door.caller(request("10.0.0.2", X_Forwarded_For="203.0.113.9")) == "10.0.0.2"


def test_the_key_and_the_password_are_kept_for_the_owner_only(tmp_path, monkeypatch, capsys):
    key = kept_key(tmp_path / "data")
    assert kept_key(tmp_path / "data") == key
    assert kept_password(tmp_path / "data") is None
    parser = __import__("argparse").ArgumentParser()
    password_arguments(parser)
    args = parser.parse_args(["--data", str(tmp_path / "data")])
    for typed, said in (("short", "at least 8"), ("open sesame", None)):
        monkeypatch.setattr("sys.stdin", __import__("io").StringIO(typed + "\n"))
        if said:
            with pytest.raises(UserError, match=said):
                set_password(args)
        else:
            assert set_password(args) == 0
    assert "sesame" not in capsys.readouterr().out
    for path in (tmp_path / "data").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    Door(Config(), key, kept_password(tmp_path / "data")).sign_in("open sesame")
    (tmp_path / "data" / doors.KEY_FILE).write_bytes(b"short")
    with pytest.raises(UserError, match="damaged"):
        kept_key(tmp_path / "data")
    with pytest.raises(UserError, match="cannot be kept"):
        kept_key(tmp_path / "data" / doors.PASSWORD_FILE / "below a file")


def test_every_address_has_a_level_and_only_these_are_for_anybody():
    public = {(route.method, route.path) for route in TABLE if route.access is Access.PUBLIC}
    pages = {("GET", "/"), ("GET", "/static/{file:path}"), ("GET", "/certificate.crt"), ("GET", "/healthz"), ("GET", "/readyz")}
    doors = {("GET", "/join"), ("POST", "/join"), ("GET", "/signin"), ("POST", "/signin"), ("POST", "/signout")}
    assert public <= pages | doors


async def test_strangers_see_the_page_and_nothing_behind_the_door(tmp_path):
    async with fitting_room(tmp_path, trust_localhost=False) as client:
        assert (await client.get("/")).status == 200
        assert (await (await client.get("/join")).json()) == {"joined": False, "camera": "phone"}
        for route in TABLE:
            if route.access is Access.PUBLIC or route.method == "SOCKET":
                continue
            reply = await client.request(route.method, re.sub(r"\{.*?\}", "red", route.path))
            assert reply.status == 403, route.path
        (refused,) = await closed(await client.ws_connect("/session"))
        assert (refused["type"], refused["reason"]) == ("refused", "no-code")


async def test_a_phone_joins_with_the_code_and_comes_back_without(tmp_path):
    async with fitting_room(tmp_path, trust_localhost=False) as client:
        used = []
        client.room.on_code_used.append(lambda phone, screen: used.append((phone, screen)))
        code = client.room.door.new_code()
        reply = await client.post("/join", json={"code": code})
        assert (await reply.json()) == {"joined": True, "camera": "phone"}
        cookie = {"Cookie": cookie_of(reply.headers["Set-Cookie"])}
        assert [screen for _, screen in used] == [""]
        again = await client.post("/join", json={"code": code})
        assert (again.status, (await again.json())["reason"], "Set-Cookie" in again.headers) == (403, "code-used", False)
        assert (await client.get("/garments.json", headers=cookie)).status == 200
        shopper = Shopper(await client.ws_connect("/session", headers=cookie))
        await shopper.connect(garment="red")
        await shopper.frame()
        # The same phone once more, before its first connection was given up: it keeps its place, the old window is told.
        other = Shopper(await client.ws_connect("/session", headers=cookie))
        await other.connect(garment="blue")
        assert (await closed(shopper.ws))[-1]["reason"] == "elsewhere"
        await other.frame()
        await other.leave()
        await shopper.clean_up()


async def test_a_phone_that_comes_back_keeps_its_place_in_a_full_room(tmp_path):
    async with fitting_room(tmp_path, trust_localhost=False, max_sessions=1) as client:
        door = client.room.door
        first, second = ({"Cookie": cookie_of(door.phone_cookie(name))} for name in ("first", "second"))
        old = await client.ws_connect("/session", headers=first)
        assert (await old.receive_json())["type"] == "hello"
        waiting = await client.ws_connect("/session", headers=second)
        assert (await waiting.receive_json())["type"] == "waiting"
        new = await client.ws_connect("/session", headers=first)
        assert (await new.receive_json())["type"] == "hello"
        assert (await closed(old))[-1]["reason"] == "elsewhere"
        again = await client.ws_connect("/session", headers=second)
        assert await again.receive_json() == {"type": "waiting", "place": 1}
        await new.close()
        assert (await again.receive_json())["type"] == "hello"
        await again.close()
        await waiting.close()


async def test_guessing_is_slowed_down(tmp_path):
    async with fitting_room(tmp_path, trust_localhost=False) as client:
        client.room.door._password_hash = HASH
        tries = [(await client.post("/signin", json={"password": f"guess {n}"})).status for n in range(5)]
        assert tries == [403, 403, 403, 429, 429]
        right = await client.post("/signin", json={"password": "open sesame"})
        assert right.status == 429  # not even looked at
        assert int(right.headers["Retry-After"]) >= 1
        client.room.door.attempts.succeeded("127.0.0.1")
        reply = await client.post("/signin", json={"password": "open sesame"})
        cookie = reply.headers["Set-Cookie"]
        assert re.fullmatch(r"__Host-staff=\S+; Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=Lax", cookie)
        gone = await client.post("/signout")
        assert "Max-Age=0" in gone.headers["Set-Cookie"]
        statuses = [(await client.post("/join", json={"code": f"guess.{n}"})).status for n in range(5)]
        assert statuses == [403, 403, 403, 429, 429]


async def test_many_passwords_at_once_are_not_all_hashed(tmp_path):
    async with fitting_room(tmp_path, trust_localhost=False) as client:
        client.room.door._password_hash = argon2.PasswordHasher().hash("open sesame")
        replies = await asyncio.gather(*(client.post("/signin", json={"password": "wrong"}) for _ in range(20)))
        assert sum(reply.status == 403 for reply in replies) <= 4


async def test_pages_of_other_servers_cannot_ask_in_the_name_of_staff(tmp_path):
    async with fitting_room(tmp_path) as client:
        for path, body in (("/signin", {"password": "x"}), ("/join", {"code": "x"}), ("/signout", {})):
            reply = await client.post(path, json=body, headers={"Origin": "https://elsewhere.example"})
            assert reply.status == 403
            assert "own pages only" in await reply.text()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"code": 1}', b'{"code": ""}', b"[" * 5000, b"\xff", b'{"code": "' + b"x" * 9000])
async def test_what_is_no_code_and_no_password_is_refused_in_words(tmp_path, body):
    async with fitting_room(tmp_path) as client:
        for path in ("/join", "/signin"):
            reply = await client.post(path, data=body)
            assert reply.status in (400, 413)
            assert (await reply.text()).endswith(".\n")


async def test_one_address_has_so_many_sessions_and_requests(tmp_path):
    async with fitting_room(
        tmp_path, sessions_per_address=2, max_sessions=9, trust_localhost=False, door=False, requests_per_second=5.0
    ) as client:
        first, second = [await client.ws_connect("/session") for _ in range(2)]
        (refused,) = await closed(await client.ws_connect("/session"))
        assert (refused["reason"], "your network" in refused["message"]) == ("full", True)
        await first.close()
        await closed(first)
        assert (await (await client.ws_connect("/session")).receive_json())["type"] == "hello"
        statuses = [(await client.get("/healthz")).status for _ in range(40)]
        assert statuses[0] == 200
        assert statuses[-1] == 429
        await second.close()


async def test_one_sessions_excess_ends_it_with_a_reason_and_no_other(tmp_path):
    async with fitting_room(tmp_path, messages_per_second=10.0, max_candidates=30) as client:
        good = Shopper(await client.ws_connect("/session"))
        await good.connect(garment="red")
        flood = await client.ws_connect("/session")
        for n in range(60):
            await flood.send_json({"type": "ping", "t": n})
        assert (await closed(flood))[-1]["reason"] == "too-fast"
        long = await client.ws_connect("/session")
        await long.send_json({"type": "offer", "sdp": "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n" + "a=x\r\n" * 8000})
        assert (await closed(long))[-1]["reason"] == "bad-offer"
        many = await client.ws_connect("/session")
        lines = "".join(f"a=candidate:{n} 1 udp 1 10.0.0.1 {n} typ host\r\n" for n in range(2000, 2040))
        await many.send_json({"type": "offer", "sdp": f"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n{lines}"})
        assert (await closed(many))[-1]["reason"] == "too-many-candidates"
        chatty = Shopper(await client.ws_connect("/session"))
        await chatty.connect(garment="red")
        for n in range(100):
            chatty.say(type="quality", height=16 + n)
        assert (await closed(chatty.ws))[-1]["reason"] == "too-fast"
        await good.frame()
        await good.leave()
        await chatty.clean_up()


async def test_the_log_names_nobody(tmp_path, caplog):
    caplog.set_level("INFO")
    async with fitting_room(tmp_path, trust_localhost=False) as client:
        code = client.room.door.new_code()
        cookie = {"Cookie": cookie_of((await client.post("/join", json={"code": code})).headers["Set-Cookie"])}
        shopper = Shopper(await client.ws_connect("/session", headers=cookie))
        await shopper.connect(garment="red")
        await shopper.frame()
        await shopper.ws.send_str("nonsense")
        await closed(shopper.ws)
        await client.post("/signin", json={"password": "a secret guess"})
        await shopper.clean_up()
    said = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("streamer"))
    for secret in (code, cookie["Cookie"].split("=")[1], "a secret guess", "127.0.0.1", "candidate", "nonsense"):
        assert secret not in said


async def test_only_a_certificate_of_ones_own_is_insisted_on(tmp_path):
    async with fitting_room(tmp_path) as client:
        assert "Strict-Transport-Security" not in (await client.get("/")).headers
        client.room.config = replace(client.room.config, cert=tmp_path / "own.pem")
        assert "max-age=31536000" in (await client.get("/")).headers["Strict-Transport-Security"]
