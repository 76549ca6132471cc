"""What Signal's frames say, as values; nothing in here talks to anybody."""

from __future__ import annotations

from signalbot.model.classify import classify
from signalbot.model.content import (
    Attachment,
    ContactAddress,
    ContactCard,
    ContactField,
    ContactName,
    Gradient,
    GroupInfo,
    IceUpdate,
    LinkPreview,
    Preview,
    Quote,
    QuotedAttachment,
    ReadMark,
    Sticker,
    StoryContext,
    StoryText,
    TextStyle,
)
from signalbot.model.decode import decode
from signalbot.model.delivery import Delivery
from signalbot.model.events import (
    EVENT_CLASSES,
    EVENT_TYPES,
    AdminDelete,
    BlockedSync,
    Call,
    ContactMessage,
    ContactSync,
    ContentEvent,
    Delete,
    Edit,
    ErrorEvent,
    Event,
    ExceptionEvent,
    ExpirationUpdate,
    GroupSync,
    GroupUpdate,
    Message,
    NoopEvent,
    Payment,
    Pin,
    Poll,
    PollClose,
    PollVote,
    Reaction,
    ReadSync,
    Receipt,
    StickerMessage,
    Story,
    Typing,
    UnknownEvent,
    Unpin,
)
from signalbot.model.frames import frames
from signalbot.model.group_ids import is_internal_id, is_rest_id, to_internal_id, to_rest_id
from signalbot.model.mentions import PLACEHOLDER, Mention, resolve_mentions
from signalbot.model.peek import Peek, peek
from signalbot.model.people import Chat, Group, User
from signalbot.model.retry import RetryPolicy
from signalbot.model.styling import (
    Styled,
    bold,
    italic,
    monospace,
    spoiler,
    strike,
    strip_styles,
    styled,
)
from signalbot.model.text import escape, split_paragraphs, utf16_length, utf16_offset, utf16_slice

__all__ = [
    # reading frames
    "classify", "decode", "frames", "peek", "Peek", "Delivery", "RetryPolicy",
    # people and places
    "User", "Group", "Chat", "to_rest_id", "to_internal_id", "is_rest_id", "is_internal_id",
    # events
    "EVENT_CLASSES", "EVENT_TYPES", "Event", "ContentEvent",
    "Message", "StickerMessage", "ContactMessage", "Edit", "Delete", "AdminDelete", "Reaction",
    "Payment", "GroupUpdate", "ExpirationUpdate", "Poll", "PollVote", "PollClose", "Pin", "Unpin",
    "Story", "Receipt", "Typing", "Call", "ReadSync", "BlockedSync", "ContactSync", "GroupSync",
    "ExceptionEvent", "ErrorEvent", "UnknownEvent", "NoopEvent",
    # what they hold
    "Attachment", "ContactAddress", "ContactCard", "ContactField", "ContactName", "Gradient",
    "GroupInfo", "IceUpdate", "LinkPreview", "Preview", "Quote", "QuotedAttachment", "ReadMark",
    "Sticker", "StoryContext", "StoryText", "TextStyle",
    # text
    "PLACEHOLDER", "Mention", "resolve_mentions",
    "Styled", "bold", "escape", "italic", "monospace", "spoiler", "strike",
    "strip_styles", "styled", "split_paragraphs", "utf16_length", "utf16_offset", "utf16_slice",
]  # fmt: skip
