"""Reactions: an emoji on a message."""

from __future__ import annotations

from typing import Any

from signalbot.infrastructure.api_clients.addresses import ChatLike, PersonLike, address, target
from signalbot.infrastructure.api_clients.area import Area
from signalbot.infrastructure.api_clients.operation import Operation, Param, required
from signalbot.infrastructure.api_clients.references import Target, reference
from signalbot.infrastructure.calls import Family


class ReactionsApi(Area):
    """React to messages, and take it back.

    ```python
    client.reactions.add(message.chat, "👍", message)
    client.reactions.remove(message.chat, message)
    client.reactions.add("+4915187654321", "👀", 1769271479123, author="+4915187654321")
    ```
    """

    ADD = Operation(
        "POST",
        "/v1/reactions/{number}",
        Family.SEND,
        body=(
            required("recipient"),
            required("reaction"),
            required("target_author"),
            required("timestamp", "integer"),
        ),
        is_send=True,
    )
    REMOVE = Operation(
        "DELETE",
        "/v1/reactions/{number}",
        Family.SEND,
        body=(
            required("recipient"),
            Param("reaction"),
            required("target_author"),
            required("timestamp", "integer"),
        ),
        is_send=True,
    )

    def add(
        self, to: ChatLike, emoji: str, message: Target, *, author: PersonLike | None = None
    ) -> None:
        """React to a message; an earlier reaction of ours on it is replaced.

        Args:
            to: the chat in which the message is.
            emoji: one emoji.
            message: an event, a SentMessage, or its timestamp (then with ``author``).
        """
        if not emoji:
            raise ValueError("emoji is empty: reactions.remove() takes a reaction back")
        self._do(self.ADD, body=self._body(to, emoji, message, author))

    def remove(
        self,
        to: ChatLike,
        message: Target,
        *,
        author: PersonLike | None = None,
        emoji: str | None = None,
    ) -> None:
        """Take our reaction back; which emoji is named does not matter to the server."""
        self._do(self.REMOVE, body=self._body(to, emoji, message, author))

    def _body(
        self, to: ChatLike, emoji: str | None, message: Target, author: PersonLike | None
    ) -> dict[str, Any]:
        meant = reference(message, author)
        body: dict[str, Any] = {"recipient": address(target(to))}
        if emoji is not None:
            body["reaction"] = emoji
        body["target_author"] = address(meant.author)
        body["timestamp"] = meant.timestamp
        return body
