"""What a frame is, found with one parse and a few look-ups.

The vocabulary and every decision follow the reference's "how to read a frame": the inbox needs
them before anything is decoded, and :func:`~signalbot.model.decode.decode` builds on the same
ones, so that both agree by construction.

Where the reference leaves a choice: a timestamp in a string is no timestamp; an id that is an
empty string is none; the answer to a JSON-RPC call, which old servers posted to webhooks too, is
a no-op; a frame without payload needs neither sender nor timestamp.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from signalbot.model.json_values import (
    JsonObject,
    NotJson,
    identifier_of,
    int_of,
    parse,
    timestamp_of,
)
from signalbot.model.payloads import PAYLOADS, Broken
from signalbot.model.text import without_lone_surrogates

EVENT, NOOP, EXCEPTION, ERROR, UNKNOWN, QUARANTINE = (
    "event",
    "noop",
    "exception",
    "error",
    "unknown",
    "quarantine",
)


class Peek:
    """The little that storing and ordering a frame needs to know about it.

    Attributes:
        cls: one of the six classes of frames.
        kind: as ``Event.kind``; the class itself for what is no event.
        outer: ``sync_sent``, ``sync_sent_edit`` or ``sync_sent_story``, if it came so.
        account: the receiving account, the socket's if the frame names none.
        sender: uuid, else number, else the single id of old frames.
        chat: key of the chat, or None where there is none.
        is_group: whether ``chat`` is a group.
        device: the sender's device.
        timestamp: of the innermost message, else of the envelope; None if unusable.
        target: timestamp of the message that this one is about.
        is_own: written by this account, on another device.
        data: the parsed frame without webhook wrapper; set it to None to save memory.
        reason: why it is in quarantine, without any content.
    """

    __slots__ = (
        "account",
        "chat",
        "cls",
        "data",
        "detail",
        "device",
        "is_group",
        "is_own",
        "kind",
        "outer",
        "payload",
        "reason",
        "sender",
        "target",
        "timestamp",
    )

    def __init__(self, cls: str, account: str | None, data: JsonObject | None) -> None:
        self.cls = cls
        self.kind = cls
        self.outer: str | None = None
        self.account = account
        self.sender: str | None = None
        self.chat: str | None = None
        self.is_group = False
        self.device: int | None = None
        self.timestamp: int | None = None
        self.target: int | None = None
        self.is_own = False
        self.data = data
        self.payload: JsonObject | None = None
        self.detail = ""
        self.reason: str | None = None

    @property
    def dedupe_key(self) -> bytes | None:
        """Sixteen bytes that are equal for copies of one frame; None if it must not be deduped.

        Exceptions have none: the same message arrives again once the sender is trusted. Receipts,
        typing and calls carry more than (account, sender, device, timestamp, kind, target),
        because the server makes different ones with the same timestamp.
        """
        if self.timestamp is None or self.cls not in (EVENT, UNKNOWN, NOOP):
            return None
        identity = (
            self.account,
            self.sender,
            self.device,
            self.timestamp,
            self.kind,
            self.target,
            self.detail,
        )
        # repr() keeps the parts apart and writes lone surrogates as escapes.
        return blake2b(repr(identity).encode("utf-8"), digest_size=16).digest()

    def __repr__(self) -> str:
        return f"<Peek {self.cls} {self.kind} timestamp={self.timestamp}>"


def peek(raw: str | bytes, account: str | None = None) -> Peek:
    """Find out what a frame is, without ever raising."""
    try:
        frame = parse(raw)
    except NotJson as error:
        return _quarantined(str(error), account)
    if type(frame) is not dict:
        return _quarantined("not an object", account)
    if "envelope" not in frame and "jsonrpc" in frame:
        if "method" not in frame and "id" in frame:
            return Peek(NOOP, account, frame)
        if frame.get("method") == "receive" and type(frame.get("params")) is dict:
            frame = frame["params"]
    account = identifier_of(frame.get("account")) or account
    envelope = frame.get("envelope")
    if type(frame.get("exception")) is dict:
        return _exception(frame, envelope, account)
    if type(envelope) is not dict:
        if envelope is None and type(frame.get("error")) is str:
            return Peek(ERROR, account, frame)
        return _quarantined("no envelope", account)
    return _envelope(frame, envelope, account)


def _quarantined(reason: str, account: str | None) -> Peek:
    found = Peek(QUARANTINE, account, None)
    found.reason = reason
    return found


def _exception(frame: JsonObject, envelope: Any, account: str | None) -> Peek:
    found = Peek(EXCEPTION, account, frame)
    if type(envelope) is dict:
        _read_origin(found, envelope)
        found.timestamp = timestamp_of(found.timestamp)
    return found


def _envelope(frame: JsonObject, envelope: JsonObject, account: str | None) -> Peek:
    found = Peek(EVENT, account, frame)
    _read_origin(found, envelope)
    for member in PAYLOADS:
        payload = envelope.get(member)
        if payload is not None:
            break
    else:
        return _without_payload(found, envelope)
    if type(payload) is not dict:
        return _quarantined(f"{member} is not an object", account)
    found.chat = found.sender  # a direct message, unless the payload says otherwise
    try:
        PAYLOADS[member](found, payload)
    except Broken as error:
        return _quarantined(str(error), account)
    found.timestamp = timestamp_of(found.timestamp)
    if found.kind == NOOP:
        found.cls = NOOP
        found.chat, found.is_group = None, False
    elif found.timestamp is None:
        return _quarantined("no usable timestamp", account)
    elif found.sender is None:
        return _quarantined("no sender", account)
    return found


def _read_origin(found: Peek, envelope: JsonObject) -> None:
    number = envelope.get("sourceNumber")
    found.sender = (
        identifier_of(envelope.get("sourceUuid"))
        or identifier_of(number)
        or identifier_of(envelope.get("source"))
    )
    found.device = int_of(envelope.get("sourceDevice"))
    found.timestamp = envelope.get("timestamp")
    found.is_own = number is not None and number == found.account


def _without_payload(found: Peek, envelope: JsonObject) -> Peek:
    found.timestamp = timestamp_of(found.timestamp)
    found.cls = found.kind = NOOP
    for member, payload in envelope.items():
        if member.endswith("Message") and payload is not None:
            found.cls = found.kind = UNKNOWN
            found.detail = without_lone_surrogates(member)
            break
    return found
