"""The built-in server for the webhook app, over real sockets."""

from __future__ import annotations

import http.client
import importlib.util
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from signalbot.errors import SettingsError, StorageError
from signalbot.infrastructure.webhook import WebhookApp
from signalbot.infrastructure.webhook_listener import WebhookListener

DEADLINE = 5.0
PROMPT = 1.0
FRAME = b'{"jsonrpc":"2.0","method":"receive","params":{"envelope":{}}}\n'


@contextmanager
def listening(
    store: Callable[[bytes], bool], address: str = "127.0.0.1:0", **options: int
) -> Iterator[WebhookListener]:
    listener = WebhookListener(address, WebhookApp(store, **options))  # type: ignore[arg-type]
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


def post(listener: WebhookListener, body: bytes = FRAME, path: str = "/signal/webhook") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=DEADLINE)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


def raw_post(listener: WebhookListener, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", listener.port), DEADLINE) as sock:
        sock.sendall(request)
        return sock.recv(65536)


def waitress_threads() -> list[threading.Thread]:
    return [
        t for t in threading.enumerate() if t.name.startswith(("waitress", "signalbot-webhook"))
    ]


def test_posts_are_stored_in_order_over_one_connection() -> None:
    stored: list[bytes] = []
    bodies = [b'{"n": %d}' % n for n in range(200)]
    with listening(lambda raw: stored.append(raw) or True) as listener:  # type: ignore[func-returns-value]
        connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=DEADLINE)
        for body in bodies:
            connection.request("POST", "/signal/webhook", body)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        connection.close()

    assert stored == bodies


def test_statuses_pass_through() -> None:
    def fail(raw: bytes) -> bool:
        raise StorageError("disk full")

    with listening(fail, max_body=1000) as listener:
        assert post(listener) == 503
        assert post(listener, b"no json") == 400
        assert post(listener, path="/other") == 404
        assert post(listener, b"x" * 1001) == 413


def test_a_chunked_body() -> None:
    stored: list[bytes] = []
    request = (
        b"POST /signal/webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'3\r\n{"a\r\n4\r\n": 1\r\n1\r\n}\r\n0\r\n\r\n'
    )
    with listening(lambda raw: stored.append(raw) or True) as listener:  # type: ignore[func-returns-value]
        assert b" 200 " in raw_post(listener, request)

    assert stored == [b'{"a": 1}']


def test_a_chunked_body_beyond_the_limit_is_refused() -> None:
    stored: list[bytes] = []
    chunk = b"200\r\n" + b"1" * 0x200 + b"\r\n"
    request = (
        b"POST /signal/webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunk * 4
        + b"0\r\n\r\n"
    )
    with listening(lambda raw: stored.append(raw) or True, max_body=1000) as listener:  # type: ignore[func-returns-value]
        assert b" 413 " in raw_post(listener, request)

    assert stored == []


def test_large_bodies_never_reach_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def refuse(*args: object, **options: object) -> object:
        raise AssertionError("a temporary file")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    body = b'"' + b"x" * 3_000_000 + b'"'
    with listening(lambda raw: raw == body) as listener:
        assert post(listener, body) == 200


def test_start_and_stop_can_be_repeated_and_leave_nothing_behind() -> None:
    before = waitress_threads()
    files = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    listener = WebhookListener("127.0.0.1:0", WebhookApp(lambda raw: True))
    for _ in range(3):
        listener.start()
        listener.start()
        assert post(listener) == 200
        port = listener.port

        listener.stop()
        listener.stop()

        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), DEADLINE)
    assert waitress_threads() == before
    if files:
        assert len(os.listdir("/proc/self/fd")) == files


def test_stop_is_prompt_with_idle_and_half_sent_connections() -> None:
    with listening(lambda raw: True) as listener:
        idle = socket.create_connection(("127.0.0.1", listener.port), DEADLINE)
        half = socket.create_connection(("127.0.0.1", listener.port), DEADLINE)
        half.sendall(b"POST /signal/webhook HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        assert post(listener) == 200
        began = time.monotonic()

        listener.stop()

        assert time.monotonic() - began < PROMPT
        assert idle.recv(1) == half.recv(1) == b""
        idle.close()
        half.close()


def test_stop_lets_a_running_post_end_and_answers_it() -> None:
    entered, leave = threading.Event(), threading.Event()
    statuses: list[int] = []

    def slow(raw: bytes) -> bool:
        entered.set()
        return leave.wait(DEADLINE)

    with listening(slow) as listener:
        client = threading.Thread(target=lambda: statuses.append(post(listener)))
        client.start()
        assert entered.wait(DEADLINE)
        stopping = threading.Thread(target=listener.stop, args=(DEADLINE,))
        stopping.start()
        leave.set()
        stopping.join(DEADLINE)
        client.join(DEADLINE)

    assert statuses == [200]


def test_stop_does_not_wait_for_a_post_that_hangs() -> None:
    entered, leave = threading.Event(), threading.Event()

    def hang(raw: bytes) -> bool:
        entered.set()
        return leave.wait(DEADLINE)

    with listening(hang) as listener:
        sock = socket.create_connection(("127.0.0.1", listener.port), DEADLINE)
        head = b"POST /signal/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(
            FRAME
        )
        sock.sendall(head + FRAME)
        assert entered.wait(DEADLINE)
        began = time.monotonic()

        listener.stop(0.1)

        assert time.monotonic() - began < 0.1 + PROMPT
        leave.set()
        sock.close()


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        listener = WebhookListener(address, WebhookApp(lambda raw: True))

        with pytest.raises(SettingsError, match=f"{address}.*in use"):
            listener.start()


def test_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 loopback here")
    with listening(lambda raw: True, "[::1]:0") as listener:
        connection = http.client.HTTPConnection("::1", listener.port, timeout=DEADLINE)
        connection.request("POST", "/signal/webhook", FRAME)
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "9080",
        ":9080",
        "host",
        "host:",
        "host:70000",
        "::1:9080",
        "http://host:1",
        "host:1/x",
        "a b:1",
    ],
)
def test_an_address_that_makes_no_sense_is_refused_at_once(address: str) -> None:
    with pytest.raises(SettingsError, match=r"webhook_listen.*127\.0\.0\.1:9080"):
        WebhookListener(address, WebhookApp(lambda raw: True))


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "waitress" else find(name, *rest),
    )

    with pytest.raises(SettingsError, match=r"signalbot-sync\[webhook\]"):
        WebhookListener("127.0.0.1:9080", WebhookApp(lambda raw: True))


def test_an_open_door_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "signalbot"):
        with listening(lambda raw: True):
            assert "webhook.open_to_all" not in caplog.text
        with listening(lambda raw: True, "0.0.0.0:0", secret="s"):  # type: ignore[arg-type]
            assert "webhook.open_to_all" not in caplog.text
        with listening(lambda raw: True, "0.0.0.0:0"):
            assert "webhook.open_to_all" in caplog.text
