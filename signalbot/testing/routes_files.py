"""Attachment files, sticker packs."""

from __future__ import annotations

import re

from .bodies import bind, string
from .records import RecordedRequest
from .replies import Refused, Reply, empty, json_reply
from .state import StickerPack
from .uploads import sniff
from .world import Handler, Route, World

_NAME = re.compile(r"[A-Za-z0-9_.-]+\Z")


def list_attachments(world: World, _: RecordedRequest) -> Reply:
    """``GET /v1/attachments``: the files of all accounts."""
    return json_reply(sorted(world.state.attachments))


def get_attachment(world: World, _: RecordedRequest, attachment: str) -> Reply:
    """``GET /v1/attachments/{attachment}``."""
    data = world.state.attachments[_existing(world, attachment)]
    return Reply(200, data, sniff(data)[0])


def delete_attachment(world: World, _: RecordedRequest, attachment: str) -> Reply:
    """``DELETE /v1/attachments/{attachment}``."""
    del world.state.attachments[_existing(world, attachment)]
    return empty(204)


def list_sticker_packs(world: World, _: RecordedRequest, number: str) -> Reply:
    """``GET /v1/sticker-packs/{number}``."""
    return json_reply(
        [
            {
                "pack_id": pack.pack_id,
                "url": f"https://signal.art/addstickers/#pack_id={pack.pack_id}"
                f"&pack_key={pack.key}",
                "installed": True,
                "title": pack.title,
                "author": pack.author,
            }
            for pack in world.account(number).sticker_packs.values()
        ]
    )


def add_sticker_pack(world: World, request: RecordedRequest, number: str) -> Reply:
    """``POST /v1/sticker-packs/{number}``."""
    body = bind(request.body, {"pack_id": string, "pack_key": string})
    for field in ("pack_id", "pack_key"):
        if not body.get(field):
            raise Refused(f"Couldn't process request - {field} missing")
    pack = StickerPack(body["pack_id"], body["pack_key"], "Some stickers", "Somebody")
    world.account(number).sticker_packs[pack.pack_id] = pack
    return empty(201)


def _existing(world: World, name: str) -> str:
    if not _NAME.match(name) or name in (".", ".."):
        raise Refused("Couldn't process request - invalid attachment name")
    if name not in world.state.attachments:
        raise Refused("No attachment with that name found", 404)
    return name


LOCAL: tuple[Handler, ...] = (list_attachments, get_attachment, delete_attachment)
ROUTES: list[Route] = [
    ("GET", "/v1/attachments", list_attachments),
    ("GET", "/v1/attachments/{attachment}", get_attachment),
    ("DELETE", "/v1/attachments/{attachment}", delete_attachment),
    ("GET", "/v1/sticker-packs/{number}", list_sticker_packs),
    ("POST", "/v1/sticker-packs/{number}", add_sticker_pack),
]
