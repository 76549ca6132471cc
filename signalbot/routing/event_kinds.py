"""Kinds of events by what they mean for routing."""

from __future__ import annotations

from signalbot.model.events import (
    EVENT_CLASSES,
    BlockedSync,
    ContactSync,
    Event,
    GroupSync,
    Message,
    NoopEvent,
    ReadSync,
    Receipt,
    Typing,
)


def kinds_of(*classes: type[Event]) -> frozenset[str]:
    """The kinds of these classes, subclasses included: a sticker is a message too."""
    return frozenset(each.kind for each in EVENT_CLASSES if issubclass(each, classes))


COMMAND_KINDS = frozenset({Message.kind})
"""What can call a command."""

ACCOUNT_KINDS = kinds_of(ReadSync, BlockedSync, ContactSync, GroupSync)
"""What my other devices tell about the account: nobody's message, so always the bot's business."""

QUIET_KINDS = ACCOUNT_KINDS | kinds_of(Receipt, Typing, NoopEvent)
"""What nobody misses: an answer to a receipt would cause the next receipt."""
