"""As much HTTP and websocket as the targets need from a server, cut by hand because it must be
several times faster than any of them."""

from __future__ import annotations

import base64
import hashlib
import json
import socket

from benchmarks.load_script import NUMBER

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PONG = b"\x8a\x00"
CLOSED = b"\x88\x02\x03\xe8"
# 0.101 is what PyPI's signalbot asks for at least.
_ABOUT = {
    "versions": ["v1", "v2"], "build": 2, "mode": "json-rpc", "version": "0.101.0",
    "capabilities": {"v2/send": ["quotes", "mentions"]},
}  # fmt: skip


def response(body: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole answer with a body of JSON."""
    return (
        b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (status, len(body), body)
    )  # fmt: skip


SENT = response(b'[{"timestamp":"1769271479123"}]', b"201 Created")
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
_ANSWERS = {
    b"/v1/about": response(json.dumps(_ABOUT).encode()),
    b"/v1/accounts": response(json.dumps([NUMBER]).encode()),
    b"/v1/health": _NO_CONTENT,
}
_EMPTY_LIST = response(b"[]")


class Connection:
    """One client's connection: the bytes that are no whole request yet."""

    __slots__ = ("buffer", "is_websocket", "socket")

    def __init__(self, accepted: socket.socket) -> None:
        self.socket = accepted
        self.buffer = b""
        self.is_websocket = False

    def requests(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """The whole requests (head, body) that are there now."""
        self.buffer = self.buffer + data if self.buffer else data
        found = []
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            lower = head.lower()
            at = lower.find(b"content-length:")
            length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            whole = end + 4 + length
            if len(self.buffer) < whole:
                break
            found.append((head, self.buffer[end + 4 : whole]))
            self.buffer = self.buffer[whole:]
        return found


def answer_to(head: bytes) -> bytes:
    """The answer to anything that is neither a send nor the websocket."""
    method, target, _ = head.split(b" ", 2)
    if method != b"GET":
        return _NO_CONTENT
    return _ANSWERS.get(target.split(b"?", 1)[0], _EMPTY_LIST)


def handshake(head: bytes) -> bytes:
    """The answer that makes a connection a websocket."""
    key = next(
        line.split(b":", 1)[1].strip()
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key:")
    )
    accept = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept
    )


def message_of(body: bytes) -> str:
    """The text of a send, without parsing all of it."""
    at = body.index(b'"message":') + 10
    begin = body.index(b'"', at) + 1
    return body[begin : body.index(b'"', begin)].decode()
