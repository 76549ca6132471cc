"""Starting and stopping the stand-in."""

from __future__ import annotations

import socket
import threading
import time

import httpx
import pytest

from signalbot.testing import FakeSignal


def _threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("fake-signal")]


def test_it_listens_when_start_returns_and_leaves_nothing_behind():
    fake = FakeSignal().start()

    assert httpx.get(f"{fake.url}/v1/health").status_code == 204
    fake.stop()
    fake.stop()

    assert _threads() == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{fake.url}/v1/health")


def test_it_can_be_used_many_times_in_one_process():
    fake = FakeSignal()
    for _ in range(20):
        with fake:
            assert httpx.get(f"{fake.url}/v1/about").json()["mode"] == "json-rpc"

    assert _threads() == []


def test_stop_does_not_wait_for_requests_that_hang():
    with FakeSignal() as fake:
        fake.hang()
        client = socket.create_connection((fake.host, fake.port))
        client.sendall(b"GET /v1/about HTTP/1.1\r\nHost: x\r\n\r\n")
        fake.wait_for_request("GET", "/v1/about")
        started = time.monotonic()

    assert time.monotonic() - started < 0.5
    client.settimeout(2)
    with pytest.raises(ConnectionError):
        client.recv(1)
        raise ConnectionError
    client.close()


def test_a_taken_port_is_an_error_at_start():
    with FakeSignal() as first, pytest.raises(OSError, match="in use"):
        FakeSignal(port=first.port).start()
