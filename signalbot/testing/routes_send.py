"""``POST /v2/send`` with its deprecated elder sister ``/v1/send``."""

from __future__ import annotations

from typing import Any

from . import delivery
from .bodies import bind, boolean, integer, many, record, string
from .identifiers import check_username, kind_of
from .records import RecordedRequest
from .replies import Refused, Reply
from .state import Account
from .styles import strip_styles
from .uploads import read_attachment
from .world import Route, World

_MENTION = record({"start": integer, "length": integer, "author": string})
_PREVIEW = record(
    {"url": string, "title": string, "description": string, "base64_thumbnail": string}
)
_SEND = {
    "number": string,
    "recipients": many(string),
    "recipient": string,
    "message": string,
    "base64_attachments": many(string),
    "text_mode": string,
    "mentions": many(_MENTION, {}),
    "quote_timestamp": integer,
    "quote_author": string,
    "quote_message": string,
    "quote_mentions": many(_MENTION, {}),
    "edit_timestamp": integer,
    "sticker": string,
    "link_preview": _PREVIEW,
    "view_once": boolean,
    "notify_self": boolean,
}
_SEND_V1 = {
    "number": string,
    "recipients": many(string),
    "message": string,
    "base64_attachment": string,
    "is_group": boolean,
}


def send(world: World, request: RecordedRequest) -> Reply:
    """``POST /v2/send``."""
    body = bind(request.body, _SEND)
    recipients = list(body.get("recipients", ()))
    if body.get("recipient"):
        recipients.append(body["recipient"])
    if not recipients:
        raise Refused("Couldn't process request - please provide at least one recipient")
    if not body.get("number"):
        raise Refused("Couldn't process request - please provide a valid number")
    kind = _only_kind(recipients)
    if kind == "group" and len(recipients) > 1:
        raise Refused(
            "A signal message cannot be sent to more than one group at once! "
            "Please use multiple REST API calls for that."
        )
    parts = _parts(world, body)
    account = world.account(body["number"])
    _check_sticker(account, parts["sticker"])
    if kind == "username":
        for recipient in recipients:
            check_username(recipient)
    return delivery.deliver(world, account, recipients, kind, parts)


def send_v1(world: World, request: RecordedRequest) -> Reply:
    """``POST /v1/send``; its group id comes without ``group.``."""
    body = bind(request.body, _SEND_V1)
    recipients = list(body.get("recipients", ()))
    if not recipients:
        raise Refused("Couldn't process request - please provide at least one recipient")
    if body.get("is_group"):
        if len(recipients) > 1:
            raise Refused(
                "A signal message cannot be sent to more than one group at once! "
                "Please use multiple REST API calls for that."
            )
        recipients = [f"group.{recipients[0]}"]
    kind = _only_kind(recipients)
    attachment = body.get("base64_attachment")
    parts = _parts(world, {**body, "base64_attachments": [attachment] if attachment else []})
    account = world.account(body.get("number", ""))
    return delivery.deliver(world, account, recipients, kind, parts, is_v1=True)


def _only_kind(recipients: list[str]) -> str:
    kinds = {kind_of(recipient) for recipient in recipients}
    if len(kinds) > 1:
        raise Refused(
            "Signal Messenger Groups, phone numbers and usernames cannot be specified together "
            "in one request! Please split them up into multiple REST API calls."
        )
    return kinds.pop()


def _parts(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """Everything of a message but its addresses, as fields of :class:`Sent`."""
    text = body.get("message")
    attachments = tuple(read_attachment(entry) for entry in body.get("base64_attachments", ()))
    if body.get("view_once") and not attachments:
        raise Refused("'view_once' can only be set for image attachments!")
    sticker = body.get("sticker") or None
    if sticker is not None and ":" not in sticker:
        raise Refused("Please provide a valid sticker (pack id and sticker id separated by ':')")
    preview = body.get("link_preview")
    if preview is not None:
        _check_preview(preview, text or "")
    quote = _quote(world, body)
    edit_of = body.get("edit_timestamp")
    if edit_of is not None:
        world.check_timestamp(edit_of)
    if not (text or attachments or sticker or quote):
        raise Refused("No message, attachment, sticker or quote given")
    styles: tuple[dict[str, Any], ...] = ()
    if text and body.get("text_mode", world.options.default_text_mode) == "styled":
        text, styles = strip_styles(text, knows_bold_italic=world.options.is_newer)
    return {
        "text": text,
        "styles": styles,
        "attachments": attachments,
        "mentions": _mentions(body.get("mentions", ())),
        "quote": quote,
        "edit_of": edit_of,
        "sticker": sticker,
        "view_once": bool(body.get("view_once")),
        "link_preview": preview,
        "notify_self": body.get("notify_self"),
    }


def _quote(world: World, body: dict[str, Any]) -> dict[str, Any] | None:
    timestamp = body.get("quote_timestamp")
    if timestamp is None:
        # Without it the server ignores all other parts of a quote without a word.
        return None
    if not body.get("quote_author"):
        raise Refused("Quote author parameter is missing")
    return {
        "timestamp": world.check_timestamp(timestamp),
        "author": body["quote_author"],
        "text": body.get("quote_message"),
        "mentions": _mentions(body.get("quote_mentions", ())),
    }


def _mentions(mentions: Any) -> tuple[dict[str, Any], ...]:
    for mention in mentions:
        start, length = mention.get("start", 0), mention.get("length", 0)
        author = mention.get("author", "")
        if start < 0 or length < 0 or not author:
            raise Refused(f"Invalid mention syntax ({start}:{length}:{author})")
    return tuple(mentions)


def _check_preview(preview: dict[str, Any], text: str) -> None:
    url = preview.get("url")
    if not url:
        raise Refused("Please provide a valid Link Preview URL")
    if not url.startswith("https"):
        raise Refused("Link Preview URL must start with https..")
    if not preview.get("title"):
        raise Refused("Please provide a valid Link Preview Title")
    if url not in text:
        raise Refused("Link Preview URL is missing in the message!")
    if preview.get("base64_thumbnail"):
        read_attachment(preview["base64_thumbnail"])


def _check_sticker(account: Account, sticker: str | None) -> None:
    if sticker is None:
        return
    pack, _, number = sticker.rpartition(":")
    if pack not in account.sticker_packs or not number.isdigit():
        raise Refused("Sticker pack not installed or sticker not found")


ROUTES: list[Route] = [("POST", "/v2/send", send), ("POST", "/v1/send", send_v1)]
