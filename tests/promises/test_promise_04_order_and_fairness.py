"""A slow or hung handler delays its own chat, and nobody else's."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from signalbot import Retry, RetryPolicy, SignalBot
from signalbot.errors import CircuitOpen
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


def test_a_hung_chat_with_a_long_queue_delays_no_other(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    """500 chats on two workers, one of them hung; a flood in one chat is no privilege either."""
    bot = make_bot(workers=2, max_queued=100, handler_timeout=None)
    let_go = threading.Event()
    order: dict[str, list[int]] = defaultdict(list)
    finished: list[str] = []

    @bot.on_message
    def handle(ctx: Any) -> None:
        if ctx.text == "hang":
            let_go.wait(60)
        else:
            order[ctx.chat.key].append(int(ctx.text))
            finished.append(ctx.chat.key)

    hung, flood = server.add_person("hung"), server.add_person("flood")
    others = [server.add_person(f"p{number}") for number in range(500)]
    with bot:
        server.push(server.frame(hung, "hang"))
        eventually(lambda: bot.stats()["pool"]["running"] == 1)
        server.push_many(server.frame(hung, str(n)) for n in range(200))
        server.push_many(server.frame(flood, str(n)) for n in range(1000))
        server.push_many(server.frame(one, "0") for one in others)
        eventually(lambda: len(finished) == 1500, 30)
        assert bot.stats()["pool"]["running"] == 1
        last_other = max(finished.index(one.uuid) for one in others)
        let_go.set()
        eventually(lambda: len(finished) == 1700, 20)

    ahead = finished[:last_other].count(flood.uuid)
    print(f"500 chats beside a hung one: all served; {ahead} of the flood's 1,000 came before them")
    assert order[hung.uuid] == list(range(200))
    assert order[flood.uuid] == list(range(1000))


@pytest.mark.parametrize(
    ("order", "expected"), [("strict", ["0", "0", "1", "2"]), ("relaxed", ["0", "1", "2", "0"])]
)
def test_a_message_that_waits_for_its_retry_holds_its_chat_or_not(
    server: FakeSignal, make_bot: MakeBot, order: Any, expected: list[str]
) -> None:
    bot = make_bot(retry=RetryPolicy(delay=0.3, jitter=False))
    seen: list[str] = []

    @bot.on_message(order=order)
    def handle(ctx: Any) -> None:
        seen.append(ctx.text)
        if ctx.text == "0" and ctx.attempt == 1:
            raise Retry

    alice = server.add_person("Alice")
    with bot:
        for number in range(3):
            server.say(alice, str(number))
        eventually(lambda: len(seen) == 4)

    assert seen == expected


@pytest.mark.parametrize(
    ("order", "expected"), [("strict", ["0", "0", "1"]), ("relaxed", ["0", "1", "0"])]
)
def test_so_does_one_that_waits_for_the_server(
    server: FakeSignal, make_bot: MakeBot, order: Any, expected: list[str]
) -> None:
    bot = make_bot()
    seen: list[str] = []

    @bot.on_message(order=order)
    def handle(ctx: Any) -> None:
        seen.append(ctx.text)
        if seen == ["0"]:
            raise CircuitOpen("not tried", retry_after=0.0)

    alice = server.add_person("Alice")
    with bot:
        for number in range(2):
            server.say(alice, str(number))
        eventually(lambda: len(seen) == 3)

    assert seen == expected
