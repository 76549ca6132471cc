"""``bot.messages``: to iterate over, and in a notebook to look back at."""

from __future__ import annotations

import datetime as dt
import importlib
from typing import Any

from signalbot.errors import SignalBotError
from signalbot.model import Event, Message
from signalbot.observability.html import message_table
from signalbot.runtime.recent import Recent
from signalbot.runtime.subscriptions import Subscription, Subscriptions


class Feed:
    """Call it to iterate over messages as they come; ``.df()`` has those that came.

    ```python
    for message in bot.messages(timeout=60):
        print(message.sender, message.text)
    ```

    Looking back works in notebooks only: elsewhere nothing of anybody's is kept in memory.
    """

    def __init__(self, subscriptions: Subscriptions, recent: Recent | None) -> None:
        self._subscriptions = subscriptions
        self._recent = recent

    def __call__(self, timeout: float | None = None, *, own: bool = False) -> Subscription:
        """Iterate over messages as they are handled; ends after so many silent seconds.

        It only watches: handlers run all the same, and a message is done when they are.
        """
        return self._subscriptions.messages(timeout, own=own)

    @property
    def recent(self) -> Recent:
        """What the notebook's tables and pictures are made from.

        Raises:
            SignalBotError: this is no notebook, so nothing is remembered."""
        if self._recent is None:
            raise SignalBotError(
                "This bot remembers no messages, which only bots of a notebook do. Outside of "
                "IPython say so first: signalbot.ext.jupyter.switch_on(), then make the bot."
            )
        return self._recent

    def rows(self, *, own: bool = False, kinds: str | None = "message") -> list[dict[str, Any]]:
        """The last messages as dicts, oldest first; the last thousand events are remembered.

        Args:
            own: those of my other devices, too.
            kinds: another kind of event; None for every kind."""
        return [
            row_of(event)
            for event in self.recent.events()
            if (own or not event.is_own)
            and (
                kinds is None
                or (isinstance(event, Message) if kinds == "message" else event.kind == kinds)
            )
        ]

    def df(self, *, own: bool = False, kinds: str | None = "message") -> Any:
        """The last messages as a table of pandas; the arguments are those of :meth:`rows`.

        Raises:
            SignalBotError: pandas is not installed."""
        try:
            pandas: Any = importlib.import_module("pandas")  # by name: few have it
        except ImportError as error:
            raise SignalBotError(
                "df() makes a table of pandas: pip install pandas. "
                "rows() gives the same as a list of dicts."
            ) from error
        return pandas.DataFrame(self.rows(own=own, kinds=kinds), columns=COLUMNS)

    def _repr_html_(self) -> str | None:
        return message_table(self.rows()[-20:]) if self._recent is not None else None


COLUMNS = ["time", "chat", "sender", "kind", "text", "attachments", "is_group", "is_own",
           "chat_id", "sender_id"]  # fmt: skip


def row_of(event: Event) -> dict[str, Any]:
    """One event as a row; names where they are known."""
    chat, sender = event.chat, event.sender
    seconds = event.timestamp / 1000 if event.timestamp else event.received_at
    return {
        "time": _moment(seconds) or _moment(event.received_at),
        "chat": (chat.name or chat.id) if chat is not None else None,
        "sender": (sender.name or sender.id) if sender is not None else None,
        "kind": event.kind,
        "text": getattr(event, "text", None),
        "attachments": len(getattr(event, "attachments", ())),
        "is_group": chat is not None and chat.is_group,
        "is_own": event.is_own,
        "chat_id": chat.id if chat is not None else None,
        "sender_id": sender.id if sender is not None else None,
    }


def _moment(seconds: float) -> dt.datetime | None:
    """A sender's clock says anything; what is no date is none."""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
