"""A server in trouble: nothing is lost, nothing is sent twice blindly, recovery is automatic."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from signalbot import RetryPolicy, SignalBot
from signalbot.errors import ApiError, CircuitOpen, RateLimited
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]

MESSAGES = 12


def answering(bot: SignalBot) -> Counter[str]:
    """A handler that answers; the counter has how often it ran for each text."""
    runs: Counter[str] = Counter()

    @bot.on_message
    def answer(ctx: Any) -> str:
        runs[ctx.text] += 1
        return f"{ctx.text} {runs[ctx.text]}"

    return runs


def texts_without_run(server: FakeSignal) -> list[str]:
    return [str(sent.text).split()[0] for sent in server.sent]


TROUBLE: dict[str, Callable[[FakeSignal], None]] = {
    "500": lambda server: server.fail_next(12, 500, path="/v2/send"),
    "garbage": lambda server: server.garbage(3, path="/v2/send"),
    "crash before": lambda server: server.crash_mid_request(6, path="/v2/send"),
    "crash after": lambda server: server.crash_mid_request(6, path="/v2/send", handled=True),
    "hang": lambda server: server.hang("/v2/send", n=6),
    "hang after": lambda server: server.hang("/v2/send", n=6, handled=True),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_handlers_are_run_again_until_it_works(
    server: FakeSignal, make_bot: MakeBot, trouble: str
) -> None:
    bot = make_bot(
        send_timeout=0.4, retry=RetryPolicy(max_attempts=50, delay=0.2, factor=1, max_delay=0.5)
    )
    for breaker in bot.client.http.breakers.values():
        breaker.reset_timeout = 0.5
    runs = answering(bot)
    people = [server.add_person(f"p{number}") for number in range(MESSAGES)]
    with bot:
        TROUBLE[trouble](server)
        for number, person in enumerate(people):
            server.say(person, f"m{number}")
        eventually(lambda: len(set(texts_without_run(server))) == MESSAGES, 25)
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0, 20)
        assert bot.dead_letters.list() == []
        assert bot.stats()["breakers"]["send"] == "closed"

    requests = len(server.calls("POST", "/v2/send"))
    twice = sum(1 for times in Counter(sent.text for sent in server.sent).values() if times > 1)
    print(
        f"{trouble}: {MESSAGES} messages, handlers ran {sum(runs.values())} times, "
        f"{requests} requests, repeated within a run {twice}"
    )
    assert requests <= sum(runs.values())  # one request for each run: none was repeated
    assert twice == 0


def test_a_server_that_is_down_costs_no_attempt(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(retry=RetryPolicy(max_attempts=1))
    runs = answering(bot)
    begun = threading.Event()
    waiting = threading.Event()

    @bot.middleware
    def hold(ctx: Any, call_next: Callable[[], Any]) -> Any:
        begun.set()
        waiting.wait(20)
        return call_next()

    people = [server.add_person(f"p{number}") for number in range(MESSAGES)]
    with bot:
        for breaker in bot.client.http.breakers.values():
            breaker.reset_timeout = 0.5
        for number, person in enumerate(people):
            server.say(person, f"m{number}")
        assert begun.wait(10)
        eventually(lambda: bot.stats()["inbox"]["recorded"] == MESSAGES)
        server.stop_listening()
        waiting.set()
        eventually(lambda: bot.stats()["breakers"]["send"] != "closed", 15)
        assert _metric(bot, "breaker_open", family="send") > 0
        assert not bot.connected
        eventually(lambda: _metric(bot, "events_total", outcome="outage") >= 3, 15)
        server.listen_again()
        eventually(lambda: len(set(texts_without_run(server))) == MESSAGES, 30)
        eventually(lambda: bot.connected, 20)
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0, 20)
        letters = bot.dead_letters.list()
        assert bot.stats()["breakers"]["send"] == "closed"
        assert _metric(bot, "breaker_open", family="send") == 0

    print(f"down: {MESSAGES} messages, handlers ran {sum(runs.values())} times")
    assert letters == []
    assert len(server.sent) == MESSAGES


def test_a_handler_that_has_sent_something_is_not_repeated_for_ever(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    """Sends work, groups do not: without a bound the person would hear "one moment" all day."""
    bot = make_bot(retry=RetryPolicy(max_attempts=2, delay=0.01))

    @bot.on_message
    def handle(ctx: Any) -> None:
        ctx.send("one moment")
        raise CircuitOpen("not tried", retry_after=0.0)

    with bot:
        server.say(server.add_person("Alice"), "x")
        (letter,) = eventually(bot.dead_letters.list)

    assert letter.error_type == "CircuitOpen"
    assert letter.attempts == 2
    assert len(server.sent) == 2


def test_an_open_breaker_fails_fast_and_only_its_own_family(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    server.fail_next(100, 500, path="/v2/send")
    for _ in range(5):
        with pytest.raises(ApiError):
            bot.send("+4915199999999", "x")
    began = time.monotonic()
    with pytest.raises(CircuitOpen) as caught:
        bot.send("+4915199999999", "x")

    assert time.monotonic() - began < 1
    assert caught.value.retry_after > 0
    assert not caught.value.may_have_been_sent
    states = bot.stats()["breakers"]
    assert states == {**dict.fromkeys(states, "closed"), "send": "open"}
    assert list(bot.client.accounts.list()) == [server.number]
    assert len(server.calls("POST", "/v2/send")) == 5


def test_a_rate_limit_is_no_failure_and_is_not_repeated(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    server.rate_limit(1)
    with pytest.raises(RateLimited) as caught:
        bot.send("+4915199999999", "x")

    assert caught.value.challenge_tokens == ("tok-1",)
    assert len(server.calls("POST", "/v2/send")) == 1
    assert bot.stats()["breakers"]["send"] == "closed"


def test_never_more_calls_at_once_than_the_cap(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(workers=16, max_concurrency=3)
    runs = answering(bot)
    server.slow(0.05, "/v2/send")
    people = [server.add_person(f"p{number}") for number in range(30)]
    with bot:
        for number, person in enumerate(people):
            server.say(person, f"m{number}")
        server.wait_for_sent(30, timeout=20)

    print(f"30 answers from 16 workers: at most {server.peak_parallel} calls at once")
    assert server.peak_parallel <= 3
    assert sum(runs.values()) == 30


def _metric(bot: SignalBot, name: str, **labels: str) -> float:
    return float(bot.metrics.registry.get_sample_value(f"signalbot_{name}", labels) or 0.0)
