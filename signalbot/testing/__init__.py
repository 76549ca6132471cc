"""A stand-in server, and what tests need around it.

Names are imported when they are first used: the pytest plugin is loaded by every pytest run in
an environment with signalbot, and must cost those that do not use it nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .chat import Chat
    from .clock import FakeClock
    from .fake_signal import FakeSignal
    from .place import Reply
    from .records import RecordedRequest, Sent, SentAttachment
    from .state import Account, GroupState, Person

_HOMES = {
    "Account": "state",
    "Chat": "chat",
    "FakeClock": "clock",
    "FakeSignal": "fake_signal",
    "GroupState": "state",
    "Person": "state",
    "RecordedRequest": "records",
    "Reply": "place",
    "Sent": "records",
    "SentAttachment": "records",
}

__all__ = [
    "Account",
    "Chat",
    "FakeClock",
    "FakeSignal",
    "GroupState",
    "Person",
    "RecordedRequest",
    "Reply",
    "Sent",
    "SentAttachment",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'signalbot.testing' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
