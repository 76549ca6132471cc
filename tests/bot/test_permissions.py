"""Who may, and how often: a whole evening with a bot in a group."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signalbot import Router, SignalBot
from signalbot.testing import Chat, FakeClock, FakeSignal

ADMIN = "+4915199999999"
NewBot = Callable[..., SignalBot]


@pytest.fixture
def new_bot(tmp_path: Path) -> NewBot:
    def make(**settings: Any) -> SignalBot:
        return SignalBot("+4915112345678", state_dir=tmp_path / "state", **settings)

    return make


def test_admins_and_everybody_else(new_bot: NewBot) -> None:
    bot = new_bot(admins=[ADMIN], deny_reply="Not you.")
    staff = Router("staff", allow=["admins"])

    @staff.command("restart")
    def restart(ctx: Any) -> str:
        return "Restarting."

    @bot.command("status")
    def status(ctx: Any) -> str:
        return "Fine."

    @bot.command("secret", allow=["admins"], deny_reply=None)
    def secret(ctx: Any) -> str:
        return "42"

    bot.include(staff)
    with FakeSignal() as server:
        server.add_person("Ada", number=ADMIN)
        with Chat(bot, "Alice", server=server) as alice:
            ada = alice.person("Ada")

            assert ada.say("/restart") == ["Restarting."]
            assert ada.say("/secret") == ["42"]
            assert alice.say("/restart") == ["Not you."]
            assert alice.say("/status") == ["Fine."]
            assert "restart" not in alice.say("/help")[0]
            assert "restart" in ada.say("/help")[0]


@pytest.mark.parametrize("form", ["number", "uuid", "username", "group"])
def test_an_allow_list_takes_any_form(new_bot: NewBot, form: str) -> None:
    with FakeSignal() as server:
        ada = server.add_person("Ada", number=ADMIN, username="ada.42")
        bob = server.add_person("Bob")
        server.add_group("Ours", [ada, bob])
        theirs = server.add_group("Theirs", [ada, bob])
        entry = {"number": ADMIN, "uuid": ada.uuid, "username": "ada.42", "group": "Ours"}[form]
        bot = new_bot()

        @bot.command("open", allow=[entry])
        def unlock(ctx: Any) -> str:
            return "Open."

        # A name is anybody's to give to a group, and no frame tells a username.
        assert bool(bot.warnings()) == (form in ("username", "group"))
        with Chat(bot, "Ada", group="Ours", server=server) as here:
            there = Chat.on(here._stage, ada, theirs)
            answers = {
                "ada here": here.say("/open"),
                "bob here": here.say("/open", sender="Bob"),
                "ada there": there.say("/open"),
            }

        allowed = {
            "group": ["ada here", "bob here"],
            "username": [],
        }.get(form, ["ada here", "ada there"])
        assert [who for who, replies in answers.items() if replies] == allowed


def test_denied_people_are_not_heard_at_all(new_bot: NewBot) -> None:
    with FakeSignal() as server:
        mallory = server.add_person("Mallory")
        bot = new_bot(deny=[str(mallory.uuid)])

        @bot.on_message
        def echo(ctx: Any) -> str:
            return ctx.text

        with Chat(bot, "Alice", server=server) as alice:
            assert alice.person(mallory).say("let me in") == []
            assert alice.say("hello") == ["hello"]


def test_the_bots_own_lists_may_be_answered_but_never_a_receipt(new_bot: NewBot) -> None:
    with FakeSignal() as server:
        ada = server.add_person("Ada", number=ADMIN)
        bot = new_bot(allow=[ADMIN], deny_reply="Members only.")

        @bot.on_message
        def echo(ctx: Any) -> str:
            return ctx.text

        @bot.on_receipt
        def read(ctx: Any) -> None: ...

        with Chat(bot, "Alice", server=server) as alice:
            assert alice.person(ada).say("hello") == ["hello"]
            assert alice.say("let me in") == ["Members only."]
            assert alice.act(lambda fake: fake.receipt("Alice", 1)) == []


def test_a_limit_counts_for_each_sender_and_handler(new_bot: NewBot) -> None:
    bot = new_bot()
    clock = FakeClock()

    @bot.command("quote", limit="2/min", limit_reply="Slowly, please.")
    def quote(ctx: Any) -> str:
        return "Less is more."

    @bot.command("other", limit="2/min")
    def other(ctx: Any) -> str:
        return "Fine."

    with Chat(bot, group="Lunch", clock=clock) as group:
        group.person("Bob")
        said = [group.say("/quote") for _ in range(5)]
        bobs = group.say("/quote", sender="Bob")
        others = [group.say("/other") for _ in range(3)]
        clock.advance("61s")
        later = group.say("/quote")

    assert said == [
        ["Less is more."],
        ["Less is more."],
        ["Slowly, please."],  # once, or the answers would be a flood themselves
        [],
        [],
    ]
    assert bobs == ["Less is more."]
    assert others == [["Fine."], ["Fine."], []]
    assert later == ["Less is more."]


def test_the_settings_limit_is_for_all_handlers_without_one(new_bot: NewBot) -> None:
    bot = new_bot(limit="1/min", limit_reply="Enough.")

    @bot.command("a")
    def a(ctx: Any) -> str:
        return "a"

    @bot.command("b", limit=None)
    def b(ctx: Any) -> str:
        return "b"

    with Chat(bot) as chat:
        assert [chat.say("/a"), chat.say("/a")] == [["a"], ["Enough."]]
        assert [chat.say("/b"), chat.say("/b")] == [["b"], ["b"]]


def test_a_retry_is_no_second_call(server: FakeSignal, make_bot: NewBot) -> None:
    bot = make_bot(retry={"max_attempts": 3, "delay": 0.01})
    attempts: list[int] = []

    @bot.command("try", limit="1/min", limit_reply="Enough.")
    def attempt(ctx: Any) -> str:
        attempts.append(ctx.attempt)
        if ctx.attempt < 3:
            raise LookupError
        return "done"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/try")
        server.wait_for_sent(1)

    assert attempts == [1, 2, 3]
    assert server.sent[0].text == "done"
