"""A clock that is set forward or back while the bot runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from signalbot import RetryPolicy, SignalBot
from signalbot.runtime.clock import Clock
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]
HOURS = 2 * 3600.0


class JumpingClock(Clock):
    """The real time, and what somebody has set it off by."""

    def __init__(self) -> None:
        self.offset = 0.0

    def time(self) -> float:  # type: ignore[override]  # the real one is a function of its own
        return time.time() + self.offset


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.mark.parametrize("jump", [-HOURS, HOURS])
def test_jobs_go_on(make_bot: MakeBot, clock: JumpingClock, jump: float) -> None:
    bot = make_bot()
    bot.seams.clock = clock
    runs: list[float] = []

    @bot.every(0.2)
    def job(bot: SignalBot) -> None:
        runs.append(clock.offset)

    with bot:
        eventually(lambda: runs)
        clock.offset = jump
        eventually(lambda: runs.count(jump) >= 3)


@pytest.mark.parametrize("jump", [-HOURS, HOURS])
def test_what_was_put_off_comes(
    server: FakeSignal, make_bot: MakeBot, clock: JumpingClock, jump: float
) -> None:
    bot = make_bot()
    bot.seams.clock = clock

    @bot.on_message
    def put_off(ctx: Any) -> None:
        ctx.later(0.4, "later")
        clock.offset = jump

    with bot:
        server.say(server.add_person("Alice"), "x")
        server.wait_for_sent()


@pytest.mark.parametrize("jump", [-HOURS, HOURS])
def test_retries_and_duplicates(
    server: FakeSignal, make_bot: MakeBot, clock: JumpingClock, jump: float
) -> None:
    bot = make_bot(retry=RetryPolicy(delay=0.2, jitter=False, give_up_after=4 * HOURS))
    bot.seams.clock = clock
    runs: list[int] = []

    @bot.on_message
    def fail_once(ctx: Any) -> str:
        runs.append(ctx.attempt)
        clock.offset = jump
        if ctx.attempt == 1:
            raise ValueError
        return "done"

    alice = server.add_person("Alice")
    with bot:
        server.wait_for_socket()
        frame = server.frame(alice, "x")
        server.push(frame)
        server.wait_for_sent()
        server.push(frame)
        eventually(lambda: bot.stats()["inbox"]["duplicates"] == 1)

    assert runs == [1, 2]
