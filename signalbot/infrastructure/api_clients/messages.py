"""Messages: send, edit, delete, and in the classic modes receive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from signalbot.infrastructure.api_clients.addresses import ChatLike, address, target
from signalbot.infrastructure.api_clients.area import Area
from signalbot.infrastructure.api_clients.caller import Caller
from signalbot.infrastructure.api_clients.contacts import ContactsApi
from signalbot.infrastructure.api_clients.groups import GroupsApi
from signalbot.infrastructure.api_clients.message_operations import MessageOperations
from signalbot.infrastructure.api_clients.reactions import ReactionsApi
from signalbot.infrastructure.api_clients.receiving import Received, read_frames, receive_query
from signalbot.infrastructure.api_clients.references import Target, timestamp_of
from signalbot.infrastructure.api_clients.sending import Sending
from signalbot.infrastructure.api_clients.timers import Timers
from signalbot.infrastructure.outgoing_attachments import AttachmentSource, load
from signalbot.infrastructure.outgoing_edits import EditChains
from signalbot.infrastructure.outgoing_message import (
    Content,
    Quotable,
    StickerLike,
    plain_draft,
)
from signalbot.infrastructure.outgoing_recipients import Recipients, portions
from signalbot.infrastructure.outgoing_sent import SentMessage
from signalbot.model.content import LinkPreview
from signalbot.model.mentions import Mention
from signalbot.model.people import Group, User

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from signalbot.infrastructure.outgoing_options import EditOptions

# What signal-cli may need beyond the waiting time of a poll before it is killed.
_POLL_MARGIN = 130.0


class MessagesApi(MessageOperations, Area):
    """Messages.

    ```python
    sent = client.messages.send("+4915187654321", "Dinner is ready")
    sent = sent.edit("Dinner is almost ready")
    sent.react("🍕")
    sent.delete()

    client.messages.send(
        ["+4915187654321", "alice.42", group],
        f"Look, {Mention(alice)}!",
        attachments=[("menu.png", picture)],
    )
    ```
    """

    def __init__(
        self,
        caller: Caller,
        *,
        groups: GroupsApi,
        contacts: ContactsApi,
        reactions: ReactionsApi,
        max_attachment_size: int,
    ) -> None:
        super().__init__(caller)
        self._reactions = reactions
        self._timers = Timers(groups, contacts)
        self._chains = EditChains()
        self._max_attachment_size = max_attachment_size

    def send(
        self,
        to: Recipients,
        text: str | None = None,
        *,
        attachments: AttachmentSource | Iterable[AttachmentSource] | None = (),
        quote: Quotable | None = None,
        mentions: Sequence[Mention | User | str] = (),
        styled: bool = False,
        view_once: bool = False,
        link_preview: LinkPreview | None = None,
        sticker: StickerLike | None = None,
        edit: SentMessage | Target | None = None,
        notify_self: bool | None = None,
        expires_in: float | timedelta | None = None,
        raise_on_partial: bool = False,
        on_progress: Callable[[int, int], None] | None = None,
        split: bool = False,
    ) -> SentMessage:
        """Send a message to one or to many.

        Recipients of mixed kinds take several calls, one for all numbers and uuids, one for all
        usernames, one for each group, whose results are merged. Once one of them has succeeded,
        those that fail are listed in :attr:`SentMessage.failed` instead of raised.

        Args:
            to: who, in any form; the own number is the note to self.
            text: may name people by ``f"{Mention(user)}"``.
            attachments: one or more of path, bytes, ``(name, bytes)``, ``(name, bytes, mime)``,
                binary file, http(s) URL (fetched by this machine: not for strangers' URLs).
            quote: a message event or SentMessage to answer to.
            mentions: people to name; without a ``start`` (as ``Mention(user)``, or just the
                person) a place is found for them.
            styled: the text holds markup (put what others wrote through ``escape()``).
            view_once: recipients can open the attachments once only.
            link_preview: its url must be in the text.
            sticker: ``"<pack id>:<number>"`` of an installed pack, or a received Sticker.
            edit: our message to replace, a SentMessage or its timestamp.
            notify_self: whether own devices show a message to oneself as new (server: yes).
            expires_in: seconds. Signal knows no timer for one message, so this sets the chat's
                timer, with a notice to everybody in it, unless this client has set the same
                before; 0 only works with classic servers.
            raise_on_partial: raise if some recipients were not reached.
            on_progress: called with (bytes sent, bytes in all) while a call uploads; with several
                calls it starts again for each. What it raises is logged, and the upload goes on.
            split: cut a long text at paragraphs into several messages, instead of leaving it to
                Signal, which sends what exceeds 2,000 bytes as one long message.

        Raises:
            ValueError: if there is nothing to send, or it cannot be sent like this.
            ApiError: if nobody was reached. It says whether it may have been sent all the same:
                nothing is ever repeated that might have been.
            PartialSendError: only with ``raise_on_partial``.
        """
        targets = portions(to)
        sending = Sending(
            self._caller, self.SEND, self, chains=self._chains, edit=edit, on_progress=on_progress
        )
        is_text_alone = (
            (attachments is None or attachments == ())
            and quote is None
            and link_preview is None
            and sticker is None
            and notify_self is None
            and expires_in is None
            and not (mentions or styled or view_once or split)
        )
        if is_text_alone and (draft := plain_draft(text)) is not None:
            return sending.run(targets, [draft], raise_on_partial=raise_on_partial)
        content = Content(
            text=text,
            attachments=attachments,
            quote=quote,
            mentions=mentions,
            styled=styled,
            view_once=view_once,
            link_preview=link_preview,
            sticker=sticker,
            notify_self=notify_self,
            split=split,
        )
        drafts = content.drafts(is_edit=edit is not None, max_bytes=self._max_attachment_size)
        if expires_in is not None:
            for portion in targets:
                for chat in portion:
                    self._timers.set(chat, expires_in)
        return sending.run(targets, drafts, raise_on_partial=raise_on_partial)

    def edit(self, sent: SentMessage, text: str, **options: Unpack[EditOptions]) -> SentMessage:
        """Replace the text of a message for everybody who got it, like ``sent.edit()``.

        Args:
            options: those of :meth:`send`.
        """
        return self.send(sent.reached, text, edit=sent, **options)

    def delete(self, to: ChatLike, message: SentMessage | Target) -> int:
        """Delete an own message for everybody in one chat (server 0.95 and newer).

        ``sent.delete()`` does so in all chats that it went to.

        Args:
            message: a SentMessage, or the timestamp that the message was first sent with.

        Returns:
            The timestamp of the deletion itself.
        """
        chat = target(to)
        if isinstance(message, SentMessage):
            first = message.chain_for((chat,)).first
        else:
            first = self._chains.of(timestamp_of(message)).first
        body = {"recipient": address(chat), "timestamp": first}
        answer = self._ask(self.DELETE, body=body)
        try:
            return int(answer["timestamp"])
        except (KeyError, TypeError, ValueError):
            raise self._caller.unreadable(self.DELETE, 201) from None

    def react(self, to: ChatLike, emoji: str | None, message: Target, author: User) -> None:
        """Set or (None) remove the own reaction; what ``sent.react()`` does in each chat."""
        if emoji is None:
            self._reactions.remove(to, message, author=author)
        else:
            self._reactions.add(to, emoji, message, author=author)

    def receive(
        self,
        *,
        timeout: int = 1,
        max_messages: int = 100,
        ignore_attachments: bool = False,
        ignore_stories: bool = False,
        ignore_avatars: bool = False,
        ignore_stickers: bool = False,
        send_read_receipts: bool = False,
    ) -> Received:
        """Poll once; classic modes only, a bot does it by itself.

        What is received is gone from Signal's side, so never give up midway.

        Args:
            timeout: seconds of silence to wait for; at most 100.
            max_messages: 0 is no limit.
        """
        query = receive_query(
            timeout,
            max_messages,
            ignore_attachments=ignore_attachments,
            ignore_stories=ignore_stories,
            ignore_avatars=ignore_avatars,
            ignore_stickers=ignore_stickers,
            send_read_receipts=send_read_receipts,
        )
        answer = self._caller.exchange(self.RECEIVE, query=query, timeout=timeout + _POLL_MARGIN)
        return read_frames(answer.body, self._caller.account)

    def send_v1(
        self, to: Recipients, text: str, *, attachment: AttachmentSource | None = None
    ) -> SentMessage:
        """Send by the deprecated ``/v1/send``, for servers that have nothing else.

        It knows no styles, mentions or quotes, one attachment, and one kind of recipient.
        """
        targets = portions(to)
        if len(targets) != 1:
            raise ValueError("/v1/send takes either people or one group")
        (portion,) = targets
        is_group = isinstance(portion[0], Group)
        body: dict[str, Any] = {
            "number": self._caller.account,
            # Only here a group goes without its prefix.
            "recipients": [named.recipient.removeprefix("group.") for named in portion]
            if is_group
            else [named.recipient for named in portion],
            "message": text,
        }
        if attachment is not None:
            file = load(attachment, max_bytes=self._max_attachment_size)
            body["base64_attachment"] = file.text
        if is_group:
            body["is_group"] = True
        sending = Sending(self._caller, self.SEND_V1, self, chains=self._chains)
        return sending.run_one(portion, body, text)
