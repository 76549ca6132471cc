"""What the load server sends: phases of frames, and the reply that each frame is owed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

NUMBER = "+4915112345678"
_FIRST_TIMESTAMP = 1769271479000
_STRANGER = "nothing for anybody {n}"

_PAYLOAD = json.dumps(
    {
        "envelope": {
            "source": "%(uuid)s",
            "sourceNumber": None,
            "sourceUuid": "%(uuid)s",
            "sourceName": "Person %(chat)d",
            "sourceDevice": 1,
            "timestamp": "%(stamp)s",
            "serverReceivedTimestamp": "%(stamp)s",
            "serverDeliveredTimestamp": "%(stamp)s",
            "dataMessage": {
                "timestamp": "%(stamp)s",
                "message": "%(text)s",
                "expiresInSeconds": 0,
                "isExpirationUpdate": False,
                "viewOnce": False,
            },
        },
        "account": NUMBER,
    },
    separators=(",", ":"),
).replace('"%(stamp)s"', "%(stamp)d")


@dataclass(frozen=True)
class Phase:
    """Messages that are pushed together; the next phase begins when all replies are there.

    Attributes:
        text: of each message; ``{n}`` is its number within the phase.
        reply: what the bot has to send for it; None if nothing.
        count: how many messages.
        chats: over how many chats they go round.
        first_chat: the number of the first of these.
        every: only each such message has this text, the others match nothing. The last one does.
        rate: messages a second; 0 is as fast as they go.
        measured: whether latency and rate are those of this phase.
    """

    text: str
    reply: str | None
    count: int
    chats: int
    first_chat: int = 0
    every: int = 1
    rate: float = 0.0
    measured: bool = True


@dataclass
class Sheet:
    """A phase written out: its frames, and who is owed what."""

    phase: Phase
    frames: list[bytes] = field(default_factory=list)
    owed: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Reply: index of the frame, chat."""


def write_out(phases: list[Phase]) -> list[Sheet]:
    """The frames of all phases; no two have the same timestamp."""
    sheets = []
    stamp = _FIRST_TIMESTAMP
    for phase in phases:
        sheet = Sheet(phase)
        for n in range(phase.count):
            # The second term moves round by one each time, so that every n-th message does not
            # always meet the same chat.
            chat = phase.first_chat + (n + n // phase.chats) % phase.chats
            is_wanted = n % phase.every == phase.every - 1 or n == phase.count - 1
            text = (phase.text if is_wanted else _STRANGER).format(n=n)
            sheet.frames.append(_frame(chat, stamp, text))
            if is_wanted and phase.reply is not None:
                sheet.owed[phase.reply.format(n=n)] = (n, chat)
            stamp += 1
        sheets.append(sheet)
    return sheets


def _frame(chat: int, stamp: int, text: str) -> bytes:
    uuid = f"{chat:08x}-0000-4000-8000-000000000000"
    payload = (_PAYLOAD % {"uuid": uuid, "chat": chat, "stamp": stamp, "text": text}).encode()
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload
