"""Help, guesses, warnings and explanations."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from signalbot.model.events import Reaction, Receipt
from signalbot.model.mentions import Mention
from signalbot.routing import Router, RoutingSettings, filters
from tests.routing.fakes import ALICE, BOB, ME, FakeContext, answer, context, event, in_group


@pytest.fixture
def bot() -> Router:
    bot = Router()

    @bot.command("ping")
    def ping(ctx):
        """Answer with pong."""

    @bot.command("remind", aliases=["r"])
    def remind(ctx, delay: timedelta, *text: str):
        """Remind you of something.

        The delay is a number and a unit: 10m, 1h30m.
        """

    @bot.command("!roll")
    def roll(ctx, sides: int = 6): ...

    @bot.command("stop", allow=BOB, help="Stop me")
    def stop(ctx): ...

    @bot.command("members", filters.group())
    def members(ctx): ...

    @bot.command("secret", hidden=True)
    def secret(ctx): ...

    @bot.command(re.compile(r"\d+d\d+"), usage="2d6", help="Roll dice")
    def dice(ctx): ...

    @bot.command(re.compile("whatever"))
    def pattern(ctx):
        """Never shown: nobody could type it."""

    return bot


ALL = """\
Commands:
/ping – Answer with pong.
/remind <delay> [text …] – Remind you of something.
!roll [sides]
2d6 – Roll dice

/help <command> says more about one of them."""


def test_help_lists_what_the_sender_may_use_here(bot: Router) -> None:
    assert answer(bot, context("/help")) == ALL
    assert answer(bot, context("help")) == ALL

    as_bob = answer(bot, in_group("!help", sender=BOB))
    assert "/stop – Stop me" in as_bob
    assert "/members" in as_bob
    assert "/members" not in ALL


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("ping", "/ping\nAnswer with pong."),
        ("/ping", "/ping\nAnswer with pong."),
        ("PING", "/ping\nAnswer with pong."),
        ("roll", "There is no command roll. Did you mean !roll?"),
        ("!roll", "!roll [sides]"),
        (
            "r",
            """\
/remind <delay> [text …]
Remind you of something.
The delay is a number and a unit: 10m, 1h30m.
Also: /r""",
        ),
        ("pong", "There is no command pong. Did you mean ping?"),
        ("stop", "There is no command stop."),
        ("secret", "There is no command secret."),
    ],
)
def test_help_about_one_command(bot: Router, topic: str, expected: str) -> None:
    assert answer(bot, context(f"/help {topic}")) == expected


def test_help_uses_the_bots_prefix_and_name(bot: Router) -> None:
    found = answer(bot, context("#hilfe"), prefixes=("#", "/"), help_command="hilfe")

    assert "#ping – Answer with pong." in found
    assert "#hilfe <command>" in found
    assert answer(bot, context("/help"), help_command=None) is None


def test_a_help_of_ones_own_wins() -> None:
    bot = Router()
    bot.command("help")(lambda ctx: "mine")

    assert answer(bot, context("/help")) == "mine"
    assert len(list(bot.compile().matches(context("/help")))) == 1


def test_help_comes_before_a_handler_for_everything_unless_it_is_a_bare_word(bot: Router) -> None:
    bot.on_message()(lambda ctx: "echo")

    assert answer(bot, context("/help")) == ALL
    assert answer(bot, context("help")) == "echo"
    assert answer(bot, in_group("\ufffc help", mentions=(Mention(ME, 0, 1),))) != "echo"


def test_there_is_no_help_without_commands() -> None:
    bot = Router()
    bot.command("a", allow=BOB)(lambda ctx: None)

    assert answer(bot, context("/help", sender=ALICE)) is None
    assert answer(Router(), context("/help")) is None
    assert not Router().compile().wanted("message")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/pong", "Did you mean /ping?"),
        ("/pign", "Did you mean /ping?"),
        ("!remnd 10m tea", "Did you mean !remind?"),
        ("!rol", "Did you mean !roll?"),
        ("pingg", "Did you mean /ping?"),
        ("pong", None),
        ("pingg me please", None),
        ("/stopp", None),
        ("/secrett", None),
        ("/xyzzy", None),
        ("hello", None),
        ("", None),
        ("/", None),
    ],
)
def test_an_unknown_command_is_guessed(bot: Router, text: str, expected: str | None) -> None:
    table = bot.compile()

    assert table.suggestion(context(text)) == expected
    assert table.suggestion(in_group(text)) is None


def test_subcommands_are_guessed_too() -> None:
    bot = Router()
    bot.command("todo add")(lambda ctx: None)

    assert bot.compile().suggestion(context("/todo ad milk")) == "Did you mean /todo add?"


def test_nothing_is_guessed_for_what_is_no_message(bot: Router) -> None:
    assert bot.compile().suggestion(FakeContext(event(Reaction, target=1))) is None
    assert bot.compile().suggestion(context("/pong", is_own=True, sender=ME)) is None


def test_bare_words_are_not_guessed_where_they_do_not_count(bot: Router) -> None:
    table = bot.compile(RoutingSettings(bare_in_direct=False))

    assert table.suggestion(context("pingg")) is None


# -- warnings --------------------------------------------------------------------------------


def test_handlers_that_never_run_are_warned_about() -> None:
    bot = Router()
    bot.on_message()(first_of_all)
    bot.on_sticker()(second)
    bot.command("late")(second)
    bot.on_message(own=True)(second)
    bot.on_reaction()(second)

    sticker, late = bot.warnings()
    assert re.fullmatch(
        r"test_help\.py:\d+: @on_sticker second never runs: "
        r"@on_message first_of_all at test_help\.py:\d+ takes all such events",
        sticker,
    )
    assert "@command second never runs" in late


def first_of_all(ctx): ...


def second(ctx): ...


def skipping(ctx):
    ctx.skip()


@pytest.mark.parametrize(
    "register",
    [
        lambda bot: bot.on_message(filters.text("x"))(first_of_all),
        lambda bot: bot.on_message(skipping),
        lambda bot: bot.on_message(allow=ALICE)(first_of_all),
        lambda bot: bot.on_sticker(first_of_all),
        lambda bot: bot.on_event(first_of_all),
        lambda bot: bot.on_unhandled(first_of_all),
    ],
)
def test_handlers_that_leave_something_are_not(register: Any) -> None:
    bot = Router()
    register(bot)
    bot.on_message(second)

    assert bot.warnings() == []


def test_a_command_that_is_taken_twice_is_warned_about() -> None:
    bot = Router()
    bot.command("ping", "p")(first_of_all)
    bot.command("pong", "P")(second)
    bot.command("!ping")(second)
    bot.command("ping me")(second)
    bot.command("guarded", filters.private())(first_of_all)
    bot.command("guarded")(second)

    warnings = bot.warnings()
    assert len(warnings) == 3
    assert "command '/p' of @command second is taken by @command first_of_all" in warnings[0]
    assert "'!p'" in warnings[1]
    assert "'!ping'" in warnings[2]


def test_a_decorator_without_a_function_is_warned_about() -> None:
    bot = Router()
    bot.command("x")
    bot.on_message(filters.text())
    bot.on_error(ValueError)

    warnings = bot.warnings()
    assert len(warnings) == 3
    assert re.fullmatch(r"test_help\.py:\d+: @command\(\.\.\.\) decorates nothing", warnings[0])


def test_a_bot_without_mistakes_has_no_warnings(bot: Router) -> None:
    assert bot.warnings() == []


# -- explanations ----------------------------------------------------------------------------


def explained(bot: Router, ctx: FakeContext, **settings: Any) -> dict[str, str]:
    found = bot.compile(RoutingSettings(**settings)).explain(ctx)
    return {
        each.handler.name.rpartition(".")[2]: f"{'+-'[not each.runs]} {each.why}" for each in found
    }


def test_every_handler_says_why(bot: Router) -> None:
    bot.on_message(filters.contains("pizza"), lambda ctx: True)(second)
    bot.on_reaction(first_of_all)
    bot.on_event(skipping)

    found = explained(bot, context("/remind soon"))
    assert found == {
        "help_command": "- the text does not call help",
        "ping": "- the text does not call ping",
        "remind": "- it is called, but answers: delay: “soon” is not a duration like 10m or 1h30m.",
        "roll": "- the text does not call !roll",
        "stop": "- the text does not call stop",
        "members": "- the text does not call members",
        "secret": "- the text does not call secret",
        "dice": r"- the text does not call \d+d\d+",
        "pattern": "- the text does not call whatever",
        "second": "- contains('pizza'): no, the text is '/remind soon'",
        "first_of_all": "- it wants Reaction, this is Message",
        "skipping": "+ it matches",
    }


def test_the_winner_is_told_from_those_after_it() -> None:
    bot = Router()
    bot.command("a")(first_of_all)
    bot.on_message(filters.private())(second)
    bot.on_unhandled(skipping)

    found = explained(bot, context("/a"))
    assert found["first_of_all"] == "+ it matches"
    assert re.fullmatch(
        r"- it matches; private\(\): yes, the chat is direct; "
        r"but tests.routing.test_help.first_of_all at test_help.py:\d+ comes first",
        found["second"],
    )
    assert found["skipping"] == "- tests.routing.test_help.first_of_all has handled it"
    assert explained(bot, in_group("hi"))["skipping"] == "+ it matches"


@pytest.mark.parametrize(
    ("options", "ctx", "why"),
    [
        ({"allow": BOB}, context("/a"), "it matches, but the sender is not in allow="),
        ({}, in_group("a"), "the text does not call a, which needs a prefix in a group"),
        ({}, context(""), "there is no text to call it with"),
        ({}, context("/a", is_own=True, sender=ME), "I wrote this to others"),
    ],
)
def test_other_reasons(options: Any, ctx: FakeContext, why: str) -> None:
    bot = Router()
    bot.command("a", **options)(first_of_all)

    assert why in explained(bot, ctx)["first_of_all"]


def test_more_reasons() -> None:
    bot = Router()
    bot.on_message(filters.regex(r"(?P<n>\w+)"))(number)
    bot.on_unhandled(second)

    assert explained(bot, context("x"))["number"] == (
        "- a group of its pattern does not fit the parameter's type"
    )
    receipt = explained(bot, FakeContext(event(Receipt)))
    assert receipt["second"] == "- receipt events are not offered to it"


def number(ctx, n: int): ...


def test_an_explanation_prints_in_one_line() -> None:
    bot = Router()
    bot.command("a")(first_of_all)
    *_, explanation = bot.compile().explain(context("/a"))

    assert re.fullmatch(
        r"\+ @command tests\.routing\.test_help\.first_of_all \(test_help\.py:\d+\): it matches",
        str(explanation),
    )
