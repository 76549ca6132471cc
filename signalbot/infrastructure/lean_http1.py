"""The grammar of HTTP/1.1 answers (RFC 9112), strict and bounded, apart from any socket."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import IO, NamedTuple

from signalbot.errors import RequestFailed

MAX_HEAD = 64 * 1024  # of an answer, and of the trailers of a chunked one
_MAX_INTERIM = 16  # 1xx answers before the real one
_HEAD_READ = 2 * 1024
_BODY_READ = 256 * 1024

# The grammar of a head in one pattern: checked in C, and nothing odd gets past it.
_HEAD = re.compile(
    rb"HTTP/1\.([01]) ([1-9]\d\d)(?: [^\r\n\0]*)?"
    rb"((?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*)*)"
)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n\0]*)?")
_LENGTH = re.compile(rb"\d{1,15}")

Headers = tuple[tuple[bytes, bytes], ...]


class AnswerTooLarge(RequestFailed):
    """The answer's body exceeds the caller's limit; says nothing about the server's health."""


class RawAnswer(NamedTuple):
    """An answer as it came: header names in lower case, body without its transfer coding."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> str:
        """The value of the first header of that (lower-case) name, or ""."""
        return header_of(self.headers, name)


class Head(NamedTuple):
    """What the head of an answer says; ``length`` is None where it does not say how long it is."""

    status: int
    headers: Headers
    is_kept: bool
    is_chunked: bool
    length: int | None


class AnswerReader:
    """Cuts answers out of a stream of bytes; one reader lives as long as its connection.

    Attributes:
        buffer: bytes that were received and not yet taken.
        is_reusable: the last answer ended where it said, and the server keeps the connection.
    """

    __slots__ = ("_receive", "buffer", "is_reusable")

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        """``receive`` returns up to so many bytes, b"" at the end of the stream."""
        self._receive = receive
        self.buffer = bytearray()
        self.is_reusable = False

    def read(
        self, *, is_head_request: bool, max_body: int, sink: IO[bytes] | None = None
    ) -> RawAnswer:
        """Read one answer to its end; the body of a good one goes into ``sink`` if there is one.

        Raises:
            RequestFailed: if it is malformed, cut off, or too large.
        """
        self.is_reusable = False
        head = _parsed_head(self._read_until(b"\r\n\r\n"))
        if head.status < 200:
            head = self._read_final_head(head)
        status, is_kept, length = head.status, head.is_kept, head.length
        sink = begun(sink) if 200 <= status < 300 else None
        if is_head_request or status in (204, 304):
            body = b""
        elif head.is_chunked:
            body = self._read_chunked(max_body, sink)
        elif length is not None:
            if length > max_body:
                raise too_large(max_body)
            body = self._read_exactly(length, sink)
        else:
            is_kept = False
            body = self._read_to_end(max_body, sink)
        self.is_reusable = is_kept and not self.buffer
        return RawAnswer(status, head.headers, body)

    def _read_final_head(self, head: Head) -> Head:
        """The head behind interim ones."""
        for _ in range(_MAX_INTERIM - 1):
            if head.status == 101:
                raise malformed("it switches protocols unasked")
            head = _parsed_head(self._read_until(b"\r\n\r\n"))
            if head.status >= 200:
                return head
        raise malformed("interim ones go on and on")

    def _read_until(self, mark: bytes) -> bytes:
        buffer = self.buffer
        start = 0
        while (end := buffer.find(mark, start)) < 0:
            if len(buffer) > MAX_HEAD:
                raise malformed(f"a head or a line of it exceeds {MAX_HEAD} bytes")
            start = max(0, len(buffer) - len(mark))
            data = self._receive(_HEAD_READ)
            if not data:
                raise _cut_off() if buffer else _unanswered()
            buffer += data
        taken = bytes(buffer[:end])
        del buffer[: end + len(mark)]
        return taken

    def _read_exactly(self, length: int, sink: IO[bytes] | None = None) -> bytes:
        buffer = self.buffer
        if sink is None and len(buffer) == length:  # nearly always: it came with its head
            body = bytes(buffer)
            buffer.clear()
            return body
        parts = Parts(sink)
        parts.append(bytes(buffer[:length]))
        missing = length - len(buffer[:length])
        del buffer[:length]
        while missing:
            data = self._receive(min(missing, _BODY_READ))
            if not data:
                raise _cut_off()
            parts.append(data)
            missing -= len(data)
        return parts.joined()

    def _read_to_end(self, max_body: int, sink: IO[bytes] | None) -> bytes:
        parts = Parts(sink)
        parts.append(bytes(self.buffer))
        size = len(self.buffer)
        self.buffer.clear()
        while size <= max_body:
            data = self._receive(_BODY_READ)
            if not data:
                return parts.joined()
            parts.append(data)
            size += len(data)
        raise too_large(max_body)

    def _read_chunked(self, max_body: int, sink: IO[bytes] | None) -> bytes:
        parts = Parts(sink)
        size = 0
        while length := _chunk_length(self._read_until(b"\r\n")):
            size += length
            if size > max_body:
                raise too_large(max_body)
            parts.append(self._read_exactly(length, sink))
            if self._read_exactly(2) != b"\r\n":
                raise malformed("a chunk is longer than announced")
        trailers = 0
        while trailer := self._read_until(b"\r\n"):
            trailers += len(trailer)
            if trailers > MAX_HEAD:
                raise malformed("its trailers are too long")
        return parts.joined()


class Parts:
    """The pieces of a body: kept, or written into a file as they come."""

    __slots__ = ("_pieces", "append")

    def __init__(self, sink: IO[bytes] | None) -> None:
        self._pieces: list[bytes] = []
        self.append: Callable[[bytes], object] = self._pieces.append if sink is None else sink.write

    def joined(self) -> bytes:
        """What was kept."""
        return b"".join(self._pieces)


def begun(sink: IO[bytes] | None) -> IO[bytes] | None:
    """The file, emptied of what a failed attempt has left in it."""
    if sink is not None:
        sink.seek(0)
        sink.truncate()
    return sink


@lru_cache(maxsize=16)  # a server's heads are the same but for the second in them: 8 µs less each
def _parsed_head(text: bytes) -> Head:
    """Read a head, without the empty line behind it.

    Raises:
        RequestFailed: if it is malformed.
    """
    found = _HEAD.fullmatch(text)
    if found is None:
        raise malformed("its head is not HTTP/1.1")
    version, status, headers = found[1], int(found[2]), _parsed(found[3])
    fields = dict(headers)
    if len(fields) != len(headers):
        fields = _combined(headers)
    is_kept = version == b"1"
    if b"connection" in fields:
        is_kept = _keeps_alive(version, fields[b"connection"])
    has_body = status >= 200 and status not in (204, 304)
    is_chunked, length = has_body and b"transfer-encoding" in fields, None
    if is_chunked:
        # Both lengths at once are how requests get smuggled: never reuse that connection.
        is_kept = is_kept and b"content-length" not in fields
        if fields[b"transfer-encoding"].lower() != b"chunked" or version == b"0":
            raise malformed("its transfer coding is unknown")
    elif has_body and b"content-length" in fields:
        length = _content_length(fields[b"content-length"])
    return Head(status, headers, is_kept, is_chunked, length)


def _parsed(lines: bytes) -> Headers:
    headers = []
    for line in lines.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        headers.append((name.lower(), value.strip(b" \t")))
    return tuple(headers)


def _combined(headers: Headers) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for name, value in headers:  # repeated headers mean a list (RFC 9110, 5.3)
        fields[name] = fields[name] + b"," + value if name in fields else value
    return fields


def _keeps_alive(version: bytes, connection: bytes) -> bool:
    tokens = {token.strip() for token in connection.lower().split(b",")}
    return b"close" not in tokens and (version == b"1" or b"keep-alive" in tokens)


def _content_length(value: bytes) -> int:
    if not _LENGTH.fullmatch(value):
        # The same number several times over is allowed (RFC 9110, 8.6), two numbers are not.
        numbers = {number.strip(b" \t") for number in value.split(b",")}
        value = numbers.pop()
        if numbers or not _LENGTH.fullmatch(value):
            raise malformed("its length is no number")
    return int(value)


def _chunk_length(line: bytes) -> int:
    size = _CHUNK_SIZE.fullmatch(line)
    if size is None:
        raise malformed("a chunk has no size")
    return int(size[1], 16)


def header_of(headers: Headers, name: bytes) -> str:
    """The value of the first header of that (lower-case) name, or ""."""
    return next((value.decode("latin-1") for key, value in headers if key == name), "")


def malformed(reason: str) -> RequestFailed:
    """The error for an answer that breaks the protocol."""
    return RequestFailed(f"the answer cannot be read: {reason}")


def too_large(limit: int) -> AnswerTooLarge:
    """The error for a body beyond the limit (whatever was asked for has been done by then)."""
    return AnswerTooLarge(f"the answer is larger than {limit} bytes and was refused")


def _cut_off() -> RequestFailed:
    return RequestFailed("the server closed the connection in the middle of its answer")


def _unanswered() -> RequestFailed:
    return RequestFailed("the server closed the connection without an answer")
