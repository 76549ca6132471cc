"""Filters: what they match, how they combine, what they say."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

from signalbot.errors import RegistrationError
from signalbot.model.content import (
    Attachment,
    ContactCard,
    ContactName,
    Preview,
    Quote,
    Sticker,
    StoryContext,
)
from signalbot.model.events import Delete, Edit, Message, PollVote, Reaction, StickerMessage, Typing
from signalbot.model.mentions import Mention
from signalbot.model.people import Chat, Group, User
from signalbot.routing import Filter, filters
from signalbot.routing.filter_algebra import as_filter
from tests.routing.fakes import (
    ALICE,
    BOB,
    FAMILY,
    IN_GROUP,
    ME,
    FakeContext,
    context,
    event,
    in_group,
)

PDF = Attachment(content_type="application/pdf", id="a.pdf")
PNG = Attachment(content_type="image/png", id="b.png")
LONG = Attachment(content_type="text/x-signal-plain", id="c.txt")

on = FakeContext


def yes(ctx: Any) -> bool:
    return True


def no(ctx: Any) -> bool:
    return False


MATCHES: list[tuple[Filter, FakeContext, bool]] = [
    (filters.text(), context("hi"), True),
    (filters.text(), context(""), False),
    (filters.text("hi", "ho"), context("ho"), True),
    (filters.text("hi"), context("hi!"), False),
    (filters.text("hi"), context("HI"), False),
    (filters.text("Straße", ignore_case=True), context("STRASSE"), True),
    (filters.text("hi"), on(event(Typing)), False),
    (filters.startswith("re:", "fw:"), context("fw: hi"), True),
    (filters.startswith("re:"), context("RE: hi"), False),
    (filters.startswith("re:", ignore_case=True), context("RE: hi"), True),
    (filters.endswith("?"), context("why?"), True),
    (filters.endswith("?"), context("why"), False),
    (filters.contains("pizza", "pasta"), context("some pasta please"), True),
    (filters.contains("pizza"), context("PIZZA"), False),
    (filters.contains("pizza", ignore_case=True), context("PIZZA"), True),
    (filters.regex(r"\d+"), context("room 12"), True),
    (filters.regex(r"^\d+$"), context("room 12"), False),
    (filters.regex("ROOM", re.IGNORECASE), context("room 12"), True),
    (filters.regex(re.compile("ROOM", re.IGNORECASE)), context("room 12"), True),
    (filters.regex(".*"), context(""), False),
    (filters.private(), context("hi"), True),
    (filters.private(), in_group("hi"), False),
    (filters.group(), in_group("hi"), True),
    (filters.group(), context("hi"), False),
    (filters.group(FAMILY), in_group("hi"), True),
    (filters.group(FAMILY.id), in_group("hi"), True),
    (filters.group(FAMILY.internal_id), in_group("hi"), True),
    (filters.group("Family"), in_group("hi"), True),
    (filters.group("Work"), in_group("hi"), False),
    (filters.group(), on(event(Typing, chat=None)), False),
    (filters.sender(ALICE), context("hi"), True),
    (filters.sender(ALICE.uuid), context("hi"), True),
    (filters.sender((ALICE.uuid or "").upper()), context("hi"), True),
    (filters.sender(ALICE.number), context("hi"), True),
    (filters.sender("+49 151 11111111"), context("hi"), True),
    (filters.sender("alice.42"), context("hi", sender=User(username="Alice.42")), True),
    (filters.sender(BOB, ALICE), context("hi"), True),
    (filters.sender(BOB), context("hi"), False),
    (filters.sender(BOB), context("hi", sender=None), False),
    (filters.own(), context("hi", is_own=True), True),
    (filters.own(), context("hi"), False),
    (filters.note_to_self(), context("hi", sender=ME, chat=Chat(user=ME), is_own=True), True),
    (filters.note_to_self(), context("hi", sender=ME, is_own=True), False),
    (filters.note_to_self(), context("hi"), False),
    (filters.has_attachment(), context(attachments=(PDF,)), True),
    (filters.has_attachment(), context("hi"), False),
    (filters.has_attachment(), context("long", attachments=(LONG,)), False),
    (filters.has_attachment("image"), context(attachments=(PDF, PNG)), True),
    (filters.has_attachment("image/"), context(attachments=(PNG,)), True),
    (filters.has_attachment("image/png"), context(attachments=(PNG,)), True),
    (filters.has_attachment("image/p"), context(attachments=(PNG,)), False),
    (filters.has_attachment("audio", "application/pdf"), context(attachments=(PDF,)), True),
    (filters.has_attachment("image"), context(attachments=(Attachment(),)), False),
    (filters.quote(), context("yes", quote=Quote(id=1, author=BOB)), True),
    (filters.quote(), context("yes"), False),
    (filters.replies_to_me(), context("yes", quote=Quote(id=1, author=ME)), True),
    (filters.replies_to_me(), context("yes", quote=Quote(id=1, author=BOB)), False),
    (filters.replies_to_me(), context("yes", quote=Quote(id=1)), False),
    (filters.mentions(), context("\ufffc", mentions=(Mention(BOB, 0, 1),)), True),
    (filters.mentions(BOB), context("\ufffc", mentions=(Mention(BOB, 0, 1),)), True),
    (filters.mentions(ALICE), context("\ufffc", mentions=(Mention(BOB, 0, 1),)), False),
    (filters.mentions_me(), context("\ufffc", mentions=(Mention(ME, 0, 1),)), True),
    (filters.mentions_me(), context("\ufffc", mentions=(Mention(BOB, 0, 1),)), False),
    (filters.mentions_me(), on(event(Typing)), False),
    (filters.sticker(), on(event(StickerMessage, sticker=Sticker("ab", 1))), True),
    (filters.sticker("ab"), on(event(StickerMessage, sticker=Sticker("ab", 1))), True),
    (filters.sticker("cd"), on(event(StickerMessage, sticker=Sticker("ab", 1))), False),
    (filters.sticker(), context("hi"), False),
    (filters.contact(), context("hi", contacts=(ContactCard(ContactName()),)), True),
    (filters.contact(), context("hi"), False),
    (filters.link(), context("see HTTPS://example.org"), True),
    (filters.link(), context("", previews=(Preview(url="https://example.org"),)), True),
    (filters.link(), context("example.org"), False),
    (filters.view_once(), context("", view_once=True), True),
    (filters.view_once(), context("hi"), False),
    (filters.story_reply(), context("wow", story_context=StoryContext(1, ME)), True),
    (filters.story_reply(), context("wow"), False),
    (filters.kind(Edit, Delete), on(event(Edit, target=1)), True),
    (filters.kind(Edit, Delete), context("hi"), False),
    (filters.kind(Message), on(event(StickerMessage)), True),
    (filters.edited(), on(event(Edit, target=1, text="new")), True),
    (filters.edited(), context("hi"), False),
    (filters.emoji(), on(event(Reaction, emoji="👍", target=1)), True),
    (filters.emoji("👍"), on(event(Reaction, emoji="👍🏽", target=1)), True),
    (filters.emoji("👍🏽"), on(event(Reaction, emoji="👍", target=1)), True),
    (filters.emoji("❤"), on(event(Reaction, emoji="❤️", target=1)), True),
    (filters.emoji("👎"), on(event(Reaction, emoji="👍", target=1)), False),
    (filters.emoji(), context("👍"), False),
    (filters.removed(), on(event(Reaction, emoji="👍", target=1, is_remove=True)), True),
    (filters.removed(), on(event(Reaction, emoji="👍", target=1)), False),
    (filters.reacts_to_me(), on(event(Reaction, target=1, target_author=ME)), True),
    (filters.reacts_to_me(), on(event(Reaction, target=1, target_author=BOB)), False),
    (filters.voted(), on(event(PollVote, target=1, options=())), True),
    (filters.voted(0, 2), on(event(PollVote, target=1, options=(2,))), True),
    (filters.voted(0), on(event(PollVote, target=1, options=(2,))), False),
    (filters.voted(), context("hi"), False),
    (filters.where(yes), context("hi"), True),
    (filters.where(no, "never"), context("hi"), False),
]


@pytest.mark.parametrize(("wanted", "ctx", "expected"), MATCHES, ids=lambda each: repr(each)[:40])
def test_what_it_matches(wanted: Filter, ctx: FakeContext, expected: bool) -> None:
    assert wanted(ctx) is expected
    assert (~wanted)(ctx) is not expected
    assert wanted.explain(ctx).startswith(repr(wanted))


@pytest.mark.parametrize(
    ("combined", "expected"),
    [
        (filters.where(yes) & yes, True),
        (filters.where(yes) & no, False),
        (yes & filters.where(yes), True),
        (no & filters.where(yes), False),
        (filters.where(no) | yes, True),
        (filters.where(no) | no, False),
        (yes | filters.where(no), True),
        (no | filters.where(no), False),
        (~filters.where(no), True),
        (~~filters.where(no), False),
        (filters.where(yes) & yes & yes & yes, True),
        (filters.where(yes) & yes & no & yes, False),
        (filters.where(no) | no | no | yes, True),
        (filters.where(yes) & (filters.where(no) | yes), True),
        (~(filters.where(yes) & no), True),
        (partial(yes) & filters.where(yes), True),
    ],
)
def test_filters_combine_with_each_other_and_with_callables(
    combined: Filter, expected: bool
) -> None:
    assert combined(context("hi")) is expected


def test_the_second_part_is_asked_only_if_it_matters() -> None:
    def never(ctx: Any) -> bool:
        raise AssertionError

    assert not (filters.where(no) & never)(context())
    assert (filters.where(yes) | never)(context())


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (filters.text("a", "b"), "text('a', 'b')"),
        (filters.contains("a", ignore_case=True), "contains('a', ignore_case=True)"),
        (filters.regex(r"\d"), r"regex('\\d')"),
        (
            filters.private() & ~filters.has_attachment("image"),
            "private() & ~has_attachment('image')",
        ),
        ((filters.own() | filters.quote()) & yes, "(own() | quote()) & yes"),
        (~(filters.own() | filters.quote()), "~(own() | quote())"),
        (filters.kind(Edit, Delete), "kind(Edit, Delete)"),
        (filters.where(yes, "open hours"), "open hours"),
        (filters.where(lambda ctx: True), "<lambda>"),
    ],
)
def test_a_filter_shows_what_it_is(made: Filter, expected: str) -> None:
    assert repr(made) == expected


def test_a_filter_shows_nobodys_number() -> None:
    assert "+49" not in repr(filters.sender("+4915111111111") & filters.mentions(BOB))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (filters.contains("pizza"), "contains('pizza'): no, the text is 'some pasta'"),
        (filters.group(), "group(): no, the chat is direct"),
        (filters.private() & filters.text("x"), "text('x'): no, the text is 'some pasta'"),
        (filters.text("x") | filters.own(), "text('x'): no, the text is 'some pasta'; own(): no"),
        (filters.own() | filters.private(), "private(): yes, the chat is direct"),
        (~filters.private(), "~private(): no, as private(): yes, the chat is direct"),
        (filters.has_attachment(), "has_attachment(): no, it carries none"),
        (filters.kind(Edit), "kind(Edit): no, the event is Message"),
    ],
)
def test_a_filter_explains_itself(made: Filter, expected: str) -> None:
    assert made.explain(context("some pasta")) == expected


def test_a_long_text_is_shortened_in_explanations() -> None:
    assert len(filters.text("x").explain(context("y" * 5000))) < 150


async def asynchronous(ctx: Any) -> bool:
    return True


class Asynchronous:
    async def __call__(self, ctx: Any) -> bool:
        return True


def generator(ctx: Any) -> Any:
    yield True


@pytest.mark.parametrize(
    ("candidate", "hint"),
    [
        (asynchronous, "async"),
        (Asynchronous(), "async"),
        (generator, "generator"),
        (lambda: True, "exactly one argument"),
        (lambda ctx, other: True, "exactly one argument"),
        ("hi", "filters.text('hi')"),
        (re.compile("hi"), "filters.regex"),
        (filters.private, "filters.private(...)"),
        (Message, "filters.kind"),
        (7, "callable"),
        (None, "callable"),
    ],
)
def test_what_is_no_filter_is_refused(candidate: Any, hint: str) -> None:
    with pytest.raises(RegistrationError, match=r"^test_filters\.py:\d+: ") as raised:
        as_filter(candidate)

    assert hint in str(raised.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: filters.regex("("),
        lambda: filters.regex(b"x"),  # type: ignore[arg-type]
        lambda: filters.regex(re.compile(b"x")),  # type: ignore[arg-type]
        lambda: filters.regex(re.compile("x"), re.IGNORECASE),
        lambda: filters.regex(7),  # type: ignore[arg-type]
        filters.startswith,
        filters.contains,
        lambda: filters.contains(7),  # type: ignore[arg-type]
        filters.sender,
        lambda: filters.sender("nobody"),
        lambda: filters.mentions("+49nonsense"),
        filters.kind,
        lambda: filters.kind("edit"),  # type: ignore[arg-type]
        lambda: filters.has_attachment(""),
        lambda: filters.where(asynchronous),
        lambda: filters.private() & "hi",  # type: ignore[operator]
        lambda: "hi" | filters.private(),  # type: ignore[operator]
        lambda: filters.private() & asynchronous,
        lambda: filters.private() & filters.group,
    ],
)
def test_mistakes_are_found_where_the_filter_is_made(make: Any) -> None:
    with pytest.raises(RegistrationError, match=r"^test_filters\.py:\d+: "):
        make()


def test_an_error_about_a_person_does_not_show_the_number() -> None:
    with pytest.raises(RegistrationError) as raised:
        filters.sender("+49 151 oops")

    assert "151" not in str(raised.value)


def test_and_or_not_are_refused() -> None:
    with pytest.raises(TypeError, match="&"):
        _ = filters.private() and filters.text()


def test_groups_in_other_forms_are_told_apart() -> None:
    other = Group("b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyMTI=", name="Other")

    assert not filters.group(other)(context("hi", chat=IN_GROUP))
