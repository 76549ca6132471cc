"""The records inside of events, built from JSON; a broken part counts as absent."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, TypeVar

from signalbot.model.content import (
    Attachment,
    ContactAddress,
    ContactCard,
    ContactField,
    ContactName,
    Gradient,
    GroupInfo,
    Preview,
    Quote,
    QuotedAttachment,
    ReadMark,
    Sticker,
    StoryContext,
    StoryText,
    TextStyle,
)
from signalbot.model.json_values import (
    JsonObject,
    identifier_of,
    int_of,
    object_of,
    objects_of,
    text_of,
    timestamp_of,
)
from signalbot.model.mentions import Mention
from signalbot.model.people import Group, User
from signalbot.model.text import utf16_length

T = TypeVar("T")

_LONG_TEXT = "text/x-signal-plain"


def user_of(record: JsonObject, key: str, name: str | None = None) -> User | None:
    """Build a person from the trio ``key``, ``keyNumber``, ``keyUuid``."""
    uuid = identifier_of(record.get(f"{key}Uuid"))
    number = identifier_of(record.get(f"{key}Number"))
    if uuid or number:
        return User(uuid, number, None, name)
    old = identifier_of(record.get(key))
    return User.from_wire(old, name) if old else None


def group_info_of(value: Any) -> GroupInfo | None:
    """Build what a message tells about its group."""
    record = object_of(value)
    group_id = identifier_of(record.get("groupId")) if record is not None else None
    if record is None or group_id is None:
        return None
    group = Group(group_id, text_of(record.get("groupName")) or None)
    return GroupInfo(group, int_of(record.get("revision")), text_of(record.get("type")))


def attachment_of(value: Any) -> Attachment | None:
    """Build a file's record."""
    record = object_of(value)
    if record is None:
        return None
    return Attachment(
        text_of(record.get("contentType")),
        text_of(record.get("filename")),
        identifier_of(record.get("id")),
        int_of(record.get("size")),
        int_of(record.get("width")),
        int_of(record.get("height")),
        text_of(record.get("caption")),
        int_of(record.get("uploadTimestamp")),
    )


def attachments_of(value: Any, text: str) -> tuple[Attachment, ...]:
    """Build the files of a message, without the copy that the server makes of a long text."""
    found = _each(attachment_of, value)
    if text:
        return tuple(file for file in found if file.content_type != _LONG_TEXT)
    return found


def mentions_of(value: Any, text: str) -> tuple[Mention, ...]:
    """Build the mentions of a text; a range that begins outside of it is dropped."""
    found = []
    for record in objects_of(value):
        user = _mentioned(record)
        place = _range_of(record, text)
        if user is not None and place is not None:
            found.append(Mention(user, *place))
    return tuple(found)


def _mentioned(record: JsonObject) -> User | None:
    uuid, number = identifier_of(record.get("uuid")), identifier_of(record.get("number"))
    if uuid or number:
        return User(uuid, number)
    name = identifier_of(record.get("name"))  # of old: a number or uuid, never a person's name
    return User.from_wire(name) if name else None


def styles_of(value: Any, text: str) -> tuple[TextStyle, ...]:
    """Build the styled ranges of a text; names of styles that we don't know are kept."""
    found = []
    for record in objects_of(value):
        style = text_of(record.get("style"))
        place = _range_of(record, text)
        if style is not None and place is not None:
            found.append(TextStyle(style, *place))
    return tuple(found)


def _range_of(record: JsonObject, text: str) -> tuple[int, int] | None:
    start, length = int_of(record.get("start")), int_of(record.get("length"))
    if start is None or length is None or start < 0 or length < 1:
        return None
    room = utf16_length(text) - start
    return (start, min(length, room)) if room > 0 else None


def quote_of(value: Any) -> Quote | None:
    """Build the message that is answered; without its timestamp there is none."""
    record = object_of(value)
    quoted = int_of(record.get("id")) if record is not None else None
    if record is None or quoted is None:
        return None
    text = text_of(record.get("text")) or ""
    return Quote(
        quoted,
        user_of(record, "author"),
        text,
        mentions_of(record.get("mentions"), text),
        _each(_quoted_attachment_of, record.get("attachments")),
        styles_of(record.get("textStyles"), text),
    )


def _quoted_attachment_of(record: JsonObject) -> QuotedAttachment:
    return QuotedAttachment(
        text_of(record.get("contentType")),
        text_of(record.get("filename")),
        attachment_of(record.get("thumbnail")),
    )


def preview_of(value: Any) -> Preview | None:
    """Build a link preview."""
    record = object_of(value)
    if record is None:
        return None
    return Preview(
        text_of(record.get("url")),
        text_of(record.get("title")),
        text_of(record.get("description")),
        attachment_of(record.get("image")),
    )


def previews_of(value: Any) -> tuple[Preview, ...]:
    """Build the link previews of a message."""
    return _each(preview_of, value)


def sticker_of(value: Any) -> Sticker | None:
    """Build a sticker; a part that is missing becomes ``""`` or -1, for it was a sticker still."""
    record = object_of(value)
    if record is None:
        return None
    number = int_of(record.get("stickerId"))
    return Sticker(text_of(record.get("packId")) or "", -1 if number is None else number)


def contacts_of(value: Any) -> tuple[ContactCard, ...]:
    """Build the shared contacts of a message."""
    return _each(_contact_of, value)


def _contact_of(record: JsonObject) -> ContactCard:
    name = object_of(record.get("name")) or {}
    avatar = object_of(record.get("avatar")) or {}
    return ContactCard(
        name=_texts(ContactName, name),
        phones=_each(lambda part: _texts(ContactField, part), record.get("phone")),
        emails=_each(lambda part: _texts(ContactField, part), record.get("email")),
        addresses=_each(lambda part: _texts(ContactAddress, part), record.get("address")),
        organization=text_of(record.get("organization")),
        avatar=attachment_of(avatar.get("attachment")),
        avatar_is_profile=avatar.get("isProfile") is True,
    )


def story_context_of(value: Any) -> StoryContext | None:
    """Build the story that is answered; without its timestamp there is none."""
    record = object_of(value)
    stamp = int_of(record.get("sentTimestamp")) if record is not None else None
    if record is None or stamp is None:
        return None
    return StoryContext(stamp, user_of(record, "author"))


def story_text_of(value: Any) -> StoryText | None:
    """Build the look of a story that is text."""
    record = object_of(value)
    if record is None:
        return None
    return StoryText(
        text=text_of(record.get("text")) or "",
        style=text_of(record.get("style")),
        foreground=text_of(record.get("textForegroundColor")),
        text_background=text_of(record.get("textBackgroundColor")),
        background=text_of(record.get("backgroundColor")),
        gradient=_gradient_of(record.get("backgroundGradient")),
        preview=preview_of(record.get("preview")),
    )


def _gradient_of(value: Any) -> Gradient | None:
    record = object_of(value)
    if record is None:
        return None
    return Gradient(
        colors=texts_of(record.get("colors")),
        positions=tuple(
            float(item)
            for item in _list(record.get("positions"))
            if type(item) in (int, float) and -1e9 < item < 1e9 and isfinite(item)
        ),
        angle=int_of(record.get("angle")),
        start_color=text_of(record.get("startColor")),
        end_color=text_of(record.get("endColor")),
    )


def read_marks_of(value: Any) -> tuple[ReadMark, ...]:
    """Build the list of messages that were read elsewhere."""
    found = []
    for record in objects_of(value):
        author, stamp = user_of(record, "sender"), timestamp_of(record.get("timestamp"))
        if author is not None and stamp is not None:
            found.append(ReadMark(author, stamp))
    return tuple(found)


def texts_of(value: Any) -> tuple[str, ...]:
    """The strings of a list."""
    return tuple(text for item in _list(value) if (text := text_of(item)) is not None)


def identifiers_of(value: Any) -> tuple[str, ...]:
    """The non-empty strings of a list."""
    return tuple(name for item in _list(value) if (name := identifier_of(item)) is not None)


def _list(value: Any) -> list[Any]:
    return value if type(value) is list else []


def _each(build: Callable[[JsonObject], T | None], value: Any) -> tuple[T, ...]:
    return tuple(item for record in objects_of(value) if (item := build(record)) is not None)


def _texts(record_type: Callable[..., T], record: JsonObject) -> T:
    """Build a record whose fields are all texts and named as in JSON."""
    fields: tuple[str, ...] = record_type.__dataclass_fields__.keys()  # type: ignore[attr-defined]
    return record_type(**{name: text_of(record.get(name)) for name in fields})
