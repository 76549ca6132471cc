"""What reaches which handler: kinds, own messages, observers, leftovers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from signalbot.model.events import (
    ContactSync,
    Delete,
    Edit,
    ErrorEvent,
    Message,
    NoopEvent,
    Reaction,
    ReadSync,
    Receipt,
    StickerMessage,
    Typing,
    UnknownEvent,
)
from signalbot.model.people import Chat, User
from signalbot.routing import Router, RoutingSettings, RoutingTable, filters
from tests.routing.fakes import ME, FakeContext, answer, context, event, first, in_group

SELF = Chat(user=User(uuid=ME.uuid))


def names(table: RoutingTable, ctx: FakeContext) -> list[str]:
    return [match.handler.names[0].written for match in table.matches(ctx)]


def own(text: str = "hi", **facts: Any) -> FakeContext:
    return context(text, sender=ME, is_own=True, **facts)


@pytest.mark.parametrize(
    ("options", "settings", "ctx", "expected"),
    [
        ({}, {}, own(), None),
        ({}, {}, own(chat=SELF), "x"),
        ({}, {}, own(chat=Chat(user=User(number=ME.number))), "x"),
        ({}, {"own_messages": True}, own(), "x"),
        ({"own": True}, {}, own(), "x"),
        ({"own": True}, {}, context("hi"), "x"),
    ],
)
def test_my_own_messages_need_to_be_asked_for(
    options: Any, settings: Any, ctx: FakeContext, expected: Any
) -> None:
    router = Router()
    router.on_message(**options)(lambda ctx: "x")

    assert answer(router, ctx, **settings) == expected


@pytest.mark.parametrize(("cls", "hook"), [(Edit, "on_edit"), (Delete, "on_delete")])
def test_that_holds_for_everything_i_do_in_chats(cls: Any, hook: str) -> None:
    router = Router()
    getattr(router, hook)()(lambda ctx: "x")
    done = FakeContext(event(cls, sender=ME, is_own=True, target=1))

    assert answer(router, done) is None
    assert answer(router, done, own_messages=True) == "x"


@pytest.mark.parametrize(
    ("cls", "hook"), [(ReadSync, "on_read_sync"), (ContactSync, "on_contact_sync")]
)
def test_news_about_the_account_are_always_its_business(cls: Any, hook: str) -> None:
    router = Router()
    getattr(router, hook)()(lambda ctx: "x")

    assert answer(router, FakeContext(event(cls, sender=ME, is_own=True, chat=None))) == "x"


def test_commands_work_in_the_note_to_self_without_prefix() -> None:
    router = Router()
    router.command("ping")(lambda ctx: "pong")

    assert answer(router, own("ping", chat=SELF)) == "pong"
    assert answer(router, own("/ping")) is None


def test_skipping_goes_on_to_the_next() -> None:
    router = Router()
    router.command("a")(lambda ctx: 1)
    router.command("b")(lambda ctx: 0)
    router.command("a", "c")(lambda ctx: 2)

    matches = router.compile().matches(context("/a"))
    assert [match.call(None) for match in matches] == [1, 2]


def test_only_messages_call_commands() -> None:
    router = Router()
    router.command("ping")(lambda ctx: "pong")

    assert answer(router, FakeContext(event(Edit, target=1, text="/ping"))) is None
    assert answer(router, FakeContext(event(Reaction, target=1))) is None


def test_observers_see_everything_beside_the_handlers() -> None:
    router = Router()
    router.on_event()(lambda ctx: "all")
    router.on_event(filters.group())(lambda ctx: "groups")
    table = router.compile()

    def seen(ctx: FakeContext) -> list[Any]:
        return [match.call(ctx) for match in table.observers(ctx)]

    assert seen(context("hi")) == ["all"]
    assert seen(in_group("hi")) == ["all", "groups"]
    assert seen(own()) == ["all"]
    for cls in (Receipt, Typing, NoopEvent, ErrorEvent, UnknownEvent):
        assert seen(FakeContext(event(cls, chat=None))) == ["all"]
    assert first(table, context("hi")) is None


def test_what_nobody_handles_is_offered_to_on_unhandled() -> None:
    router = Router()
    router.on_unhandled(filters.group())(lambda ctx: "group")
    router.on_unhandled()(lambda ctx: "rest")
    table = router.compile()

    def left(ctx: FakeContext) -> list[Any]:
        return [match.call(ctx) for match in table.unhandled(ctx)]

    assert left(context("hi")) == ["rest"]
    assert left(in_group("hi")) == ["group", "rest"]
    assert left(FakeContext(event(UnknownEvent))) == ["rest"]
    assert left(own()) == []
    assert left(own(chat=SELF)) == ["rest"]
    for cls in (Receipt, Typing, NoopEvent, ReadSync):
        assert left(FakeContext(event(cls))) == []
    assert first(table, context("hi")) is None


@pytest.mark.parametrize(
    ("hook", "wanted", "unwanted"),
    [
        ("on_message", {"message", "sticker", "contact"}, {"receipt", "typing", "edit", "noop"}),
        ("on_typing", {"typing"}, {"message", "receipt"}),
        ("on_event", {"message", "receipt", "typing", "noop", "of tomorrow"}, set()),
        ("on_unhandled", {"message", "unknown", "of tomorrow"}, {"receipt", "typing", "noop"}),
        ("command", {"message"}, {"sticker", "receipt"}),
    ],
)
def test_what_is_wanted_at_all(hook: str, wanted: set[str], unwanted: set[str]) -> None:
    router = Router()
    router_hook = getattr(router, hook)
    (router_hook("x") if hook == "command" else router_hook())(lambda ctx: None)
    table = router.compile()

    assert {kind for kind in wanted | unwanted if table.wanted(kind)} == wanted
    assert {kind for kind in wanted | unwanted if table.wanted(kind, True)} == wanted


def test_nothing_is_wanted_without_handlers() -> None:
    table = Router().compile()

    assert not table.wanted("message")
    assert list(table.matches(context("hi"))) == []
    assert table.observers(context("hi")) == []
    assert list(table.unhandled(context("hi"))) == []


def test_an_event_of_tomorrow_reaches_nobody_but_observers() -> None:
    class Tomorrow(Message):
        kind = "of tomorrow"

    router = Router()
    router.on_message()(lambda ctx: "message")
    router.on_event()(lambda ctx: "event")
    table = router.compile()
    ctx = FakeContext(event(Tomorrow))

    assert first(table, ctx) is None
    assert len(table.observers(ctx)) == 1


def test_the_context_learns_what_was_found() -> None:
    router = Router()
    router.command("a")(lambda ctx: ctx.args)
    router.on_sticker()(lambda ctx: ctx.args)
    table = router.compile()
    ctx, sticker = context("/a b 'c d'"), FakeContext(event(StickerMessage))

    first(table, ctx)
    first(table, sticker)

    assert (ctx.args, ctx.match) == (("b", "c d"), None)
    assert (sticker.args, sticker.match) == ((), None)


@pytest.mark.parametrize(
    "text",
    [
        "/",
        "//",
        "/\x00",
        "\ufffc",
        "/\ud800",
        "🍕" * 1000,
        "/x" * 50_000,
        " " * 100_000,
        "/a\u2028b",
    ],
)
def test_odd_texts_match_nothing_and_raise_nothing(text: str) -> None:
    router = Router()
    router.command("ping", "todo add")(lambda ctx: "x")

    assert answer(router, context(text)) is None
    assert answer(router, in_group(text)) is None


def test_the_cost_of_a_lookup_does_not_grow_with_the_number_of_commands() -> None:
    def seconds(commands: int) -> float:
        router = Router()
        for number in range(commands):
            router.command(f"command{number}")(lambda ctx: None)
        table, ctx = router.compile(), context("/command7 and more")

        def once() -> float:
            begin = time.perf_counter()
            for _ in range(50):
                first(table, ctx)
            return time.perf_counter() - begin

        return min(once() for _ in range(20))

    assert seconds(1000) < 5 * seconds(10)


def test_subcommands_come_before_their_command_whatever_the_order() -> None:
    router = Router()
    for name in ("todo", "other", "todo add", "todo add now", "todo done"):
        router.command(name)(lambda ctx: None)
    router.command("late todo", "todo late")(lambda ctx: None)
    table = router.compile()

    assert names(table, context("/todo add now")) == ["todo add now", "todo add", "todo"]
    assert names(table, context("/todo late")) == ["late todo", "todo"]
    assert names(table, context("/todo done")) == ["todo done", "todo"]
    assert names(table, context("/todo")) == ["todo"]


def test_a_priority_outweighs_that() -> None:
    router = Router()
    router.command("todo", priority=1)(lambda ctx: None)
    router.command("todo add")(lambda ctx: None)

    assert names(router.compile(), context("/todo add")) == ["todo", "todo add"]


def test_of_several_names_of_one_command_the_longest_counts() -> None:
    router = Router()
    router.command("todo", "todo add")(lambda ctx, *words: words)

    assert answer(router, context("/todo add milk")) == ("milk",)
    assert len(list(router.compile().matches(context("/todo add milk")))) == 1


def test_a_name_and_a_pattern_of_one_command_match_once() -> None:
    import re

    router = Router()
    router.command("roll", re.compile(r"/?roll (\d+)"))(lambda ctx, sides: sides)

    assert [m.call(context("/roll 6")) for m in router.compile().matches(context("/roll 6"))]
    assert len(list(router.compile().matches(context("/roll 6")))) == 1


def test_settings_have_defaults() -> None:
    assert RoutingSettings().prefixes == ("/", "!")
    assert RoutingSettings().bare_in_direct
