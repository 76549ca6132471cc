"""Sending, as handlers and programs do it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signalbot.infrastructure.api_service import SentMessage, SignalClient


class Messages:
    """The account's outgoing side: works from any thread, also while the bot is not started.

    ``guard`` is called before every call and raises where a call must not be made: in a forked
    child, on the event loop's thread, after a handler's deadline.
    """

    def __init__(self, client: Callable[[], SignalClient], guard: Callable[[], None]) -> None:
        self._client = client
        self._guard = guard

    def send(self, to: Any, text: str | None = None, **options: Any) -> SentMessage:
        """Send a message; the options are those of ``client.messages.send``."""
        self._guard()
        return self._client().messages.send(to, text, **options)

    def edit(self, sent: SentMessage, text: str, **options: Any) -> SentMessage:
        """Replace the text of a message that we sent."""
        self._guard()
        return sent.edit(text, **options)

    def delete(self, sent: SentMessage) -> None:
        """Delete a message that we sent, for everybody."""
        self._guard()
        sent.delete()

    def delete_at(self, chat: Any, timestamp: int) -> None:
        """Delete a message of ours that is known by its timestamp."""
        self._guard()
        self._client().messages.delete(chat, timestamp)

    def react(self, chat: Any, emoji: str, message: Any) -> None:
        """Put an emoji on a message."""
        self._guard()
        self._client().reactions.add(chat, emoji, message)

    def unreact(self, chat: Any, message: Any) -> None:
        """Take our emoji off a message."""
        self._guard()
        self._client().reactions.remove(chat, message)

    def mark_read(self, author: Any, messages: Iterable[Any] | Any) -> None:
        """Tell the author that their messages were read."""
        self._guard()
        self._client().receipts.read(author, messages)

    def start_typing(self, chat: Any) -> None:
        self._guard()
        self._client().typing.start(chat)

    def stop_typing(self, chat: Any) -> None:
        """Hide the typing indicator; no guard, since it has to end whatever happened."""
        self._client().typing.stop(chat)
