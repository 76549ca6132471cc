"""Sixteen threads against a slow server that fails and comes back."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from signalbot.errors import ApiError, CircuitOpen, RequestFailed
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.http import Call, Family, HttpApi

from .http_script import HttpPeer, http_script

THREADS = 16
PHASE = 0.4  # seconds of good, bad, and good weather


class Weather:
    """A server that echoes slowly while it is well, and in the storm fails in every way."""

    def __init__(self) -> None:
        self.is_bad = False
        self.arrived: Counter[bytes] = Counter()
        self._lock = threading.Lock()

    def play(self, peer: HttpPeer) -> None:
        luck = random.Random(7)
        while True:
            body = peer.read_request().body
            with self._lock:
                self.arrived[body] += 1
            time.sleep(0.002)
            if not self.is_bad:
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                continue
            way = luck.randrange(4)
            if way == 0:
                return
            if way == 1:
                peer.reset()
                return
            if way == 2:
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")
                return
            peer.send(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("kind", ["send", "get"])
def test_no_deadlock_no_wrong_answer_no_send_twice(kind: str) -> None:
    weather = Weather()
    changes: list[tuple[str, str]] = []
    numbers = itertools.count()
    stop = time.monotonic() + 3 * PHASE
    outcomes: Counter[str] = Counter()
    surely_unsent: list[bytes] = []
    slowest = 0.0
    lock = threading.Lock()

    with http_script(weather.play) as server:
        api = HttpApi(
            Endpoint.parse(server.address),
            fail_max=5,
            reset_timeout=3 * PHASE / 4,
            on_breaker=lambda _, old, new: changes.append((old, new)),
        )

        def work(_: int) -> None:
            nonlocal slowest
            while (begin := time.monotonic()) < stop:
                body = b"%d" % next(numbers)
                call = Call(
                    "POST",
                    "/v2/send",
                    "/v2/send",
                    body=body,
                    family=Family.SEND,
                    timeout=2.0,
                    is_send=kind == "send",
                    repeatable=kind == "get",
                )
                try:
                    assert api.exchange(call).body == body
                    outcome = "fine"
                except ApiError as error:
                    outcome = type(error).__name__
                    if isinstance(error, RequestFailed) and not error.may_have_been_sent:
                        surely_unsent.append(body)
                    if isinstance(error, CircuitOpen):
                        time.sleep(0.01)
                with lock:
                    outcomes[outcome] += 1
                    slowest = max(slowest, time.monotonic() - begin)

        with ThreadPoolExecutor(THREADS) as pool:
            hammers = [pool.submit(work, number) for number in range(THREADS)]
            time.sleep(PHASE)
            weather.is_bad = True
            time.sleep(PHASE)
            weather.is_bad = False
            for hammer in hammers:
                hammer.result(20)
        api.close()

    assert outcomes["fine"] > 50
    # How many hear of the open breaker is chance: most wait the half second until it closes.
    assert slowest < 2.5
    assert [body for body in surely_unsent if weather.arrived[body]] == []
    if kind == "send":
        assert max(weather.arrived.values()) == 1
    assert api.breakers[Family.SEND].current_state == "closed"
    assert api._throttle._slots._free == 4
    # It opens once, and each half-open phase is one probe that decides.
    assert changes[0] == ("closed", "open")
    assert changes[-1] == ("half-open", "closed")
    assert changes.count(("closed", "open")) == 1
