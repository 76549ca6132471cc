"""A running stand-in, and raw clients for it: httpx and websockets, never our own client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.sync.client import connect

from signalbot.testing import FakeSignal, Person

ALICE = "+4915199999999"


@pytest.fixture
def fake() -> Iterator[FakeSignal]:
    with FakeSignal() as server:
        yield server
        assert server.errors == []


@pytest.fixture
def alice(fake: FakeSignal) -> Person:
    return fake.add_person("Alice", number=ALICE)


def client(fake: FakeSignal) -> httpx.Client:
    """Without certificates, which take longer to load than most tests to run."""
    return httpx.Client(base_url=fake.url, timeout=5, trust_env=False, verify=False)


def ask(fake: FakeSignal, method: str, path: str, **more: Any) -> httpx.Response:
    """One request on a connection of its own."""
    with client(fake) as http:
        return http.request(method, path, **more)


@pytest.fixture
def http(fake: FakeSignal) -> Iterator[httpx.Client]:
    with client(fake) as plain:
        yield plain


def open_socket(fake: FakeSignal, number: str | None = None) -> connect:
    path = quote(number or fake.number, safe="")
    return connect(
        f"ws://{fake.host}:{fake.port}/v1/receive/{path}",
        max_size=None,
        max_queue=None,
        compression=None,
        open_timeout=5,
        close_timeout=1,
        ping_interval=None,
        proxy=None,
    )
