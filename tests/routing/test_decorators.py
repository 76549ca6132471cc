"""Decorators, bare and called, and the mistakes that they find."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any, Literal

import pytest

from signalbot import Context
from signalbot.errors import RegistrationError
from signalbot.model.events import (
    AdminDelete,
    BlockedSync,
    Call,
    ContactMessage,
    ContactSync,
    Delete,
    Edit,
    ErrorEvent,
    Event,
    ExceptionEvent,
    ExpirationUpdate,
    GroupSync,
    GroupUpdate,
    Message,
    NoopEvent,
    Payment,
    Pin,
    Poll,
    PollClose,
    PollVote,
    Reaction,
    ReadSync,
    Receipt,
    StickerMessage,
    Story,
    Typing,
    UnknownEvent,
    Unpin,
)
from signalbot.model.people import Group, User
from signalbot.routing import Router, filters
from signalbot.routing.event_hooks import EventHooks
from tests.routing.fakes import ALICE, FakeContext, answer, context, event, first, in_group

EVENTS: dict[type[Event], dict[str, Any]] = {
    Message: {},
    StickerMessage: {},
    ContactMessage: {},
    Edit: {"target": 1},
    Delete: {"target": 1},
    AdminDelete: {"target": 1},
    Reaction: {"target": 1},
    Payment: {},
    GroupUpdate: {},
    ExpirationUpdate: {},
    Poll: {},
    PollVote: {"target": 1},
    PollClose: {"target": 1},
    Pin: {"target": 1},
    Unpin: {"target": 1},
    Story: {},
    Receipt: {},
    Typing: {},
    Call: {"type": "offer"},
    ReadSync: {},
    BlockedSync: {},
    ContactSync: {},
    GroupSync: {},
    ExceptionEvent: {},
    ErrorEvent: {},
    UnknownEvent: {},
    NoopEvent: {},
}

HOOKS: dict[str, set[type[Event]]] = {
    "on_message": {Message, StickerMessage, ContactMessage},
    "on_edit": {Edit},
    "on_delete": {Delete, AdminDelete},
    "on_reaction": {Reaction},
    "on_receipt": {Receipt},
    "on_typing": {Typing},
    "on_group_update": {GroupUpdate},
    "on_poll": {Poll},
    "on_poll_vote": {PollVote},
    "on_poll_close": {PollClose},
    "on_pin": {Pin},
    "on_unpin": {Unpin},
    "on_call": {Call},
    "on_story": {Story},
    "on_sticker": {StickerMessage},
    "on_contact": {ContactMessage},
    "on_payment": {Payment},
    "on_expiration_update": {ExpirationUpdate},
    "on_contact_sync": {ContactSync},
    "on_group_sync": {GroupSync},
    "on_read_sync": {ReadSync},
    "on_blocked_sync": {BlockedSync},
    "on_exception": {ExceptionEvent},
    "on_server_error": {ErrorEvent},
    "on_unknown": {UnknownEvent},
}


@pytest.mark.parametrize(("hook", "wanted"), HOOKS.items(), ids=HOOKS)
def test_each_decorator_gets_its_events(hook: str, wanted: set[type[Event]]) -> None:
    router = Router()
    getattr(router, hook)(lambda_handler)
    table = router.compile()

    for cls, facts in EVENTS.items():
        ctx = FakeContext(event(cls, **facts))
        assert (first(table, ctx) is not None) is (cls in wanted)
        assert table.wanted(cls.kind) is (cls in wanted)


def lambda_handler(ctx: Any) -> str:
    return "got it"


def test_every_event_class_has_a_decorator() -> None:
    covered = set().union(*HOOKS.values())

    assert covered | {NoopEvent} == set(EVENTS)
    declared = {name for name in vars(EventHooks) if name.startswith("on_")}
    assert declared == {*HOOKS, "on_event", "on_unhandled"}


def test_decorators_work_bare_called_and_with_filters() -> None:
    router = Router()

    @router.on_message
    def bare(ctx):
        return "bare"

    @router.on_message()
    def called(ctx):
        return "called"

    @router.on_message(filters.private())
    def filtered(ctx):
        return "filtered"

    @router.on_message(filters.private() & ~filters.has_attachment(), lambda ctx: True, priority=1)
    def more(ctx):
        return "more"

    matches = router.compile().matches(context("hi"))
    assert [match.call(context("hi")) for match in matches] == [
        "more",
        "bare",
        "called",
        "filtered",
    ]


def test_a_bare_handler_may_take_the_event_only() -> None:
    router = Router()

    @router.on_message
    def handler(event):
        return event.text

    assert answer(router, context("hi")) == "hi"


def test_a_parameter_of_the_type_context_gets_the_context_whatever_its_name() -> None:
    bot = Router()

    @bot.command("add")
    def add(c: Context, number: int) -> str:
        return f"{c.text} {number + 1}"

    @bot.on_message()
    def quoted(context: "Context") -> str:  # noqa: UP037  under the future import it is quoted twice
        return context.text

    assert answer(bot, context("/add 1")) == "/add 1 2"
    assert answer(bot, context("hi")) == "hi"


def test_the_function_comes_back_unchanged() -> None:
    router = Router()

    def handler(ctx):
        return "x"

    assert router.on_message(handler) is handler
    assert router.on_message()(handler) is handler
    assert router.on_message(filters.text())(handler) is handler
    assert router.command("x")(handler) is handler
    assert router.command(handler) is handler


def test_a_lambda_alone_is_a_filter() -> None:
    router = Router()

    @router.on_message(lambda ctx: ctx.text == "hi")
    def handler(ctx):
        return "hello"

    assert answer(router, context("hi")) == "hello"
    assert answer(router, context("ho")) is None


def test_a_method_alone_is_a_handler() -> None:
    class Shop:
        def open(self, ctx):
            return "open"

    router = Router()
    router.on_message(Shop().open)

    assert answer(router, context("hi")) == "open"


def test_a_callable_object_alone_is_a_filter() -> None:
    class Never:
        def __call__(self, ctx: Any) -> bool:
            return False

    router = Router()

    @router.on_message(Never())
    def handler(ctx):
        return "x"

    @router.on_message(partial(lambda answer, ctx: answer, True))
    def second(ctx):
        return "y"

    assert answer(router, context("hi")) == "y"


def test_several_decorators_may_be_stacked() -> None:
    router = Router()

    @router.command("a")
    @router.command("b", "c")
    @router.on_reaction
    def handler(ctx):
        return ctx.event.kind

    assert answer(router, context("/a")) == "message"
    assert answer(router, context("/c")) == "message"
    assert answer(router, FakeContext(event(Reaction, target=1))) == "reaction"


def no_context(text):
    return text


def one_too_many(ctx, unknown):
    return unknown


def misspelt(ctx, mesage):
    return mesage


def text_for_message(ctx, message: str):
    return message


def any_words(ctx, *words):
    return words


def any_keywords(ctx, **options):
    return options


class NotAFunction:
    def __init__(self, ctx: Any) -> None: ...


class Misplaced:
    def handler(self, ctx): ...


class Bot(Router):
    is_root = True


@pytest.mark.parametrize(
    ("register", "message"),
    [
        (lambda bot: bot.on_message(no_context), "a handler has a parameter 'ctx'"),
        (lambda bot: bot.on_message(lambda m: True), "a handler has a parameter 'ctx'"),
        (lambda bot: bot.command(no_context), "a handler has a parameter 'ctx'"),
        (lambda bot: bot.on_message(one_too_many), "nothing fills parameter 'unknown'"),
        (lambda bot: bot.on_message(misspelt), "Did you mean 'message'"),
        (lambda bot: bot.on_message()(no_context), "Call it 'ctx'"),
        (lambda bot: bot.on_message(text_for_message), "the text is ctx.text"),
        (lambda bot: bot.on_message(any_words), "nothing fills parameter 'words'"),
        (lambda bot: bot.on_message(any_keywords), "nothing fills parameter 'options'"),
        (lambda bot: bot.on_message(NotAFunction), "is a class"),
        (lambda bot: bot.on_message()(NotAFunction), "decorates a function"),
        (lambda bot: bot.on_message()(7), "decorates a function"),
        (lambda bot: bot.command("x")(None), "decorates a function"),
        (lambda bot: bot.on_message(Misplaced.handler), "method without its object"),
        (lambda bot: bot.command("x")(Misplaced.handler), "method without its object"),
        (lambda bot: bot.on_message("hi"), "filters.text('hi')"),
        (lambda bot: bot.on_message(filters.private), "call it: filters.private(...)"),
        (lambda bot: bot.on_message(filters.private(), "hi"), "filters.text('hi')"),
        (lambda bot: bot.on_message(prioritty=1), "Did you mean 'priority'"),
        (lambda bot: bot.on_message(timeout=0), "timeout="),
        (lambda bot: bot.on_message(timeout=True), "timeout="),
        (lambda bot: bot.on_message(limit="often"), "limit="),
        (lambda bot: bot.on_message(limit=5), "limit="),
        (lambda bot: bot.on_message(order="loose"), "order="),
        (lambda bot: bot.on_message(retry=3), "retry="),
        (lambda bot: bot.on_message(priority="high"), "priority="),
        (lambda bot: bot.on_message(allow=7)(lambda_handler), "allow="),
        (lambda bot: bot.on_message(deny=[7])(lambda_handler), "deny="),
        (lambda bot: bot.command(""), "needs a name"),
        (lambda bot: bot.command("  "), "needs a name"),
        (lambda bot: bot.command("x", aliases=[""]), "needs a name"),
        (lambda bot: bot.command("x", aliases=[7]), "compiled pattern"),
        (lambda bot: bot.command(7), "compiled pattern"),
        (lambda bot: bot.command("x", alias="y"), "Did you mean 'aliases'"),
        (lambda bot: bot.command("x", filters.private), "call it"),
        (lambda bot: bot.command()(lambda ctx: 0), "this one has none"),
        (lambda bot: bot.middleware(lambda ctx: None), "def mw(ctx, call_next)"),
        (lambda bot: bot.on_error(ValueError)(lambda ctx: None), "def h(ctx, error)"),
        (lambda bot: bot.on_error("ValueError"), "classes of exceptions"),
        (lambda bot: bot.on_error(KeyboardInterrupt), "classes of exceptions"),
        (lambda bot: bot.include("router"), "takes a Router"),
        (lambda bot: bot.include(bot), "include itself"),
        (lambda bot: bot.provide(ctx=dict), "provided already"),
        (lambda bot: bot.provide(db=7), "takes a factory"),
        (lambda bot: bot.provide(db=lambda a, b: 0), "only the context"),
        (lambda bot: bot.converter(), "@bot.converter(Size)"),
        (lambda bot: bot.converter(int)(lambda: 0), "def convert(text)"),
        (lambda bot: bot.register(no_context), "marked with @command"),
        (lambda bot: bot.register(7), "marked with @command"),
        (lambda bot: bot.register(NotAFunction), "not the class"),
        (lambda bot: Router(limit="never"), "limit="),
        (lambda bot: Router(handler_timeout=-1), "timeout="),
        (lambda bot: Router(filters=filters.private), "call it"),
        (lambda bot: Router(middleware=[7]), "not callable"),
    ],
)
def test_mistakes_are_found_at_registration(register: Any, message: str) -> None:
    with pytest.raises(RegistrationError, match=r"^test_decorators\.py:\d+: ") as raised:
        register(Bot())

    assert message in str(raised.value)


async def asynchronous(ctx: Any, other: Any = None) -> None: ...


def yielding(ctx: Any, other: Any) -> Any:
    yield other


@pytest.mark.parametrize(
    "register",
    [
        lambda bot: bot.middleware(asynchronous),
        lambda bot: bot.middleware(yielding),
        lambda bot: bot.on_error(ValueError)(asynchronous),
        lambda bot: bot.on_message(asynchronous, filters.private()),
        lambda bot: bot.provide(db=asynchronous),
        lambda bot: bot.converter(int)(asynchronous),
    ],
)
def test_async_is_for_handlers_only(register: Any) -> None:
    with pytest.raises(RegistrationError, match=r"without|async"):
        register(Bot())


def test_an_error_names_the_line_of_the_handler() -> None:
    bot = Bot()

    with pytest.raises(RegistrationError) as raised:
        bot.on_message(one_too_many)

    line = one_too_many.__code__.co_firstlineno
    assert str(raised.value).startswith(f"test_decorators.py:{line}: ")


def test_nothing_is_registered_after_a_mistake() -> None:
    bot = Bot()

    with pytest.raises(RegistrationError):
        bot.on_message(one_too_many)

    assert answer(bot, context("hi")) is None


def test_kinds_of_handlers_are_told_apart() -> None:
    router = Router()

    @router.command("a")
    async def waits(ctx):
        return "later"

    @router.command("b")
    def yields(ctx):
        yield "one"
        yield "two"

    @router.command("c")
    async def both(ctx):
        yield "x"

    @router.command("d")
    def plain(ctx):
        return "x"

    flags = [(each.is_async, each.is_generator) for each in router.compile().handlers]
    assert flags == [(True, False), (False, True), (True, True), (False, False)]
    assert asyncio.run(answer(router, context("/a"))) == "later"
    assert list(answer(router, context("/b"))) == ["one", "two"]


def test_groups_of_a_filter_become_typed_arguments() -> None:
    router = Router()

    @router.on_message(filters.regex(r"order (?P<count>\w+)(?: to (?P<place>\w+))?"))
    def order(ctx, count: int, place: str = "here"):
        return count, place, ctx.match.group("count"), ctx.args

    @router.on_message
    def rest(ctx):
        return "rest", ctx.match

    assert answer(router, context("please order 3 to town")) == (3, "town", "3", ("3", "town"))
    assert answer(router, context("please order 3")) == (3, "here", "3", ("3", None))
    assert answer(router, context("please order many")) == ("rest", None)


def test_groups_of_alternatives_are_those_of_the_one_that_matched() -> None:
    router = Router()
    wanted = filters.regex(r"a(?P<n>\d)") | filters.regex(r"b(?P<n>\d)(?P<m>\d)")

    @router.on_message(filters.group() & wanted)
    def handler(ctx, n: int, m: int | None):
        return n, m

    assert answer(router, in_group("a1")) == (1, None)
    assert answer(router, in_group("b23")) == (2, 3)


def test_a_name_of_the_contexts_is_an_argument_if_its_type_says_so() -> None:
    bot = Bot()

    @bot.command("lamp")
    def lamp(ctx: Any, state: Literal["on", "off"], match: timedelta) -> str:
        return f"{state} for {match}"

    @bot.command("who")
    def who(sender: User | None, chat: Group) -> str:
        return f"{sender.number if sender else None} {chat.name}"

    @bot.on_message(filters.regex("^switch (?P<state>on|off)$"))
    def switch(ctx: Any, state: Literal["on", "off"]) -> str:
        return f"switched {state}"

    assert answer(bot, context("/lamp on 10m")) == "on for 0:10:00"
    assert answer(bot, context("/who Family")) == f"{ALICE.number} Family"
    assert answer(bot, context("switch off")) == "switched off"


def test_a_group_that_the_filter_lacks_is_found_at_registration() -> None:
    with pytest.raises(RegistrationError, match=r"the filter's groups are count.*'count'"):

        @Bot().on_message(filters.regex(r"(?P<count>\d+)"))
        def handler(ctx, cuont: int): ...


def test_hooks_show_what_they_are_for() -> None:
    assert "reactions" in (Router().on_reaction.__doc__ or "")
    assert EventHooks.on_message.kinds == {"message", "sticker", "contact"}
