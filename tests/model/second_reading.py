"""The reference's "how to read a frame", read a second time and written down literally.

It shares nothing with the package. Slow and plain on purpose: each line is to be compared with
the reference by eye. Where that leaves a choice, the choice is named.
"""

from __future__ import annotations

import json
from typing import Any

MOST = 2**63 - 1
MEMBERS = (
    "dataMessage",
    "editMessage",
    "syncMessage",
    "storyMessage",
    "receiptMessage",
    "typingMessage",
    "callMessage",
)
TARGETED = (
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
CALLS = ("offerMessage", "answerMessage", "busyMessage", "hangupMessage")


class Quarantine(Exception):
    """A deciding part is broken."""


def read(text: str) -> dict[str, Any]:
    """What ``classify`` has to say about a frame."""
    try:
        value = json.loads(text)
        return frame(value)
    except (ValueError, Quarantine):
        return {"class": "quarantine"}


def frame(value: Any) -> dict[str, Any]:
    """A frame, without the wrapper of webhooks."""
    if type(value) is not dict:
        raise Quarantine
    account, envelope = name(value.get("account")), value.get("envelope")
    if type(value.get("exception")) is dict:
        kind = value["exception"].get("type")
        told = {"exception_type": kind if type(kind) is str else None}
        if type(envelope) is dict:
            told |= {"sender": sender(envelope), "timestamp": moment(envelope.get("timestamp"))}
        return {"class": "exception", "account": account, **told}
    if envelope is None and type(value.get("error")) is str:
        return {"class": "error", "text": value["error"]}
    if type(envelope) is not dict:
        raise Quarantine
    return Reading(account, envelope).read()


class Reading:
    """One envelope."""

    def __init__(self, account: str | None, envelope: dict[str, Any]) -> None:
        self.account = account
        self.envelope = envelope
        self.sender = sender(envelope)
        self.stamp = envelope.get("timestamp")

    def read(self) -> dict[str, Any]:
        for member in MEMBERS:
            if self.envelope.get(member) is not None:
                found: dict[str, Any] = getattr(self, member)(obj(self.envelope[member]))
                return found
        # Choice: what an unknown payload holds is its own affair, and it needs no timestamp.
        others = [key for key, held in self.envelope.items() if held is not None]
        is_unknown = any(key.endswith("Message") for key in others)
        return self.dull("unknown" if is_unknown else "noop")

    def dull(self, cls: str = "noop") -> dict[str, Any]:
        stamp = moment(self.stamp)
        return {"class": cls, "account": self.account, "sender": self.sender, "timestamp": stamp}

    def event(
        self, kind: str, chat: str | None, is_group: bool = False, text: Any = None, **more: Any
    ) -> dict[str, Any]:
        if self.sender is None or moment(self.stamp) is None:
            raise Quarantine
        found = {
            "class": "event",
            "kind": kind,
            "account": self.account,
            "sender": self.sender,
            "chat": chat,
            "group": is_group,
            "text": text if type(text) is str else None,
            "timestamp": self.stamp,
        }
        return found | {key: held for key, held in more.items() if held is not None}

    # -- the payload members ---------------------------------------------------------------

    def dataMessage(self, data: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  its own name
        return self.message(data, self.sender)

    def message(self, data: dict[str, Any], direct: str | None, outer: str = "") -> dict[str, Any]:
        chat, is_group = self.common(data, direct)
        kind, target = kind_of(data)
        if kind is None:
            return self.dull()
        inner = kind if outer else None
        text = data.get("message")
        return self.event(outer or kind, chat, is_group, text, target=target, inner=inner)

    def editMessage(self, edit: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  its own name
        return self.edit(edit, "edit", self.sender, False)

    def edit(
        self, edit: dict[str, Any], kind: str, chat: str | None, is_group: bool
    ) -> dict[str, Any]:
        target = target_of(edit, "targetSentTimestamp")
        data = obj(edit.get("dataMessage"))
        chat, is_group = self.common(data, chat, is_group)
        return self.event(kind, chat, is_group, data.get("message"), target=target)

    def storyMessage(  # noqa: N802  its own name
        self, story: dict[str, Any], kind: str = "story", direct: str | None = None
    ) -> dict[str, Any]:
        chat, is_group = where(story.get("groupId"), direct if kind != "story" else self.sender)
        look = story.get("textAttachment")
        text = look.get("text") if type(look) is dict else None
        return self.event(kind, chat, is_group, text)

    def receiptMessage(self, _receipt: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  its own name
        return self.event("receipt", self.sender)

    def typingMessage(self, typing: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  its own name
        return self.event("typing", *where(typing.get("groupId"), self.sender))

    def callMessage(self, call: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  its own name
        # Choice: a part that is not readable is as good as none.
        is_call = any(type(call.get(part)) is dict for part in CALLS)
        is_call = is_call or bool(objects(call.get("iceUpdateMessages")))
        return self.event("call", self.sender) if is_call else self.dull()

    def syncMessage(self, sync: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  its own name
        if sync.get("sentMessage") is not None:
            sent = obj(sync["sentMessage"])
            if sent.get("editMessage") is None:
                return self.message(sent, destination(sent), "sync_sent")
            chat, is_group = group_of(sent, destination(sent))
            return self.edit(obj(sent["editMessage"]), "sync_sent_edit", chat, is_group)
        if sync.get("sentStoryMessage") is not None:
            sent = obj(sync["sentStoryMessage"])
            return self.storyMessage(sent, "sync_sent_story", destination(sent))
        # Choice: lists that are none, and a list of nothing read, are nothing to dispatch.
        if objects(sync.get("readMessages")):
            return self.event("sync_read", None)
        if any(type(sync.get(key)) is list for key in ("blockedNumbers", "blockedGroupIds")):
            return self.event("sync_blocked", None)
        kinds = {"CONTACTS_SYNC": "sync_contacts", "GROUPS_SYNC": "sync_groups"}
        told = sync.get("type")
        return self.event(kinds[told], None) if told in list(kinds) else self.dull()

    # -- the parts -------------------------------------------------------------------------

    def common(
        self, data: dict[str, Any], direct: str | None, is_group: bool = False
    ) -> tuple[str | None, bool]:
        if data.get("message") is not None and type(data["message"]) is not str:
            raise Quarantine
        if type(data.get("timestamp")) is int:
            self.stamp = data["timestamp"]
        return group_of(data, direct, is_group)


def kind_of(data: dict[str, Any]) -> tuple[str | None, int | None]:
    for member, kind, stamp in TARGETED:
        part = data.get(member)
        if stamp is not None and part is not None:
            return kind, target_of(part, stamp)
        if stamp is None and type(part) is dict:
            return kind, None
    if objects(data.get("contacts")) and not data.get("message"):
        return "contact", None
    if data.get("isExpirationUpdate") is True:
        return "expiration_update", None
    group_type = (data.get("groupInfo") or {}).get("type")
    attachments = objects(data.get("attachments"))
    if group_type == "UPDATE" and not data.get("message") and not attachments:
        return "group_update", None
    quote = data.get("quote")
    is_reply = type(quote) is dict and integer(quote.get("id")) is not None
    content = data.get("message") or attachments or objects(data.get("previews")) or is_reply
    if content or data.get("viewOnce") is True:
        return "message", None
    # "treat unknown types like DELIVER if there is content, else as an update"
    is_old = type(group_type) is str and group_type not in ("DELIVER", "UPDATE")
    return ("group_update" if is_old else None), None


def target_of(part: Any, stamp: str) -> int:
    target = integer(obj(part).get(stamp))
    if target is None:
        raise Quarantine
    return target


def group_of(
    data: dict[str, Any], direct: str | None, is_group: bool = False
) -> tuple[str | None, bool]:
    if data.get("groupInfo") is None:
        return direct, is_group
    group_id = name(obj(data["groupInfo"]).get("groupId"))
    if group_id is None:
        raise Quarantine
    return group_id, True


def where(group_id: Any, direct: str | None) -> tuple[str | None, bool]:
    return (
        (direct, False) if group_id is None else group_of({"groupInfo": {"groupId": group_id}}, "")
    )


def destination(sent: dict[str, Any]) -> str | None:
    keys = ("destinationUuid", "destinationNumber", "destination")
    return next((held for key in keys if (held := name(sent.get(key)))), None)


def sender(envelope: dict[str, Any]) -> str | None:
    keys = ("sourceUuid", "sourceNumber", "source")
    return next((held for key in keys if (held := name(envelope.get(key)))), None)


def name(value: Any) -> str | None:
    # Choice: an id that is empty is none; lone surrogates are told as escapes.
    if type(value) is not str or not value:
        return None
    return value.encode("utf-8", "backslashreplace").decode()


def integer(value: Any) -> int | None:
    return value if type(value) is int and -MOST - 1 <= value <= MOST else None


def moment(value: Any) -> int | None:
    return value if type(value) is int and 0 < value <= MOST else None


def objects(value: Any) -> list[Any]:
    return [each for each in value if type(each) is dict] if type(value) is list else []


def obj(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise Quarantine
    return value
