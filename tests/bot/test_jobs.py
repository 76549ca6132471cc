"""Jobs by the clock, things put off, things done once."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from signalbot import RegistrationError, RetryPolicy, SignalBot
from signalbot.routing.places import Place
from signalbot.routing.schedules import At, Cron, Every
from signalbot.runtime.job_runner import runs_between
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]
HERE = Place("bot.py", 1)
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_job_runs_again_and_again(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    ran = threading.Semaphore(0)
    threads: set[str] = set()

    @bot.every(0.05)
    def tick(bot: Any) -> None:
        threads.add(threading.current_thread().name.rsplit("-", 1)[0])
        bot.send("+4915199999999", "tick")
        ran.release()

    with bot:
        for _ in range(3):
            assert ran.acquire(timeout=10)

    assert threads == {"signalbot-worker"}
    assert server.sent[0].text == "tick"


def test_a_slow_job_never_overlaps_with_itself(make_bot: MakeBot) -> None:
    bot = make_bot()
    at_work = [0]
    most = [0]
    skipped = threading.Event()
    go_on = threading.Event()

    @bot.every(0.02, name="slow")
    def slow(bot: Any) -> None:
        at_work[0] += 1
        most[0] = max(most[0], at_work[0])
        go_on.wait(10)
        at_work[0] -= 1

    with bot:
        eventually(lambda: bot.stats()["jobs"]["slow"]["skipped"] >= 2)
        skipped.set()
        go_on.set()

    assert most == [1]


def test_a_failing_job_is_retried_and_told(make_bot: MakeBot) -> None:
    bot = make_bot(retry=RetryPolicy(max_attempts=2, delay=0.01))
    attempts: list[int] = []
    told: list[str] = []

    @bot.every(0.05, name="fails")
    def fails() -> None:
        attempts.append(len(attempts))
        raise RuntimeError("no")

    @bot.on_error(RuntimeError)
    def sorry(ctx: Any, error: RuntimeError) -> None:
        told.append(ctx.name)

    with bot:
        eventually(lambda: told)
    assert told[0] == "fails"
    assert len(attempts) >= 2


def test_what_was_missed_while_the_bot_was_down(make_bot: MakeBot) -> None:
    ran: dict[str, int] = {"once": 0, "skip": 0, "all": 0}
    now = 1_800_000_000.0

    def build() -> SignalBot:
        bot = make_bot()
        for policy in ("once", "skip", "all"):

            def job(policy: str = policy) -> None:
                ran[policy] += 1

            bot.every("1h", missed=policy, name=policy)(job)  # type: ignore[arg-type]  # a literal
        return bot

    first = build()
    with first:
        memory = first.storage.namespace("jobs")
        for policy in ran:
            memory.set(policy, __import__("time").time() - 3.5 * 3600)
    assert now
    with build():
        eventually(lambda: ran["once"] == 1 and ran["all"] == 3)
    assert ran["skip"] == 0


def test_mistakes_are_found_at_registration(make_bot: MakeBot) -> None:
    bot = make_bot()
    with pytest.raises(RegistrationError, match=r"test_jobs\.py:\d+.*10 parsecs"):
        bot.every("10 parsecs")
    with pytest.raises(RegistrationError, match=r"test_jobs\.py:\d+.*None"):
        bot.every(None)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(RegistrationError, match=r"@bot\.every\('10m'\)"):

        @bot.every  # type: ignore[arg-type]  # the mistake
        def without_an_interval(bot: Any) -> None: ...

    with pytest.raises(RegistrationError, match="time zone"):
        bot.cron("0 8 * * *", tz="Europe/Atlantis")
    with pytest.raises(RegistrationError, match="cron"):
        bot.cron("0 8 * *")
    with pytest.raises(RegistrationError, match="gets the bot and nothing else"):

        @bot.every("10m")
        def two(bot: Any, other: Any) -> None: ...


def test_schedules_are_right_when_the_clocks_change() -> None:
    cron = Cron("30 2 * * *", "Europe/Berlin", HERE)
    spring = cron.next_after(dt.datetime(2026, 3, 28, 12, tzinfo=BERLIN))
    autumn = cron.next_after(dt.datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN))

    assert spring == dt.datetime(2026, 3, 29, 3, 0, tzinfo=BERLIN)
    assert autumn is not None
    assert autumn.date() == dt.date(2026, 10, 26)
    assert At("2026-12-24 18:00", "Europe/Berlin", HERE).moment.hour == 18
    start = dt.datetime(2026, 3, 29, 0, 0, tzinfo=dt.timezone.utc).timestamp()
    due, following = runs_between(Every("1h", HERE), start, start + 2.5 * 3600)
    assert (len(due), following) == (2, start + 3 * 3600)
    many, _ = runs_between(Every(1, HERE), 0.0, 1e9)
    assert len(many) == 1000


def remember(ctx: Any, what: str) -> str:
    return f"You wanted to {what}"


def test_later_survives_a_restart(server: FakeSignal, make_bot: MakeBot) -> None:
    def build() -> SignalBot:
        bot = make_bot()

        @bot.command("remind")
        def remind(ctx: Any, delay: dt.timedelta, *text: str) -> str:
            ctx.later(delay, " ".join(text))
            ctx.later(delay, remember, "eat")
            with pytest.raises(TypeError, match="top of a module"):
                ctx.later(delay, lambda ctx: None)
            return "I will"

        return bot

    alice = server.add_person("Alice")
    with build():
        server.say(alice, "/remind 1s buy milk")
        server.wait_for_sent(1)
    with build():
        server.wait_for_sent(3, timeout=10)

    assert sorted(str(sent.text) for sent in server.sent) == [
        "I will",
        "You wanted to eat",
        "buy milk",
    ]
    assert {sent.recipient for sent in server.sent} == {alice.uuid}


def test_once_is_done_once_over_retries(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(retry=RetryPolicy(delay=0.01))
    charged: list[int] = []
    attempts: list[Any] = []

    @bot.command("pay")
    def pay(ctx: Any) -> str:
        def charge() -> int:
            charged.append(1)
            return 42

        receipt = ctx.once("charge", charge)
        attempts.append(receipt)
        if len(attempts) < 3:
            raise RuntimeError("network")
        return f"receipt {receipt}"

    with bot:
        server.say(server.add_person("Alice"), "/pay")
        server.wait_for_sent()

    assert (charged, attempts) == ([1], [42, 42, 42])
    assert server.sent[0].text == "receipt 42"


def test_state_of_chat_and_sender(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    @bot.command("count")
    def count(ctx: Any) -> str:
        here = ctx.state.update("n", lambda n: n + 1, default=0)
        mine = ctx.sender_state.update("n", lambda n: n + 1, default=0)
        return f"{here} {mine}"

    alice, bob = server.add_person("Alice"), server.add_person("Bob")
    group = server.add_group("Lunch", [alice, bob])
    with bot:
        for number, (who, where) in enumerate(
            [(alice, group), (bob, group), (alice, None), (alice, group)], 1
        ):
            server.say(who, "/count", group=where)
            server.wait_for_sent(number)

    assert [sent.text for sent in server.sent] == ["1 1", "2 1", "1 2", "3 3"]
