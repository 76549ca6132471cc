"""Time in tests: it stands still, and what falls due when it moves is done on return."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest

from signalbot import AskTimeout, Retry, RetryPolicy, SignalBot, errors
from signalbot.testing import Chat, FakeClock, FakeSignal


@pytest.fixture
def bot() -> SignalBot:
    return SignalBot("+4915112345678", retry=RetryPolicy(jitter=False))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc))


def test_a_question_expires_at_its_time_and_not_before(bot: SignalBot, clock: FakeClock) -> None:
    @bot.command("order")
    def order(ctx: Any) -> str:
        try:
            return f"{ctx.ask('How many?', type=int, timeout=300)} pizzas"
        except AskTimeout:
            return "Later, then."

    with Chat(bot, clock=clock) as chat:
        chat.say("/order")
        clock.advance("4m59s")
        assert chat.say("2") == ["2 pizzas"]
        chat.say("/order")
        clock.advance("2m")
        chat.say("many")  # a wrong answer does not wind the clock back
        clock.advance("179s")
        assert len(chat.replies) == 1
        clock.advance(1)
        assert chat.replies[1:] == ["Later, then."]


def test_retries_wait_for_the_clock(bot: SignalBot, clock: FakeClock) -> None:
    attempts: list[tuple[int, float]] = []

    @bot.command("flaky")
    def flaky(ctx: Any) -> None:
        attempts.append((ctx.attempt, clock.monotonic()))
        raise OSError(ctx.attempt)

    with Chat(bot, clock=clock) as chat:
        with pytest.raises(OSError, match="1"):
            chat.say("/flaky")
        assert chat.say("kept waiting, as the chat keeps its order") == []
        with pytest.raises(OSError, match="2"):
            clock.advance("1m")  # both retries fall due: the first error is told first
        with pytest.raises(OSError, match="3"):
            chat.settle()
        assert attempts == [(1, 0.0), (2, 1.0), (3, 5.0)]
        assert [letter.attempts for letter in bot.dead_letters.list()] == [3]


def test_retry_is_no_error_until_it_is_given_up(bot: SignalBot, clock: FakeClock) -> None:
    tries: list[int] = []

    @bot.command("later", retry=RetryPolicy(max_attempts=3))
    def later(ctx: Any) -> str:
        tries.append(ctx.attempt)
        if ctx.text.endswith("never") or ctx.attempt < 2:
            raise Retry(60)
        return "now"

    with Chat(bot, clock=clock) as chat:
        assert chat.say("/later") == []
        clock.advance("59s")
        assert chat.replies == []
        clock.advance("1s")
        assert chat.replies == ["now"]
        chat.say("/later never")
        with pytest.raises(Retry):
            clock.advance("1h")
        assert tries == [1, 2, 1, 2, 3]


def test_an_outage_is_waited_out(bot: SignalBot, clock: FakeClock) -> None:
    @bot.command("ping")
    def ping(ctx: Any) -> str:
        if ctx.attempt == 1 and not outages:
            outages.append(1)
            raise errors.ConnectFailed("no connection")
        return "pong"

    outages: list[int] = []
    with Chat(bot, clock=clock) as chat:
        with pytest.raises(errors.ConnectFailed):
            chat.say("/ping")
        clock.advance("15s")
        assert chat.replies == ["pong"]


def test_typing_is_refreshed(bot: SignalBot, clock: FakeClock) -> None:
    begun, release = threading.Event(), threading.Event()

    @bot.command("think")
    def think(ctx: Any) -> str:
        with ctx.typing():
            begun.set()
            release.wait(10)
        return "42"

    with Chat(bot, clock=clock) as chat:
        chat.say("/think", wait=False)
        assert begun.wait(5)
        clock.advance("20s")
        assert [each.is_started for each in chat.server.typing_log] == [True, True, True]
        assert chat.is_bot_typing
        release.set()
        chat.settle()
        assert chat.replies == ["42"]
        assert not chat.is_bot_typing


def test_jobs_run_at_their_time(bot: SignalBot, clock: FakeClock) -> None:
    runs: list[dt.datetime] = []

    @bot.every("10m")
    def job(bot: SignalBot) -> None:
        runs.append(clock.now)

    with Chat(bot, clock=clock):
        clock.advance("35m")

    assert [(each - runs[0]).total_seconds() for each in runs] == [0, 600, 1200]


def test_the_error_of_a_job_comes_out_of_advance(bot: SignalBot, clock: FakeClock) -> None:
    attempts: list[float] = []

    @bot.every("10m")
    def job(bot: SignalBot) -> None:
        attempts.append(clock.monotonic())
        if len(attempts) < 3:
            raise LookupError(len(attempts))

    with Chat(bot, clock=clock):
        with pytest.raises(LookupError, match="1"):
            clock.advance("10m")
        with pytest.raises(LookupError, match="2"):
            clock.advance("1s")
        clock.advance("4s")

    assert attempts == [600, 601, 605]


def test_messages_later(bot: SignalBot, clock: FakeClock) -> None:
    @bot.command("remind")
    def remind(ctx: Any, delay: dt.timedelta) -> str:
        ctx.later(delay, "It is time.")
        return "I will."

    with Chat(bot, clock=clock) as chat:
        assert chat.say("/remind 1h30m") == ["I will."]
        clock.advance("90m")
        assert chat.replies == ["I will.", "It is time."]


def test_limits_go_by_the_clock(bot: SignalBot, clock: FakeClock) -> None:
    @bot.command("dice", limit="1/min", limit_reply="One a minute.")
    def dice(ctx: Any) -> str:
        return "4"

    with Chat(bot, clock=clock) as chat:
        assert [*chat.say("/dice"), *chat.say("/dice")] == ["4", "One a minute."]
        clock.advance("1m")
        assert chat.say("/dice") == ["4"]


def test_the_time_is_everywhere_the_same(bot: SignalBot, clock: FakeClock) -> None:
    seen: list[Any] = []

    @bot.on_message
    def note(ctx: Any) -> None:
        seen.append(ctx.event)

    with Chat(bot, clock=clock) as chat:
        clock.advance_to(dt.datetime(2030, 1, 31, 8, 0, tzinfo=dt.timezone.utc))
        chat.say("good morning")

    (event,) = seen
    assert clock.now.isoformat() == "2030-01-31T08:00:00+00:00"
    assert event.timestamp // 1000 == event.received_at == clock.time()


def test_time_goes_forward_only(clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="duration"):
        clock.advance("soon")
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="past"):
        clock.advance_to(dt.datetime(2029, 1, 1, tzinfo=dt.timezone.utc))


def test_several_bots_share_a_clock(clock: FakeClock) -> None:
    bots = [SignalBot(f"+491510000000{number}") for number in (1, 2)]
    for bot in bots:

        @bot.command("order")
        def order(ctx: Any) -> str:
            try:
                return str(ctx.ask("How many?", timeout=60))
            except AskTimeout:
                return "too late"

    with FakeSignal() as server, Chat(bots[0], server=server, clock=clock) as one:
        one.say("/order")
        with Chat(bots[1], clock=clock) as other:
            other.say("/order")
            clock.advance("1m")
            assert other.replies[-1] == "too late"
        assert one.replies[-1] == "too late"
