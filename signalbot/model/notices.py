"""Events that nobody wrote: receipts, typing, calls, news from other devices, errors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from signalbot.model.content import IceUpdate, ReadMark
from signalbot.model.event import Event
from signalbot.model.people import Group, User


@dataclass(frozen=True, kw_only=True, repr=False)
class Receipt(Event):
    """Messages of ours were delivered, read or viewed: ``type`` is that word, or ``unknown``."""

    kind: ClassVar[str] = "receipt"

    type: str = "unknown"
    timestamps: tuple[int, ...] = ()
    when: int | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Typing(Event):
    """Somebody began to type, or stopped; ``action`` is Signal's word for it."""

    kind: ClassVar[str] = "typing"

    action: str = ""

    @property
    def started(self) -> bool:
        """Whether typing began."""
        return self.action == "STARTED"


@dataclass(frozen=True, kw_only=True, repr=False)
class Call(Event):
    """A step of a call: ``type`` is ``offer answer busy hangup`` or ``ice``.

    ``call_id`` has 64 bits without a sign. ``subtype`` is Signal's word for the kind of an offer or
    of a hang-up. A frame may hold more steps than the one that ``type`` names; see ``ice``.
    """

    kind: ClassVar[str] = "call"

    type: str
    call_id: int | None = None
    subtype: str | None = None
    opaque: str | None = None
    device_id: int | None = None
    ice: tuple[IceUpdate, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class ReadSync(Event):
    """Messages were read on another device of this account."""

    kind: ClassVar[str] = "sync_read"

    messages: tuple[ReadMark, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class BlockedSync(Event):
    """The block list changed; both lists are complete."""

    kind: ClassVar[str] = "sync_blocked"

    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class ContactSync(Event):
    """Contacts were synchronised: anything remembered of them may be old."""

    kind: ClassVar[str] = "sync_contacts"


@dataclass(frozen=True, kw_only=True, repr=False)
class GroupSync(Event):
    """Groups were synchronised: anything remembered of them may be old."""

    kind: ClassVar[str] = "sync_groups"


@dataclass(frozen=True, kw_only=True, repr=False)
class ExceptionEvent(Event):
    """The server could not read a message; it may still arrive, with the same timestamp.

    ``type`` is the name of a Java class. ``message`` may hold a number.
    """

    kind: ClassVar[str] = "exception"

    type: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class ErrorEvent(Event):
    """The server reports that receiving failed, for all accounts."""

    kind: ClassVar[str] = "error"

    text: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class UnknownEvent(Event):
    """Something newer than this library: ``member`` names it, :meth:`data` holds it."""

    kind: ClassVar[str] = "unknown"

    member: str = ""

    def data(self) -> Any:
        """Parse the frame, from which everything else is to be had."""
        return json.loads(self.raw)


@dataclass(frozen=True, kw_only=True, repr=False)
class NoopEvent(Event):
    """A frame without content, such as a profile key; nobody needs to be told."""

    kind: ClassVar[str] = "noop"
