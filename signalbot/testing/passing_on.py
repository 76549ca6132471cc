"""Messages from one account of this server to another one."""

from __future__ import annotations

from typing import Any

from . import frames
from .addressing import addressee
from .identifiers import make_uuid
from .records import Sent, SentAttachment
from .state import Account, State
from .uploads import sniff
from .world import World


def pass_on(world: World, sender: Account, sent: Sent, addressed: list[str]) -> None:
    """Put a frame on the line for each account that is among the recipients."""
    receivers = {
        party.number: party
        for party in map(world.state.find, addressed)
        if isinstance(party, Account) and party is not sender
    }
    if not receivers:
        return
    data = _data(world.state, sender, sent)
    payload = {"dataMessage": data}
    if sent.edit_of is not None:
        payload = {"editMessage": frames.edit(sent.edit_of, data)}
    for number in receivers:
        frame = frames.envelope(
            sender, sent.timestamp, payload, account=number, device=sender.device_id
        )
        world.hub.submit(number, frames.encode(frame))


def _data(state: State, sender: Account, sent: Sent) -> dict[str, Any]:
    group = state.groups.get(sent.group or "")
    return frames.data_message(
        sent.timestamp,
        sent.text,
        view_once=sent.view_once,
        quote=_quote(state, sender, sent.quote),
        mentions=[_mention(state, sender, mention) for mention in sent.mentions],
        previews=_previews(sent.link_preview),
        attachments=[_attachment(state, file) for file in sent.attachments],
        sticker=_sticker(sent.sticker),
        textStyles=list(sent.styles),
        groupInfo=group and frames.group_info(group),
    )


def _mention(state: State, sender: Account, mention: dict[str, Any]) -> dict[str, Any]:
    return frames.mention(
        addressee(state, sender, mention["author"]),
        mention.get("start", 0),
        mention.get("length", 0),
    )


def _quote(state: State, sender: Account, quote: dict[str, Any] | None) -> dict[str, Any] | None:
    if quote is None:
        return None
    return frames.quote(
        addressee(state, sender, quote["author"]),
        quote["timestamp"],
        quote["text"],
        mentions=[_mention(state, sender, mention) for mention in quote["mentions"]],
    )


def _previews(preview: dict[str, Any] | None) -> list[dict[str, Any]]:
    if preview is None:
        return []
    description = preview.get("description")
    shown = {"url": preview["url"], "title": preview["title"], "description": description}
    return [{**shown, "image": None}]


def _sticker(sticker: str | None) -> dict[str, Any] | None:
    if sticker is None:
        return None
    pack, _, number = sticker.rpartition(":")
    return {"packId": pack, "stickerId": int(number)}


def _attachment(state: State, file: SentAttachment) -> dict[str, Any]:
    uploaded = state.next_timestamp()
    file_id = make_uuid(f"file {uploaded}").replace("-", "")[:20] + sniff(file.data)[1]
    state.attachments[file_id] = file.data
    return frames.attachment(
        file_id, file.content_type, len(file.data), filename=file.filename, uploaded=uploaded
    )
