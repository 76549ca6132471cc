"""Which message is meant: its author and its timestamp, from whatever the caller has at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from signalbot.infrastructure.api_clients.addresses import PersonLike, person
from signalbot.model.content import Quote
from signalbot.model.people import User

# signal-cli fails on what fits into 32 bits, and a timestamp in seconds does.
_SMALLEST_TIMESTAMP = 2**31


class MessageLike(Protocol):
    """A received message, or one that was sent (:class:`SentMessage`)."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since the epoch: with the author, the identity of the message."""


Target: TypeAlias = MessageLike | int


@dataclass(frozen=True, slots=True)
class Reference:
    """A message, as Signal names it."""

    author: User
    timestamp: int


def reference(target: Target, author: PersonLike | None = None) -> Reference:
    """Name a message.

    Args:
        target: an event, a SentMessage, or a timestamp (then ``author`` is needed).
        author: who wrote it; overrides what ``target`` says.

    Raises:
        TypeError: if the author remains unknown, or ``target`` is no message.
        ValueError: if the timestamp cannot be one.
    """
    timestamp = timestamp_of(target)
    if author is not None:
        return Reference(person(author), timestamp)
    known = author_of(target)
    if known is None:
        raise TypeError("author= is needed: a timestamp alone does not say who wrote the message")
    return Reference(known, timestamp)


def author_of(target: Any) -> User | None:
    """Who wrote a message: its ``sender`` (events, SentMessage), else its ``author`` (quotes)."""
    for name in ("sender", "author"):
        found = getattr(target, name, None)
        if isinstance(found, User):
            return found
    return None


def timestamp_of(target: Target | Quote) -> int:
    """The timestamp of a message, checked to be milliseconds."""
    name = "id" if isinstance(target, Quote) else "timestamp"
    value = target if isinstance(target, int) else getattr(target, name, None)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"a message or its timestamp (int) is needed, not {type(target).__name__}")
    if value < _SMALLEST_TIMESTAMP:
        raise ValueError(f"{value} is no message timestamp: they are milliseconds since the epoch")
    return value
