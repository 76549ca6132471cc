"""The signature is the grammar."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType, Optional, Union

import pytest

from signalbot.errors import RegistrationError
from signalbot.model.mentions import Mention
from signalbot.model.people import Group, User
from signalbot.routing import Rest, Router, UsageError
from tests.routing.fakes import ALICE, BOB, FAMILY, answer, context

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


class Colour(enum.Enum):
    RED = "#F00"
    BLUE = 2


class Size(enum.Enum):
    SMALL = "s"
    EXTRA_LARGE = "xl"


Toppings = NewType("Toppings", int)


def run(handler: Any, text: str, **facts: Any) -> Any:
    """What a command of this function returns for a text."""
    router = Router()
    router.command("do")(handler)
    return answer(router, context(text, **facts))


def refusal(handler: Any, text: str, **facts: Any) -> UsageError:
    with pytest.raises(UsageError) as raised:
        run(handler, text, **facts)
    return raised.value


def one(annotation: Any) -> Any:
    def handler(ctx, value):
        return value

    handler.__annotations__["value"] = annotation
    return handler


READ: list[tuple[Any, str, Any]] = [
    (str, "word", "word"),
    (Any, "word", "word"),
    (int, "42", 42),
    (int, "-7", -7),
    (float, "1.5", 1.5),
    (float, "1e3", 1000.0),
    (Decimal, "1.10", Decimal("1.10")),
    (bool, "Yes", True),
    (bool, "off", False),
    (dt.date, "2024-02-29", dt.date(2024, 2, 29)),
    (dt.time, "8:30", dt.time(8, 30)),
    (dt.time, "08:30:15", dt.time(8, 30, 15)),
    (dt.datetime, "2024-02-29T08:30", dt.datetime(2024, 2, 29, 8, 30)),  # noqa: DTZ001  as typed
    (dt.datetime, "2024-02-29T08:30Z", dt.datetime(2024, 2, 29, 8, 30, tzinfo=dt.timezone.utc)),
    (dt.timedelta, "10m", 10 * MINUTE),
    (dt.timedelta, "1h30m", HOUR + 30 * MINUTE),
    (dt.timedelta, "1.5h", HOUR + 30 * MINUTE),
    (dt.timedelta, '"1 hour 30 minutes"', HOUR + 30 * MINUTE),
    (dt.timedelta, "90", dt.timedelta(seconds=90)),
    (dt.timedelta, "2d", dt.timedelta(days=2)),
    (dt.timedelta, "1w", dt.timedelta(weeks=1)),
    (dt.timedelta, "PT10M", 10 * MINUTE),
    (dt.timedelta, "P1DT2H", dt.timedelta(days=1, hours=2)),
    (Size, "small", Size.SMALL),
    (Size, "EXTRA-large", Size.EXTRA_LARGE),
    (Size, "extra_large", Size.EXTRA_LARGE),
    (Colour, "red", Colour.RED),
    (Colour, "#f00", Colour.RED),
    (Colour, "2", Colour.BLUE),
    (Literal["red", "green"], "Red", "red"),
    (Literal[1, 2], "2", 2),
    (Optional[int], "3", 3),  # noqa: UP045  the older spelling works too
    (Union[int, dt.date], "2024-02-29", dt.date(2024, 2, 29)),  # noqa: UP007  the older spelling
    (int | str, "x", "x"),
    (int | str, "1", 1),
    (Annotated[int, "anything"], "4", 4),
    (Toppings, "5", 5),
    (User, "+49 15111111111".replace(" ", ""), User(number="+4915111111111")),
    (User, ALICE.uuid or "", User(uuid=ALICE.uuid)),
    (User, "alice.42", User(username="alice.42")),
    (Group, FAMILY.id, FAMILY),
    (Group, FAMILY.internal_id, FAMILY),
    (Group, "Family", FAMILY),
    (Rest, "all of  this", "all of  this"),
    (Rest, "  it's\n“raw” ", "it's\n“raw”"),
]


@pytest.mark.parametrize(("annotation", "text", "expected"), READ)
def test_a_word_becomes_a_value(annotation: Any, text: str, expected: Any) -> None:
    found = run(one(annotation), f"/do {text}")

    assert found == expected
    assert type(found) is type(expected)


REFUSED: list[tuple[Any, str, str]] = [
    (int, "x", "value: “x” is not a whole number."),
    (int, "1.5", "value: “1.5” is not a whole number."),
    (int, "9" * 5000, "is not a whole number."),
    (float, "nan", "value: “nan” is not a number."),
    (float, "1,5", "value: “1,5” is not a number."),
    (Decimal, "x", "is not a number."),
    (Decimal, "inf", "is not a number."),
    (bool, "maybe", "is not yes or no."),
    (dt.date, "29.2.2024", "is not a date like 2024-12-31."),
    (dt.date, "2023-02-29", "is not a date"),
    (dt.time, "25:00", "is not a time like 8:30."),
    (dt.time, "8", "is not a time"),
    (dt.datetime, "now", "is not a moment"),
    (dt.datetime, "2024-02-29", "is not a moment"),
    (dt.date, "20240229", "is not a date"),
    (dt.timedelta, "soon", "is not a duration like 10m or 1h30m."),
    (dt.timedelta, '"10 parsecs"', "is not a duration"),
    (dt.timedelta, "10x", "is not a duration"),
    (dt.timedelta, "PT", "is not a duration"),
    (dt.timedelta, "-5m", "is not a duration"),
    (dt.timedelta, "9" * 30 + "d", "is not a duration"),
    (dt.timedelta, '""', "is not a duration"),
    (Size, "medium", "value: “medium” is not one of small, extra-large."),
    (Literal["red", "green"], "blue", "is not one of red, green."),
    (int | dt.date, "x", "is not a whole number or a date like 2024-12-31."),
    (User, "bob", "is not a person: mention them"),
    (Group, "family", "is not the name or id of a group that I am in."),
]


@pytest.mark.parametrize(("annotation", "text", "expected"), REFUSED)
def test_a_word_that_does_not_fit_is_answered_with_the_usage(
    annotation: Any, text: str, expected: str
) -> None:
    error = refusal(one(annotation), f"/do {text}")

    assert expected in error.message
    assert error.reply == f"{error.message}\nUsage: {error.usage}"
    assert error.usage.startswith("/do <")
    assert len(error.message) < 150


def test_the_usage_line_names_the_command_as_it_was_called() -> None:
    router = Router()

    @router.command("remind", "r")
    def remind(ctx, delay: dt.timedelta, *text: str):
        return delay, text

    def usage(text: str) -> str:
        with pytest.raises(UsageError) as raised:
            answer(router, context(text))
        return raised.value.usage

    assert usage("/remind") == "/remind <delay> [text …]"
    assert usage("!r soon") == "!r <delay> [text …]"
    assert usage("remind me") == "remind <delay> [text …]"
    assert answer(router, context("/r 10m wash  up")) == (10 * MINUTE, ("wash", "up"))


def test_a_handler_may_refuse_its_arguments_too() -> None:
    def buy(ctx, count: int):
        if count > 9:
            raise UsageError("Nine at most.")
        return count

    assert run(buy, "/do 9") == 9
    assert refusal(buy, "/do 10").reply == "Nine at most.\nUsage: /do <count>"


def test_a_usage_of_ones_own_is_used() -> None:
    router = Router()

    @router.command("do", usage="/do it well")
    def do(ctx, how: int):
        return how

    with pytest.raises(UsageError) as raised:
        answer(router, context("/do"))
    assert raised.value.usage == "/do it well"


def everything(
    ctx,
    count: int,
    size: Size = Size.SMALL,
    *words: str,
    dry_run: bool = False,
    loud: bool = True,
    to: str | None = None,
    limit: int = 10,
):
    return (count, size, words, dry_run, loud, to, limit)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", (1, Size.SMALL, (), False, True, None, 10)),
        ("1 small a b", (1, Size.SMALL, ("a", "b"), False, True, None, 10)),
        ("--dry-run 1", (1, Size.SMALL, (), True, True, None, 10)),
        ("1 --dry_run", (1, Size.SMALL, (), True, True, None, 10)),
        ("1 —dry-run", (1, Size.SMALL, (), True, True, None, 10)),
        ("1 –Dry-Run", (1, Size.SMALL, (), True, True, None, 10)),
        ("1 --no-loud", (1, Size.SMALL, (), False, False, None, 10)),
        ("1 --loud=no --dry-run=yes", (1, Size.SMALL, (), True, False, None, 10)),
        ("--to me 1", (1, Size.SMALL, (), False, True, "me", 10)),
        ('--to="all of us" 1', (1, Size.SMALL, (), False, True, "all of us", 10)),
        ("1 --to “all of us”", (1, Size.SMALL, (), False, True, "all of us", 10)),
        ("1 --limit=3 small a", (1, Size.SMALL, ("a",), False, True, None, 3)),
        ("1 small -- --to", (1, Size.SMALL, ("--to",), False, True, None, 10)),
        ('1 small "--to"', (1, Size.SMALL, ("--to",), False, True, None, 10)),
        ("1 small - --", (1, Size.SMALL, ("-",), False, True, None, 10)),
    ],
)
def test_keyword_only_parameters_are_flags(text: str, expected: Any) -> None:
    assert run(everything, f"/do {text}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "count is missing."),
        ("1 --to", "--to needs a value."),
        ("1 --limit x", "limit: “x” is not a whole number."),
        ("1 --dry-runn", "“--dry-runn” is unknown. Did you mean --dry-run?"),
        ("1 --no-limit", "“--no-limit” is unknown. Did you mean --limit?"),
        ("1 --dry-run=maybe", "dry-run: “maybe” is not yes or no."),
        ("1 large", "size: “large” is not one of small, extra-large."),
    ],
)
def test_what_is_wrong_with_flags_is_said(text: str, expected: str) -> None:
    error = refusal(everything, f"/do {text}")

    assert error.message == expected
    assert error.usage == (
        "/do <count> [small|extra-large] [words …] "
        "[--dry-run] [--no-loud] [--to <to>] [--limit <limit>]"
    )


def test_a_flag_may_be_required() -> None:
    def handler(ctx, *, to: str, quiet: bool):
        return to, quiet

    assert run(handler, "/do --to me") == ("me", False)
    error = refusal(handler, "/do")
    assert error.message == "to is missing."
    assert error.usage == "/do --to <to> [--quiet]"


def test_hyphens_are_words_where_there_are_no_flags() -> None:
    def handler(ctx, *words: str):
        return words

    assert run(handler, "/do --it -- now") == ("--it", "--", "now")


def test_too_many_words_are_refused() -> None:
    error = refusal(one(str), "/do one two")
    assert error.message == (
        "“two” is one word too many. Put quotes around value if it has several words."
    )

    assert refusal(one(int), "/do 1 2").message == "“2” is one word too many."


def test_a_handler_without_parameters_takes_any_words() -> None:
    def handler(ctx):
        return ctx.args

    assert run(handler, '/do this "and that"') == ("this", "and that")
    assert run(handler, '/do this "and that') == ("this", '"and', "that")
    assert run(handler, "/do") == ()


def test_an_absent_optional_is_none_at_the_end_and_needed_before() -> None:
    def last(ctx, a: int, b: int | None):
        return a, b

    def first(ctx, a: int | None, b: int):
        return a, b

    assert run(last, "/do 1") == (1, None)
    assert run(first, "/do 1 2") == (1, 2)
    assert refusal(first, "/do 1").message == "b is missing."
    assert refusal(first, "/do").usage == "/do <a> <b>"


def test_the_rest_may_be_optional_and_comes_after_flags() -> None:
    def note(ctx, day: dt.date, text: Rest = "nothing", *, loud: bool = False):
        return day.day, text, loud

    def maybe(ctx, text: Rest | None):
        return text

    assert run(note, "/do 2024-01-02") == (2, "nothing", False)
    assert run(note, "/do 2024-01-02 --loud buy  --milk") == (2, "buy  --milk", True)
    assert refusal(note, "/do").usage == "/do <day> [text …] [--loud]"
    assert run(maybe, "/do") is None
    assert run(maybe, "/do well then") == "well then"


def test_a_mention_is_a_person() -> None:
    def hug(ctx, who: User, *others: User):
        return who, others

    text = "/do \ufffc \ufffc"
    mentions = (Mention(BOB, 4, 1), Mention(ALICE, 6, 1))
    assert run(hug, text, mentions=mentions) == (BOB, (ALICE,))


def test_a_mention_is_found_behind_emojis_and_spelled_with_blanks() -> None:
    def hug(ctx, what: str, who: User):
        return what, who

    text = "/do 🍕🍕 @Bob B. Builder"
    mentions = (Mention(BOB, 9, 15),)
    assert run(hug, text, mentions=mentions) == ("🍕🍕", BOB)


@pytest.mark.parametrize(
    ("start", "length"), [(None, None), (-1, 1), (4, 0), (5, 1), (4, 900), (900, 1), (4, -3)]
)
def test_an_impossible_mention_is_only_text(start: Any, length: Any) -> None:
    def hug(ctx, *who: str):
        return who

    assert run(hug, "/do 🍕", mentions=(Mention(BOB, start, length),)) == ("🍕",)


def test_own_converters_come_first_and_may_use_the_context() -> None:
    router = Router()

    class Pizza:
        def __init__(self, name: str, buyer: Any) -> None:
            self.name, self.buyer = name, buyer

    @router.converter(Pizza, expected="a pizza we make")
    def pizza(text: str, ctx: Any) -> Pizza:
        if text == "hawaii":
            raise ValueError("secret reason")
        if text == "tuna":
            raise UsageError("Tuna is out.")
        if text == "bug":
            raise RuntimeError("bug")
        return Pizza(text, ctx.sender)

    @router.converter(int)
    def roman(text: str) -> int:
        return {"i": 1, "v": 5}[text]

    @router.command("order")
    def order(ctx, what: Pizza, count: int = 1):
        return what.name, what.buyer, count

    assert answer(router, context("/order salami v")) == ("salami", ALICE, 5)
    with pytest.raises(UsageError) as refused:
        answer(router, context("/order hawaii"))
    assert refused.value.message == "what: “hawaii” is not a pizza we make."
    with pytest.raises(UsageError) as refused:
        answer(router, context("/order tuna"))
    assert refused.value.reply == "Tuna is out.\nUsage: /order <what> [count]"
    with pytest.raises(RuntimeError, match="bug"):
        answer(router, context("/order bug"))
    with pytest.raises(UsageError, match="count: “2” is not a int"):
        answer(router, context("/order salami 2"))


def test_everything_of_the_context_is_injected_by_name() -> None:
    def handler(ctx, event, message, chat, sender, bot, log, storage, state, args, match, word):
        return (event, message, chat, sender, bot, log, storage, state, args, match, word)

    router = Router()
    router.command("do")(handler)
    ctx = context("/do it")

    assert answer(router, ctx) == (
        ctx.event,
        ctx.event,
        ctx.chat,
        ALICE,
        "the bot",
        "the log",
        "the storage",
        "the state",
        ("it",),
        None,
        "it",
    )


def test_injection_works_between_arguments_and_by_keyword() -> None:
    def handler(count: int, sender, *words: str, chat, loud: bool = False):
        return count, sender, words, chat.is_group, loud

    assert run(handler, "/do 1 a b --loud") == (1, ALICE, ("a", "b"), False, True)


def test_a_name_of_the_context_is_an_argument_if_its_type_says_so() -> None:
    def say(ctx, message: str, args: int = 0):
        return message, args

    def note(ctx, event: Rest):
        return event

    def collect(ctx, *args):
        return args

    assert run(say, "/do hello 3") == ("hello", 3)
    assert run(note, "/do the party") == "the party"
    assert run(collect, "/do a b") == ("a", "b")


def test_methods_callables_and_partials_are_handlers() -> None:
    import functools

    class Shop:
        def order(self, ctx, count: int):
            return count

        def __call__(self, ctx, count: int):
            return -count

    def priced(price, ctx, count: int):
        return price * count

    assert run(Shop().order, "/do 2") == 2
    assert run(Shop(), "/do 2") == -2
    assert run(functools.partial(priced, 5), "/do 2") == 10


def test_annotations_of_injected_parameters_need_not_exist() -> None:
    def handler(ctx: NoSuchContext, sender: NoSuchUser) -> NoSuchThing:  # type: ignore[name-defined]  # noqa: F821
        return sender

    assert run(handler, "/do") == ALICE


UNFIT: list[tuple[Any, str]] = []


def unfit(pattern: str) -> Any:
    def note(handler: Any) -> Any:
        UNFIT.append((handler, pattern))
        return handler

    return note


class Unknown:
    pass


@unfit("no converter makes parameter 'thing' a Unknown.*@bot.converter\\(Unknown\\)")
def unknown_type(ctx, thing: Unknown): ...


@unfit("no converter")
def unknown_in_union(ctx, thing: int | Unknown): ...


@unfit("no converter")
def list_type(ctx, things: list[int]): ...


@unfit("'NoSuchType', cannot be read \\(NameError")
def no_such_name(ctx, thing: NoSuchType): ...  # type: ignore[name-defined]  # noqa: F821


@unfit("\\*\\*options cannot be filled")
def any_keyword(ctx, **options): ...


@unfit("parameter 'text' takes the rest of the text, so it must be the last")
def rest_first(ctx, text: Rest, count: int): ...


@unfit("must be the last")
def rest_before_words(ctx, text: Rest, *words: str): ...


@unfit("must be the last")
def rest_as_flag(ctx, *, text: Rest): ...


@unfit("mutable default")
def mutable(ctx, things=[]): ...  # noqa: B006


@unfit("parameter 'context' has no annotation. Call it 'ctx'")
def misnamed(context): ...


@pytest.mark.parametrize(("handler", "pattern"), UNFIT)
def test_what_can_never_be_filled_is_found_at_registration(handler: Any, pattern: str) -> None:
    class Bot(Router):
        is_root = True

    with pytest.raises(RegistrationError, match=pattern) as raised:
        Bot().command("do")(handler)

    line = handler.__code__.co_firstlineno
    assert str(raised.value).startswith(f"test_arguments.py:{line}: ")


@pytest.mark.parametrize(
    ("pattern", "handler"),
    [
        (r"(\d+)", lambda ctx, a, b: 0),
        (r"(\d+) (\d+)", lambda ctx, a: 0),
        (r"\d+", lambda ctx, a: 0),
        (r"(?P<c>\d+)", lambda ctx, a: 0),
    ],
)
def test_groups_and_parameters_must_fit(pattern: str, handler: Any) -> None:
    import re

    with pytest.raises(RegistrationError, match=r"test_arguments\.py:\d+: .*pattern"):
        Router().command(re.compile(pattern))(handler)


def test_a_pattern_whose_group_does_not_fit_is_answered() -> None:
    import re

    router = Router()

    @router.command(re.compile(r"on (\S+)"), usage="on <date>")
    def on(ctx, day: dt.date):
        return day

    with pytest.raises(UsageError) as raised:
        answer(router, context("on monday"))
    assert raised.value.reply == ("day: “monday” is not a date like 2024-12-31.\nUsage: on <date>")
