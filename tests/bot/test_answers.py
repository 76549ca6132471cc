"""Who may answer a question, and as what the answer is read."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest

from signalbot import AskCancelled, AskConflict, AskTimeout, AskUnavailable, SignalBot, User
from signalbot.routing.usage import UsageError
from signalbot.testing import Chat, FakeClock

NUMBER = "+4915199999998"


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


@pytest.fixture
def bot() -> SignalBot:
    return SignalBot(phone_number="+4915112345678", retry=None)


@pytest.mark.parametrize(
    ("kind", "wrong", "expected", "right", "value"),
    [
        (bool, "maybe", "yes or no", "yes", True),
        (Decimal, "x", "a number", "1.5", Decimal("1.5")),
        (Size, "huge", "one of: small, large", "large", Size.LARGE),
        (Literal["a", "b"], "c", "one of: a, b", "b", "b"),
        (timedelta, "9999999999999d", "a duration", "10m", timedelta(minutes=10)),
        (int | None, "x", "a whole number", "3", 3),
    ],
)
def test_an_answer_of_another_type_is_asked_about_again(
    bot: SignalBot, kind: Any, wrong: str, expected: str, right: str, value: Any
) -> None:
    answers: list[Any] = []

    @bot.command("go")
    def go(ctx: Any) -> None:
        answers.append(ctx.ask("Well?", type=kind))

    with Chat(bot) as chat:
        chat.say("/go")
        (again,) = chat.say(wrong)
        assert expected in again
        chat.say(right)

    assert answers == [value]


def test_what_a_converter_says_is_asked_about_too(bot: SignalBot) -> None:
    class Shelf:
        pass

    @bot.converter(Shelf)
    def read(text: str) -> Shelf:
        if text != "A1":
            raise UsageError("There is no such shelf.")
        return Shelf()

    @bot.command("go")
    def go(ctx: Any) -> str:
        return type(ctx.ask("Which?", type=Shelf)).__name__

    with Chat(bot) as chat:
        chat.say("/go")
        assert chat.say("B2") == ["There is no such shelf. Which?"]
        assert chat.say("A1") == ["Shelf"]


def test_a_mention_answers_the_question_for_a_person(bot: SignalBot) -> None:
    named: list[User] = []

    @bot.command("who")
    def who(ctx: Any) -> None:
        named.append(ctx.ask("Who?", type=User))

    with Chat(bot) as chat:
        bob = chat.person("Bob").sender
        chat.say("/who")
        chat.say(
            " \ufffc ",
            mentions=[{"name": "Bob", "uuid": bob.uuid, "number": None, "start": 1, "length": 1}],
        )

    assert [user.uuid for user in named] == [bob.uuid]


@pytest.mark.parametrize("form", [lambda n: n, lambda n: User(number=n), lambda n: [n]])
def test_somebody_named_by_number_may_answer_though_messages_come_with_a_uuid(
    bot: SignalBot, form: Callable[[str], Any]
) -> None:
    @bot.command("ask")
    def ask(ctx: Any) -> str:
        return f"heard {ctx.ask('Well?', from_=form(NUMBER))}"

    with Chat(bot, group="Team") as group:
        group.say("/ask")
        assert group.say("me?") == []
        assert group.person(NUMBER).say("me!") == ["heard me!"]


def test_a_username_can_never_answer(bot: SignalBot) -> None:
    @bot.command("ask")
    def ask(ctx: Any) -> Any:
        return ctx.ask("Well?", from_="alice.42")

    with Chat(bot) as chat, pytest.raises(ValueError, match="without usernames"):
        chat.say("/ask")


@pytest.mark.parametrize("timeout", ["5m", timedelta(minutes=5), 300])
def test_a_question_may_say_its_time_in_words(bot: SignalBot, timeout: Any) -> None:
    @bot.command("ask")
    def ask(ctx: Any) -> str:
        try:
            return str(ctx.confirm("Well?", timeout=timeout))
        except AskTimeout:
            return "too late"

    clock = FakeClock()
    with Chat(bot, clock=clock) as chat:
        chat.say("/ask")
        clock.advance("4m59s")
        assert chat.replies == ["Well? (yes/no)"]
        clock.advance("2s")
        assert chat.replies[-1] == "too late"


def test_only_the_handlers_own_thread_asks_and_only_while_it_runs(bot: SignalBot) -> None:
    contexts: list[Any] = []
    refused: list[str] = []

    def ask(ctx: Any) -> None:
        try:
            ctx.ask("Well?")
        except (AskUnavailable, AskConflict) as error:
            refused.append(str(error))

    @bot.command("thread")
    def in_a_thread(ctx: Any) -> None:
        thread = threading.Thread(target=ask, args=(ctx,))
        thread.start()
        thread.join()

    @bot.command("keep")
    def keep(ctx: Any) -> None:
        contexts.append(ctx)

    @bot.command("late")
    def late(ctx: Any) -> None:
        ask(contexts[0])  # perhaps in the very thread that ran the other handler

    @bot.command("both")
    async def both(ctx: Any) -> None:
        await asyncio.gather(ctx.run(ask, ctx), ctx.run(ask, ctx))

    with Chat(bot) as chat:
        for command in ("/thread", "/keep", "/late"):
            assert chat.say(command) == []
        assert chat.say("/both") == ["Well?"]
        chat.say("fine")

    assert len(refused) == 3


def test_a_question_that_an_async_handler_leaves_behind_holds_up_nobody(bot: SignalBot) -> None:
    @bot.command("hurry")
    async def hurry(ctx: Any) -> str:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(ctx.run(ctx.ask, "Well?", timeout=None), 0.05)
        return "never mind"

    @bot.on_message
    def echo(ctx: Any) -> str:
        return ctx.text

    with Chat(bot) as chat:
        for _ in range(3):  # more often than there would be workers left
            chat.say("/hurry")
            chat.wait_for_replies(2)
            assert chat.say("still there?") == ["still there?"]
        assert bot.stats()["pool"]["parked"] == 0


@pytest.mark.parametrize("word", ["#cancel", "/cancel", " #Cancel "])
def test_cancel_is_a_command_with_the_bots_own_prefix(bot: SignalBot, word: str) -> None:
    own = SignalBot(settings=bot.settings, command_prefixes="#")

    @own.command("order")
    def order(ctx: Any) -> str:
        try:
            return f"heard {ctx.ask('Well?')}"
        except AskCancelled:
            return "cancelled"

    with Chat(own) as chat:
        chat.say("#order")
        assert chat.say(word) == ["cancelled"]


@pytest.mark.parametrize("allow", [None, ["Team"]])
def test_anyone_are_those_who_may_speak_to_the_bot(bot: SignalBot, allow: Any) -> None:
    own = SignalBot(settings=bot.settings, allow=allow, deny=[NUMBER])

    @own.command("ask")
    def ask(ctx: Any) -> str:
        return f"heard {ctx.ask('Well?', from_='anyone')}"

    with Chat(own, group="Team") as group:
        group.say("/ask")
        assert group.person(NUMBER).say("me!") == []
        assert group.person("Bob").say("me?") == ["heard me?"]
