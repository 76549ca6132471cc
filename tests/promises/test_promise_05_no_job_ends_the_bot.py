"""Whatever one event sets off, hooks and the library's own mistakes included, the bot goes on."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signalbot import Retry, RetryPolicy, SettingsError, SignalBot
from signalbot.errors import StorageError
from signalbot.model.builders import BUILDERS
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]
FAST = RetryPolicy(delay=0.01, max_delay=0.02)


def test_a_retry_takes_seconds_or_a_timedelta_and_is_checked_where_it_is_raised(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(retry=RetryPolicy(max_attempts=2, delay=0.01))
    times: list[float] = []

    @bot.command("fine")
    def fine(ctx: Any) -> str:
        times.append(time.monotonic())
        if ctx.attempt == 1:
            raise Retry(dt.timedelta(milliseconds=300))
        return "done"

    @bot.command("wrong")
    def wrong(ctx: Any) -> None:
        raise Retry("soon")  # type: ignore[arg-type]  # which is the point

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/fine")
        server.wait_for_sent()
        server.say(alice, "/wrong")
        (letter,) = eventually(bot.dead_letters.list)
        state = str(bot.state)

    assert times[1] - times[0] >= 0.3
    assert (letter.error_type, letter.attempts) == ("TypeError", 2)
    assert state == "running"


@pytest.mark.parametrize("delay", [-1, float("nan"), float("inf")])
def test_a_retry_cannot_be_in_the_past_or_never(delay: float) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Retry(delay)


def test_a_retry_that_was_asked_for_needs_no_entry_in_retry_on() -> None:
    policy = RetryPolicy(retry_on=(OSError,))

    assert policy.allows(Retry(), attempt=1)
    assert not policy.allows(ValueError(), attempt=1)
    assert not policy.allows(Retry(), attempt=3)


def test_a_policy_takes_one_class_of_errors_or_several() -> None:
    policy = RetryPolicy(retry_on=OSError, never=TimeoutError)

    assert policy.allows(ConnectionError(), attempt=1)
    assert not policy.allows(TimeoutError(), attempt=1)
    assert policy == RetryPolicy(retry_on=(OSError,), never=(TimeoutError,))


@pytest.mark.parametrize(
    "wrong",
    [
        {"retry_on": "OSError"},
        {"never": (OSError, 3)},
        {"delay": float("nan")},
        {"give_up_after": 0},
    ],
)
def test_a_policy_that_cannot_work_is_an_error_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        RetryPolicy(**wrong)


def test_a_hook_that_fails_after_the_handler_costs_nothing(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    called: list[str] = []

    def fail() -> None:
        called.append("failing")
        raise RuntimeError("a bug")

    bot.hooks.after_handler.extend([fail, lambda: called.append("next")])
    bot.hooks.thread_exit.extend([fail, lambda: called.append("exit")])

    @bot.on_message
    def answer(ctx: Any) -> str:
        return "pong"

    with bot:
        server.say(server.add_person("Alice"), "ping")
        server.wait_for_sent()
        eventually(lambda: bot.stats()["inbox"]["finished"] == 1)
        state = str(bot.state)

    assert state == "running"
    assert called[:2] == ["failing", "next"]
    assert "exit" in called


def test_a_bug_around_the_handler_costs_one_dead_letter(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(retry=FAST)

    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even its text can be had")

    def fail_before_it(step: str, delivery: Any, ctx: Any, *rest: Any) -> None:
        if step == "began" and ctx.text == "/unreached":
            raise ZeroDivisionError

    bot.seams.on_step = fail_before_it

    @bot.command("odd", aliases=["unreached"])
    def odd(ctx: Any) -> None:
        raise Unspeakable

    @bot.command("ping")
    def ping(ctx: Any) -> str:
        return "pong"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/odd")
        server.say(alice, "/unreached")
        letters = eventually(lambda: len(found := bot.dead_letters.list()) == 2 and found)
        server.say(alice, "/ping")
        server.wait_for_sent()
        state = str(bot.state)

    assert {(letter.error_type, letter.reason) for letter in letters} == {
        ("Unspeakable", "handler_error"),
        ("ZeroDivisionError", "handler_error"),
    }
    assert state == "running"


def test_a_bug_of_the_decoder_loses_nothing(
    server: FakeSignal, make_bot: MakeBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = make_bot()

    @bot.on_message
    def answer(ctx: Any) -> str:
        return ctx.text  # type: ignore[no-any-return]

    alice = server.add_person("Alice")
    with bot:
        with monkeypatch.context() as bug:
            bug.setitem(BUILDERS, "message", lambda *_: 1 / 0)
            server.say(alice, "first")
            (letter,) = eventually(bot.dead_letters.list)
        bot.dead_letters.replay(letter.id)
        server.wait_for_sent()

    assert (letter.reason, letter.error_type) == ("unreadable", "ZeroDivisionError")
    assert [sent.text for sent in server.sent] == ["first"]


def test_a_job_whose_last_run_cannot_be_stored_ends_nothing(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    runs: list[int] = []
    bot = make_bot()

    @bot.every("1s")
    def job(bot: SignalBot) -> None:
        runs.append(1)
        full.set()

    class Full:
        """A storage on a disk that fills up."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def namespace(self, name: str) -> Any:
            return Full(self._inner.namespace(name))

        def set(self, *arguments: Any, **keywords: Any) -> None:
            if full.is_set():
                raise StorageError("database or disk is full")
            self._inner.set(*arguments, **keywords)

        def __iter__(self) -> Any:
            return iter(self._inner)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    full = threading.Event()
    bot._app.storage = Full(bot._app.storage)
    with bot:
        eventually(lambda: len(runs) >= 2)
        assert bot.state == "running"


def test_a_stuck_job_is_told_like_a_stuck_handler(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(handler_timeout=0.3)
    release = threading.Event()

    @bot.every("1s")
    def job(bot: SignalBot) -> None:
        release.wait(20)

    @bot.command("hang")
    def hang(ctx: Any) -> None:
        release.wait(20)

    with bot:
        eventually(lambda: bot.stats()["pool"]["running"])
        server.say(server.add_person("Alice"), "/hang")
        (letter,) = eventually(bot.dead_letters.list)
        eventually(lambda: bot.metrics.text().count(b"signalbot_handlers_stuck_total 2.0"))
        release.set()

    assert letter.reason == "stuck"
    assert str(letter.handler).endswith("hang")


def test_a_bot_that_failed_leaves_the_account_to_others(
    server: FakeSignal, make_bot: MakeBot, tmp_path: Path
) -> None:
    bot = make_bot()

    @bot.on_message
    def answer(ctx: Any) -> str:
        return "pong"

    bot.start()
    server.refuse_websocket(None, 401)
    server.drop_websocket()
    eventually(lambda: bot.state == "failed")
    server.clear_faults()
    other = make_bot()
    eventually(lambda: not bot.owns_intake)
    other.start()
    other.stop()
    bot.start()
    server.wait_for_socket()
    server.say(server.add_person("Alice"), "ping")
    server.wait_for_sent()

    assert bot.state == "running"


def test_an_inbox_that_has_ended_is_the_end_of_the_bot(
    server: FakeSignal, make_bot: MakeBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    bot = make_bot()

    @bot.on_message
    def answer(ctx: Any) -> str:
        return "pong"

    bot.start()
    with monkeypatch.context() as bug:
        bug.setattr("signalbot.infrastructure.inbox_recorder.lane_of", lambda _: 1 / 0)
        server.say(server.add_person("Alice"), "ping")
        eventually(lambda: bot.state == "failed")

    with pytest.raises(StorageError, match="inbox has ended"):
        bot.join(5)
    bot.start()
    assert bot.state == "running"
