"""Routers within routers, and what they add to their handlers."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import pytest

from signalbot.errors import RegistrationError
from signalbot.model.retry import RetryPolicy
from signalbot.routing import Router, RoutingSettings, UsageError, filters
from signalbot.routing.limits import Limit
from signalbot.routing.middleware import compose
from signalbot.routing.options import INHERIT
from tests.routing.fakes import ALICE, BOB, answer, context, first, in_group


class Bot(Router):
    is_root = True


def handled(router: Router, ctx: Any) -> list[Any]:
    return [match.call(ctx) for match in router.compile().matches(ctx)]


def say(router: Router, word: str, **options: Any) -> None:
    """A message handler that answers with a word."""

    def handler(ctx):
        return word

    router.on_message(**options)(handler)


def test_handlers_are_asked_by_priority_then_in_the_order_of_the_program() -> None:
    bot, inner, innermost = Bot(), Router(), Router()
    say(bot, "1")
    bot.include(inner)
    say(bot, "5")
    say(inner, "2")
    inner.include(innermost)
    say(innermost, "3")
    say(inner, "4")
    say(innermost, "first", priority=10)
    say(bot, "last", priority=-1)

    assert handled(bot, context("hi")) == ["first", "1", "2", "3", "4", "5", "last"]


def test_commands_and_messages_compete_in_one_order() -> None:
    bot = Bot()
    bot.command("a")(lambda ctx: "a1")
    say(bot, "message")
    bot.command("a")(lambda ctx: "a2")

    assert handled(bot, context("/a")) == ["a1", "message", "a2"]


def test_filters_of_routers_count_for_all_their_handlers() -> None:
    bot, inner = (
        Bot(filters=filters.private()),
        Router(filters=[filters.text("x"), lambda ctx: True]),
    )
    bot.include(inner)
    say(
        inner,
        "yes",
    )
    inner.command("x")(lambda ctx: "command")

    assert handled(bot, context("x")) == ["yes", "command"]
    assert handled(bot, context("y")) == []
    assert handled(bot, in_group("x")) == []


def test_groups_of_a_routers_filter_reach_its_handlers() -> None:
    bot, inner = Bot(), Router(filters=filters.regex(r"#(?P<ticket>\d+)"))

    @inner.on_message
    def handler(ctx, ticket: int):
        return ticket

    bot.include(inner)

    assert answer(bot, context("see #12")) == 12


def test_the_nearest_router_decides_limits_retries_and_timeouts() -> None:
    policy = RetryPolicy(max_attempts=7)
    bot = Bot(limit="9/min", retry=None, handler_timeout=5)
    inner = Router(limit="1/s", limit_reply="slow down", retry=policy)
    bot.command("a")(lambda ctx: 0)
    bot.include(inner)
    inner.command("b")(lambda ctx: 0)
    inner.command("c", limit=None, retry=None, timeout=None, limit_reply="hey")(lambda ctx: 0)

    a, b, c = bot.compile().handlers
    assert (a.limit, a.limit_reply, a.retry, a.timeout) == (Limit(9, 60), None, None, 5)
    assert (b.limit, b.limit_reply, b.retry, b.timeout) == (Limit(1, 1), "slow down", policy, 5)
    assert (c.limit, c.limit_reply, c.retry, c.timeout) == (None, "hey", None, None)


def test_without_a_word_from_anybody_the_settings_count() -> None:
    bot = Bot()
    bot.command("a", durable=True, order="relaxed", own=True)(lambda ctx: 0)

    (handler,) = bot.compile().handlers
    assert handler.limit is handler.retry is handler.timeout is INHERIT
    assert (handler.durable, handler.order, handler.own) == (True, "relaxed", True)


def test_middlewares_wrap_from_the_bot_inwards() -> None:
    bot, inner = Bot(), Router(middleware=[note("inner")])
    bot.include(inner)
    bot.middleware(note("outer"))
    bot.middleware()(note("second"))
    inner.command("a")(lambda ctx: "answer")
    ctx = context("/a")

    match = first(bot.compile(), ctx)
    assert match is not None
    result = compose(match.handler.middlewares, ctx, lambda: match.call(ctx))

    assert result == "outer(second(inner(answer)))"
    assert ctx.said == ["outer", "second", "inner"]


def note(name: str) -> Any:
    def middleware(ctx, call_next):
        ctx.said.append(name)
        return f"{name}({call_next()})"

    return middleware


def test_a_middleware_may_answer_instead_of_the_handler() -> None:
    assert compose([lambda ctx, call_next: "no"], None, lambda: 1 / 0) == "no"
    assert compose([], None, lambda: "endpoint") == "endpoint"


def test_the_nearest_error_handler_wins_then_the_closest_class() -> None:
    bot, inner = Bot(), Router()
    bot.command("a")(lambda ctx: 0)
    bot.include(inner)
    inner.command("b")(lambda ctx: 0)
    found: dict[str, Any] = {}

    for name, router, kind in (
        ("any", bot, Exception),
        ("lookup", bot, LookupError),
        ("value", bot, ValueError),
        ("inner lookup", inner, LookupError),
    ):
        found[name] = router.on_error(kind)(lambda ctx, error: None)

    table = bot.compile()
    a, b = table.handlers
    assert a.error_handler(KeyError()) is found["lookup"]
    assert a.error_handler(UnicodeError()) is found["value"]
    assert a.error_handler(OSError()) is found["any"]
    assert b.error_handler(KeyError()) is found["inner lookup"]
    assert b.error_handler(ValueError()) is found["value"]
    assert a.error_handler(KeyboardInterrupt()) is None
    assert table.error_handler(KeyError()) is found["lookup"]
    assert table.error_handler(KeyError(), b) is found["inner lookup"]


def test_one_error_handler_may_take_several_classes_or_all() -> None:
    bot = Bot()
    bot.command("a")(lambda ctx: 0)

    @bot.on_error(KeyError, OSError)
    def two(ctx, error): ...

    @bot.on_error
    def rest(ctx, error): ...

    (handler,) = bot.compile().handlers
    assert handler.error_handler(KeyError()) is two
    assert handler.error_handler(FileNotFoundError()) is two
    assert handler.error_handler(ValueError()) is rest


def test_a_second_error_handler_for_a_class_is_a_mistake() -> None:
    bot = Bot()
    bot.on_error(ValueError)(lambda ctx, error: None)

    with pytest.raises(RegistrationError, match=r"ValueError is handled by .* already"):
        bot.on_error(ValueError)(lambda ctx, error: None)


def test_a_router_that_contains_the_other_cannot_be_included() -> None:
    outer, middle, inner = Router(), Router(), Router()
    outer.include(middle)
    middle.include(inner)

    with pytest.raises(RegistrationError, match="include itself"):
        inner.include(outer)


def test_including_twice_is_once() -> None:
    bot, inner = Bot(), Router()
    say(inner, "x")
    bot.include(inner)
    bot.include(inner)

    assert handled(bot, context("hi")) == ["x"]


def test_one_router_may_serve_several_bots() -> None:
    one, other, shared = Bot(filters=filters.private()), Bot(), Router()
    one.include(shared)
    other.include(shared)
    say(shared, "x")

    assert handled(one, in_group("hi")) == []
    assert handled(other, in_group("hi")) == ["x"]


# -- provided values -------------------------------------------------------------------------


def test_provided_values_are_made_for_each_call() -> None:
    bot = Bot()
    made: list[str] = []

    def database() -> str:
        made.append("db")
        return f"db{len(made)}"

    bot.provide(db=database, who=lambda ctx: ctx.sender)

    @bot.command("a")
    def handler(ctx, db, count: int = 1, *, who):
        return db, count, who

    assert answer(bot, context("/a 3")) == ("db1", 3, ALICE)
    assert answer(bot, context("/a")) == ("db2", 1, ALICE)


class Session:
    def __init__(self, events: list[str]) -> None:
        self.events = events

    def __enter__(self) -> str:
        self.events.append("enter")
        return "session"

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.events.append("rollback" if kind else "commit")


def providers(events: list[str]) -> dict[str, Any]:
    @contextmanager
    def managed() -> Any:
        with Session(events) as session:
            yield session

    def generating(ctx: Any) -> Any:
        with Session(events) as session:
            yield session

    return {"object": lambda: Session(events), "managed": managed, "generator": generating}


@pytest.mark.parametrize("form", ["object", "managed", "generator"])
def test_a_handler_runs_inside_its_context_managers(form: str) -> None:
    events: list[str] = []
    bot = Bot()
    bot.provide(db=providers(events)[form])

    @bot.command("good")
    def good(ctx, db):
        events.append(db)

    @bot.command("bad")
    def bad(ctx, db):
        raise KeyError

    answer(bot, context("/good"))
    assert events == ["enter", "session", "commit"]
    with pytest.raises(KeyError):
        answer(bot, context("/bad"))
    assert events[3:] == ["enter", "rollback"]


def test_they_stay_open_while_a_handler_yields() -> None:
    events: list[str] = []
    bot = Bot()
    bot.provide(db=lambda: Session(events))

    @bot.command("a")
    def handler(ctx, db):
        yield "one"
        events.append("between")
        yield "two"

    assert list(answer(bot, context("/a"))) == ["one", "two"]
    assert events == ["enter", "between", "commit"]


def test_they_stay_open_while_an_async_handler_runs() -> None:
    import asyncio

    events: list[str] = []
    bot = Bot()
    bot.provide(db=lambda: Session(events))

    @bot.command("a")
    async def handler(ctx, db):
        await asyncio.sleep(0)
        events.append(db)
        return "done"

    assert asyncio.run(answer(bot, context("/a"))) == "done"
    assert events == ["enter", "session", "commit"]


def test_they_stay_open_while_an_async_handler_yields() -> None:
    import asyncio

    events: list[str] = []
    bot = Bot()
    bot.provide(db=lambda: Session(events))

    @bot.command("a")
    async def handler(ctx, db):
        yield "one"
        events.append("between")
        yield "two"

    async def collect() -> list[str]:
        return [part async for part in answer(bot, context("/a"))]

    assert asyncio.run(collect()) == ["one", "two"]
    assert events == ["enter", "between", "commit"]


def test_nothing_is_made_for_a_call_with_wrong_arguments() -> None:
    bot = Bot()
    bot.provide(db=lambda: 1 / 0)

    @bot.command("a")
    def handler(ctx, db, count: int): ...

    with pytest.raises(UsageError):
        answer(bot, context("/a x"))


def test_the_nearest_router_provides() -> None:
    bot, inner = Bot(), Router()
    bot.provide(db=lambda: "outer", other=lambda: "o")
    inner.provide(db=lambda: "inner")
    inner.command("a")(lambda ctx, db, other: (db, other))
    bot.include(inner)

    assert answer(bot, context("/a")) == ("inner", "o")


def test_a_router_may_rely_on_the_bot_that_will_include_it() -> None:
    class Thing:
        pass

    router = Router()

    @router.on_message
    def handler(ctx, db):
        return db

    @router.command("a")
    def command(ctx, thing: Thing, db):
        return thing, db

    bot = Bot()
    bot.provide(db=lambda: "the db")
    bot.converter(Thing)(lambda text: text.upper())
    bot.include(router)

    assert answer(bot, context("hi")) == "the db"
    assert handled(bot, context("/a x"))[1] == ("X", "the db")


def test_what_nobody_provides_is_found_when_the_router_is_included() -> None:
    router, middle, bot = Router(), Router(), Bot()

    @router.on_message
    def handler(ctx, db):
        return db

    middle.include(router)
    with pytest.raises(RegistrationError, match="nothing fills parameter 'db'") as raised:
        bot.include(middle)

    line = handler.__code__.co_firstlineno
    assert str(raised.value).startswith(f"test_routers.py:{line}: ")
    assert bot.compile().handlers == []


def test_a_handler_added_to_an_included_router_is_checked_at_once() -> None:
    router, bot = Router(), Bot()
    bot.include(router)

    with pytest.raises(RegistrationError, match="nothing fills parameter 'db'"):

        @router.on_message
        def handler(ctx, db): ...


def test_a_router_on_its_own_is_checked_when_it_is_compiled() -> None:
    router = Router()

    @router.on_message
    def handler(ctx, db): ...

    with pytest.raises(RegistrationError, match="nothing fills parameter 'db'"):
        router.compile()


# -- changes ---------------------------------------------------------------------------------


def define(router: Router, word: str, name: str = "a") -> Any:
    """What a notebook cell does each time it runs."""

    @router.command(name)
    def cell(ctx):
        return word

    return cell


def test_a_function_replaces_its_older_version_if_asked() -> None:
    bot = Bot(replace=True)
    define(bot, "old")
    say(bot, "message")
    define(bot, "new", "b")

    assert handled(bot, context("/a")) == ["message"]
    assert handled(bot, context("/b")) == ["new", "message"]


def test_stacked_decorators_do_not_replace_each_other() -> None:
    bot = Bot(replace=True)
    for word in ("old", "new"):

        @bot.command("a")
        @bot.command("b")
        def cell(ctx, word=word):
            return ctx.text

    assert handled(bot, context("/a")) == ["/a"]
    assert handled(bot, context("/b")) == ["/b"]
    assert word == "new"


def test_functions_without_a_name_replace_nothing() -> None:
    bot = Bot(replace=True)
    bot.command("a")(lambda ctx: 1)
    bot.command("b")(lambda ctx: 2)

    assert handled(bot, context("/a")) == [1]


def test_without_replace_both_stay() -> None:
    bot = Bot()
    define(bot, "old")
    define(bot, "new")

    assert handled(bot, context("/a")) == ["old", "new"]


def test_middlewares_and_error_handlers_are_replaced_too() -> None:
    bot = Bot(replace=True)
    for word in ("old", "new"):

        @bot.middleware
        def wrap(ctx, call_next, word=word):
            return word

        @bot.on_error(ValueError)
        def oops(ctx, error, word=word):
            return word

    bot.command("a")(lambda ctx: 0)
    (handler,) = bot.compile().handlers
    assert compose(handler.middlewares, None, lambda: None) == "new"
    found = handler.error_handler(ValueError())
    assert found is not None
    assert found(None, None) == "new"


def test_the_revision_grows_with_every_change_inside() -> None:
    bot, inner = Bot(), Router()
    seen = [bot.revision]

    bot.include(inner)
    seen.append(bot.revision)
    say(inner, "x")
    seen.append(bot.revision)
    inner.provide(db=dict)
    seen.append(bot.revision)
    inner.middleware(lambda ctx, call_next: None)
    seen.append(bot.revision)

    assert seen == sorted(set(seen))


def test_a_table_does_not_change() -> None:
    bot = Bot()
    table = bot.compile(RoutingSettings())
    say(bot, "late")

    assert first(table, context("hi")) is None


def test_permissions_are_asked_from_the_bot_inwards() -> None:
    bot = Bot(deny=BOB, deny_reply="go away")
    inner = Router(allow="admins")
    bot.include(inner)
    inner.command("a", deny_reply="never seen")(lambda ctx: 0)

    (handler,) = bot.compile(RoutingSettings(admins=(BOB.number, ALICE.uuid))).handlers
    assert handler.permission.decide(context("/a")).is_allowed
    refused = handler.permission.decide(context("/a", sender=BOB))
    assert (refused.is_allowed, refused.reply) == (False, "go away")
