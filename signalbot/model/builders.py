"""One builder for each kind of event, from its payload and the fields that all share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from signalbot.model import events, records
from signalbot.model.content import IceUpdate
from signalbot.model.event import Event
from signalbot.model.json_values import (
    JsonObject,
    call_id_of,
    int_of,
    ints_of,
    object_of,
    text_of,
    timestamp_of,
)
from signalbot.model.payloads import call_parts
from signalbot.model.peek import Peek
from signalbot.model.people import Group, User
from signalbot.model.quick import quickly

Fields = dict[str, Any]
Builder = Callable[[Peek, JsonObject, Fields], Event]


def _read_content(data: JsonObject, found: Fields) -> None:
    """Read what messages and edits share; most messages have the text alone."""
    text = found["text"] = text_of(data.get("message")) or ""
    if data.get("expiresInSeconds"):
        found["expires_in"] = int_of(data["expiresInSeconds"]) or 0
    if "attachments" in data:
        found["attachments"] = records.attachments_of(data["attachments"], text)
    if "mentions" in data:
        found["mentions"] = records.mentions_of(data["mentions"], text)
    if "quote" in data:
        found["quote"] = records.quote_of(data["quote"])
    if "previews" in data:
        found["previews"] = records.previews_of(data["previews"])
    if "textStyles" in data:
        found["styles"] = records.styles_of(data["textStyles"], text)
    if "storyContext" in data:
        found["story_context"] = records.story_context_of(data["storyContext"])
    if data.get("viewOnce") is True:
        found["view_once"] = True


def _message(event_type: type[events.Message]) -> Builder:
    def build(_seen: Peek, data: JsonObject, fields: Fields) -> Event:
        if "sticker" in data:
            fields["sticker"] = records.sticker_of(data["sticker"])
        if "contacts" in data:
            fields["contacts"] = records.contacts_of(data["contacts"])
        _read_content(data, fields)
        return quickly(event_type, fields)

    return build


def _edit(seen: Peek, data: JsonObject, fields: Fields) -> Event:
    _read_content(data, fields)
    return quickly(events.Edit, {"target": seen.target or 0, **fields})


def _reaction(seen: Peek, data: JsonObject, fields: Fields) -> Event:
    reaction = data["reaction"]
    return events.Reaction(
        emoji=text_of(reaction.get("emoji")) or "",
        target=seen.target or 0,
        target_author=records.user_of(reaction, "targetAuthor"),
        is_remove=reaction.get("isRemove") is True,
        story_context=records.story_context_of(data.get("storyContext")),
        **fields,
    )


def _remote_delete(seen: Peek, _data: JsonObject, fields: Fields) -> Event:
    return events.Delete(target=seen.target or 0, author=fields.get("sender"), **fields)


def _admin_delete(seen: Peek, data: JsonObject, fields: Fields) -> Event:
    author = records.user_of(data["adminDelete"], "targetAuthor")
    return events.AdminDelete(target=seen.target or 0, author=author, **fields)


def _poll(_seen: Peek, data: JsonObject, fields: Fields) -> Event:
    poll = data["pollCreate"]
    return events.Poll(
        question=text_of(poll.get("question")) or "",
        options=records.texts_of(poll.get("options")),
        allow_multiple=poll.get("allowMultiple") is True,
        **fields,
    )


def _poll_vote(seen: Peek, data: JsonObject, fields: Fields) -> Event:
    vote = data["pollVote"]
    return events.PollVote(
        target=seen.target or 0,
        author=records.user_of(vote, "author"),
        options=ints_of(vote.get("optionIndexes")),
        count=int_of(vote.get("voteCount")) or 0,
        **fields,
    )


def _poll_close(seen: Peek, _data: JsonObject, fields: Fields) -> Event:
    return events.PollClose(target=seen.target or 0, **fields)


def _pin(seen: Peek, data: JsonObject, fields: Fields) -> Event:
    pin = data["pinMessage"]
    return events.Pin(
        target=seen.target or 0,
        target_author=records.user_of(pin, "targetAuthor"),
        duration=int_of(pin.get("pinDurationSeconds")) or 0,
        **fields,
    )


def _unpin(seen: Peek, data: JsonObject, fields: Fields) -> Event:
    author = records.user_of(data["unpinMessage"], "targetAuthor")
    return events.Unpin(target=seen.target or 0, target_author=author, **fields)


def _payment(_seen: Peek, data: JsonObject, fields: Fields) -> Event:
    payment = data["payment"]
    return events.Payment(
        note=text_of(payment.get("note")), receipt=text_of(payment.get("receipt")), **fields
    )


def _expiration_update(_seen: Peek, data: JsonObject, fields: Fields) -> Event:
    return events.ExpirationUpdate(seconds=int_of(data.get("expiresInSeconds")), **fields)


def _group_update(_seen: Peek, _data: JsonObject, fields: Fields) -> Event:
    info = fields.get("group_info")
    return events.GroupUpdate(revision=info.revision if info is not None else None, **fields)


def _story(_seen: Peek, story: JsonObject, fields: Fields) -> Event:
    look = records.story_text_of(story.get("textAttachment"))
    return events.Story(
        text=look.text if look is not None else "",
        allows_replies=story.get("allowsReplies") is True,
        attachment=records.attachment_of(story.get("fileAttachment")),
        look=look,
        **fields,
    )


def _receipt(_seen: Peek, receipt: JsonObject, fields: Fields) -> Event:
    flags = (("viewed", "isViewed"), ("read", "isRead"), ("delivery", "isDelivery"))
    return events.Receipt(
        type=next((name for name, flag in flags if receipt.get(flag) is True), "unknown"),
        timestamps=ints_of(receipt.get("timestamps")),
        when=timestamp_of(receipt.get("when")),
        **fields,
    )


def _typing(_seen: Peek, typing: JsonObject, fields: Fields) -> Event:
    return events.Typing(action=text_of(typing.get("action")) or "", **fields)


def _call(_seen: Peek, call: JsonObject, fields: Fields) -> Event:
    parts = list(call_parts(call))
    call_type, part = parts[0]
    return events.Call(
        type=call_type,
        call_id=call_id_of(part.get("id")),
        subtype=text_of(part.get("type")),
        opaque=text_of(part.get("opaque")),
        device_id=int_of(part.get("deviceId")),
        ice=tuple(
            IceUpdate(call_id_of(ice.get("id")), text_of(ice.get("opaque")))
            for name, ice in parts
            if name == "ice"
        ),
        **fields,
    )


def _read_sync(_seen: Peek, sync: JsonObject, fields: Fields) -> Event:
    return events.ReadSync(messages=records.read_marks_of(sync.get("readMessages")), **fields)


def _blocked_sync(_seen: Peek, sync: JsonObject, fields: Fields) -> Event:
    numbers = records.identifiers_of(sync.get("blockedNumbers"))
    groups = records.identifiers_of(sync.get("blockedGroupIds"))
    return events.BlockedSync(
        users=tuple(map(User.from_wire, numbers)), groups=tuple(map(Group, groups)), **fields
    )


def _bare(event_type: type[Event]) -> Builder:
    return lambda _seen, _data, fields: event_type(**fields)


def _exception(seen: Peek, _data: JsonObject, fields: Fields) -> Event:
    exception = object_of((seen.data or {}).get("exception")) or {}
    return events.ExceptionEvent(
        type=text_of(exception.get("type")) or "",
        message=text_of(exception.get("message")) or "",
        **fields,
    )


def _error(seen: Peek, _data: JsonObject, fields: Fields) -> Event:
    return events.ErrorEvent(text=text_of((seen.data or {}).get("error")) or "", **fields)


def _unknown(seen: Peek, _data: JsonObject, fields: Fields) -> Event:
    return events.UnknownEvent(member=seen.detail, **fields)


BUILDERS: dict[str, Builder] = {
    "message": _message(events.Message),
    "sticker": _message(events.StickerMessage),
    "contact": _message(events.ContactMessage),
    "edit": _edit,
    "remote_delete": _remote_delete,
    "admin_delete": _admin_delete,
    "reaction": _reaction,
    "payment": _payment,
    "group_update": _group_update,
    "expiration_update": _expiration_update,
    "poll_create": _poll,
    "poll_vote": _poll_vote,
    "poll_terminate": _poll_close,
    "pin": _pin,
    "unpin": _unpin,
    "story": _story,
    "receipt": _receipt,
    "typing": _typing,
    "call": _call,
    "sync_read": _read_sync,
    "sync_blocked": _blocked_sync,
    "sync_contacts": _bare(events.ContactSync),
    "sync_groups": _bare(events.GroupSync),
    "exception": _exception,
    "error": _error,
    "unknown": _unknown,
    "noop": _bare(events.NoopEvent),
}
