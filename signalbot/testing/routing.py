"""Finding the route of a path the way the server's router does."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from .replies import Refused, Reply
from .world import Handler, Route

_HTML = "text/html; charset=utf-8"


class Router:
    """Routes by method, number of path segments, second segment; literals before placeholders."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[tuple[str, int, str], list[tuple[list[str], Handler]]] = {}
        for method, template, handler in routes:
            segments = template.strip("/").split("/")
            # Control paths are /fake/{name}: no second segment to tell them apart by.
            second = "" if segments[1].startswith("{") else segments[1]
            key = (method, len(segments), second)
            self._routes.setdefault(key, []).append((segments, handler))
        for candidates in self._routes.values():
            candidates.sort(key=lambda c: [segment.startswith("{") for segment in c[0]])

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
        """The handler with the values of its placeholders, or None."""
        segments = path[1:].split("/")
        if len(segments) < 2:
            return None
        count = len(segments)
        candidates = self._routes.get((method, count, segments[1]))
        if candidates is None:
            candidates = self._routes.get((method, count, ""), [])
        for template, handler in candidates:
            values: dict[str, str] = {}
            for expected, actual in zip(template, segments, strict=True):
                if expected == actual:
                    continue
                if expected[0] != "{" or not actual:
                    break
                values[expected[1:-1]] = actual
            else:
                if "number" in values:
                    values["number"] = decode_number(values["number"])
                return handler, values
        return None

    def redirect(self, method: str, path: str, query: bytes) -> Reply | None:
        """The answer to a path that is right except for its trailing slash."""
        if not path.endswith("/") or self.find(method, path[:-1]) is None:
            return None
        location = path[:-1].encode() + (b"?" + query if query else b"")
        headers = ((b"location", location),)
        if method != "GET":
            return Reply(307, b"", _HTML, headers)
        body = b'<a href="' + location + b'">Moved Permanently</a>.\n\n'
        return Reply(301, body, _HTML, headers)


def decode_number(text: str) -> str:
    """The second of the two decodings that an account number gets.

    Raises:
        Refused: if a percent sign stands alone.
    """
    if "%" not in text:
        return text
    for piece in text.split("%")[1:]:
        if len(piece) < 2 or any(c not in "0123456789abcdefABCDEF" for c in piece[:2]):
            raise Refused("Couldn't process request - malformed number")
    return unquote(text)
