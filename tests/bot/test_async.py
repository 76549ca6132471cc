"""Handlers that are written with async: on the loop, by the same path as the others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from signalbot import SignalBot, SignalBotError
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


def texts(server: FakeSignal) -> list[str | None]:
    return [sent.text for sent in server.sent]


def test_an_async_handler_calls_what_blocks_in_a_thread(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    threads: list[str] = []

    @bot.command("order")
    async def order(ctx: Any) -> str:
        threads.append(threading.current_thread().name)
        await ctx.run(ctx.send, "Moment.")
        async with ctx.typing():
            await asyncio.sleep(0)
        count = await ctx.run(ctx.ask, "How many?", type=int)
        return f"{count} pizzas"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/order")
        server.wait_for_sent(2)
        eventually(lambda: bot.stats()["pool"]["parked"] == 1)
        server.say(alice, "3")
        server.wait_for_sent(3)
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0)

    assert texts(server) == ["Moment.", "How many?", "3 pizzas"]
    assert threads == ["signalbot-loop"]
    assert [each.is_started for each in server.typing_log] == [True, False]


def test_a_blocking_call_on_the_loop_is_refused_with_the_way_out(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(retry=None)
    said: list[str] = []

    @bot.command("wrong")
    async def wrong(ctx: Any) -> None:
        ctx.send("now")

    @bot.on_error(SignalBotError)
    def explain(ctx: Any, error: SignalBotError) -> None:
        said.append(str(error))

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/wrong")
        eventually(lambda: said)

    assert "await ctx.run(ctx.send, ...)" in said[0]
    assert not server.sent


def test_what_an_async_generator_yields_is_sent_as_it_comes(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    seen: list[int] = []
    closed: list[str] = []

    @bot.command("count")
    async def count(ctx: Any) -> AsyncIterator[str]:
        try:
            for number in range(3):
                seen.append(len(server.sent))
                yield str(number)
                await asyncio.sleep(0)
        finally:
            closed.append(threading.current_thread().name)

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/count")
        server.wait_for_sent(3)
        eventually(lambda: closed)

    assert texts(server) == ["0", "1", "2"]
    assert seen == [0, 1, 2]
    assert closed == ["signalbot-loop"]


def test_errors_of_async_handlers_take_the_usual_path(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(retry={"max_attempts": 2, "delay": 0.01})
    attempts: list[int] = []

    @bot.command("once")
    async def once(ctx: Any) -> str:
        attempts.append(ctx.attempt)
        if ctx.attempt == 1:
            raise LookupError("not yet")
        return "there"

    @bot.command("never")
    async def never(ctx: Any) -> AsyncIterator[str]:
        yield "begun"
        raise LookupError("never")

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/once")
        server.wait_for_sent(1)
        server.say(alice, "/never")
        eventually(bot.dead_letters.list)

    assert attempts == [1, 2]
    assert texts(server) == ["there", "begun", "begun"]
    assert bot.dead_letters.list()[0].error_type == "LookupError"


def test_async_handlers_run_side_by_side_and_stop_ends_them(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(workers=4)
    inside = threading.Semaphore(0)

    @bot.command("wait")
    async def wait(ctx: Any) -> None:
        inside.release()
        await asyncio.sleep(60)

    people = [server.add_person(f"p{number}") for number in range(3)]
    bot.start()
    for person in people:
        server.say(person, "/wait")
    for _ in people:
        assert inside.acquire(timeout=5)
    began = time.monotonic()
    report = bot.stop(grace=0.2)

    assert time.monotonic() - began < 4
    assert len(report.abandoned) == 3
    assert report.kept == 3


def test_threads_for_blocking_calls_leave_by_the_hook(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    left: list[str] = []
    bot.hooks.thread_exit.append(lambda: left.append(threading.current_thread().name))

    @bot.command("call")
    async def call(ctx: Any) -> None:
        with pytest.raises(RuntimeError, match="StopIteration"):
            await ctx.run(next, iter(()))

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/call")
        eventually(lambda: "signalbot-call" in left)
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0)


def test_code_that_blocks_the_loop_is_named_once_with_its_stack(
    server: FakeSignal, make_bot: MakeBot, caplog: pytest.LogCaptureFixture
) -> None:
    bot = make_bot()

    @bot.command("block")
    async def block(ctx: Any) -> str:
        time.sleep(0.9)
        return "done"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/block")
        server.wait_for_sent(1)
        server.say(alice, "/block")
        server.wait_for_sent(2)

    told = [line for line in caplog.messages if "loop.blocked" in line]
    assert len(told) == 1
    assert "<locals>.block" in told[0]
    assert "time.sleep(0.9)" in told[0]


def test_a_loop_that_is_only_waited_for_is_not_reported(
    server: FakeSignal, make_bot: MakeBot, caplog: pytest.LogCaptureFixture
) -> None:
    bot = make_bot()

    @bot.command("sleep")
    async def sleep(ctx: Any) -> str:
        await asyncio.sleep(0.9)
        return "done"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/sleep")
        server.wait_for_sent(1)

    assert "loop.blocked" not in caplog.text


def test_an_async_handler_that_stops_the_bot_is_not_waited_for(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(grace=8.0)

    @bot.command("quit")
    async def quit_(ctx: Any) -> str:
        await ctx.run(bot.stop)
        return "bye"

    bot.start()
    began = time.monotonic()
    server.say(server.add_person("Alice"), "/quit")
    assert bot.join(5.0)

    assert time.monotonic() - began < 5.0
    assert texts(server) == ["bye"]
