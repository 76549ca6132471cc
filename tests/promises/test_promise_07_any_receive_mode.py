"""Websocket, polling and webhook lead to the same inbox; /v1/about decides."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signalbot import SignalBot
from signalbot.errors import ApiError
from signalbot.infrastructure.calls import Family
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


@pytest.mark.parametrize("mode", ["normal", "native"])
def test_polling_loses_nothing_of_a_burst(mode: Any, tmp_path: Path) -> None:
    """Undelivered messages wait at Signal, as nothing is pushed."""
    with FakeSignal(mode=mode) as server:
        bot = SignalBot(server.number, server.url, state_dir=tmp_path)
        seen: Counter[str] = Counter()

        @bot.on_message
        def note(ctx: Any) -> None:
            seen[ctx.text] += 1

        alice = server.add_person("Alice")
        server.push_many(server.frame(alice, str(n)) for n in range(100))  # nobody is there yet
        with bot:
            eventually(lambda: len(seen) == 100, 20)
            server.push_many(server.frame(alice, str(n)) for n in range(100, 300))
            eventually(lambda: len(seen) == 300, 20)
            assert server.connections == 0

    print(f"{mode}: 300 polled, handled {len(seen)}, twice {sum(seen.values()) - 300}")
    assert set(seen.values()) == {1}


def test_the_same_message_by_three_ways_is_handled_once(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    seen: list[str] = []

    @bot.on_message
    def note(ctx: Any) -> None:
        seen.append(ctx.text)

    alice = server.add_person("Alice")
    frame = server.frame(alice, "once")
    with bot:
        server.push(frame)
        eventually(lambda: seen)
        server.duplicate_next()
        server.push(frame)
        wrapped = json.dumps({"jsonrpc": "2.0", "method": "receive", "params": frame})
        assert bot.feed(wrapped, source="webhook") is False
        assert bot.feed(json.dumps(frame)) is False
        eventually(lambda: bot.stats()["inbox"]["duplicates"] == 4)
    with bot:  # and after a restart
        assert bot.feed(wrapped) is False

    assert seen == ["once"]


def test_connecting_waits_for_no_breaker_and_no_place(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    """What comes while nobody is connected is lost: sends that hang must not prolong that."""
    bot = make_bot(max_concurrency=1)
    bot.client.http.breakers[Family.ADMIN].open()
    server.hang("/v2/send", 1)
    alice = server.add_person("Alice")

    def send() -> None:
        with contextlib.suppress(ApiError):
            bot.send(alice.uuid, "hello")

    sending = threading.Thread(target=send)
    sending.start()
    eventually(lambda: server.hanging)

    bot.start(timeout=5.0)
    is_connected = bot.connected
    server.release()
    sending.join(5)

    assert is_connected
