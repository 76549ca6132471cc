"""Marked functions, and commands as objects."""

from __future__ import annotations

from typing import Any

import pytest

from signalbot.errors import RegistrationError
from signalbot.routing import Command, Router, command, filters
from tests.routing.fakes import ALICE, BOB, FAMILY, answer, context, in_group


@command("add", aliases=["plus"])
def add(ctx, a: int, b: int):
    return a + b


@command
def bare(ctx):
    return "bare"


@command("x")
@command("y", filters.group())
def twice(ctx):
    return "twice"


def test_a_marked_function_is_registered_later() -> None:
    bot = Router()

    assert bot.register(add) is add
    bot.register(bare)
    bot.register(twice)

    assert answer(bot, context("/plus 1 2")) == 3
    assert answer(bot, context("/bare")) == "bare"
    assert answer(bot, context("/x")) == "twice"
    assert answer(bot, context("/y")) is None
    assert answer(bot, in_group("/y")) == "twice"
    assert add(None, 1, 2) == 3


def test_one_function_serves_several_bots() -> None:
    one, other = Router(), Router()
    one.register(add)
    other.register(add)

    assert answer(one, context("/add 1 2")) == answer(other, context("/add 1 2"))


def test_mistakes_are_found_where_the_function_is_marked() -> None:
    with pytest.raises(RegistrationError, match=r"^test_class_style\.py:\d+: .*option 'prio'"):
        command("x", prio=1)  # type: ignore[call-arg]
    with pytest.raises(RegistrationError, match=r"^test_class_style\.py:\d+: .*name"):
        command("")
    with pytest.raises(RegistrationError, match=r"^test_class_style\.py:\d+: .*decorates"):
        command("x")(7)  # type: ignore[type-var]


class Shop(Command):
    def __init__(self) -> None:
        self.was_set_up = False

    def setup(self) -> None:
        self.was_set_up = self.bot is not None

    @command("order")
    def order(self, ctx, count: int = 1):
        return f"{count} from {type(self).__name__}"

    @command("close", allow="admins")
    def close(self, ctx):
        return "closed"


class Echo(Command):
    def handle(self, ctx):
        return ctx.text


class Ping(Command):
    @command("ping")
    def handle(self, ctx):
        return "pong"


def test_marked_methods_of_an_object_are_handlers() -> None:
    bot, shop = Router(), Shop()

    assert bot.register(shop) is shop

    assert shop.was_set_up
    assert shop.bot is bot
    assert answer(bot, context("/order 2")) == "2 from Shop"
    assert len(bot.compile().handlers) == 2


def test_an_unmarked_handle_takes_all_messages() -> None:
    bot = Router()
    bot.register(Ping())
    bot.register(Echo())

    assert answer(bot, context("/ping")) == "pong"
    assert answer(bot, context("hi")) == "hi"


def test_an_unmarked_handle_may_call_the_context_what_it_likes() -> None:
    class Old:
        def handle(self, c: Any) -> str:
            return str(c.text)

    bot = Router()
    bot.register(Old())

    assert answer(bot, context("hi")) == "hi"


def test_methods_are_inherited_and_overridden_ones_keep_their_own_mark() -> None:
    class Store(Shop):
        @command("buy")
        def order(self, ctx):
            return "bought"

    bot = Router()
    bot.register(Store())

    assert answer(bot, context("/buy")) == "bought"
    assert answer(bot, context("/order")) is None


@pytest.mark.parametrize(
    ("options", "alice", "bob", "family"),
    [
        ({}, True, True, True),
        ({"contacts": False}, False, False, True),
        ({"groups": False}, True, True, False),
        ({"contacts": [ALICE]}, True, False, True),
        ({"contacts": ALICE.number, "groups": "Work"}, True, False, False),
        ({"contacts": False, "groups": [FAMILY.id]}, False, False, True),
        ({"contacts": False, "groups": False}, False, False, False),
    ],
)
@pytest.mark.parametrize("style", ["function", "object", "unmarked"])
def test_where_a_command_works(
    style: str, options: Any, alice: bool, bob: bool, family: bool
) -> None:
    bot = Router()
    handler: Any = {"function": bare, "object": Ping(), "unmarked": Echo()}[style]
    bot.register(handler, **options)
    text = "/ping" if style != "function" else "/bare"

    assert (answer(bot, context(text)) is not None) is alice
    assert (answer(bot, context(text, sender=BOB)) is not None) is bob
    assert (answer(bot, in_group(text)) is not None) is family


def test_any_object_with_marked_methods_will_do() -> None:
    class Plain:
        @command("plain")
        def run(self, ctx):
            return "plain"

    bot = Router()
    bot.register(Plain())

    assert answer(bot, context("/plain")) == "plain"
