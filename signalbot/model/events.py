"""Everything that a server can tell a bot, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from signalbot.model.content import (
    Attachment,
    ContactCard,
    Preview,
    Quote,
    Sticker,
    StoryContext,
    StoryText,
    TextStyle,
)
from signalbot.model.event import Event
from signalbot.model.mentions import Mention
from signalbot.model.notices import (
    BlockedSync,
    Call,
    ContactSync,
    ErrorEvent,
    ExceptionEvent,
    GroupSync,
    NoopEvent,
    ReadSync,
    Receipt,
    Typing,
    UnknownEvent,
)
from signalbot.model.people import User

__all__ = [
    "EVENT_CLASSES",
    "EVENT_TYPES",
    "Event",
    "ContentEvent",
    "Message",
    "StickerMessage",
    "ContactMessage",
    "Edit",
    "Delete",
    "AdminDelete",
    "Reaction",
    "Payment",
    "GroupUpdate",
    "ExpirationUpdate",
    "Poll",
    "PollVote",
    "PollClose",
    "Pin",
    "Unpin",
    "Story",
    "Receipt",
    "Typing",
    "Call",
    "ReadSync",
    "BlockedSync",
    "ContactSync",
    "GroupSync",
    "ExceptionEvent",
    "ErrorEvent",
    "UnknownEvent",
    "NoopEvent",
]


@dataclass(frozen=True, kw_only=True, repr=False)
class ContentEvent(Event):
    """What messages and edits have in common; ``text`` is empty if there is none."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    mentions: tuple[Mention, ...] = ()
    quote: Quote | None = None
    previews: tuple[Preview, ...] = ()
    styles: tuple[TextStyle, ...] = ()
    view_once: bool = False
    expires_in: int = 0
    story_context: StoryContext | None = None

    @property
    def is_reply(self) -> bool:
        """Whether it quotes another message."""
        return self.quote is not None

    def mentions_user(self, user: User | str) -> bool:
        """Whether that person is mentioned, by any identifier both sides know."""
        return any(mention.user.matches(user) for mention in self.mentions)


@dataclass(frozen=True, kw_only=True, repr=False)
class Message(ContentEvent):
    """Somebody wrote something; attachments alone are a message too."""

    kind: ClassVar[str] = "message"

    sticker: Sticker | None = None
    contacts: tuple[ContactCard, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class StickerMessage(Message):
    """A message that is a sticker."""

    kind: ClassVar[str] = "sticker"


@dataclass(frozen=True, kw_only=True, repr=False)
class ContactMessage(Message):
    """A message that is a shared contact, without text."""

    kind: ClassVar[str] = "contact"


@dataclass(frozen=True, kw_only=True, repr=False)
class Edit(ContentEvent):
    """A message was changed: ``target`` is the timestamp of the version that was edited.

    That may be the first version or the latest; ``timestamp`` is the edit's own.
    """

    kind: ClassVar[str] = "edit"

    target: int


@dataclass(frozen=True, kw_only=True, repr=False)
class Delete(Event):
    """A message was deleted for everybody; its author is ``author``."""

    kind: ClassVar[str] = "remote_delete"
    by_admin: ClassVar[bool] = False

    target: int
    author: User | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class AdminDelete(Delete):
    """An admin deleted somebody's message."""

    kind: ClassVar[str] = "admin_delete"
    by_admin: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, repr=False)
class Reaction(Event):
    """An emoji was put on a message, or taken off it."""

    kind: ClassVar[str] = "reaction"

    emoji: str = ""
    target: int
    target_author: User | None = None
    is_remove: bool = False
    story_context: StoryContext | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Payment(Event):
    """A payment was announced; ``receipt`` is base64."""

    kind: ClassVar[str] = "payment"

    note: str | None = None
    receipt: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class GroupUpdate(Event):
    """A group changed; the server does not say what.

    ``joined``, ``left`` and ``promoted`` are empty until somebody compares the group with what
    was known of it.
    """

    kind: ClassVar[str] = "group_update"

    revision: int | None = None
    joined: tuple[User, ...] = ()
    left: tuple[User, ...] = ()
    promoted: tuple[User, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class ExpirationUpdate(Event):
    """The disappearing timer was set to ``seconds``; 0 is off, None was not readable."""

    kind: ClassVar[str] = "expiration_update"

    seconds: int | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Poll(Event):
    """A poll was opened; sender and timestamp name it."""

    kind: ClassVar[str] = "poll_create"

    question: str = ""
    options: tuple[str, ...] = ()
    allow_multiple: bool = False


@dataclass(frozen=True, kw_only=True, repr=False)
class PollVote(Event):
    """Somebody voted: ``options`` count from 0, and none of them withdraws the vote.

    ``author`` made the poll with timestamp ``target``; a vote with a higher ``count`` replaces
    the same voter's earlier one.
    """

    kind: ClassVar[str] = "poll_vote"

    target: int
    author: User | None = None
    options: tuple[int, ...] = ()
    count: int = 0


@dataclass(frozen=True, kw_only=True, repr=False)
class PollClose(Event):
    """The sender's poll with timestamp ``target`` was closed."""

    kind: ClassVar[str] = "poll_terminate"

    target: int


@dataclass(frozen=True, kw_only=True, repr=False)
class Pin(Event):
    """A message was pinned for ``duration`` seconds; -1 is for ever, 0 was not given."""

    kind: ClassVar[str] = "pin"

    target: int
    target_author: User | None = None
    duration: int = 0


@dataclass(frozen=True, kw_only=True, repr=False)
class Unpin(Event):
    """A message is pinned no longer."""

    kind: ClassVar[str] = "unpin"

    target: int
    target_author: User | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Story(Event):
    """A story was posted: a file, or text with a look."""

    kind: ClassVar[str] = "story"

    text: str = ""
    allows_replies: bool = False
    attachment: Attachment | None = None
    look: StoryText | None = None


EVENT_CLASSES: tuple[type[Event], ...] = (
    Message,
    StickerMessage,
    ContactMessage,
    Edit,
    Delete,
    AdminDelete,
    Reaction,
    Payment,
    GroupUpdate,
    ExpirationUpdate,
    Poll,
    PollVote,
    PollClose,
    Pin,
    Unpin,
    Story,
    Receipt,
    Typing,
    Call,
    ReadSync,
    BlockedSync,
    ContactSync,
    GroupSync,
    ExceptionEvent,
    ErrorEvent,
    UnknownEvent,
    NoopEvent,
)

EVENT_TYPES: dict[str, type[Event]] = {cls.kind: cls for cls in EVENT_CLASSES}
