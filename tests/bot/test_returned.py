"""What becomes of what a handler returns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from signalbot import Group, SignalBot
from signalbot.testing import Chat


@pytest.fixture
def bot() -> SignalBot:
    return SignalBot(phone_number="+4915112345678", retry=None)


def test_an_empty_text_is_no_answer(bot: SignalBot) -> None:
    @bot.command("list")
    def listed(ctx: Any) -> str:
        return "\n".join([])

    @bot.command("each")
    def each(ctx: Any) -> Iterator[str]:
        yield ""
        yield "end"

    @bot.command("async")
    async def later(ctx: Any) -> AsyncIterator[str]:
        yield ""
        yield "end"

    with Chat(bot) as chat:
        assert chat.say("/list") == []
        assert chat.say("/each") == ["end"]
        assert chat.say("/async") == ["end"]


def test_a_group_is_an_argument_by_its_name(bot: SignalBot) -> None:
    @bot.command("where")
    def where(ctx: Any, group: Group) -> str:
        return group.id

    with Chat(bot) as chat:
        lunch = chat.in_group("Lunch")
        (answer,) = chat.say("/where Lunch")

        assert answer.startswith("group.")
        assert lunch.say("/where Lunch") == [answer]
        assert "not the name or id of a group" in chat.say("/where Dinner")[0]


def test_a_stranger_is_supposed_when_nobody_is_named(bot: SignalBot) -> None:
    @bot.command("ping")
    def ping(ctx: Any) -> str:
        return "pong"

    assert next(each.handler.name for each in bot.explain("/ping") if each.runs).endswith("ping")
