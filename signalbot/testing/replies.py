"""Answers in the shapes that the server gives them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

# Go's encoder escapes these, so that its JSON may stand inside HTML.
_GO_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, body, type of one answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Refused(Exception):
    """Raised by a route to end the request with an error answer."""

    def __init__(self, text: str, status: int = 400, content_type: str = JSON) -> None:
        super().__init__(text)
        self.reply = Reply(status, go_json({"error": text}), content_type)


def go_json(value: Any) -> bytes:
    """Encode the way Go does: compact, UTF-8, with ``<``, ``>``, ``&`` escaped."""
    text = _ENCODER.encode(value)
    for character, escape in _GO_ESCAPES.items():
        if character in text:
            text = text.replace(character, escape)
    return text.encode("utf-8", "replace")


def json_reply(value: Any, status: int = 200) -> Reply:
    """An answer with a JSON body."""
    return Reply(status, go_json(value))


def empty(status: int) -> Reply:
    """An answer without a body, which most successful calls get."""
    return Reply(status)


NOT_FOUND = Reply(404, b"404 page not found", "text/plain")
PANIC = Reply(500, b"")
