"""Questions in the middle of a handler."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from signalbot import (
    AskCancelled,
    AskConflict,
    AskTimeout,
    AskUnavailable,
    BotStopping,
    RegistrationError,
    SignalBot,
    filters,
)
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


def texts(server: FakeSignal) -> list[str | None]:
    return [sent.text for sent in server.sent]


def test_a_question_is_one_line(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    @bot.command("order")
    def order(ctx: Any) -> str:
        count = ctx.ask("How many pizzas?", type=int, check=lambda n: 0 < n < 10)
        where = ctx.choose("Where to?", ["home", "work"])
        sure = ctx.confirm(f"{count} pizzas to {where}?")
        return "ordered" if sure else "never mind"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/order")
        server.wait_for_sent(1)
        server.say(alice, "many")
        server.wait_for_sent(2)
        server.say(alice, "99")
        server.wait_for_sent(3)
        server.say(alice, "3")
        server.wait_for_sent(4)
        server.say(alice, "2")
        server.wait_for_sent(5)
        server.say(alice, "yes")
        server.wait_for_sent(6)
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0)

    said = texts(server)
    assert said[0] == "How many pizzas?"
    assert "whole number" in str(said[1])
    assert "How many" in str(said[1])
    assert said[3] == "Where to?\n1. home\n2. work"
    assert said[4] == "3 pizzas to work? (yes/no)"
    assert said[5] == "ordered"


def test_cancel_silence_and_commands_meanwhile(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    ended: list[str] = []

    @bot.command("ask")
    def ask(ctx: Any, timeout: float = 20) -> None:
        try:
            ended.append(ctx.ask("Well?", timeout=timeout))
        except AskCancelled:
            ended.append("cancelled")
        except AskTimeout:
            ended.append("timeout")

    @bot.command("ping")
    def ping(ctx: Any) -> str:
        return "pong"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/ask")
        server.wait_for_sent(1)
        server.say(alice, "/ping")
        server.wait_for_sent(2)
        server.say(alice, "/cancel")
        eventually(lambda: ended == ["cancelled"])
        server.say(alice, "/ask 0.1")
        eventually(lambda: ended == ["cancelled", "timeout"])

    assert texts(server) == ["Well?", "pong", "Well?"]


def test_in_a_group_only_the_asked_person_answers(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    others: list[str] = []

    @bot.command("mine")
    def mine(ctx: Any) -> str:
        return f"answer: {ctx.ask('Well?')}"

    @bot.command("anyone")
    def anyone(ctx: Any) -> str:
        return f"answer: {ctx.ask('Well?', from_='anyone')}"

    @bot.on_message
    def other(ctx: Any) -> None:
        others.append(ctx.text)

    alice, bob = server.add_person("Alice"), server.add_person("Bob")
    group = server.add_group("Lunch", [alice, bob])
    with bot:
        server.say(alice, "/mine", group=group)
        server.wait_for_sent(1)
        server.say(bob, "not me", group=group)
        eventually(lambda: others == ["not me"])
        server.say(alice, "me", group=group)
        server.wait_for_sent(2)
        server.say(alice, "/anyone", group=group)
        server.wait_for_sent(3)
        server.say(bob, "me too", group=group)
        server.wait_for_sent(4)

    assert texts(server) == ["Well?", "answer: me", "Well?", "answer: me too"]


def test_500_conversations_wait_and_another_chat_is_answered(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(workers=4, max_concurrency=8)

    @bot.command("ask")
    def ask(ctx: Any) -> str:
        return f"so: {ctx.ask('Well?', timeout=60)}"

    @bot.command("ping")
    def ping(ctx: Any) -> str:
        return "pong"

    people = [server.add_person(f"p{number}") for number in range(500)]
    other = server.add_person("other")
    with bot:
        server.push_many([server.frame(person, "/ask") for person in people])
        server.wait_for_sent(500, timeout=50)
        eventually(lambda: bot.stats()["pool"]["parked"] == 500)
        began = time.monotonic()
        server.say(other, "/ping")
        server.wait_for_sent(501)
        assert time.monotonic() - began < 2
        server.push_many([server.frame(person, "fine") for person in people])
        server.wait_for_sent(1001, timeout=50)
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0)

    assert texts(server).count("so: fine") == 500


def test_too_many_and_the_same_person_twice(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(max_parked=1)
    errors: list[str] = []

    @bot.command("ask")
    def ask(ctx: Any) -> None:
        try:
            ctx.ask("Well?", timeout=20)
        except (AskUnavailable, AskConflict) as error:
            errors.append(type(error).__name__)

    alice, bob = server.add_person("Alice"), server.add_person("Bob")
    with bot:
        server.say(alice, "/ask")
        eventually(lambda: bot.stats()["pool"]["parked"] == 1)
        server.say(bob, "/ask")
        eventually(lambda: errors == ["AskUnavailable"])


def test_an_interrupted_conversation_is_asked_again_after_a_restart(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    interrupted = threading.Event()
    redelivered: list[bool] = []

    @bot.command("ask")
    def ask(ctx: Any) -> str:
        redelivered.append(ctx.redelivered)
        try:
            return f"so: {ctx.ask('Well?', timeout=60)}"
        except BotStopping:
            interrupted.set()
            raise

    alice = server.add_person("Alice")
    bot.start()
    server.say(alice, "/ask")
    server.wait_for_sent(1)
    eventually(lambda: bot.stats()["pool"]["parked"] == 1)
    report = bot.stop()
    assert interrupted.is_set()
    assert report.kept == 1

    bot.start()
    server.wait_for_sent(2)
    server.wait_for_socket()
    server.say(alice, "fine")
    server.wait_for_sent(3)
    bot.stop()

    assert texts(server) == ["Well?", "Well?", "so: fine"]
    assert redelivered == [False, True]


@pytest.mark.parametrize("how", ["iterate", "wait"])
def test_watching_messages_from_plain_code(server: FakeSignal, make_bot: MakeBot, how: str) -> None:
    bot = make_bot()
    alice = server.add_person("Alice")
    with bot:
        if how == "iterate":
            watching = bot.messages(timeout=5)
            server.say(alice, "one")
            server.say(alice, "two")
            assert [next(watching).text, next(watching).text] == ["one", "two"]
        else:
            threading.Timer(0.1, server.say, (alice, "now")).start()
            assert bot.wait_for(lambda ctx: ctx.text == "now", timeout=5).text == "now"
            with pytest.raises(TimeoutError):
                bot.wait_for(timeout=0.05)


def test_a_filter_that_fails_while_watching_hurts_no_handler(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(retry=None)
    alice = server.add_person("Alice")

    @bot.on_message
    def echo(ctx: Any) -> str:
        return ctx.text

    with bot:
        with pytest.raises(RegistrationError, match=r"call it: filters\.private"):
            bot.wait_for(filters.private)
        threading.Timer(0.1, server.say, (alice, "hi")).start()
        with pytest.raises(ZeroDivisionError):
            bot.wait_for(lambda ctx: 1 / 0, timeout=5)
        server.wait_for_sent(1)

    assert texts(server) == ["hi"]
    assert bot.dead_letters.list() == []


def test_an_answer_is_a_message_for_those_who_watch(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    alice = server.add_person("Alice")

    @bot.command("order")
    def order(ctx: Any) -> str:
        return f"{ctx.ask('How many?', type=int)} it is"

    with bot:
        watching = bot.messages(timeout=5)
        server.say(alice, "/order")
        server.wait_for_sent(1)
        server.say(alice, "4")
        server.wait_for_sent(2)

        assert [next(watching).text, next(watching).text] == ["/order", "4"]


@pytest.mark.parametrize("from_", [None, "anyone"])
def test_a_note_to_self_is_a_chat_in_which_one_may_be_asked(
    server: FakeSignal, make_bot: MakeBot, from_: str | None
) -> None:
    bot = make_bot()

    @bot.command("order")
    def order(ctx: Any) -> str:
        return f"{ctx.ask('How many?', type=int, from_=from_)} it is"

    with bot:
        server.sync_sent("/order")
        server.wait_for_sent(1)
        server.sync_sent("4")
        server.wait_for_sent(2)

    assert texts(server) == ["How many?", "4 it is"]


def test_what_i_write_to_others_answers_only_if_i_am_asked(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    alice = server.add_person("Alice")

    @bot.command("anyone")
    def anyone(ctx: Any) -> str:
        return f"heard {ctx.ask('Well?', from_='anyone')}"

    @bot.command("me", own=True)
    def me(ctx: Any) -> str:
        return f"heard {ctx.ask('And me?')}"

    with bot:
        server.say(alice, "/anyone")
        server.wait_for_sent(1)
        server.sync_sent("from my phone", to=alice)
        server.say(alice, "from Alice")
        server.wait_for_sent(2)
        server.sync_sent("/me", to=alice)
        server.wait_for_sent(3)
        server.say(alice, "not you")
        server.sync_sent("mine", to=alice)
        server.wait_for_sent(4)

    assert texts(server) == ["Well?", "heard from Alice", "And me?", "heard mine"]
