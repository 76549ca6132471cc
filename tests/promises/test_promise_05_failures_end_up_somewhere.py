"""What fails is retried as told, then kept with all that is needed to judge it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signalbot import Reject, Retry, RetryPolicy, Router, SignalBot
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually
from tests.promises.conftest import StartScript, environment

MakeBot = Callable[..., SignalBot]
FAST = RetryPolicy(delay=0.01, max_delay=0.02)


def test_the_policy_of_the_handler_beats_the_routers_and_that_the_bots(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(retry=FAST)
    router = Router("billing", retry=RetryPolicy(max_attempts=2, delay=0.01))
    attempts: dict[str, int] = {}

    def fail(ctx: Any) -> None:
        attempts[ctx.text] = ctx.attempt
        raise RuntimeError

    bot.command("bots")(fail)
    router.command("routers")(fail)
    router.command("own", retry=RetryPolicy(max_attempts=5, delay=0.01))(fail)
    router.command("none", retry=None)(fail)
    router.command("never", retry=RetryPolicy(delay=0.01, never=(RuntimeError,)))(fail)
    router.command("other", retry=RetryPolicy(delay=0.01, retry_on=(OSError,)))(fail)
    bot.include(router)

    alice = server.add_person("Alice")
    with bot:
        for name in ("bots", "routers", "own", "none", "never", "other"):
            server.say(alice, f"/{name}")
        letters = eventually(lambda: len(found := bot.dead_letters.list()) == 6 and found)

    assert attempts == {"/bots": 3, "/routers": 2, "/own": 5, "/none": 1, "/never": 1, "/other": 1}
    assert sorted(letter.attempts for letter in letters) == [1, 1, 1, 2, 3, 5]


def test_giving_up_after_a_time(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(
        retry=RetryPolicy(max_attempts=1000, delay=0.05, factor=1, jitter=False, give_up_after=0.4)
    )

    @bot.on_message
    def fail(ctx: Any) -> None:
        raise RuntimeError

    with bot:
        server.say(server.add_person("Alice"), "x")
        (letter,) = eventually(bot.dead_letters.list)

    assert 2 <= letter.attempts <= 9
    assert 0.4 <= letter.last_at - letter.first_at < 5


def test_an_outage_is_given_up_after_that_time_too(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(retry=RetryPolicy(give_up_after=1.0))

    @bot.on_message
    def answer(ctx: Any) -> str:
        return "x"

    alice = server.add_person("Alice")
    with bot:
        server.wait_for_socket()
        server.push(server.frame(alice, "x"))
        server.stop_listening()
        letters = eventually(bot.dead_letters.list, 20)
        server.listen_again()

    assert len(letters) in (0, 1)
    if letters:
        assert letters[0].error_type in ("ConnectFailed", "CircuitOpen")


def test_retry_with_a_delay_and_reject(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(retry=RetryPolicy(delay=60, jitter=False))
    times: list[float] = []

    @bot.command("later")
    def later(ctx: Any) -> str:
        times.append(time.monotonic())
        if ctx.attempt == 1:
            raise Retry(0.3)
        return "done"

    @bot.command("no")
    def no(ctx: Any) -> None:
        raise Reject("no thanks")

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/later")
        server.wait_for_sent()
        server.say(alice, "/no")
        (letter,) = eventually(bot.dead_letters.list)

    assert 0.3 <= times[1] - times[0] < 5
    assert (letter.reason, letter.attempts) == ("rejected", 1)


def test_dead_letters_are_found_by_what_they_are_and_from_another_process(
    server: FakeSignal, make_bot: MakeBot, tmp_path: Path
) -> None:
    bot = make_bot(retry=None)
    fails = True

    @bot.command("order")
    def order(ctx: Any) -> str:
        if fails:
            raise RuntimeError("x")
        return "ordered"

    @bot.on_reaction
    def reaction(ctx: Any) -> None:
        raise KeyError("x")

    alice, bob = server.add_person("Alice"), server.add_person("Bob")
    with bot:
        server.say(alice, "/order")
        server.say(bob, "/order")
        server.react(alice, "👍", 1)
        letters = eventually(lambda: len(found := bot.dead_letters.list()) == 3 and found)
        by = bot.dead_letters.list
        assert len(by(handler=letters[-1].handler)) == 2
        assert len(by(kind="reaction")) == 1
        assert len(by(chat=alice.uuid)) == 2
        assert len(by(chat=alice.uuid, kind="message")) == 1
        assert by(since=time.time() + 10) == []
        assert len(by(until=time.time() + 10, limit=2)) == 2

    program = "from signalbot import SignalBot; print(len(SignalBot().dead_letters.list()))"
    listed = subprocess.run(
        [sys.executable, "-c", program], env=environment(server, tmp_path / "state"),
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    fails = False
    replayed = bot.dead_letters.replay(kind="message")  # the bot is stopped: at the next start
    with bot:
        server.wait_for_sent(2, timeout=10)
        eventually(lambda: len(bot.dead_letters.list()) == 1)
        purged = bot.dead_letters.purge(all=True)

    assert listed.stdout == "3\n"
    assert (replayed, purged) == (2, 1)
    assert [sent.text for sent in server.sent] == ["ordered", "ordered"]


def test_dead_letters_expire(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(retry=None, dead_letter_ttl=1.0)

    @bot.on_message
    def fail(ctx: Any) -> None:
        raise RuntimeError

    with bot:
        server.say(server.add_person("Alice"), "x")
        eventually(bot.dead_letters.list)
    threading.Event().wait(1.1)
    with bot:
        eventually(lambda: not bot.dead_letters.list())


def test_a_message_that_kills_the_process_is_given_up(
    server: FakeSignal, make_bot: MakeBot, start_script: StartScript
) -> None:
    supervisor = start_script(
        """
        import os, signal
        from signalbot import SignalBot

        def one_life():
            bot = SignalBot()
            @bot.on_message
            def handle(ctx):
                if ctx.text == "poison":
                    os.kill(os.getpid(), signal.SIGKILL)
                ctx.send(ctx.text)
            bot.run()
            os._exit(0)

        while True:
            child = os.fork()
            if child == 0:
                one_life()
            _, status = os.waitpid(child, 0)
            print(status, flush=True)
            if status == 0:
                break
        """
    )
    alice = server.add_person("Alice", number="+4915188888888")
    server.wait_for_socket(20)
    server.push_many([server.frame(alice, "poison"), server.frame(alice, "behind it")])
    server.wait_for_sent(timeout=20)
    owner = int((make_bot().state_directory / "lock").read_text())
    os.kill(owner, signal.SIGTERM)
    assert supervisor.stdout is not None
    deaths = [line.strip() for line in supervisor.stdout]
    (letter,) = make_bot().dead_letters.list()

    print(f"poison: {len(deaths) - 1} deaths, then a dead letter ({letter.reason})")
    # The first time it is handled before anybody knows that it kills: that may go uncounted.
    assert deaths in (["9"] * 3 + ["0"], ["9"] * 4 + ["0"])
    assert letter.reason == "crashed"
    assert [sent.text for sent in server.sent] == ["behind it"]


@pytest.mark.parametrize("policy", [FAST, None])
def test_what_nobody_can_read_is_kept_as_it_came(
    server: FakeSignal, make_bot: MakeBot, policy: RetryPolicy | None
) -> None:
    bot = make_bot(retry=policy)
    with bot:
        server.push(b'{"envelope": \xff\xfe', account=server.number)
        (letter,) = eventually(bot.dead_letters.list)

    assert letter.raw == b'{"envelope": \xff\xfe'
    assert letter.reason == "unreadable"
