"""A stand-in server, and what tests need around it."""

from __future__ import annotations

from .fake_signal import FakeSignal
from .records import RecordedRequest, Sent, SentAttachment
from .state import Account, GroupState, Person

__all__ = [
    "Account",
    "FakeSignal",
    "GroupState",
    "Person",
    "RecordedRequest",
    "Sent",
    "SentAttachment",
]
