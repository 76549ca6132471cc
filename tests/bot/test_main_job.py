"""The main job: messages come in, handlers answer, failures end up somewhere."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from signalbot import Reject, Retry, RetryPolicy, Router, SignalBot, command, filters
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


def test_a_command_is_answered(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    @bot.command("ping")
    def ping(ctx: Any) -> str:
        return "pong"

    alice = server.add_person("Alice", number="+4915199999999")
    with bot:
        server.say(alice, "/ping")
        server.wait_for_sent()

    assert [sent.text for sent in server.replies_to(alice)] == ["pong"]


def test_a_group_message_is_answered_in_the_group(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    @bot.on_message(filters.group())
    def hello(ctx: Any) -> str:
        return f"hello {ctx.sender.name}"

    alice = server.add_person("Alice")
    group = server.add_group("Lunch", [alice])
    with bot:
        server.say(alice, "hi", group=group)
        server.wait_for_sent()

    (sent,) = server.sent
    assert sent.group == group.internal_id
    assert sent.text == "hello Alice"


def test_yield_sends_several_and_none_sends_nothing(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    silent = threading.Event()

    @bot.command("count")
    def count(ctx: Any) -> Any:
        yield "one"
        yield "two"

    @bot.command("silent")
    def nothing(ctx: Any) -> None:
        silent.set()

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/silent")
        server.say(alice, "/count")
        server.wait_for_sent(2)
        assert silent.wait(5)

    assert [sent.text for sent in server.sent] == ["one", "two"]


def test_everything_a_context_can_do(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    @bot.command("all")
    def everything(ctx: Any) -> None:
        with ctx.typing():
            sent = ctx.send("first")
        edited = sent.edit("second")
        ctx.react("👍")
        ctx.unreact()
        ctx.mark_read()
        ctx.reply("quoted")
        edited.delete()
        done.set()

    done = threading.Event()
    alice = server.add_person("Alice", number="+4915199999999")
    with bot:
        stamp = server.say(alice, "/all")
        assert done.wait(10)

    first, second, quoted = server.sent
    assert first.text == "first"
    assert second.edit_of == first.timestamp
    assert quoted.quote is not None
    assert quoted.quote["timestamp"] == stamp
    assert (server.reactions[0].emoji, server.reactions[0].is_remove) == ("👍", False)
    assert server.reactions[-1].is_remove
    assert [one.target for one in server.receipts] == [stamp]
    assert server.typing_log[0].is_started is True
    assert server.typing_log[-1].is_started is False
    assert [one.target for one in server.deletes] == [first.timestamp]


def test_routers_standalone_commands_and_unhandled(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    router = Router("more")
    unhandled: list[str] = []
    seen: list[str] = []

    @router.command("one")
    def one(ctx: Any) -> str:
        return "1"

    @command("two")
    def two(ctx: Any) -> str:
        return "2"

    bot.include(router)
    bot.register(two)

    @bot.on_unhandled
    def rest(ctx: Any) -> None:
        unhandled.append(ctx.text)

    @bot.on_event
    def every(ctx: Any) -> None:
        seen.append(ctx.event.kind)

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/one")
        server.say(alice, "/two")
        server.say(alice, "nobody wants this")
        eventually(lambda: unhandled)
        server.wait_for_sent(2)

    assert [sent.text for sent in server.sent] == ["1", "2"]
    assert unhandled == ["nobody wants this"]
    assert seen == ["message"] * 3


def test_every_kind_of_event_reaches_its_decorator(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    seen: dict[str, Any] = {}
    for kind in ("edit", "delete", "reaction", "receipt", "typing", "poll", "poll_vote",
                 "poll_close", "group_update"):  # fmt: skip

        def note(ctx: Any, kind: str = kind) -> None:
            seen[kind] = ctx.event

        def handler(ctx: Any, _note: Any = note) -> None:
            _note(ctx)

        getattr(bot, f"on_{kind}")(_plain(note))

    alice = server.add_person("Alice")
    group = server.add_group("Lunch", [alice])
    with bot:
        stamp = server.say(alice, "text")
        server.edit(alice, stamp, "changed")
        server.react(alice, "👍", stamp)
        server.delete(alice, stamp)
        server.typing(alice)
        server.receipt(alice, [stamp])
        poll = server.poll(alice, "Where?", ["here", "there"])
        server.vote(alice, poll, [1])
        server.close_poll(alice, poll)
        server.update_group(alice, group)
        eventually(lambda: len(seen) == 9)

    assert seen["edit"].target == stamp
    assert seen["edit"].text == "changed"
    assert seen["reaction"].emoji == "👍"
    assert seen["group_update"].chat.is_group
    assert all(event.account == server.number for event in seen.values())


def _plain(note: Callable[[Any], None]) -> Callable[[Any], None]:
    def handler(ctx: Any) -> None:
        note(ctx)

    return handler


def test_500_chats_of_20_messages_stay_in_order(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(max_queued=300)
    seen: dict[str, list[int]] = defaultdict(list)
    counted = [0]
    done = threading.Event()
    lock = threading.Lock()

    @bot.on_message
    def note(ctx: Any) -> None:
        seen[ctx.chat.key].append(int(ctx.text))
        with lock:
            counted[0] += 1
            if counted[0] == 10_000:
                done.set()

    people = [server.add_person(f"p{number}") for number in range(500)]
    with bot:
        server.push_many(
            [server.frame(person, str(number)) for number in range(20) for person in people]
        )
        assert done.wait(50), counted

    assert len(seen) == 500
    assert all(numbers == list(range(20)) for numbers in seen.values())


def test_a_failing_handler_is_retried_then_a_dead_letter(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot(retry=RetryPolicy(delay=0.01, max_delay=0.02))
    attempts: list[int] = []

    @bot.command("fail")
    def fail(ctx: Any) -> None:
        attempts.append(ctx.attempt)
        raise RuntimeError(f"cannot read {ctx.text} of +4915199999999")

    @bot.command("fine")
    def fine(ctx: Any) -> str:
        return "fine"

    alice = server.add_person("Alice", number="+4915199999999")
    with bot:
        server.say(alice, "/fail")
        server.say(alice, "/fine")
        server.wait_for_sent()
        letters = eventually(bot.dead_letters.list)

        (letter,) = letters
        assert attempts == [1, 2, 3]
        assert (letter.reason, letter.attempts) == ("handler_error", 3)
        assert letter.error_type == "RuntimeError"
        assert "+4915199999999" not in letter.error + letter.traceback
        assert "/fail" not in letter.error

        attempts.clear()
        assert bot.dead_letters.replay(letter.id) == 1
        eventually(lambda: attempts == [1, 2, 3])
        eventually(lambda: len(bot.dead_letters.list()) == 1)
        assert bot.dead_letters.purge(all=True) == 1
        assert bot.dead_letters.list() == []


def test_retry_and_reject_are_the_handlers_word(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    attempts: list[int] = []

    @bot.command("later")
    def later(ctx: Any) -> str:
        attempts.append(ctx.attempt)
        if len(attempts) < 3:
            raise Retry(0.01)
        return "now"

    @bot.command("never")
    def never(ctx: Any) -> None:
        raise Reject("not like this")

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/later")
        server.say(alice, "/never")
        server.wait_for_sent()
        (letter,) = eventually(bot.dead_letters.list)

    assert attempts == [1, 2, 3]
    assert letter.reason == "rejected"
    assert letter.attempts == 1


def test_an_error_handler_settles_the_error(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    @bot.command("divide")
    def divide(ctx: Any) -> str:
        return str(1 / 0)

    @bot.on_error(Exception)
    def general(ctx: Any, error: Exception) -> str:
        return "general"

    @bot.on_error(ArithmeticError)
    def specific(ctx: Any, error: Exception) -> str:
        return f"specific {type(error).__name__}"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/divide")
        server.wait_for_sent()
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0)
        assert bot.dead_letters.list() == []

    assert [sent.text for sent in server.sent] == ["specific ZeroDivisionError"]


def test_an_async_handler_runs_on_the_loop(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()
    threads: list[str] = []

    @bot.command("async")
    async def handler(ctx: Any) -> str:
        threads.append(threading.current_thread().name)
        return "from the loop"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/async")
        server.wait_for_sent()

    assert threads == ["signalbot-loop"]
    assert server.sent[0].text == "from the loop"


@pytest.mark.parametrize("mode", ["json-rpc", "normal", "native"])
def test_any_mode_of_the_server(mode: Any, tmp_path: Any) -> None:
    with FakeSignal(mode=mode) as server:
        bot = SignalBot(
            phone_number=server.number, signal_service=server.url, state_dir=tmp_path / "state"
        )

        @bot.command("ping")
        def ping(ctx: Any) -> str:
            return "pong"

        alice = server.add_person("Alice")
        with bot:
            server.say(alice, "/ping")
            server.wait_for_sent(timeout=10)
    assert [sent.text for sent in server.sent] == ["pong"]


def test_dead_letters_replay_themselves_if_asked_to(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(retry=None, dead_letter_replay=0.2)
    attempts: list[int] = []

    @bot.command("third")
    def third(ctx: Any) -> str:
        attempts.append(ctx.attempt)
        if len(attempts) < 3:
            raise RuntimeError("not yet")
        return "now"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/third")
        server.wait_for_sent(timeout=10)
        eventually(lambda: bot.stats()["inbox"]["pending"] == 0)
        assert bot.dead_letters.list() == []

    assert attempts == [1, 1, 1]
