"""The endpoints that carry messages, apart from the methods that call them."""

from __future__ import annotations

from signalbot.infrastructure.api_clients.operation import Operation, Param, required, values
from signalbot.infrastructure.api_models.enums import TextMode
from signalbot.infrastructure.calls import Family

_MENTION = (required("author"), required("start", "integer"), required("length", "integer"))


class MessageOperations:
    """What :class:`MessagesApi` may ask the server."""

    SEND = Operation(
        "POST",
        "/v2/send",
        Family.SEND,
        body=(
            required("number"),
            required("recipients", "array:string"),
            required("message"),
            Param("text_mode", required=False, enum=values(TextMode)),
            Param("mentions", "array:object", fields=_MENTION),
            Param("quote_timestamp", "integer"),
            Param("quote_author"),
            Param("quote_message"),
            Param("quote_mentions", "array:object", fields=_MENTION),
            Param("edit_timestamp", "integer"),
            Param("sticker"),
            Param(
                "link_preview",
                "object",
                fields=(
                    required("url"),
                    required("title"),
                    Param("description"),
                    Param("base64_thumbnail"),
                ),
            ),
            Param("view_once", "boolean"),
            Param("notify_self", "boolean"),
            Param("base64_attachments", "array:string"),
        ),
        is_send=True,
    )
    SEND_V1 = Operation(
        "POST",
        "/v1/send",
        Family.SEND,
        body=(
            required("number"),
            required("recipients", "array:string"),
            required("message"),
            Param("base64_attachment"),
            Param("is_group", "boolean"),
        ),
        is_send=True,
    )
    DELETE = Operation(
        "DELETE",
        "/v1/remote-delete/{number}",
        Family.SEND,
        body=(required("recipient"), required("timestamp", "integer")),
        is_send=True,
    )
    # A GET that takes the messages away: a second one would not bring them back.
    RECEIVE = Operation(
        "GET",
        "/v1/receive/{number}",
        Family.ADMIN,
        query=(
            Param("timeout"),
            Param("max_messages"),
            Param("ignore_attachments"),
            Param("ignore_stories"),
            Param("ignore_avatars"),
            Param("ignore_stickers"),
            Param("send_read_receipts"),
        ),
        is_repeatable=False,
    )
