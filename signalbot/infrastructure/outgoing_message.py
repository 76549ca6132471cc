"""Drafts: what is to be said, checked and worked out for ``/v2/send``, all but the recipients."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from signalbot.infrastructure.api_clients.references import MessageLike, author_of, timestamp_of
from signalbot.infrastructure.outgoing_attachments import (
    AttachmentSource,
    OutgoingFile,
    load,
    load_all,
)
from signalbot.model.content import LinkPreview, Quote, Sticker
from signalbot.model.mentions import Mention, Place, has_markers, resolve_mentions
from signalbot.model.people import User
from signalbot.model.styling import strip_styles
from signalbot.model.text import split_paragraphs, utf16_length

StickerLike: TypeAlias = Sticker | str | tuple[str, int]
# An event, a SentMessage, a poll, a received quote; shown is its text, or a poll's question.
Quotable: TypeAlias = MessageLike | Quote

_PACK_ID = re.compile(r"[0-9A-Fa-f]+")


@dataclass(slots=True)
class Draft:
    """One call's message; not frozen, as that would take four times as long to make.

    Attributes:
        fields: of the request's body, besides who sends it to whom.
        text: what the recipients read, without markup.
    """

    fields: dict[str, Any] = field(repr=False)
    files: tuple[OutgoingFile, ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)
    mentions: tuple[Mention, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Content:
    """The arguments of ``send`` that make the message."""

    text: str | None = None
    attachments: AttachmentSource | Iterable[AttachmentSource] | None = ()
    quote: Quotable | None = None
    mentions: Sequence[Mention | User | str] = ()
    styled: bool = False
    view_once: bool = False
    link_preview: LinkPreview | None = None
    sticker: StickerLike | None = None
    notify_self: bool | None = None
    split: bool = False

    def drafts(self, *, is_edit: bool, max_bytes: int) -> list[Draft]:
        """Check and encode; more than one only if ``split`` found a place to cut.

        Raises:
            ValueError: if the message could not be sent, or not as meant.
            TypeError: if an argument is of no use.
        """
        text = self._checked_text()
        if self.split and is_edit:
            raise ValueError("split=True and edit= exclude each other: an edit is one message")
        drafts = [self._text_draft(*part) for part in self._texts(text)]
        self._add_to(drafts, max_bytes)
        # Last, as it may take long: a mistake in the rest should not have to wait for a download.
        self._attach(drafts, load_all(self.attachments, max_bytes=max_bytes))
        return drafts

    def _checked_text(self) -> str:
        if self.text is None:
            return ""
        if not isinstance(self.text, str):
            raise TypeError(f"text must be a str, not {type(self.text).__name__}")
        return self.text

    def _texts(self, text: str) -> list[tuple[str, list[Place]]]:
        """The texts to send, with places that count in the text as written, markup included."""
        if not self.mentions and not has_markers(text):
            places: list[Place] = []
        else:
            text, places = resolve_mentions(text, self.mentions)
        if not self.split:
            return [(text, places)]
        parts, start = [], 0
        for part in split_paragraphs(text) or [""]:
            shown = part.rstrip()  # the break at a part's end has done its work
            if shown or not text:
                inside = _places_within(places, start, start + utf16_length(shown))
                parts.append((shown, inside))
            start += utf16_length(part)
        return parts or [(text, places)]

    def _text_draft(self, text: str, places: list[Place]) -> Draft:
        shown = strip_styles(text) if self.styled else text
        if places and self.styled:
            again = [Mention(user, start, length) for start, length, user in places]
            _, places = resolve_mentions(text, again, styled=True)
        fields: dict[str, Any] = {
            "message": text,
            # Always said, since the operator may have made styled the default.
            "text_mode": "styled" if self.styled else "normal",
        }
        if places:
            fields["mentions"] = [_wire_mention(*place) for place in places]
        mentions = tuple(Mention(user, start, length) for start, length, user in places)
        return Draft(fields, text=shown, mentions=mentions)

    def _add_to(self, drafts: list[Draft], max_bytes: int) -> None:
        """Put what a text may carry where it belongs: a quote with the first, a link by its url."""
        if self.quote is not None:
            drafts[0].fields.update(_quote(self.quote))
        if self.link_preview is not None:
            linking = _with_link(drafts, self.link_preview)
            linking.fields["link_preview"] = _link_fields(self.link_preview, max_bytes)
        if self.sticker is not None:
            drafts[0].fields["sticker"] = sticker_name(self.sticker)
        if self.notify_self is not None:
            for draft in drafts:
                draft.fields["notify_self"] = bool(self.notify_self)

    def _attach(self, drafts: list[Draft], files: tuple[OutgoingFile, ...]) -> None:
        """Put the files with the last text, so that they come after all that is said of them."""
        last = drafts[-1]
        if files:
            drafts[-1] = last = Draft(last.fields, files, last.text, last.mentions)
        elif not last.fields["message"] and self.sticker is None:
            raise ValueError("nothing to send: give a text, attachments= or sticker=")
        if self.view_once:
            if not files:
                raise ValueError("view_once=True needs an attachment to be viewed once")
            last.fields["view_once"] = True


def plain_draft(text: str | None) -> Draft | None:
    """What ``Content(text).drafts()`` makes of a text without mentions; None for all others.

    Nearly every answer of a bot is one, and the long way takes 15 µs.
    """
    if type(text) is not str or not text or has_markers(text):
        return None
    return Draft({"message": text, "text_mode": "normal"}, text=text)


def sticker_name(sticker: StickerLike) -> str:
    """``<pack id>:<number>``, as the server wants it.

    Raises:
        ValueError: if it is not that.
    """
    if isinstance(sticker, Sticker):
        sticker = sticker.pack_id, sticker.sticker_id
    text = ":".join(map(str, sticker)) if isinstance(sticker, tuple) else str(sticker)
    pack, _, number = text.partition(":")
    if not _PACK_ID.fullmatch(pack) or not number.isdecimal():
        raise ValueError(
            "a sticker is '<pack id>:<number>', (pack id, number) or a Sticker; "
            "the pack id consists of the digits 0 to 9 and a to f"
        )
    return f"{pack.lower()}:{number}"


def _places_within(places: list[Place], start: int, end: int) -> list[Place]:
    return [
        (at - start, min(length, end - at), user)
        for at, length, user in places
        if start <= at < end
    ]


def _wire_mention(start: int, length: int, user: User) -> dict[str, Any]:
    return {"start": start, "length": length, "author": user.address}


def _quote(quoted: Quotable) -> dict[str, Any]:
    author = author_of(quoted)
    if author is None:
        raise ValueError("quote= needs a message that says who wrote it")
    fields: dict[str, Any] = {
        "quote_timestamp": timestamp_of(quoted),
        "quote_author": author.address,
        "quote_message": _shown(quoted),
    }
    known: Iterable[Mention] = getattr(quoted, "mentions", None) or ()
    mentions = [
        _wire_mention(mention.start, mention.length or 1, mention.user)
        for mention in known
        if mention.start is not None
    ]
    if mentions:
        fields["quote_mentions"] = mentions
    return fields


def _shown(quoted: Quotable) -> str:
    """What a quote shows: the text, of a poll the question; nothing of a picture alone."""
    text = getattr(quoted, "text", None) or getattr(quoted, "question", None)
    return text if isinstance(text, str) else ""


def _with_link(drafts: list[Draft], preview: LinkPreview) -> Draft:
    if not isinstance(preview, LinkPreview):
        raise TypeError(f"link_preview= takes a LinkPreview, not a {type(preview).__name__}")
    if not preview.url.startswith("https://"):
        raise ValueError("a link preview's url must start with https://")
    if not preview.title:
        raise ValueError("a link preview needs a title")
    for draft in drafts:
        if preview.url in draft.fields["message"]:
            return draft
    raise ValueError("a link preview's url must occur in the text, letter by letter")


def _link_fields(preview: LinkPreview, max_bytes: int) -> dict[str, str]:
    fields = {"url": preview.url, "title": preview.title}
    if preview.description:
        fields["description"] = preview.description
    if preview.image is not None:
        fields["base64_thumbnail"] = load(preview.image, max_bytes=max_bytes).text
    return fields
