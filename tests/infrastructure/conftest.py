"""A real Redis for the tests that share state between machines."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a redis-server that was started for these tests."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("redis-server is not installed")
    import redis

    directory = tmp_path_factory.mktemp("redis")
    url = f"unix://{directory}/redis.sock"
    server = subprocess.Popen(
        [binary, "--port", "0", "--unixsocket", "redis.sock", "--save", "", "--dir", "."],
        cwd=directory,
        stdout=subprocess.DEVNULL,
    )
    try:
        with redis.Redis.from_url(url) as client:
            deadline = time.monotonic() + 10
            pause = threading.Event()
            while True:
                try:
                    client.ping()
                    break
                except redis.ConnectionError:
                    assert time.monotonic() < deadline, "redis-server did not come up"
                    pause.wait(0.02)
        yield url
    finally:
        server.terminate()
        server.wait(10)
