"""What every event has: who, where, when, and the frame it came in."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from signalbot.model.content import GroupInfo
from signalbot.model.people import Chat, Group, User


@dataclass(frozen=True, kw_only=True, repr=False)
class Event:
    """Something that happened, with where it came from.

    ``chat`` is where to answer and ``sender`` who wrote; either is None where there is none.
    ``timestamp`` is the sender's clock in milliseconds and, with the sender, the name of a
    message; 0 if the frame has none. ``received_at`` is our clock in seconds. ``raw`` is the
    untouched frame; copies that came two ways are equal, so it takes no part in that. No slots:
    the decoder makes events with :func:`quickly`.
    """

    kind: ClassVar[str] = ""

    sender: User | None = None
    chat: Chat | None = None
    account: str | None = None
    timestamp: int = 0
    received_at: float = field(default=0.0, compare=False)
    is_own: bool = False
    raw: str = field(default="", compare=False)
    device: int | None = None
    group_info: GroupInfo | None = None
    server_received: int | None = field(default=None, compare=False)
    server_delivered: int | None = field(default=None, compare=False)

    @property
    def id(self) -> tuple[str | None, str | None, int]:
        """The name of a message: account, sender, timestamp."""
        return self.account, self.sender.id if self.sender is not None else None, self.timestamp

    @property
    def sent_at(self) -> float:
        """The timestamp in seconds: the sender's clock, which may be far off."""
        return self.timestamp / 1000

    @property
    def group(self) -> Group | None:
        """The group it happened in."""
        return self.chat.group if self.chat is not None else None

    @property
    def is_group(self) -> bool:
        """Whether it happened in a group."""
        return self.group is not None

    @property
    def is_private(self) -> bool:
        """Whether it happened in a direct chat."""
        return self.chat is not None and self.chat.is_private

    def to_dict(self) -> dict[str, Any]:
        """The event as plain values, without ``raw``."""
        return {"kind": self.kind, **{k: v for k, v in asdict(self).items() if k != "raw"}}

    def to_json(self) -> str:
        """The same as ASCII-only JSON."""
        return json.dumps(self.to_dict())

    def __repr__(self) -> str:
        # Reprs reach logs and tracebacks: no text, name or number in here.
        place = "group" if self.is_group else "private" if self.is_private else "none"
        own = " own" if self.is_own else ""
        return f"<{type(self).__name__} {self.kind} timestamp={self.timestamp} chat={place}{own}>"

    __str__ = __repr__
