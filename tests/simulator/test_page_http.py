"""The page's server as an attacker, or a mistaken client, meets it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

from signalbot.simulator.files import MAX_FILE
from signalbot.simulator.guard import Guard
from signalbot.simulator.web import Simulator
from tests.simulator.conftest import make_quick_bot
from tests.simulator.page_client import PageClient


@pytest.fixture(scope="module")
def client() -> Iterator[PageClient]:
    """One for all of them: nothing here may change anything."""
    with Simulator(make_quick_bot) as simulator, PageClient(simulator) as client:
        yield client


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def raw_get(client: PageClient, target: str) -> bytes:
    """A request whose path no client library has tidied up."""
    url = httpx.URL(client.simulator.url)
    with socket.create_connection((url.host, url.port or 80), 5) as connection:
        head = f"GET {target} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_foreign_host_name_gets_nothing(client: PageClient, host: str) -> None:
    for path in ("", "events", "assets/js/main.js"):
        response = client.http.get(path, headers={"host": host})

        assert response.status_code == 403
        assert b"snapshot" not in response.content


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_every_name_of_this_computer_is_served(client: PageClient, host: str) -> None:
    port = httpx.URL(client.simulator.url).port

    assert client.http.get("", headers={"host": f"{host}:{port}"}).status_code == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://127.0.0.1", "http://127.0.0.1:1"]
)
@pytest.mark.parametrize("path", ["api/say", "api/uploads", "api/faults", "api/dead-letters"])
def test_a_post_from_another_page_is_refused(
    client: PageClient, origin: str | None, path: str
) -> None:
    headers = {} if origin is None else {"origin": origin}

    response = httpx.post(client.simulator.url + path, headers=headers, json={})

    assert response.status_code == 403
    assert client.messages("p1") == []


def test_another_site_cannot_read_the_stream(client: PageClient) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}

    assert client.http.get("events", headers=headers).status_code == 403
    assert "access-control-allow-origin" not in client.http.get("").headers


def test_a_form_cannot_post_json(client: PageClient) -> None:
    response = client.http.post(
        "api/say", content=b"{}", headers={"content-type": "text/plain;charset=UTF-8"}
    )

    assert response.status_code == 415


def test_a_page_has_no_inline_script_and_needs_nothing_from_elsewhere(client: PageClient) -> None:
    response = client.http.get("")
    policy = response.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script>" not in response.text
    assert "style=" not in response.text
    assert "http" not in response.text.replace("https://", "http://").replace(" href=", "")


@pytest.mark.parametrize(
    "target",
    [
        "/assets/../guard.py",
        "/assets/..%2fguard.py",
        "/assets/js/..%2f..%2f..%2fguard.py",
        "/assets/%2e%2e/%2e%2e/web.py",
        "/assets//etc/passwd",
        "/assets/js",
        "/files/../../etc/passwd",
        "/files/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
    ],
)
def test_no_path_leaves_the_page(client: PageClient, target: str) -> None:
    answer = raw_get(client, target)

    assert answer.startswith(b"HTTP/1.1 404")
    assert b"import" not in answer
    assert b"root:" not in answer


def test_an_upload_has_a_limit(client: PageClient) -> None:
    announced = client.http.post("api/uploads?name=a", content=b"x" * (MAX_FILE + 1))

    def pieces() -> object:
        for _ in range(MAX_FILE // 65536 + 2):
            yield b"x" * 65536

    unannounced = client.http.post("api/uploads?name=a", content=pieces())  # type: ignore[arg-type]  # a generator is what makes it chunked

    assert announced.status_code == 413
    assert unannounced.status_code == 413
    assert client.http.post("api/uploads?name=a", content=b"x" * MAX_FILE).status_code == 201


def test_a_request_has_a_limit(client: PageClient) -> None:
    assert client.post("say", text="x" * 1_000_000).status_code == 413


def test_an_upload_is_data_whatever_it_claims_to_be(client: PageClient) -> None:
    for name, data in (("a.svg", SVG), ("a.html", b"<script>alert(1)</script>"), ("a.png", SVG)):
        stored = client.http.post(f"api/uploads?name={name}", content=data).json()
        response = client.http.get(f"files/{stored['id']}")

        assert not stored["isImage"]
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"


def test_a_file_name_loses_its_directories(client: PageClient) -> None:
    stored = client.http.post("api/uploads?name=..%2F..%2Fetc%2Fpass%0D%0Awd", content=b"x").json()

    assert stored["name"] == "passwd"
    response = client.http.get(f"files/{stored['id']}")
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''passwd"


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("say", {}),
        ("say", {"chat": "p1", "as": "a1"}),
        ("say", {"chat": "p1", "as": "a2", "text": "not in this chat"}),
        ("say", {"chat": "p99", "as": "a1", "text": "no such chat"}),
        ("say", {"chat": "p1", "as": "bot", "text": "nobody posts as the bot"}),
        ("say", {"chat": "p1", "as": "a1", "text": 7}),
        ("say", {"chat": "p1", "as": "a1", "text": "x", "files": ["/etc/passwd"]}),
        ("say", {"chat": "p1", "as": "a1", "text": "x", "quote": "p2-1"}),
        ("say", {"chat": "p1", "as": "a1", "text": "x", "mentions": [{"who": "a1", "start": 0}]}),
        ("react", {"message": "p1-1", "as": "a1", "emoji": "x"}),
        ("poll", {"chat": "p1", "as": "a1", "question": "?", "options": ["one"]}),
        ("faults", {"action": "__init__"}),
        ("faults", {"action": "slow", "seconds": 1e9}),
        ("dead-letters", {"action": "exec", "ids": [1]}),
        ("dead-letters", {"action": "purge", "ids": ["1 or 1"]}),
        ("add-group", {"name": "x", "members": []}),
    ],
)
def test_nonsense_is_refused_in_words(client: PageClient, action: str, body: object) -> None:
    response = client.http.post(f"api/{action}", json=body)

    assert response.status_code == 400
    assert response.json()["error"]
    assert client.messages("p1") == []


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(client: PageClient, content: bytes) -> None:
    response = client.http.post(
        "api/say", content=content, headers={"content-type": "application/json"}
    )

    assert response.status_code == 400


def test_an_unknown_action_does_not_exist(client: PageClient) -> None:
    assert client.post("_poster").status_code == 404
    assert client.http.get("api/say").status_code == 405


def test_a_websocket_is_hung_up_on(client: PageClient) -> None:
    headers = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}

    with pytest.raises(httpx.RemoteProtocolError):
        client.http.get("events", headers=headers)


def test_elsewhere_than_loopback_names_are_still_refused() -> None:
    async def nothing(*arguments: object) -> None:
        raise AssertionError("the guard only judges here")

    guard = Guard(nothing, is_loopback=False)

    assert guard.refusal("GET", {"host": "192.168.1.20:8000"}) is None
    assert guard.refusal("GET", {"host": "evil.example:8000"}) is not None
    assert guard.refusal("POST", {"host": "192.168.1.20:8000", "origin": "http://x"}) is not None
