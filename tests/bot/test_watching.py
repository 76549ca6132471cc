"""bot.messages() and bot.wait_for() watch; whatever they do, handlers run all the same."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest

from signalbot import SignalBot
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


@pytest.fixture
def bot(make_bot: MakeBot) -> SignalBot:
    bot = make_bot(retry=None)

    @bot.on_message
    def answer(ctx: Any) -> str:
        return "pong"

    return bot


def test_a_filter_that_fails_is_told_to_who_waits_and_to_nobody_else(
    server: FakeSignal, bot: SignalBot
) -> None:
    raised: list[BaseException] = []

    def watch() -> None:
        try:
            bot.wait_for(lambda ctx: ctx.nonsense, timeout=10)
        except AttributeError as error:
            raised.append(error)

    with bot:
        server.wait_for_socket()
        watching = threading.Thread(target=watch)
        watching.start()
        eventually(lambda: bot._app.subscriptions)
        server.say(server.add_person("Alice"), "ping")
        server.wait_for_sent()
        watching.join(5)

        assert bot.dead_letters.count() == 0
    assert [type(error) for error in raised] == [AttributeError]


def test_a_loop_that_was_left_keeps_nothing(server: FakeSignal, bot: SignalBot) -> None:
    alice = server.add_person("Alice")
    with bot:
        server.wait_for_socket()
        messages = bot.messages(timeout=10)
        server.say(alice, "one")
        for message in messages:
            assert message.text == "one"
            break
        del messages, message
        gc.collect()
        server.say(alice, "two")
        server.wait_for_sent(2)

        assert not bot._app.subscriptions
