"""A running stand-in, and raw clients for it: httpx and websockets, never our own client."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

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


@pytest.fixture
def http(fake: FakeSignal) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=fake.url, timeout=5, trust_env=False, verify=False) as client:
        yield client


def open_socket(fake: FakeSignal, number: str | None = None) -> ClientConnection:
    path = quote(number or fake.number, safe="")
    return connect(
        f"ws://{fake.host}:{fake.port}/v1/receive/{path}",
        max_size=None,
        compression=None,
        open_timeout=5,
        close_timeout=1,
        ping_interval=None,
        proxy=None,
    )
