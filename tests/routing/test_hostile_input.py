"""Whatever people write, routing answers; only the arguments may be refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbot.model.events import Message
from signalbot.model.mentions import Mention
from signalbot.model.people import Group, User
from signalbot.routing import Rest, Router, UsageError, filters
from signalbot.routing.converters import parse_duration
from signalbot.routing.words import split_words
from tests.routing.fakes import ALICE, IN_GROUP, ME, FakeContext, event

TEXT = st.text(
    st.one_of(
        st.sampled_from("/!\"'\\“”„«»‘’-—=\ufffc 0123456789abcdefmstodping\n\t🍕"),
        st.characters(exclude_categories=()),
    ),
    max_size=60,
)
OFFSET = st.one_of(st.none(), st.integers(-3, 70), st.integers())
MENTIONS = st.lists(st.tuples(st.sampled_from([ME, ALICE]), OFFSET, OFFSET), max_size=3)


def a_bot() -> Router:
    bot = Router()
    bot.command("p", "ping")(lambda ctx: ctx.args)
    bot.command("todo add")(many)
    bot.command("!")(people)
    bot.command("note")(note)
    bot.on_message(filters.regex(r"(?P<count>\d+)"))(counted)
    bot.on_unhandled(lambda ctx: None)
    return bot


def many(ctx, a: int, b: timedelta | float = 1.0, *rest: str, loud: bool = False, to: str = ""): ...


def people(ctx, who: User | None, where: Group | None, *more: User): ...


def note(ctx, text: Rest, *, loud: bool = False): ...


def counted(ctx, count: int): ...


TABLE = a_bot().compile()


@settings(max_examples=150, deadline=None)
@given(text=TEXT, mentions=MENTIONS, in_group=st.booleans())
def test_every_text_is_routed(text: str, mentions: Any, in_group: bool) -> None:
    facts: dict[str, Any] = {"chat": IN_GROUP} if in_group else {}
    marks = tuple(Mention(*each) for each in mentions)
    ctx = FakeContext(event(Message, text=text, mentions=marks, **facts))

    refusals: list[str] = []
    for match in TABLE.matches(ctx):
        try:
            match.call(ctx)
        except UsageError as error:
            refusals.append(error.usage)
    assert all(refusals)
    TABLE.explain(ctx)
    TABLE.suggestion(ctx)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), max_size=8)))
def test_what_was_quoted_is_read_as_it_was(words: list[str]) -> None:
    quoted = " ".join('"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in words)

    assert [word.text for word in split_words(quoted)] == words


@settings(max_examples=100, deadline=None)
@given(st.text("0123456789.smhdwpt ", max_size=20))
def test_a_duration_is_read_or_refused(text: str) -> None:
    try:
        found = parse_duration(text)
    except (ValueError, OverflowError):
        return
    assert found >= timedelta(0)


@pytest.mark.parametrize("length", [10, 100_000])
def test_a_wall_of_flags_is_no_burden(length: int) -> None:
    ctx = FakeContext(event(Message, text="/todo add " + "--loud " * length + "1"))
    match = next(TABLE.matches(ctx))

    match.call(ctx)
