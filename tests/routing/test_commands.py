"""Which texts call which command."""

from __future__ import annotations

import re

import pytest

from signalbot.model.mentions import Mention
from signalbot.routing import Router
from tests.routing.fakes import ALICE, BOB, ME, answer, context, in_group


@pytest.fixture
def router() -> Router:
    router = Router()

    @router.command("ping", "p", aliases=["pong"])
    def ping(ctx):
        return "pong"

    @router.command("!roll")
    def roll(ctx):
        return "rolled"

    @router.command("todo")
    def todo(ctx, *words: str):
        return ("todo", words)

    @router.command("todo add")
    def add(ctx, *words: str):
        return ("add", words)

    @router.command("Über")
    def about(ctx):
        return "about"

    return router


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/ping", "pong"),
        ("!ping", "pong"),
        ("/PING", "pong"),
        ("  /ping  ", "pong"),
        ("/ping now", "pong"),
        ("/ping\nnow", "pong"),
        ("/p", "pong"),
        ("/pong", "pong"),
        ("ping", "pong"),
        ("Ping me", "pong"),
        ("!roll", "rolled"),
        ("!Roll", "rolled"),
        ("/todo", ("todo", ())),
        ("/todo milk", ("todo", ("milk",))),
        ("/todo add milk", ("add", ("milk",))),
        ("/todo  add  milk", ("add", ("milk",))),
        ("/todo adds", ("todo", ("adds",))),
        ("/ÜBER", "about"),
        ("/u\u0308ber", "about"),
        ("/pingpong", None),
        ("/ ping", None),
        ("#ping", None),
        ("roll", None),
        ("/roll", None),
        ("//ping", None),
        ("say /ping", None),
        ("", None),
        ("   ", None),
        ("/", None),
    ],
)
def test_in_a_direct_chat(router: Router, text: str, expected: object) -> None:
    assert answer(router, context(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("/ping", "pong"), ("ping", None), ("!roll", "rolled"), ("todo add milk", None)],
)
def test_in_a_group_a_name_needs_a_prefix(router: Router, text: str, expected: object) -> None:
    assert answer(router, in_group(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ufffc ping", "pong"),
        ("\ufffc /ping", "pong"),
        ("\ufffc, ping", "pong"),
        ("\ufffc: todo add milk", ("add", ("milk",))),
        ("\ufffcping", "pong"),
        ("\ufffc !roll", "rolled"),
        ("\ufffc", None),
        ("ping \ufffc", None),
    ],
)
def test_a_mention_of_the_bot_stands_for_the_prefix(
    router: Router, text: str, expected: object
) -> None:
    ctx = in_group(text, mentions=(Mention(ME, text.index("\ufffc"), 1),))

    assert answer(router, ctx) == expected


def test_a_mention_of_somebody_else_is_no_prefix(router: Router) -> None:
    ctx = in_group("\ufffc ping", mentions=(Mention(BOB, 0, 1),))

    assert answer(router, ctx) is None


def test_a_mention_may_be_spelled_out(router: Router) -> None:
    ctx = in_group("@The Bot ping", mentions=(Mention(ME, 0, 8),))

    assert answer(router, ctx) == "pong"


@pytest.mark.parametrize(
    ("settings", "text", "expected"),
    [
        ({"prefixes": ("#",)}, "#ping", "pong"),
        ({"prefixes": ("#",)}, "/ping", None),
        ({"prefixes": ("!", "!!")}, "!!ping", "pong"),
        ({"prefixes": ("bot ",)}, "bot ping", "pong"),
        ({"prefixes": (), "bare_in_direct": False}, "ping", None),
        ({"prefixes": (), "bare_in_direct": False}, "!roll", "rolled"),
        ({"prefixes": ("",), "bare_in_direct": False}, "ping", "pong"),
        ({"bare_in_direct": False}, "ping", None),
        ({"bare_in_direct": False}, "/ping", "pong"),
    ],
)
def test_prefixes_are_a_setting(
    router: Router, settings: dict[str, object], text: str, expected: object
) -> None:
    assert answer(router, context(text), **settings) == expected


def test_groups_of_a_pattern_become_arguments() -> None:
    router = Router()

    @router.command(re.compile(r"(\d+)d(?P<sides>\d+)$"))
    def roll(ctx, count: int, sides: int = 6, *, loud: bool = False):
        return (count, sides, loud, ctx.match.group(), ctx.args)

    assert answer(router, context("2d20")) == (2, 20, False, "2d20", ("2", "20"))
    assert answer(router, context("roll 2d20")) is None
    assert answer(router, in_group("\ufffc 2d20", mentions=(Mention(ME, 0, 1),))) is not None


def test_an_absent_group_leaves_the_default() -> None:
    router = Router()

    @router.command(re.compile(r"sum (\d+)(?: (\d+))?(?: (\d+))?"))
    def total(ctx, *numbers: int):
        return sum(numbers)

    assert answer(router, context("sum 1 2")) == 3


def test_a_command_without_a_name_is_called_like_its_function() -> None:
    router = Router()

    @router.command
    def bare(ctx):
        return "bare"

    @router.command()
    def called_(ctx):
        return "called"

    assert answer(router, context("/bare")) == "bare"
    assert answer(router, context("/called")) == "called"


def test_filters_may_follow_the_name() -> None:
    router = Router()
    is_alice = lambda ctx: ctx.sender == ALICE  # noqa: E731  filters are often lambdas

    @router.command("secret", is_alice)
    def secret(ctx):
        return "psst"

    assert answer(router, context("/secret")) == "psst"
    assert answer(router, context("/secret", sender=BOB)) is None


def test_the_function_stays_what_it_was() -> None:
    router = Router()

    @router.command("add")
    def add(ctx, a: int, b: int) -> int:
        return a + b

    assert add(None, 1, 2) == 3
