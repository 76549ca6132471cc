"""Ready-made filters; each call makes one, and they combine with ``& | ~``.

    @bot.on_message(filters.private() & ~filters.has_attachment())
    @bot.on_message(filters.regex(r"order (?P<count>\\d+)") & (lambda ctx: is_open()))

Any callable that takes the context and returns true or false can stand beside them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from signalbot.routing.filter_algebra import Filter, as_filter
from signalbot.routing.filter_parts import (
    LONG_TEXT,
    call,
    carries,
    compiled_pattern,
    folded,
    group_of_chat,
    is_note_to_self,
    makes_filters,
    mentions_in,
    mime_prefix,
    on_text,
    people,
    plain_emoji,
    shown_attachments,
    shown_chat,
    shown_text,
    some,
)
from signalbot.routing.identities import GroupForm, Groups, UserForm
from signalbot.routing.places import here

__all__ = [
    "where",
    "text",
    "startswith",
    "endswith",
    "contains",
    "regex",
    "private",
    "group",
    "sender",
    "own",
    "note_to_self",
    "has_attachment",
    "quote",
    "replies_to_me",
    "mentions",
    "mentions_me",
    "sticker",
    "contact",
    "link",
    "view_once",
    "story_reply",
    "kind",
    "edited",
    "emoji",
    "removed",
    "reacts_to_me",
    "voted",
]


@makes_filters
def where(predicate: Callable[[Any], object], label: str | None = None) -> Filter:
    """Any callable as a filter, with a name for explanations."""
    made = as_filter(predicate)
    return Filter(made.test, label) if label else made


# -- the text ------------------------------------------------------------------------------


@makes_filters
def text(*exact: str, ignore_case: bool = False) -> Filter:
    """Any text, or exactly one of these."""
    wanted = frozenset(folded(exact, ignore_case, "text"))
    if not wanted:
        return Filter(lambda ctx: bool(ctx.text), "text()", detail=shown_text)
    return on_text(wanted.__contains__, "text", exact, ignore_case)


@makes_filters
def startswith(*prefixes: str, ignore_case: bool = False) -> Filter:
    """The text begins with one of these."""
    wanted = folded(some(prefixes, "startswith"), ignore_case, "startswith")
    return on_text(lambda value: value.startswith(wanted), "startswith", prefixes, ignore_case)


@makes_filters
def endswith(*suffixes: str, ignore_case: bool = False) -> Filter:
    """The text ends with one of these."""
    wanted = folded(some(suffixes, "endswith"), ignore_case, "endswith")
    return on_text(lambda value: value.endswith(wanted), "endswith", suffixes, ignore_case)


@makes_filters
def contains(*parts: str, ignore_case: bool = False) -> Filter:
    """One of these is somewhere in the text."""
    wanted = folded(some(parts, "contains"), ignore_case, "contains")
    return on_text(
        lambda value: any(part in value for part in wanted), "contains", parts, ignore_case
    )


@makes_filters
def regex(pattern: str | re.Pattern[str], flags: int = 0) -> Filter:
    """The pattern is found in the text; its named groups become arguments of the handler.

    The search is not anchored: write ``^…$`` for the whole text. ``ctx.match`` is the match.

    Raises:
        RegistrationError: if the pattern is no valid regular expression.
    """
    compiled = compiled_pattern(pattern, flags)

    def find(ctx: Any) -> re.Match[str] | None:
        value = ctx.text
        return compiled.search(value) if value else None

    return Filter(
        find,
        f"regex({compiled.pattern!r})",
        detail=shown_text,
        find=find,
        groups=frozenset(compiled.groupindex),
    )


# -- who and where -------------------------------------------------------------------------


@makes_filters
def private() -> Filter:
    """A chat with one person, the note to self included."""
    return Filter(lambda ctx: bool(ctx.is_direct), "private()", detail=shown_chat)


@makes_filters
def group(*groups: GroupForm) -> Filter:
    """Any group, or one of these: by id in either form, by name, or as ``Group``."""
    if not groups:
        return Filter(lambda ctx: group_of_chat(ctx) is not None, "group()", detail=shown_chat)
    wanted = Groups(groups)
    return Filter(lambda ctx: group_of_chat(ctx) in wanted, call("group", groups))


@makes_filters
def sender(*users: UserForm) -> Filter:
    """Written by one of these people: by number, uuid, username, or as ``User``."""
    wanted = people(some(users, "sender"))
    return Filter(lambda ctx: ctx.sender in wanted, call("sender", wanted.users))


@makes_filters
def own() -> Filter:
    """Written by myself on another device (the handler needs ``own=True`` to see most of them)."""
    return Filter(lambda ctx: ctx.event.is_own, "own()")


@makes_filters
def note_to_self() -> Filter:
    """Written by myself, to myself."""
    return Filter(is_note_to_self, "note_to_self()")


# -- what a message carries ----------------------------------------------------------------


@makes_filters
def has_attachment(*kinds: str) -> Filter:
    """Any attachment, or one of these kinds: ``"image"``, ``"audio/"``, ``"application/pdf"``."""
    wanted = tuple(mime_prefix(kind) for kind in kinds)

    def test(ctx: Any) -> bool:
        for attachment in getattr(ctx.event, "attachments", ()):
            content_type = (attachment.content_type or "").lower()
            if content_type == LONG_TEXT:
                continue
            if not wanted or (content_type.partition(";")[0] + "/").startswith(wanted):
                return True
        return False

    return Filter(test, call("has_attachment", kinds), detail=shown_attachments)


@makes_filters
def quote() -> Filter:
    """It answers an earlier message by quoting it."""
    return carries("quote")


@makes_filters
def replies_to_me() -> Filter:
    """It quotes a message of the bot."""

    def test(ctx: Any) -> bool:
        quoted = getattr(ctx.event, "quote", None)
        return quoted is not None and quoted.author is not None and ctx.is_me(quoted.author)

    return Filter(test, "replies_to_me()")


@makes_filters
def mentions(*users: UserForm) -> Filter:
    """It mentions somebody, or one of these people."""
    if not users:
        return carries("mentions")
    wanted = people(users)
    return Filter(
        lambda ctx: any(mention.user in wanted for mention in mentions_in(ctx)),
        call("mentions", wanted.users),
    )


@makes_filters
def mentions_me() -> Filter:
    """It mentions the bot's own account."""
    return Filter(
        lambda ctx: any(ctx.is_me(mention.user) for mention in mentions_in(ctx)), "mentions_me()"
    )


@makes_filters
def sticker(pack_id: str | None = None) -> Filter:
    """A sticker, of any pack or of this one."""
    if pack_id is None:
        return carries("sticker")

    def test(ctx: Any) -> bool:
        found = getattr(ctx.event, "sticker", None)
        return found is not None and found.pack_id == pack_id

    return Filter(test, call("sticker", (pack_id,)))


@makes_filters
def contact() -> Filter:
    """It shares a contact."""
    return carries("contacts")


@makes_filters
def link() -> Filter:
    """Its text has a web address, or it shows a link preview."""
    address = re.compile(r"https?://\S", re.IGNORECASE)

    def test(ctx: Any) -> bool:
        if getattr(ctx.event, "previews", ()):
            return True
        return ctx.text is not None and address.search(ctx.text) is not None

    return Filter(test, "link()")


@makes_filters
def view_once() -> Filter:
    """It may be looked at only once."""
    return carries("view_once")


@makes_filters
def story_reply() -> Filter:
    """It answers a story."""
    return carries("story_context")


# -- other kinds of event ------------------------------------------------------------------


@makes_filters
def kind(*classes: type) -> Filter:
    """The event is one of these classes, subclasses included: ``kind(Edit, Delete)``."""
    for wanted in some(classes, "kind"):
        if not isinstance(wanted, type):
            raise here().error(f"filters.kind({wanted!r}): give event classes, such as Edit")
    names = ", ".join(wanted.__name__ for wanted in classes)
    return Filter(
        lambda ctx: isinstance(ctx.event, classes),
        f"kind({names})",
        detail=lambda ctx: f"the event is {type(ctx.event).__name__}",
    )


@makes_filters
def edited() -> Filter:
    """A later version of an earlier message."""
    return Filter(lambda ctx: ctx.event.kind == "edit", "edited()")


@makes_filters
def emoji(*emojis: str) -> Filter:
    """A reaction with any emoji, or with one of these in any skin tone."""
    wanted = frozenset(plain_emoji(each) for each in emojis)

    def test(ctx: Any) -> bool:
        found = getattr(ctx.event, "emoji", None)
        return isinstance(found, str) and (not wanted or plain_emoji(found) in wanted)

    return Filter(test, call("emoji", emojis))


@makes_filters
def removed() -> Filter:
    """A reaction that was taken back."""
    return carries("is_remove", "removed")


@makes_filters
def reacts_to_me() -> Filter:
    """A reaction to a message of the bot."""

    def test(ctx: Any) -> bool:
        author = getattr(ctx.event, "target_author", None)
        return author is not None and ctx.event.kind == "reaction" and ctx.is_me(author)

    return Filter(test, "reacts_to_me()")


@makes_filters
def voted(*options: int) -> Filter:
    """A vote in a poll, for anything or for one of these options (counted from 0)."""
    wanted = frozenset(options)

    def test(ctx: Any) -> bool:
        if ctx.event.kind != "poll_vote":
            return False
        return not wanted or not wanted.isdisjoint(ctx.event.options)

    return Filter(test, call("voted", options))
