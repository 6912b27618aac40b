"""Who may come in, from where, with what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from render import __version__
from render.errors import AuthError
from render.server.auth import Authority, TooManyTriesError, is_loopback, new_token
from tests.stream.service import TOKEN, Service, service
from tests.stream.viewer import Viewer, viewer

SDP = {"content-type": "application/sdp"}


def with_server(scenario: Callable[[Service], Awaitable[None]], **options: object) -> None:
    async def run() -> None:
        async with service(**options) as server:
            await scenario(server)

    asyncio.run(run())


def assert_problem(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"code", "message", "incident"}
    assert body["code"] == code
    assert len(body["incident"]) == 12
    for secret in ("Traceback", 'File "', "site-packages", TOKEN):
        assert secret not in response.text


def test_the_token_becomes_a_cookie_that_opens() -> None:
    async def scenario(server: Service) -> None:
        async with server.client(token=None) as http:
            assert_problem(await http.post("/api/v1/whep", content="", headers=SDP), 401, "auth")
            assert_problem(await http.delete("/api/v1/whep/x"), 401, "auth")
            response = await http.post("/api/v1/login", json={"token": TOKEN})
            assert response.status_code == 204
            cookie = response.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=strict" in cookie
            assert TOKEN not in cookie
            async with viewer(http) as one:
                await one.until(lambda: one.frames, "frame")

    with_server(scenario)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer " + TOKEN[:-1]},
        {"authorization": "Bearer " + TOKEN + "x"},
        {"authorization": "Basic " + TOKEN},
        {"authorization": "Bearer"},
        {"cookie": "hosta=" + TOKEN},
        {"cookie": Authority(TOKEN, 5).cookie_name + "=" + TOKEN},
        {"cookie": Authority(new_token(), 5).cookie_name + "=" + Authority(new_token(), 5).cookie_value},
    ],
)
def test_without_the_right_token_nobody_gets_in(headers: dict[str, str]) -> None:
    async def scenario(server: Service) -> None:
        async with server.client(token=None) as http:
            assert_problem(await http.post("/api/v1/whep", content="v=0", headers=SDP | headers), 401, "auth")

    with_server(scenario)


def test_wrong_tokens_are_limited_but_the_right_one_passes() -> None:
    authority = Authority("right" * 8, 5)
    for try_ in range(5):
        with pytest.raises(AuthError, match="wrong"):
            authority.login("wrong", "1.2.3.4", float(try_))
    with pytest.raises(TooManyTriesError):
        authority.login("wrong", "1.2.3.4", 10.0)
    authority.login("right" * 8, "1.2.3.4", 10.0)
    with pytest.raises(AuthError, match="wrong"):
        authority.login("wrong", "5.6.7.8", 10.0)
    with pytest.raises(AuthError, match="wrong"):
        authority.login("wrong", "1.2.3.4", 62.0)

    async def scenario(server: Service) -> None:
        async with server.client(token=None) as http:
            codes = [(await http.post("/api/v1/login", json={"token": "x"})).status_code for _ in range(7)]
            assert codes == [401] * 5 + [429] * 2
            assert (await http.post("/api/v1/login", json={"token": TOKEN})).status_code == 204

    with_server(scenario)


def test_tokens_are_long_and_different() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert all(len(new_token()) >= 43 for _ in range(100))  # 256 bits in base 64


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("[::1]:{port}", 200),
        ("192.168.7.7", 200),  # an address cannot be rebound
        ("good.example", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:{port}", 403),
        ("", 403),
        ("[bad", 403),
    ],
)
def test_only_our_names_are_answered(host: str, status: int) -> None:
    async def scenario(server: Service) -> None:
        async with server.client() as http:
            response = await http.get("/healthz", headers={"host": host.format(port=server.port)})
            assert response.status_code == status

    with_server(scenario, allow_hosts=["good.example"])


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 204),
        ("http://127.0.0.1:{port}", 204),
        ("https://127.0.0.1:{port}", 204),
        ("https://notebook.example", 204),
        ("null", 403),
        ("http://evil.example", 403),
        ("http://127.0.0.1:1", 403),
        ("http://127.0.0.1:{port}.evil.example", 403),
        ("file://", 403),
    ],
)
def test_only_our_pages_may_change_things(origin: str | None, status: int) -> None:
    async def scenario(server: Service) -> None:
        async with server.client(token=None) as http:
            headers = {} if origin is None else {"origin": origin.format(port=server.port)}
            response = await http.post("/api/v1/login", json={"token": TOKEN}, headers=headers)
            assert response.status_code == status
            shared = response.headers.get("access-control-allow-origin")
            assert shared == (origin if origin == "https://notebook.example" else None)
            assert "access-control-allow-credentials" not in response.headers

    with_server(scenario, allow_origins=["https://notebook.example"])


PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}


def test_a_listed_origin_is_told_what_it_may_do() -> None:
    async def scenario(server: Service) -> None:
        friend = {"origin": "https://notebook.example"}
        async with server.client(token=None) as http:
            for path in ("/api/v1/whep", "/api/v1/whep/abc", "/api/v1/config"):
                asked = await http.options(path, headers=friend | PREFLIGHT)
                assert (asked.status_code, asked.content) == (204, b"")
                assert asked.headers["access-control-allow-origin"] == "https://notebook.example"
                assert asked.headers["access-control-allow-headers"].lower() == "authorization, content-type"
                assert set(asked.headers["access-control-allow-methods"].split(", ")) == {"GET", "POST", "DELETE"}
            # What it may read, also of a refusal; a shared cache must not hand it to others.
            refused = await http.post("/api/v1/whep", content="", headers=SDP | friend)
            assert_problem(refused, 401, "auth")
            for response in (refused, await http.get("/", headers=friend), await http.get("/api/v1/config")):
                assert response.headers["vary"] == "Origin"
            assert refused.headers["access-control-allow-origin"] == "https://notebook.example"
            assert refused.headers["access-control-expose-headers"] == "Location, Retry-After"
        async with server.client() as http:
            http.headers["origin"] = "https://notebook.example"
            async with viewer(http) as one:
                await one.until(lambda: one.frames, "frame")

    with_server(scenario, allow_origins=["https://notebook.example/"])


@pytest.mark.parametrize("origin", ["https://evil.example", "https://notebook.example.evil.example", "null", "*"])
@pytest.mark.parametrize("listed", [[], ["https://notebook.example"]])
def test_other_origins_are_told_nothing(origin: str, listed: list[str]) -> None:
    async def scenario(server: Service) -> None:
        async with server.client(token=None) as http:
            for path in ("/api/v1/whep", "/"):
                asked = await http.options(path, headers={"origin": origin} | PREFLIGHT)
                read = await http.get(path, headers={"origin": origin})
                assert not [name for name in {**asked.headers, **read.headers} if name.startswith("access-control")]

    with_server(scenario, allow_origins=listed)


def test_bodies_and_kinds_of_requests() -> None:
    async def scenario(server: Service) -> None:
        async with server.client() as http:

            async def endless():
                for _ in range(100):
                    yield b"x" * 65536

            assert_problem(await http.post("/api/v1/whep", content=b"x" * 65537, headers=SDP), 413, "limit")
            assert_problem(await http.post("/api/v1/whep", content=endless(), headers=SDP), 413, "limit")
            assert_problem(await http.post("/api/v1/login", content=b"x" * (2 << 20)), 413, "limit")
            assert_problem(await http.post("/api/v1/whep", content=b"v=0"), 415, "stream")
            assert_problem(await http.post("/api/v1/whep", content=b"\xff\xfe", headers=SDP), 400, "stream")
            assert_problem(await http.post("/api/v1/whep", content=b"v=0", headers=SDP), 400, "stream")
            assert_problem(await http.post("/api/v1/whep?width=0&height=1", headers=SDP), 422, "usage")
            for body in (b"", b"{}", b'{"token": 1}', b'{"token": "' + b"x" * 600 + b'"}', b"[" * 5000, b"\xff"):
                headers = {"content-type": "application/json"}
                assert_problem(await http.post("/api/v1/login", content=body, headers=headers), 422, "usage")
            assert_problem(await http.patch("/api/v1/whep/x"), 405, "usage")
            assert_problem(await http.get("/api/v1/whep"), 405, "usage")
            assert_problem(await http.get("/nothing"), 404, "usage")
            assert_problem(await http.delete("/api/v1/whep/unknown"), 404, "stream")
            assert (await http.get("/healthz")).json() == {"status": "ok"}

    with_server(scenario)


def test_offers_that_cannot_be_answered_leave_nothing_behind() -> None:
    async def scenario(server: Service) -> None:
        async with server.client() as http:
            one = Viewer(http)
            offer = await one.offer()
            for _ in range(20):  # far more than there are places
                bad = offer.replace("H264/90000", "H265/90000").replace("VP8/90000", "VP9/90000")
                assert_problem(await http.post("/api/v1/whep", content=bad, headers=SDP), 400, "stream")
            assert (await one.connect()).status_code == 201
            await one.until(lambda: one.frames, "frame")
            await one.close()

    with_server(scenario)


def test_every_answer_has_the_security_headers(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(b"<!doctype html><title>the client</title>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app-0123.js").write_bytes(b"1")

    async def scenario(server: Service) -> None:
        async with server.client(token=None) as http:
            page = await http.get("/")
            assert "the client" in page.text
            assert page.headers["cache-control"] == "no-cache"
            script = await http.get("/assets/app-0123.js")
            assert "immutable" in script.headers["cache-control"]
            refused = await http.get("/", headers={"host": "evil.example"})
            outside = await http.get("/%2e%2e/%2e%2e/etc/passwd")
            assert outside.status_code == 404
            for response in (page, script, refused, outside, await http.get("/healthz")):
                policy = response.headers["content-security-policy"]
                assert "default-src 'self'" in policy
                assert "frame-ancestors 'self' https://notebook.example" in policy
                assert "script-src" not in policy  # no script but our own files
                assert "unsafe" not in policy
                assert response.headers["x-content-type-options"] == "nosniff"
                assert response.headers["referrer-policy"] == "no-referrer"
            config = (await http.get("/api/v1/config")).json()
            assert config == {"version": __version__, "token_required": True, "ice_servers": []}

    with_server(scenario, client=tmp_path, allow_origins=["https://notebook.example"])


def test_without_a_client_the_page_says_so() -> None:
    async def scenario(server: Service) -> None:
        async with server.client(token=None) as http:
            assert "has not been built" in (await http.get("/")).text

    with_server(scenario)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.5.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("10.0.0.1", False), ("example.org", False), ("", False)],
)  # fmt: skip
def test_what_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_ice_servers_are_told_only_to_those_who_are_logged_in() -> None:
    ice = [{"urls": ["turn:turn.example"], "username": "u", "credential": "c"}, {"urls": ["stun:stun.example"]}]

    async def scenario(server: Service) -> None:
        async with server.client(token=None) as stranger, server.client() as friend:
            assert (await stranger.get("/api/v1/config")).json()["ice_servers"] == []
            assert (await friend.get("/api/v1/config")).json()["ice_servers"] == ice

    with_server(scenario, ice_servers=ice)
