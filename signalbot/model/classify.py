"""What a frame is, in the words of the reference's sample files."""

from __future__ import annotations

from typing import Any

from signalbot.model.json_values import JsonObject, object_of
from signalbot.model.peek import ERROR, EVENT, EXCEPTION, QUARANTINE, Peek, peek

_WITHOUT_TEXT = frozenset(
    {"receipt", "typing", "call", "sync_read", "sync_blocked", "sync_contacts", "sync_groups"}
)


def classify(raw: str | bytes) -> dict[str, Any]:
    """Say class, kind, sender, chat, text and timestamp of a frame; it never raises.

    ``text`` is exactly what the frame says, lone surrogates included, unlike ``Message.text``.
    """
    seen = peek(raw)
    found: dict[str, Any] = {"class": seen.cls}
    if seen.cls == QUARANTINE:
        return found
    data = seen.data or {}
    if seen.cls == ERROR:
        return {**found, "text": data.get("error")}
    if seen.cls == EVENT:
        return {**found, **_event(seen)}
    found["account"] = seen.account
    if seen.cls == EXCEPTION:
        return {**found, **_exception(seen, data)}
    return {**found, "sender": seen.sender, "timestamp": seen.timestamp}


def _event(seen: Peek) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": seen.outer or seen.kind}
    if seen.outer == "sync_sent":
        found["inner"] = seen.kind
    found |= {
        "account": seen.account,
        "sender": seen.sender,
        "chat": seen.chat,
        "group": seen.is_group,
        "text": _text(seen),
        "timestamp": seen.timestamp,
    }
    if seen.target is not None:
        found["target"] = seen.target
    return found


def _text(seen: Peek) -> str | None:
    payload = seen.payload or {}
    if seen.kind in _WITHOUT_TEXT:
        return None
    if seen.kind == "story":
        look = object_of(payload.get("textAttachment")) or {}
        text = look.get("text")
    else:
        text = payload.get("message")
    return text if type(text) is str else None


def _exception(seen: Peek, data: JsonObject) -> dict[str, Any]:
    name = data["exception"].get("type")
    found = {"exception_type": name if type(name) is str else None}
    if type(data.get("envelope")) is not dict:
        return found
    return {"sender": seen.sender, "timestamp": seen.timestamp, **found}
