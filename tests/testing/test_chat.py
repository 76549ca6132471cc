"""The chat of the test kit, without pytest's fixtures."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from signalbot import Reject, Retry, SignalBot, SignalBotError, filters
from signalbot.testing import Chat, FakeSignal

NUMBER = "+4915112345678"
FAR_AWAY = "http://signal.invalid:8080"


@pytest.fixture
def bot() -> SignalBot:
    bot = SignalBot(NUMBER, FAR_AWAY)

    @bot.command("order")
    def order(ctx: Any) -> str:
        count = ctx.ask("How many pizzas?", type=int)
        return f"{count} pizzas"

    @bot.command("boom")
    def boom(ctx: Any) -> None:
        raise KeyError("tomatoes")

    return bot


def test_a_conversation(bot: SignalBot) -> None:
    with Chat(bot) as chat:
        assert chat.say("/order") == ["How many pizzas?"]
        assert chat.replies == ["How many pizzas?"]
        assert chat.say("many")[0].endswith("How many pizzas?")
        assert chat.say("2") == ["2 pizzas"]
        assert chat.say("nobody listens to this") == []
        assert len(chat.all_replies) == 3


def test_the_bot_is_as_before_when_the_chat_ends(bot: SignalBot, tmp_path: Path) -> None:
    seen: list[str] = []
    bot.hooks.before_handler.append(lambda: seen.append("hook"))
    settings, client, directory = bot.settings, bot.client, bot.state_directory

    for _ in range(2):
        with Chat(bot) as chat:
            assert bot.settings.signal_service == chat.server.url
            assert bot.state_directory != directory
            chat.say("/order")

    assert seen == ["hook", "hook"]
    assert bot.settings is settings
    assert bot.client is client
    assert bot.state_directory == directory
    assert not directory.exists()
    assert bot.state == "stopped"


def test_what_would_reach_outside_is_off() -> None:
    bot = SignalBot(
        NUMBER,
        FAR_AWAY,
        receive_mode="webhook",
        webhook_listen="127.0.0.1:1",
        rate_limit=0.01,
        storage="redis://redis.invalid/0",
    )

    @bot.command("count")
    def count(ctx: Any) -> str:
        bot.storage.set("count", 3)
        return str(bot.storage.get("count"))

    with Chat(bot) as chat:
        assert chat.say("/count") == ["3"]
        assert chat.say("/count") == ["3"]


def test_errors_come_out_of_the_call_that_caused_them(bot: SignalBot) -> None:
    @bot.command("reject")
    def reject(ctx: Any) -> None:
        raise Reject("no")

    @bot.command("later")
    def later(ctx: Any) -> None:
        raise Retry(30)

    @bot.on_reaction
    def reacted(ctx: Any) -> None:
        raise LookupError(ctx.event.emoji)

    with Chat(bot) as chat:
        for text, error in (("/boom", KeyError), ("/reject", Reject), ("/later", Retry)):
            with pytest.raises(error):
                chat.say(text)
        with pytest.raises(LookupError, match="👍"):
            chat.react("👍", to=chat.last_message)
        assert len(bot.dead_letters.list()) == 4
        assert chat.say("/order") == ["How many pizzas?"]
        assert chat.say("/cancel") == []  # the person's right, and nobody's failure


def test_an_error_of_an_observer_comes_out_and_the_handler_ran(bot: SignalBot) -> None:
    @bot.on_event
    def watch(ctx: Any) -> None:
        raise ValueError("observer")

    with Chat(bot) as chat:
        with pytest.raises(ValueError, match="observer"):
            chat.say("/order")
        assert chat.replies == ["How many pizzas?"]


def test_an_error_that_a_handler_takes_is_none(bot: SignalBot) -> None:
    @bot.on_error(KeyError)
    def missing(ctx: Any, error: KeyError) -> str:
        return f"no {error.args[0]}"

    with Chat(bot) as chat:
        assert chat.say("/boom") == ["no tomatoes"]


def test_an_error_that_nobody_was_told_comes_at_the_end(bot: SignalBot) -> None:
    chat = Chat(bot)

    with pytest.raises(KeyError), chat:
        chat.say("/boom", wait=False)


def test_the_error_of_the_test_itself_goes_first(bot: SignalBot) -> None:
    def test() -> None:
        with Chat(bot) as chat:
            chat.say("/boom", wait=False)
            raise AssertionError("mine")

    with pytest.raises(AssertionError, match="mine"):
        test()


def test_other_chats_are_not_waited_for(bot: SignalBot) -> None:
    begun, release = threading.Event(), threading.Event()

    @bot.command("slow")
    def slow(ctx: Any) -> str:
        begun.set()
        release.wait(10)
        return "done"

    with Chat(bot) as chat:
        bob = chat.person("Bob")
        bob.say("/slow", wait=False)
        assert begun.wait(5)
        assert chat.say("/order") == ["How many pizzas?"]
        assert bob.replies == []
        release.set()
        chat.settle()
        assert bob.replies == ["done"]


def test_a_handler_that_hangs_is_named_with_its_stack(bot: SignalBot) -> None:
    release = threading.Event()

    @bot.command("hang")
    def hang(ctx: Any) -> None:
        release.wait(10)  # here

    with Chat(bot, timeout=0.2) as chat:
        with pytest.raises(TimeoutError) as caught:
            chat.say("/hang")
        release.set()
        chat.settle(5)

    assert "is not done after 0.2 s" in str(caught.value)
    assert "release.wait(10)  # here" in str(caught.value)


def test_a_frame_that_is_lost_is_told(bot: SignalBot) -> None:
    with (
        Chat(bot, timeout=0.3) as chat,
        pytest.raises(TimeoutError, match="did not reach the bot"),
    ):
        chat.act(lambda server: server.say("Alice", "x", to="+4915100000009"))


def test_a_lost_connection_is_waited_for(bot: SignalBot) -> None:
    with Chat(bot) as chat:
        chat.server.drop_websocket()
        chat.server.wait_for(lambda: chat.server.past_sockets)
        assert chat.say("/order") == ["How many pizzas?"]


def test_everything_a_person_can_do_reaches_its_handler(bot: SignalBot, tmp_path: Path) -> None:
    seen: list[Any] = []
    for kind in ("edit", "delete", "reaction", "typing", "poll"):
        getattr(bot, f"on_{kind}")(_noting(seen))

    @bot.on_message(filters.has_attachment())
    def files(ctx: Any) -> str:
        return " ".join(f"{each.filename}:{each.read().decode()}" for each in ctx.attachments)

    @bot.on_message(filters.quote())
    def quoted(ctx: Any) -> str:
        return f"about {ctx.message.quote.text}"

    path = tmp_path / "note.txt"
    path.write_text("from a path", encoding="utf-8")
    with Chat(bot) as chat:
        assert chat.attach(path, ("b.txt", b"bytes")) == ["note.txt:from a path b.txt:bytes"]
        (reply,) = chat.replies
        assert chat.say("hm", quote=reply) == [f"about {reply}"]
        stamp = chat.last_message
        chat.edit("changed")
        chat.react("👍")
        chat.react("👍", to=reply, remove=True)
        chat.typing()
        chat.act(lambda server: server.poll("Alice", "Where?", ["here", "there"]))
        chat.delete()

    assert [event.kind for event in seen] == [
        "edit", "reaction", "reaction", "typing", "poll_create", "remote_delete",
    ]  # fmt: skip
    assert seen[0].target == seen[-1].target == stamp
    assert seen[2].target == reply.timestamp
    assert seen[2].is_remove


def _noting(seen: list[Any]) -> Any:
    def handler(ctx: Any) -> None:
        seen.append(ctx.event)

    return handler


def test_everything_the_bot_does_is_shown(bot: SignalBot) -> None:
    @bot.command("all")
    def everything(ctx: Any) -> None:
        with ctx.typing():
            typing.append(chat.is_bot_typing)
        first = ctx.send("first")
        first.edit("second")
        ctx.reply("quoted", attachments=[("a.txt", b"data")])
        ctx.send("gone").delete()
        ctx.react("❤️")
        ctx.react("👍")

    typing: list[bool] = []
    with Chat(bot) as chat:
        assert chat.say("/all") == ["first", "quoted", "gone"]
        assert chat.edits == ["second"]
        assert chat.edits[0].sent.edit_of == chat.replies[0].timestamp
        assert chat.replies[1].quote == "/all"
        assert chat.replies[0].quote is None
        assert chat.replies[1].attachments[0].data == b"data"
        assert chat.deleted == ["gone"]
        assert chat.reactions == ["👍"]
        assert typing == [True]
        assert not chat.is_bot_typing
        chat.say("next")
        assert (chat.replies, chat.reactions, chat.edits, chat.deleted) == ([], [], [], [])


def test_groups_and_people(bot: SignalBot) -> None:
    @bot.command("who")
    def who(ctx: Any) -> str:
        where = ctx.chat.name if ctx.chat.is_group else "private"
        return f"{ctx.sender.name} in {where}"

    with Chat(bot, "Alice", group="Lunch") as group:
        bob = group.person("Bob")
        assert group.say("/who") == ["Alice in Lunch"]
        assert group.say("/who", sender="Carol") == ["Carol in Lunch"]
        assert bob.say("/who") == group.replies == ["Bob in Lunch"]
        assert len(group.server.state.group("Lunch").members) == 4
        assert bob.in_group("Dinner").say("/who") == ["Bob in Dinner"]

    with Chat(bot, "+4915199999999") as chat:
        assert chat.sender.number == "+4915199999999"
        assert chat.in_group("Lunch", "Bob").say("/who", sender="Bob") == ["Bob in Lunch"]
        with pytest.raises(ValueError, match="private chat"):
            chat.say("/who", sender="Bob")


def test_replies_of_a_thread_can_be_waited_for(bot: SignalBot) -> None:
    @bot.command("remind")
    def remind(ctx: Any) -> None:
        threading.Timer(0.05, bot.send, (ctx.sender, "now")).start()

    with Chat(bot) as chat:
        assert chat.say("/remind") == []
        assert chat.wait_for_replies() == ["now"]


def test_a_prepared_server_and_a_classic_one(bot: SignalBot) -> None:
    with FakeSignal(mode="native") as server, Chat(bot, server=server) as chat:
        assert server.number == bot.account
        assert chat.say("/order") == ["How many pizzas?"]
        assert chat.say("1") == ["1 pizzas"]


def test_a_running_bot_is_refused(bot: SignalBot) -> None:
    with Chat(bot), pytest.raises(SignalBotError, match="made but not started"):
        Chat(bot).__enter__()

    with pytest.raises(SignalBotError, match="with block"):
        Chat(bot).say("/order")


def test_a_turn_is_quick(bot: SignalBot) -> None:
    with Chat(bot) as chat:
        chat.say("/order")
        began = time.monotonic()
        for _ in range(20):
            chat.say("1")
            chat.say("/order")
        assert time.monotonic() - began < 5


def test_the_chat_wins_over_settings_and_environment(
    bot: SignalBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL_SERVICE", "http://elsewhere.invalid")
    monkeypatch.setenv("SIGNAL_STATE_DIR", "/nowhere")

    with Chat(bot) as chat:
        assert bot.settings.signal_service == chat.server.url
        assert chat.say("/order") == ["How many pizzas?"]
