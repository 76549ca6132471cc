"""Answers are cut out of the stream exactly, or refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbot.errors import RequestFailed
from signalbot.infrastructure.lean_http1 import MAX_HEAD, AnswerReader, AnswerTooLarge, RawAnswer


def reader_of(*pieces: bytes) -> AnswerReader:
    """A reader whose connection delivers these pieces, then ends."""
    stream = iter(pieces)
    rest = b""

    def receive(size: int) -> bytes:
        nonlocal rest
        if not rest:
            rest = next(stream, b"")
        taken, rest = rest[:size], rest[size:]
        return taken

    return AnswerReader(receive)


def read(*pieces: bytes, head: bool = False, max_body: int = 1 << 20) -> RawAnswer:
    return reader_of(*pieces).read(is_head_request=head, max_body=max_body)


LENGTH = b"HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\ncontent-length:  5 \r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'2;name="x"\r\nhe\r\n03 \r\nllo\r\n0\r\nX-Trailer: 1\r\nX-Other: 2\r\n\r\n'
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + LENGTH
TO_END = b"HTTP/1.1 200 OK\r\n\r\nhello"


@pytest.mark.parametrize("stream", [LENGTH, CHUNKED, INTERIM, TO_END])
@given(data=st.data())
def test_it_does_not_matter_how_the_bytes_arrive(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    answer = read(*filter(None, pieces))

    assert answer.body == b"hello"


def test_one_byte_at_a_time() -> None:
    assert read(*(bytes([byte]) for byte in CHUNKED)).body == b"hello"


def test_headers_are_kept_in_order_and_in_lower_case() -> None:
    answer = read(LENGTH)

    assert answer.status == 201
    assert answer.headers == ((b"content-type", b"text/plain"), (b"content-length", b"5"))
    assert answer.header(b"content-type") == "text/plain"
    assert answer.header(b"location") == ""


@pytest.mark.parametrize(
    ("stream", "is_reusable"),
    [
        (LENGTH, True),
        (CHUNKED, True),
        (TO_END, False),
        (LENGTH + b"HTTP/1.1 200 OK", False),  # more than was asked for
        (b"HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", True),
        (b"HTTP/1.1 204\r\n\r\n", True),  # no reason phrase, not even its space
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2,2\r\nContent-Length: 2\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + CHUNKED[17:], False),  # smuggling
    ],
)
def test_when_a_connection_is_kept(stream: bytes, is_reusable: bool) -> None:
    reader = reader_of(stream)

    reader.read(is_head_request=False, max_body=100)

    assert reader.is_reusable is is_reusable


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_body_end_with_their_head(status: int) -> None:
    answer = read(b"HTTP/1.1 %d X\r\nContent-Length: 10\r\n\r\n" % status)

    assert answer.body == b""


def test_the_answer_to_head_has_no_body() -> None:
    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", head=True).body == b""


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"HTTP/1.1 200",
        LENGTH[:-1],
        CHUNKED[:-1],
        CHUNKED[:-6],
        CHUNKED[: CHUNKED.index(b"03")],
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 200OK\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSpace : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: x\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: x\0y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: x\ny\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1e2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1_0\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 30 + LENGTH,
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 2 * MAX_HEAD,
        b"HTTP/1.1 200 OK\r\n" + b"A: x\r\n" * MAX_HEAD,
        CHUNKED[: CHUNKED.index(b"X-")] + b"A: x\r\n" * MAX_HEAD,
    ],
    ids=lambda stream: stream[-40:].decode("latin-1").encode("unicode_escape").decode(),
)
def test_what_is_no_answer_is_refused_and_may_have_been_sent(stream: bytes) -> None:
    reader = reader_of(stream)

    with pytest.raises(RequestFailed) as caught:
        reader.read(is_head_request=False, max_body=1000)

    assert caught.value.may_have_been_sent
    assert not isinstance(caught.value, AnswerTooLarge)
    assert not reader.is_reusable


@pytest.mark.parametrize(
    "stream",
    [
        LENGTH,
        CHUNKED,
        TO_END,
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
    ],
)
def test_bodies_beyond_the_limit_are_refused(stream: bytes) -> None:
    with pytest.raises(AnswerTooLarge):
        read(stream, max_body=4)


def test_bodies_at_the_limit_are_taken() -> None:
    for stream in (LENGTH, CHUNKED, TO_END):
        assert read(stream, max_body=5).body == b"hello"


@given(st.binary(max_size=300))
def test_any_bytes_give_an_answer_or_our_own_error(tail: bytes) -> None:
    for start in (
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ):
        with contextlib.suppress(RequestFailed):
            read(start + tail)
