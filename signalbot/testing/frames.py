"""Frames with exactly the keys, order, nulls that signal-cli writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .state import GroupState, Party

Json = dict[str, Any]

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

# The order of the optional members of a dataMessage on the wire.
_MEMBERS = (
    "reaction",
    "quote",
    "payment",
    "mentions",
    "previews",
    "attachments",
    "sticker",
    "remoteDelete",
    "contacts",
    "pollCreate",
    "pollVote",
    "pollTerminate",
    "textStyles",
    "groupInfo",
    "storyContext",
    "pinMessage",
    "unpinMessage",
    "adminDelete",
)


def encode(frame: Json) -> bytes:
    """Serialize like Jackson: compact, UTF-8, U+2028 unescaped."""
    try:
        return _ENCODER.encode(frame).encode()
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8 form, only an escaped one.
        return json.dumps(frame, separators=(",", ":")).encode()


def envelope(
    sender: Party | None,
    timestamp: int,
    payload: Json,
    *,
    account: str,
    device: int = 1,
    server_delay: int = 153,
) -> Json:
    """A whole frame; ``payload`` holds the payload member, or several, or none."""
    number, uuid = (sender.number, sender.uuid) if sender else (None, None)
    return {
        "envelope": {
            "source": number or uuid,
            "sourceNumber": number,
            "sourceUuid": uuid,
            "sourceName": sender.name if sender else None,
            "sourceDevice": device if sender else None,
            "timestamp": timestamp,
            "serverReceivedTimestamp": timestamp + server_delay,
            "serverDeliveredTimestamp": timestamp + server_delay + 1,
            **payload,
        },
        "account": account,
    }


def exception_frame(
    kind: str, message: str | None, sender: Party | None, timestamp: int, *, account: str
) -> Json:
    """A frame for an envelope that signal-cli could not decrypt or handle."""
    frame = envelope(sender, timestamp, {}, account=account)
    return {"exception": {"message": message, "type": kind}, **frame}


def data_message(
    timestamp: int,
    message: str | None,
    *,
    expires_in: int = 0,
    is_expiration_update: bool = False,
    view_once: bool = False,
    **members: Any,
) -> Json:
    """A dataMessage; empty members are left out, the others put into signal-cli's order.

    Raises:
        TypeError: for a member that signal-cli does not know.
    """
    data: Json = {
        "timestamp": timestamp,
        "message": message,
        "expiresInSeconds": expires_in,
        "isExpirationUpdate": is_expiration_update,
        "viewOnce": view_once,
    }
    for name in _MEMBERS:
        value = members.pop(name, None)
        if value:
            data[name] = value
    if members:
        raise TypeError(f"no such part of a dataMessage: {', '.join(members)}")
    return data


def pair(prefix: str, party: Party | None) -> Json:
    """The three keys by which signal-cli names somebody."""
    number, uuid = (party.number, party.uuid) if party else (None, None)
    return {prefix: number or uuid, f"{prefix}Number": number, f"{prefix}Uuid": uuid}


def group_info(group: GroupState, kind: str = "DELIVER") -> Json:
    """The groupInfo of a message in this group."""
    return {
        "groupId": group.internal_id,
        "groupName": group.name,
        "revision": group.revision,
        "type": kind,
    }


def attachment(
    file_id: str,
    content_type: str | None,
    size: int | None,
    *,
    filename: str | None = None,
    width: int | None = None,
    height: int | None = None,
    caption: str | None = None,
    uploaded: int | None = None,
) -> Json:
    """An attachment record, all eight keys always present."""
    return {
        "contentType": content_type,
        "filename": filename,
        "id": file_id,
        "size": size,
        "width": width,
        "height": height,
        "caption": caption,
        "uploadTimestamp": uploaded,
    }


def mention(party: Party, start: int, length: int = 1) -> Json:
    """A mention; offsets are UTF-16 units."""
    return {
        "name": party.number or party.uuid,
        "number": party.number,
        "uuid": party.uuid,
        "start": start,
        "length": length,
    }


def quote(
    author: Party,
    timestamp: int,
    text: str | None,
    *,
    mentions: Sequence[Json] = (),
    attachments: Sequence[Json] = (),
    styles: Sequence[Json] = (),
) -> Json:
    """The quoted message of a reply; its attachments are there even if empty."""
    record: Json = {"id": timestamp, **pair("author", author), "text": text}
    if mentions:
        record["mentions"] = list(mentions)
    record["attachments"] = list(attachments)
    if styles:
        record["textStyles"] = list(styles)
    return record


def reaction(emoji: str, target_author: Party, target: int, *, is_remove: bool = False) -> Json:
    """A reaction to the message that author and timestamp name."""
    return {
        "emoji": emoji,
        **pair("targetAuthor", target_author),
        "targetSentTimestamp": target,
        "isRemove": is_remove,
    }


def target(author: Party, timestamp: int) -> Json:
    """The message that is pinned, unpinned, or deleted by an admin."""
    return {**pair("targetAuthor", author), "targetSentTimestamp": timestamp}


def poll_vote(author: Party, timestamp: int, options: Sequence[int], count: int) -> Json:
    """A vote; options count from 0 here."""
    return {
        **pair("author", author),
        "targetSentTimestamp": timestamp,
        "optionIndexes": list(options),
        "voteCount": count,
    }


def receipt(kind: str, when: int, timestamps: Sequence[int]) -> Json:
    """A receipt for messages of ours: ``delivery``, ``read``, ``viewed``, or something else."""
    return {
        "when": when,
        "isDelivery": kind == "delivery",
        "isRead": kind == "read",
        "isViewed": kind == "viewed",
        "timestamps": list(timestamps),
    }


def typing(timestamp: int, *, is_started: bool, group: GroupState | None = None) -> Json:
    """A typing indicator; a group stands beside it, not in a groupInfo."""
    message: Json = {"action": "STARTED" if is_started else "STOPPED", "timestamp": timestamp}
    if group is not None:
        message["groupId"] = group.internal_id
    return message


def edit(target_timestamp: int, data: Json) -> Json:
    """An edit; the new content is a whole dataMessage."""
    return {"targetSentTimestamp": target_timestamp, "dataMessage": data}


def sent_message(destination: Party | None, data: Json) -> Json:
    """What another device of ours sent: a dataMessage's keys, or an editMessage, inlined."""
    return {"sentMessage": {**pair("destination", destination), **data}}
