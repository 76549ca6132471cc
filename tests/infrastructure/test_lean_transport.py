"""The lean transport behind ``httpx.Client``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.lean_transport import LeanTransport

from .http_script import DEADLINE, OK, HttpPeer, Script, Seen, always, free_port, http_script


@contextmanager
def client_of(
    *scripts: Script, timeout: float | None = DEADLINE
) -> Iterator[tuple[httpx.Client, list[Seen]]]:
    with http_script(*scripts) as server:
        transport = LeanTransport(Endpoint.parse(server.address), max_body=100_000)
        with httpx.Client(
            transport=transport, base_url=server.address, trust_env=False, timeout=timeout
        ) as client:
            yield client, server.seen


def test_a_round_trip() -> None:
    with client_of(always(OK)) as (client, seen):
        response = client.post("/v2/send", json={"message": "ä"}, headers={"X-A": "b"})

    assert response.json() == {}
    assert response.http_version == "HTTP/1.1"
    assert seen[0].body == '{"message":"ä"}'.encode()
    assert seen[0].headers["x-a"] == "b"


def test_bodies_of_any_kind_are_sent_with_their_length() -> None:
    with client_of(always(OK)) as (client, seen):
        client.post("/", content=iter([b"ab", b"cd"]))
        client.request("DELETE", "/", json={})
        client.get("/")
        client.post("/")

    assert [one.body for one in seen] == [b"abcd", b"{}", b"", b""]
    assert all("transfer-encoding" not in one.headers for one in seen)
    assert [one.headers.get("content-length") for one in seen] == ["4", "2", None, "0"]


def test_compressed_and_chunked_answers_are_decoded() -> None:
    import gzip

    body = gzip.compress(b"hello")
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    )
    with client_of(always(answer)) as (client, _):
        assert client.get("/").text == "hello"


def test_head_has_no_body() -> None:
    with client_of(always(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")) as (client, _):
        assert client.head("/").headers["content-length"] == "10"
        assert client.head("/").content == b""


def test_redirects_stay_with_the_server() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\nContent-Length: 0\r\n\r\n"
    with client_of(always(moved)) as (client, seen):
        with pytest.raises(httpx.UnsupportedProtocol):
            client.get("/", follow_redirects=True)
        with pytest.raises(httpx.UnsupportedProtocol):
            client.get("https://localhost/")

    assert len(seen) == 1


def silent(peer: HttpPeer) -> None:
    peer.read_request()
    peer.wait_for_end()


def hang_up(peer: HttpPeer) -> None:
    peer.read_request()


@pytest.mark.parametrize(
    ("script", "kind"),
    [(silent, httpx.ReadTimeout), (hang_up, httpx.RemoteProtocolError)],
)
def test_failures_are_httpx_s_own(script: Script, kind: type[Exception]) -> None:
    with client_of(script, timeout=0.2) as (client, _), pytest.raises(kind) as caught:
        client.post("/v2/send", content=b"x")

    assert isinstance(caught.value, httpx.TransportError)
    assert caught.value.request.method == "POST"


def test_nobody_listens() -> None:
    transport = LeanTransport(Endpoint.parse(f"127.0.0.1:{free_port()}"))
    address = f"http://127.0.0.1:{transport._origin[2]}/"

    with httpx.Client(transport=transport) as client, pytest.raises(httpx.ConnectError):
        client.get(address)


def test_too_large_answers_are_refused() -> None:
    big = b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n"
    with client_of(always(big)) as (client, _), pytest.raises(httpx.RemoteProtocolError):
        client.get("/")


@pytest.mark.parametrize(
    "headers", [{"X": "a\r\nEvil: 1"}, {"X": "a\nb"}, {"X": "\0"}, {"Bad Name": "x"}, {"A:": "x"}]
)
def test_headers_cannot_be_injected(headers: dict[str, str]) -> None:
    with client_of(always(OK)) as (client, seen):
        with pytest.raises(httpx.LocalProtocolError):
            client.get("/", headers=headers)

        assert seen == []


def test_methods_and_targets_cannot_be_injected() -> None:
    with client_of(always(OK)) as (client, seen):
        with pytest.raises(httpx.LocalProtocolError):
            client.request("GET / HTTP/1.1\r\nX: ", "/")
        request = client.build_request("GET", "/")
        request.url = httpx.URL(str(request.url), raw_path=b"/%0d%0a")
        client.send(request)

    assert seen[0].target == "/%0d%0a"


def test_no_timeout_at_all_is_allowed() -> None:
    with client_of(always(OK), timeout=None) as (client, _):
        assert client.get("/").status_code == 200


def test_bytes_can_go_straight_through() -> None:
    with http_script(always(OK)) as server:
        transport = LeanTransport(Endpoint.parse(server.address))
        answer = transport.exchange(
            b"GET /v1/about HTTP/1.1\r\nHost: x\r\n\r\n", deadline=time.monotonic() + DEADLINE
        )
        transport.close()

    assert answer == (
        200,
        ((b"content-type", b"application/json"), (b"content-length", b"2")),
        b"{}",
    )
