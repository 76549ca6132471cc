"""What the ready-made filters are built from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from signalbot.routing.filter_algebra import Filter
from signalbot.routing.identities import People, UserForm
from signalbot.routing.places import here

Make = TypeVar("Make", bound=Callable[..., Filter])

LONG_TEXT = "text/x-signal-plain"
"""The attachment that carries a long text a second time: no attachment to anybody's eye."""

SKIN_TONES = dict.fromkeys([0xFE0F, *range(0x1F3FB, 0x1F400)])
"""What two ways of writing one emoji may differ in."""


def makes_filters(make: Make) -> Make:
    """Mark a function that has to be called to get a filter."""
    # ``on_message(filters.private)`` without the call would match everything, silently.
    make.makes_filters = True  # type: ignore[attr-defined] # functions take attributes
    return make


def on_text(
    test: Callable[[str], bool], name: str, arguments: tuple[str, ...], ignore_case: bool
) -> Filter:
    """A filter on the text, folded first if case does not matter."""

    def exactly(ctx: Any) -> bool:
        value = ctx.text
        return value is not None and test(value)

    def regardless_of_case(ctx: Any) -> bool:
        value = ctx.text
        return value is not None and test(value.casefold())

    label = call(name, arguments, *(["ignore_case=True"] if ignore_case else []))
    return Filter(regardless_of_case if ignore_case else exactly, label, detail=shown_text)


def carries(attribute: str, name: str | None = None) -> Filter:
    return Filter(lambda ctx: bool(getattr(ctx.event, attribute, None)), f"{name or attribute}()")


def call(name: str, arguments: tuple[object, ...], *rest: str) -> str:
    return f"{name}({', '.join([*map(repr, arguments), *rest])})"


def some(arguments: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    if not arguments:
        raise here().error(f"filters.{name}() needs at least one argument")
    return arguments


def folded(texts: tuple[str, ...], ignore_case: bool, name: str) -> tuple[str, ...]:
    for each in texts:
        if not isinstance(each, str):
            raise here().error(f"filters.{name}({each!r}): only text can be compared with text")
    return tuple(each.casefold() for each in texts) if ignore_case else texts


def people(users: tuple[UserForm, ...]) -> People:
    try:
        return People(users)
    except ValueError as error:
        raise here().error(str(error)) from None


def compiled_pattern(pattern: str | re.Pattern[str], flags: int = 0) -> re.Pattern[str]:
    """The compiled pattern.

    Raises:
        RegistrationError: if it is invalid, works on bytes, or comes with flags of its own.
    """
    if isinstance(pattern, re.Pattern) and flags:
        raise here().error("flags belong into re.compile(...) when the pattern is compiled")
    try:
        compiled = re.compile(pattern, flags)
    except (re.error, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise here().error(f"{pattern!r} is no regular expression: {error}") from error
    if not hasattr(compiled.pattern, "encode"):
        raise here().error(f"{pattern!r} works on bytes; messages are text")
    return compiled


def mime_prefix(kind: str) -> str:
    """``image`` and ``image/`` as a prefix of ``image/png/``, and ``image/png`` as a whole type."""
    if not kind or not hasattr(kind, "lower"):
        raise here().error(f"filters.has_attachment({kind!r}): give a MIME type, such as 'image'")
    return kind.lower().rstrip("/*") + "/"


def plain_emoji(emoji: str) -> str:
    return emoji.translate(SKIN_TONES)


def group_of_chat(ctx: Any) -> Any:
    chat = ctx.chat
    return None if chat is None else chat.group


def mentions_in(ctx: Any) -> Sequence[Any]:
    return getattr(ctx.event, "mentions", None) or ()


def is_note_to_self(ctx: Any) -> bool:
    """Whether I wrote it to myself, from another device."""
    event, chat = ctx.event, ctx.chat
    if not event.is_own or chat is None or chat.user is None:
        return False
    sender = ctx.sender
    return (sender is not None and chat.user.matches(sender)) or bool(ctx.is_me(chat.user))


def shown_text(ctx: Any) -> str:
    value = ctx.text
    if value is None:
        return "there is no text"
    return f"the text is {value[:77] + '…' if len(value) > 78 else value!r}"


def shown_chat(ctx: Any) -> str:
    if ctx.chat is None:
        return "the event belongs to no chat"
    return "the chat is a group" if group_of_chat(ctx) is not None else "the chat is direct"


def shown_attachments(ctx: Any) -> str:
    found = [str(each.content_type) for each in getattr(ctx.event, "attachments", ())]
    return f"it carries {', '.join(found)}" if found else "it carries none"
