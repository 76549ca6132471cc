"""Which kind each payload of an envelope is: the first match wins.

A reader fills in what it finds. It raises Broken when a part is wrong on which the decision
rests; a part that is merely extra counts as absent when it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from signalbot.model.json_values import (
    JsonObject,
    call_id_of,
    identifier_of,
    int_of,
    ints_of,
    object_of,
    objects_of,
    text_of,
)

if TYPE_CHECKING:
    from signalbot.model.peek import Peek

NOOP = "noop"

# In the order in which they decide: (member, kind, where the target's timestamp stands).
_ACTIONS = (
    ("reaction", "reaction", "targetSentTimestamp"),
    ("remoteDelete", "remote_delete", "timestamp"),
    ("adminDelete", "admin_delete", "targetSentTimestamp"),
    ("pollCreate", "poll_create", None),
    ("pollVote", "poll_vote", "targetSentTimestamp"),
    ("pollTerminate", "poll_terminate", "targetSentTimestamp"),
    ("pinMessage", "pin", "targetSentTimestamp"),
    ("unpinMessage", "unpin", "targetSentTimestamp"),
    ("payment", "payment", None),
    ("sticker", "sticker", None),
)
# A message that holds none of these is decided by its text alone; most do not.
_DECIDING = frozenset(member for member, _, _ in _ACTIONS) | {"contacts", "groupInfo"}
_SYNC_KINDS = {"CONTACTS_SYNC": "sync_contacts", "GROUPS_SYNC": "sync_groups"}
_ORDINARY_GROUP_TYPES = ("DELIVER", "UPDATE")


class Broken(ValueError):
    """A deciding part of a frame is wrong; the text says which, without its content."""


def read_data(found: Peek, data: JsonObject) -> None:
    """Read a dataMessage, or the same members inside of something else."""
    _read_common(found, data)
    found.kind = _kind(found, data)


def _read_common(found: Peek, data: JsonObject) -> None:
    """Find text, group and time, which every kind of message may have."""
    found.payload = data
    text = data.get("message")
    if text is not None and type(text) is not str:
        raise Broken("message is not text")
    if "groupInfo" in data:
        _read_group_info(found, data)
    stamp = data.get("timestamp")
    if type(stamp) is int:
        found.timestamp = stamp


def _read_group_info(found: Peek, data: JsonObject) -> None:
    group = data.get("groupInfo")
    if group is not None:
        _read_group(found, group.get("groupId") if type(group) is dict else None)


def _read_group(found: Peek, group_id: object) -> None:
    # Never a direct message for want of an id: the answer would go to the wrong people.
    found.chat = identifier_of(group_id)
    if found.chat is None:
        raise Broken("a group without a group id")
    found.is_group = True


def _kind(found: Peek, data: JsonObject) -> str:
    if _DECIDING.isdisjoint(data):
        if data.get("isExpirationUpdate") is True:
            return "expiration_update"
        return "message" if _has_content(data) else NOOP
    return _action(found, data) or _quiet_kind(data)


def _action(found: Peek, data: JsonObject) -> str | None:
    for member, kind, stamp in _ACTIONS:
        part = data.get(member)
        if part is None:
            continue
        if stamp is not None:
            found.target = _target(part, stamp, kind)
            return kind
        if type(part) is dict:
            return kind
    return None


def _target(part: object, stamp: str, kind: str) -> int:
    target = int_of(part.get(stamp)) if type(part) is dict else None
    if target is None:
        raise Broken(f"{kind} without a target timestamp")
    return target


def _quiet_kind(data: JsonObject) -> str:
    """Tell apart what carries no action: contacts, timer, group change, message, nothing."""
    has_text = bool(data.get("message"))
    if not has_text and objects_of(data.get("contacts")):
        return "contact"
    if data.get("isExpirationUpdate") is True:
        return "expiration_update"
    group = data.get("groupInfo")
    group_type = group.get("type") if type(group) is dict else None
    if group_type == "UPDATE" and not has_text and not objects_of(data.get("attachments")):
        return "group_update"
    if _has_content(data):
        return "message"
    # Types that nobody writes any more, such as QUIT: with content a message, else a change.
    if type(group_type) is str and group_type not in _ORDINARY_GROUP_TYPES:
        return "group_update"
    return NOOP


def _has_content(data: JsonObject) -> bool:
    if data.get("message") or data.get("viewOnce") is True:
        return True
    if objects_of(data.get("attachments")) or objects_of(data.get("previews")):
        return True
    quote = data.get("quote")
    return type(quote) is dict and int_of(quote.get("id")) is not None


def read_edit(found: Peek, edit: JsonObject) -> None:
    """Read an editMessage."""
    found.kind = "edit"
    found.target = _target(edit, "targetSentTimestamp", "edit")
    data = object_of(edit.get("dataMessage"))
    if data is None:
        raise Broken("edit without a message")
    _read_common(found, data)


def read_sync(found: Peek, sync: JsonObject) -> None:
    """Read what another device of this account did."""
    found.is_own = True
    found.chat = None
    found.payload = sync
    for member, read in (("sentMessage", _read_sent), ("sentStoryMessage", _read_sent_story)):
        sent = sync.get(member)
        if sent is not None:
            if type(sent) is not dict:
                raise Broken(f"{member} is not an object")
            found.chat = _destination(sent)
            read(found, sent)
            return
    found.kind = _sync_kind(sync)


def _read_sent(found: Peek, sent: JsonObject) -> None:
    edit = sent.get("editMessage")
    if edit is None:
        found.outer = "sync_sent"
        read_data(found, sent)
        return
    if type(edit) is not dict:
        raise Broken("editMessage is not an object")
    found.outer = "sync_sent_edit"
    _read_group_info(found, sent)
    read_edit(found, edit)


def _read_sent_story(found: Peek, sent: JsonObject) -> None:
    found.outer = "sync_sent_story"
    read_story(found, sent)


def _destination(sent: JsonObject) -> str | None:
    return (
        identifier_of(sent.get("destinationUuid"))
        or identifier_of(sent.get("destinationNumber"))
        or identifier_of(sent.get("destination"))
    )


def _sync_kind(sync: JsonObject) -> str:
    if objects_of(sync.get("readMessages")):
        return "sync_read"
    # Empty lists are news as well: nobody is blocked any more.
    if type(sync.get("blockedNumbers")) is list or type(sync.get("blockedGroupIds")) is list:
        return "sync_blocked"
    return _SYNC_KINDS.get(text_of(sync.get("type")) or "", NOOP)


def read_story(found: Peek, story: JsonObject) -> None:
    """Read a storyMessage, or one that this account posted."""
    found.kind = "story"
    found.payload = story
    if story.get("groupId") is not None:
        _read_group(found, story["groupId"])


def read_receipt(found: Peek, receipt: JsonObject) -> None:
    """Read a receiptMessage."""
    found.kind = "receipt"
    found.payload = receipt
    flags = [receipt.get(flag) is True for flag in ("isDelivery", "isRead", "isViewed")]
    stamps = ints_of(receipt.get("timestamps"))
    found.detail = f"{flags} {stamps[:1]} {len(stamps)}"


def read_typing(found: Peek, typing: JsonObject) -> None:
    """Read a typingMessage."""
    found.kind = "typing"
    found.payload = typing
    found.detail = str(identifier_of(typing.get("action")))
    if typing.get("groupId") is not None:
        _read_group(found, typing["groupId"])


def read_call(found: Peek, call: JsonObject) -> None:
    """Read a callMessage; one without a part that we know is group-call signalling."""
    found.payload = call
    found.kind = NOOP
    for call_type, part in call_parts(call):
        found.kind = "call"
        found.detail = f"{call_type} {call_id_of(part.get('id'))}"
        return


def call_parts(call: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Give what a callMessage holds, with the short name of each part, in order of weight."""
    for call_type in ("offer", "answer", "busy", "hangup"):
        part = object_of(call.get(f"{call_type}Message"))
        if part is not None:
            yield call_type, part
    for part in objects_of(call.get("iceUpdateMessages")):
        yield "ice", part


# In the order in which they decide, should a frame hold several.
PAYLOADS: dict[str, Callable[[Peek, JsonObject], None]] = {
    "dataMessage": read_data,
    "editMessage": read_edit,
    "syncMessage": read_sync,
    "storyMessage": read_story,
    "receiptMessage": read_receipt,
    "typingMessage": read_typing,
    "callMessage": read_call,
}
