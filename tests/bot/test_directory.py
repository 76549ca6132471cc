"""Groups, people and oneself, as the server knows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from signalbot import SignalBot, filters
from signalbot.errors import NotFound
from signalbot.model import Group
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]


def asked(server: FakeSignal, path: str) -> int:
    return len(server.calls("GET", path))


# -- the directory -----------------------------------------------------------------------------


def test_groups_and_people_are_asked_for_once(server: FakeSignal, make_bot: MakeBot) -> None:
    alice = server.add_person("Alice Liddell", number="+4915199999999")
    lunch = server.add_group("Lunch", [alice])
    bot = make_bot()
    directory = bot.directory

    for _ in range(3):
        assert directory.group(lunch.internal_id).name == "Lunch"
        assert directory.group(lunch.id).name == "Lunch"
        assert directory.contact("+4915199999999").display_name == "Alice Liddell"
    assert directory.name(Group(lunch.internal_id)) == "Lunch"
    assert directory.name("+4915199999999") == "Alice Liddell"

    assert asked(server, "/v1/groups") == 1
    assert asked(server, "/v1/contacts") == 1


def test_a_group_is_found_by_its_name_unless_several_have_it(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    lunch = server.add_group("Lunch")
    server.add_group("Twins")
    server.add_group("Twins")
    directory = make_bot().directory

    assert directory.group("Lunch").internal_id == lunch.internal_id
    with pytest.raises(ValueError, match="2 groups"):
        directory.group("Twins")
    with pytest.raises(NotFound):
        directory.group("Nowhere")


def test_who_is_unknown_has_no_name_and_is_asked_for_once(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    directory = make_bot().directory

    assert directory.name("+4915100000000") is None
    assert directory.name("+4915100000000") is None
    with pytest.raises(NotFound):
        directory.contact("+4915100000000")

    assert asked(server, "/v1/contacts") == 1


def test_what_was_known_last_serves_while_the_server_fails(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    lunch = server.add_group("Lunch")
    directory = make_bot().directory
    directory.group(lunch.id)
    directory.forget()
    server.fail_next(path="/v1/groups", status=500, n=10)

    assert directory.group(lunch.id).name == "Lunch"
    assert asked(server, "/v1/groups") > 1


@pytest.mark.parametrize("news", ["update", "sync"])
def test_news_make_what_is_remembered_old_although_no_handler_wants_them(
    server: FakeSignal, make_bot: MakeBot, news: str
) -> None:
    alice = server.add_person("Alice", number="+4915199999999")
    lunch = server.add_group("Lunch", [alice])
    bot = make_bot()

    with bot:
        assert bot.directory.group(lunch.id).name == "Lunch"
        assert bot.directory.name("+4915199999999") == "Alice"
        alice.name = "Alicia"
        if news == "update":
            server.update_group(alice, lunch, name="Dinner")
        else:
            lunch.name = "Dinner"
            server.sync(type="GROUPS_SYNC")
        server.sync(type="CONTACTS_SYNC")
        eventually(lambda: bot.directory.group(lunch.id).name == "Dinner")
        eventually(lambda: bot.directory.name("+4915199999999") == "Alicia")


def test_the_senders_name_comes_with_the_frame(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    @bot.command("hi")
    def hi(ctx: Any) -> str:
        return f"Hi {ctx.sender.name}"

    alice = server.add_person("Alice")
    with bot:
        server.say(alice, "/hi")
        server.wait_for_sent(1)

    assert server.sent[0].text == "Hi Alice"
    assert not asked(server, "/v1/contacts")


# -- who joined --------------------------------------------------------------------------------


def test_a_group_update_tells_who_joined_left_and_was_promoted(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    seen: list[tuple[list[str], list[str], list[str]]] = []

    @bot.on_group_update
    def updated(ctx: Any) -> str:
        event = ctx.event
        names = [
            [bot.directory.name(user) or "?" for user in users]
            for users in (event.joined, event.left, event.promoted)
        ]
        seen.append((names[0], names[1], names[2]))
        return "seen"

    alice = server.add_person("Alice", number="+4915199999999")
    bob, carol = server.add_person("Bob"), server.add_person("Carol")
    lunch = server.add_group("Lunch", [alice, bob])
    with bot:
        eventually(lambda: asked(server, "/v1/groups"))
        eventually(lambda: not bot.stats()["pool"]["running"])
        ours = server.uuid
        server.update_group(alice, lunch, members=[ours, alice.id, carol.id], admins=[alice.id])
        server.wait_for_sent(1)
        server.update_group(alice, lunch, name="Dinner")
        server.wait_for_sent(2)
        server.update_group(alice, lunch, members=[ours, alice.id, carol.id, bob.id])
        server.wait_for_sent(3)

    assert seen == [
        (["Carol"], ["Bob"], ["Alice"]),
        ([], [], []),
        (["Bob"], [], []),
    ]


def test_a_retried_group_update_tells_the_same_again(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot(retry={"max_attempts": 2, "delay": 0.01})
    joined: list[int] = []

    @bot.on_group_update
    def updated(ctx: Any) -> None:
        joined.append(len(ctx.event.joined))
        if ctx.attempt == 1:
            raise LookupError

    alice, bob = server.add_person("Alice"), server.add_person("Bob")
    lunch = server.add_group("Lunch", [alice])
    with bot:
        eventually(lambda: asked(server, "/v1/groups"))
        eventually(lambda: not bot.stats()["pool"]["running"])
        server.update_group(alice, lunch, members=[server.uuid, alice.id, bob.id])
        eventually(lambda: len(joined) == 2)

    assert joined == [1, 1]


def test_being_added_to_a_group_is_joining_oneself(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = make_bot()

    @bot.on_group_update
    def updated(ctx: Any) -> str | None:
        return "Thanks for having me." if any(map(ctx.is_me, ctx.event.joined)) else None

    alice = server.add_person("Alice")
    with bot:
        eventually(lambda: asked(server, "/v1/groups"))
        eventually(lambda: not bot.stats()["pool"]["running"])
        server.update_group(alice, server.add_group("Lunch", [alice]))
        server.wait_for_sent(1)

    assert server.sent[0].text == "Thanks for having me."


def test_a_server_that_fails_leaves_the_update_as_it_is(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    seen: list[Any] = []

    @bot.on_group_update
    def updated(ctx: Any) -> None:
        seen.append(ctx.event)

    alice = server.add_person("Alice")
    lunch = server.add_group("Lunch", [alice])
    server.fail_next(path="/v1/groups", status=500, n=100)
    with bot:
        server.update_group(alice, lunch, members=[server.uuid])
        eventually(lambda: seen)

    assert (seen[0].joined, seen[0].left, seen[0].promoted) == ((), (), ())


def test_a_bot_without_such_a_handler_asks_for_nothing(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = make_bot()
    seen: list[str] = []

    @bot.on_event
    def watch(ctx: Any) -> None:
        seen.append(ctx.event.kind)

    alice = server.add_person("Alice")
    lunch = server.add_group("Lunch", [alice])
    with bot:
        server.update_group(alice, lunch, members=[server.uuid])
        eventually(lambda: seen == ["group_update"])

    assert not asked(server, "/v1/groups")


# -- oneself -----------------------------------------------------------------------------------


def mention_of_us(server: FakeSignal, number: str | None = None) -> dict[str, Any]:
    return {"name": server.uuid, "number": number, "uuid": server.uuid, "start": 0, "length": 1}


def greeting_bot(make_bot: MakeBot) -> SignalBot:
    bot = make_bot()

    @bot.on_message(filters.mentions_me())
    def mentioned(ctx: Any) -> str:
        return "Yes?"

    @bot.on_message(filters.note_to_self())
    def note(ctx: Any) -> str:
        return "Noted."

    return bot


@pytest.mark.parametrize("source", ["own device", "earlier mention", "contact", "group"])
def test_a_mention_by_uuid_alone_is_recognised(
    server: FakeSignal, make_bot: MakeBot, source: str
) -> None:
    bot = greeting_bot(make_bot)
    alice = server.add_person("Alice")
    with bot:
        if source == "own device":
            server.sync_sent("hello", to=alice)
        elif source == "earlier mention":
            server.say(alice, "\ufffc hi", mentions=[mention_of_us(server, server.number)])
            server.wait_for_sent(1)
        elif source == "contact":
            server.add_person("Me", number=server.number, uuid=server.uuid)
        else:
            server.add_group("Lunch", [alice])
        server.forget()
        server.say(alice, "\ufffc hi", mentions=[mention_of_us(server)])
        server.wait_for_sent(1)

    assert server.sent[0].text == "Yes?"
    assert asked(server, "/v1/contacts") == (source in ("contact", "group"))


def test_others_are_not_us_and_the_server_is_asked_once(
    server: FakeSignal, make_bot: MakeBot
) -> None:
    bot = greeting_bot(make_bot)
    alice, bob = server.add_person("Alice"), server.add_person("Bob")
    handled: list[str] = []

    @bot.on_message
    def other(ctx: Any) -> None:
        handled.append(ctx.text)

    with bot:
        for _ in range(3):
            server.say(alice, "\ufffc hi", mentions=[(bob, 0, 1)])
        eventually(lambda: len(handled) == 3)

    assert not server.sent
    assert asked(server, "/v1/contacts") == 1


def test_a_note_to_self_with_a_hidden_number(server: FakeSignal, make_bot: MakeBot) -> None:
    bot = greeting_bot(make_bot)
    frame = server.frame(server.add_person("Me", uuid=server.uuid), None)
    message = frame["envelope"].pop("dataMessage")
    message["message"] = "buy milk"
    frame["envelope"]["syncMessage"] = {
        "sentMessage": {
            "destination": server.uuid,
            "destinationNumber": None,
            "destinationUuid": server.uuid,
            **message,
        }
    }
    with bot:
        server.push(frame)
        server.wait_for_sent(1)

    assert server.sent[0].text == "Noted."
