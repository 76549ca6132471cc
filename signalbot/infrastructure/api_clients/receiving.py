"""Polling by hand: the query of a poll, and the events in its answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from signalbot.errors import DecodeError
from signalbot.model.decode import decode
from signalbot.model.event import Event
from signalbot.model.frames import frames

LONGEST_POLL = 100  # signal-cli is killed after 120 s, with what it has received


@dataclass(frozen=True, slots=True)
class Received:
    """What a poll brought; iterates over the events.

    Attributes:
        unreadable: pieces of the answer that are no frame, kept as they came.
    """

    events: tuple[Event, ...] = ()
    unreadable: tuple[bytes, ...] = field(default=(), repr=False)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)


def receive_query(timeout: int, max_messages: int, **flags: bool) -> list[tuple[str, str]]:
    """The query of a poll; flags that are off are left out.

    Raises:
        ValueError: if the numbers would lose messages.
    """
    if int(timeout) != timeout or not 0 <= timeout <= LONGEST_POLL:
        raise ValueError(f"timeout must be whole seconds from 0 to {LONGEST_POLL}")
    if int(max_messages) != max_messages or max_messages < 0:
        raise ValueError("max_messages must be 0 (no limit) or a count")
    query = [("timeout", str(int(timeout))), ("max_messages", str(int(max_messages)))]
    return query + [(name, "true") for name, is_on in flags.items() if is_on]


def read_frames(body: bytes, account: str) -> Received:
    """Decode every frame of a poll's answer, whatever lies between them."""
    received_at = time.time()
    found, rest = frames(body, account)
    events: list[Event] = []
    unreadable = list(rest)
    for frame in found:
        try:
            events.append(decode(frame, received_at=received_at, account=account))
        except DecodeError:
            unreadable.append(frame)
    return Received(tuple(events), tuple(unreadable))
