"""Posting frames to a webhook."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from signalbot.testing import FakeSignal

from .conftest import client, open_socket

Posts = list[tuple[dict[str, str], bytes]]


@contextmanager
def receiver(answer: Callable[[int], int]) -> Iterator[tuple[str, Posts]]:
    """A webhook that records what it gets; ``answer`` gives the status for the nth post."""
    posts: Posts = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posts.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(answer(len(posts)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", posts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_each_frame_is_posted_once_in_order_with_the_wrapper():
    with (
        receiver(lambda n: 500 if n == 2 else 200) as (url, posts),
        FakeSignal(webhook_url=url) as fake,
        open_socket(fake) as ws,
    ):
        fake.wait_for_socket()
        alice = fake.add_person("Alice")
        for number in range(20):
            fake.say(alice, str(number))
        frames = [ws.recv(5) for _ in range(20)]
        fake.wait_for(lambda: len(posts) == 20)

    headers, body = posts[0]
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "Go-http-client/1.1"
    assert body == b'{"jsonrpc":"2.0","method":"receive","params":' + frames[0].encode() + b"}\n"
    assert [json.loads(body)["params"] for _, body in posts] == [json.loads(f) for f in frames]


def test_a_slow_receiver_blocks_the_api_but_not_about():
    release = threading.Event()

    def answer(_: int) -> int:
        release.wait(5)
        return 201

    with receiver(answer) as (url, posts), FakeSignal(webhook_url=url) as fake:
        fake.say(fake.add_person("Alice"), "x")
        fake.wait_for(lambda: posts)
        with client(fake) as http:
            with pytest.raises(httpx.ReadTimeout):
                http.get(f"/v1/groups/{fake.number}", timeout=0.2)
            assert http.get("/v1/about").status_code == 200
            release.set()
            assert http.get(f"/v1/groups/{fake.number}").status_code == 200


def test_a_receiver_that_hangs_does_not_hold_up_stop():
    release = threading.Event()
    with receiver(lambda _: 200 if release.wait(5) else 500) as (url, posts):
        with FakeSignal(webhook_url=url) as fake:
            fake.say(fake.add_person("Alice"), "x")
            fake.wait_for(lambda: posts)
        release.set()


def test_a_receiver_that_is_not_there_is_tried_once():
    with FakeSignal(webhook_url="http://127.0.0.1:9/hook") as fake, open_socket(fake) as ws:
        fake.wait_for_socket()
        fake.say(fake.add_person("Alice"), "x")
        fake.say("Alice", "y")

        assert "x" in ws.recv(5)
        assert "y" in ws.recv(5)


def test_in_a_burst_the_webhook_loses_nothing_and_the_socket_little():
    with (
        receiver(lambda _: 200) as (url, posts),
        FakeSignal(webhook_url=url, lossy=True) as fake,
        open_socket(fake),
    ):
        fake.wait_for_socket()
        frame = json.dumps({"account": fake.number, "x": "y" * 80})
        fake.push_many([frame] * 60)
        fake.wait_for(lambda: len(posts) == 60, 10)

        assert fake.delivered > 40


def test_classic_modes_refuse_a_webhook():
    with pytest.raises(ValueError, match="RECEIVE_WEBHOOK_URL"):
        FakeSignal(mode="normal", webhook_url="http://x")
