"""The way on which a call reaches the server as bare bytes.

It is the default: a small POST costs about a tenth of what it costs through httpx.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Protocol

from signalbot.infrastructure.lean_http1 import RawAnswer

if TYPE_CHECKING:
    from signalbot.infrastructure.calls import Call
    from signalbot.infrastructure.endpoint import Endpoint
    from signalbot.infrastructure.lean_pool import LeanPool

USER_AGENT = "signalbot-sync"
_METHOD = re.compile(r"[A-Z]+")
_TARGET = re.compile(r"/[!-~]*")


def checked_target(base_path: str, method: str, path: str, query: str) -> str:
    """Join path and query, and refuse what could break out of the request line."""
    target = f"{base_path}{path}?{query}" if query else base_path + path
    if not _METHOD.fullmatch(method) or not _TARGET.fullmatch(target) or "#" in target:
        raise ValueError("the path or query of a call is not percent-encoded")
    return target


@functools.lru_cache(maxsize=256)  # most calls go to one of very few places
def _start_of_request(base_path: str, method: str, path: str, query: str) -> bytes:
    return f"{method} {checked_target(base_path, method, path, query)}".encode("ascii")


def default_headers(endpoint: Endpoint) -> dict[str, str]:
    """The headers of every request: what the user set, and what we set unless he did."""
    headers = {
        "Host": endpoint.authority,
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",  # answers are small, and bytes are passed on as they come
    }
    given = endpoint.request_headers()
    taken = {name.lower() for name in given}
    return {name: value for name, value in headers.items() if name.lower() not in taken} | given


class Wire(Protocol):
    """Exchanges a call for an answer, whatever the answer's status."""

    def send(self, call: Call, deadline: float, max_answer: int) -> RawAnswer:
        """Exchange one request for its answer.

        Raises:
            RequestFailed: without saying yet which call it was.
        """
        ...


class LeanWire:
    """Writes the bytes of a request by hand; the part that stays the same is made once."""

    def __init__(self, endpoint: Endpoint, pool: LeanPool) -> None:
        self._base_path = endpoint.base_path
        self._pool = pool
        lines = "".join(f"{name}: {value}\r\n" for name, value in default_headers(endpoint).items())
        self._head_end = f" HTTP/1.1\r\n{lines}".encode("latin-1")

    def send(self, call: Call, deadline: float, max_answer: int) -> RawAnswer:
        """Exchange one request for its answer.

        Raises:
            RequestFailed: without saying yet which call it was.
        """
        start = _start_of_request(self._base_path, call.method, call.path, call.query)
        body = call.body
        if body is not None:
            length = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        elif call.method in ("GET", "HEAD"):
            length = b"\r\n"
        else:
            length = b"Content-Length: 0\r\n\r\n"
        return self._pool.exchange(
            start + self._head_end + length,
            body or b"",
            deadline=deadline,
            max_body=max_answer,
            is_head_request=call.method == "HEAD",
            on_progress=call.on_progress,
            sink=call.sink,
        )
