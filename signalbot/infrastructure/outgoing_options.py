"""The keywords of everything that sends, for editors and type checkers.

What each means is said once, at
:meth:`signalbot.infrastructure.api_clients.messages.MessagesApi.send`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import timedelta

    from signalbot.infrastructure.api_clients.references import Target
    from signalbot.infrastructure.outgoing_attachments import AttachmentSource
    from signalbot.infrastructure.outgoing_message import Quotable, StickerLike
    from signalbot.infrastructure.outgoing_sent import SentMessage
    from signalbot.model.content import LinkPreview
    from signalbot.model.mentions import Mention
    from signalbot.model.people import User


class ContentOptions(TypedDict, total=False):
    """What every message may have."""

    attachments: AttachmentSource | Iterable[AttachmentSource] | None
    mentions: Sequence[Mention | User | str]
    styled: bool
    view_once: bool
    link_preview: LinkPreview | None
    sticker: StickerLike | None
    notify_self: bool | None
    expires_in: float | timedelta | None
    raise_on_partial: bool
    on_progress: Callable[[int, int], None] | None


class EditOptions(ContentOptions, total=False):
    """Of the new version of a message."""

    quote: Quotable | None


class ReplyOptions(ContentOptions, total=False):
    """Of a message whose quote is given already."""

    edit: SentMessage | Target | None
    split: bool


class SendOptions(ReplyOptions, total=False):
    """Of ``bot.send`` and ``client.messages.send``."""

    quote: Quotable | None


class HandlerReplyOptions(ReplyOptions, total=False):
    """Of ``ctx.reply``; ``on_commit`` is for bots of ``signalbot.ext.django``."""

    on_commit: bool | str


class HandlerSendOptions(SendOptions, total=False):
    """Of ``ctx.send``; ``on_commit`` is for bots of ``signalbot.ext.django``."""

    on_commit: bool | str
