"""From a frame to the event it tells."""

from __future__ import annotations

from functools import lru_cache

from signalbot.errors import DecodeError
from signalbot.model import records
from signalbot.model.builders import BUILDERS, Fields
from signalbot.model.event import Event
from signalbot.model.frames import frames
from signalbot.model.json_values import JsonObject, object_of, text_of, timestamp_of
from signalbot.model.peek import QUARANTINE, Peek, peek
from signalbot.model.people import Chat, Group, User

__all__ = ["Peek", "decode", "frames", "peek"]

_NAMES = ("sourceUuid", "sourceNumber", "source", "sourceName")


def decode(
    raw: str | bytes,
    *,
    peeked: Peek | None = None,
    received_at: float = 0.0,
    account: str | None = None,
) -> Event:
    """Build the event that a frame tells; with ``peeked`` the frame is not parsed again.

    Raises:
        DecodeError: if the frame is one for the quarantine. The text holds nothing of it.
    """
    if peeked is None or peeked.data is None:
        peeked = peek(raw, account if peeked is None else peeked.account)
    if peeked.cls == QUARANTINE or peeked.data is None:
        raise DecodeError(f"this frame cannot be read: {peeked.reason}")
    fields = _origin(peeked, raw, received_at)
    return BUILDERS[peeked.kind](peeked, peeked.payload or {}, fields)


def _origin(seen: Peek, raw: str | bytes, received_at: float) -> Fields:
    """The fields that all events share; what equals its default is left out."""
    data = seen.data or {}
    envelope = object_of(data.get("envelope")) or {}
    fields: Fields = {
        "account": seen.account,
        "timestamp": seen.timestamp or 0,
        "received_at": received_at,
        "is_own": seen.is_own,
        "raw": _raw_text(raw),
        "device": seen.device,
        # 0 is "unknown" on this wire
        "server_received": timestamp_of(envelope.get("serverReceivedTimestamp")),
        "server_delivered": timestamp_of(envelope.get("serverDeliveredTimestamp")),
    }
    sender, private = None, None
    if seen.sender is not None:
        sender, private = _person(*_names(envelope))
        fields["sender"] = sender
    group_info = None
    if seen.payload is not None and "groupInfo" in seen.payload:
        fields["group_info"] = group_info = records.group_info_of(seen.payload["groupInfo"])
    if seen.chat is not None:
        is_private = not seen.is_group and seen.outer is None
        group = group_info.group if group_info is not None else None
        fields["chat"] = private if is_private and private is not None else _chat(seen, group)
    return fields


def _names(envelope: JsonObject) -> list[str | None]:
    """All that names the sender; what is no text counts as absent."""
    names = map(envelope.get, _NAMES)
    return [name if type(name) is str else None for name in names]


@lru_cache(maxsize=1024)  # frozen, so all messages of a person may share them: 3 µs less each
def _person(
    uuid: str | None, number: str | None, old: str | None, name: str | None
) -> tuple[User, Chat]:
    found = {"sourceUuid": uuid, "sourceNumber": number, "source": old}
    user = records.user_of(found, "source", text_of(name) or None)
    if user is None:
        raise DecodeError("this frame cannot be read: no sender")
    return user, Chat(user)


def _raw_text(raw: str | bytes) -> str:
    """The frame as it came; a str that could not be encoded gets its surrogates as escapes."""
    if not isinstance(raw, str):
        return bytes(raw).decode("utf-8", "backslashreplace")
    if raw.isascii():
        return raw
    return raw.encode("utf-8", "backslashreplace").decode("utf-8")


def _chat(seen: Peek, group: Group | None) -> Chat | None:
    """A group, or the person that another device of ours wrote to."""
    if seen.is_group:
        return Chat(None, group or Group(seen.chat or ""))
    return Chat(records.user_of(_sync_part(seen), "destination"))


def _sync_part(seen: Peek) -> JsonObject:
    sync = (seen.data or {})["envelope"]["syncMessage"]
    sent: JsonObject = sync[
        "sentStoryMessage" if seen.outer == "sync_sent_story" else "sentMessage"
    ]
    return sent
