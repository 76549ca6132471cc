"""What arrives on a websocket, and in which pieces."""

from __future__ import annotations

import struct
import time

import pytest

from signalbot.errors import RequestFailed
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.intake_errors import (
    ConnectionLost,
    FrameTooLarge,
    PeerSilent,
    ProtocolBroken,
    mends_itself,
)
from signalbot.infrastructure.wakeup import Wakeup
from signalbot.infrastructure.websocket_client import WebsocketClient
from tests.infrastructure.running import running
from tests.infrastructure.scripted_server import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Peer,
    Script,
    frame,
    scripted,
)

NUMBER = "+4915112345678"
GOODBYE = frame(struct.pack("!H", 1000), CLOSE)


def client(address: str, **options: float) -> WebsocketClient:
    return WebsocketClient(Endpoint.parse(address), NUMBER, **options)  # type: ignore[arg-type]


def sends(data: bytes, *, chunk: int = 0) -> Script:
    """Accept, send the bytes (in pieces), and wait for the client to hang up."""

    def script(peer: Peer) -> None:
        peer.accept()
        for start in range(0, len(data), chunk or len(data)):
            peer.send(data[start : start + (chunk or len(data))])
        peer.wait_for_end()

    return script


def receive_all(data: bytes, *, chunk: int = 0, **options: float) -> list[bytes]:
    """What a client hands over of these bytes before the server says goodbye."""
    with (
        scripted(sends(data + GOODBYE, chunk=chunk)) as server,
        running(client(server.address, **options)) as run,
    ):
        assert run.wait_end() is None
        return run.frames


def failure_after(data: bytes, **options: float) -> tuple[list[bytes], BaseException | None]:
    with (
        scripted(sends(data)) as server,
        running(client(server.address, **options)) as run,
    ):
        return run.frames, run.wait_end()


def test_messages_are_handed_over_as_they_came() -> None:
    messages = [b'{"envelope":{}}', b"\xff\xfe not UTF-8 \xed\xa0\x80", b""]

    received = receive_all(b"".join(map(frame, messages)) + frame(b"binary", BINARY))

    assert received == [*messages, b"binary"]


def test_time_of_arrival_is_passed_along() -> None:
    before = time.time()

    with scripted(sends(frame(b"x") + GOODBYE)) as server, running(client(server.address)) as run:
        run.wait_end()

        assert before <= run.times[0] <= time.time()
        stats = run.source.stats  # type: ignore[attr-defined]
        assert (stats.frames, stats.bytes, stats.last_frame_at) == (1, 1, run.times[0])


def test_frames_behind_the_handshake_in_one_packet() -> None:
    def script(peer: Peer) -> None:
        peer.accept(and_then=frame(b"one") + frame(b"two")[:3])
        peer.send(frame(b"two")[3:] + GOODBYE)
        peer.wait_for_end()

    with scripted(script) as server, running(client(server.address)) as run:
        assert run.wait_end() is None
        assert run.frames == [b"one", b"two"]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 0])
def test_boundaries_of_reads_do_not_matter(chunk: int) -> None:
    messages = [b"", b"a", b"b" * 125, b"c" * 126, b"d" * 300]
    data = b"".join(
        frame(message)
        + frame(b"?", PING)
        + frame(message[:2], fin=False)
        + frame(b"!", PONG)
        + frame(message[2:], CONTINUATION)
        for message in messages
    )

    received = receive_all(data, chunk=chunk)

    assert received == [message for message in messages for _ in range(2)]


@pytest.mark.parametrize("size", [65535, 65536, 65537, 131072, 3_000_000])
def test_large_frames(size: int) -> None:
    message = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    assert receive_all(frame(b"before") + frame(message) + frame(b"after")) == [
        b"before",
        message,
        b"after",
    ]


def test_fragments_are_joined_and_control_frames_between_them_answered() -> None:
    pongs = []

    def script(peer: Peer) -> None:
        peer.accept(frame(b"one ", fin=False))
        peer.send(frame(b"p1", PING))
        pongs.append(peer.receive_frame())
        peer.send(frame(b"", CONTINUATION, fin=False) + frame(b"p2", PING))
        pongs.append(peer.receive_frame())
        peer.send(frame(b"message", CONTINUATION) + frame(b"next") + GOODBYE)
        peer.wait_for_end()

    with scripted(script) as server, running(client(server.address)) as run:
        assert run.wait_end() is None
        assert run.frames == [b"one message", b"next"]
        assert pongs == [(PONG, b"p1"), (PONG, b"p2")]


def test_many_tiny_fragments_are_joined() -> None:
    count = 20_000

    data = frame(b"x", fin=False) + frame(b"y", CONTINUATION, fin=False) * count
    received = receive_all(data + frame(b"z", CONTINUATION))

    assert received == [b"x" + b"y" * count + b"z"]


@pytest.mark.parametrize(
    "data",
    [
        frame(b"masked", mask=b"abcd"),
        frame(b"rsv1", reserved=0x40),
        frame(b"rsv3", BINARY, reserved=0x10),
        frame(b"", 0x3),
        frame(b"", 0xB),
        frame(b"stray", CONTINUATION),
        frame(b"first", fin=False) + frame(b"second", TEXT),
        frame(b"x", PING, fin=False),
        frame(b"x", CLOSE, fin=False),
        frame(b"x" * 126, PING),
        frame(b"", PONG, announced=2**40),
        frame(b"x", CLOSE),
        frame(struct.pack("!H", 1004), CLOSE),
        frame(b"masked ping", PING, mask=b"abcd"),
    ],
)
def test_breaking_the_protocol_ends_the_connection(data: bytes) -> None:
    codes = []

    def script(peer: Peer) -> None:
        peer.accept(frame(b"before") + data)
        codes.append(peer.receive_frame())
        peer.wait_for_end()

    with scripted(script) as server, running(client(server.address)) as run:
        error = run.wait_end()
        assert isinstance(error, ProtocolBroken)
        assert mends_itself(error)
        assert run.frames == [b"before"]
    assert codes == [(CLOSE, struct.pack("!H", 1002))]


def test_a_protocol_error_quotes_nothing_that_was_received() -> None:
    _, error = failure_after(frame(b"secret", mask=b"abcd"))

    assert "secret" not in f"{error!r} {error.__cause__!r}"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (frame(b"", announced=1001), 1001),
        (frame(b"x" * 1001), 1001),
        (frame(b"", announced=70_000), 70_000),
        (frame(b"", BINARY, announced=2**63), 2**63),
        (frame(b"x" * 600, fin=False) + frame(b"", CONTINUATION, announced=401), 1001),
        (frame(b"x" * 1000, fin=False) + frame(b"", CONTINUATION, announced=1), 1001),
    ],
)
def test_a_frame_beyond_the_limit_ends_the_connection_unread(data: bytes, size: int) -> None:
    frames, error = failure_after(frame(b"before") + data, max_frame=1000)

    assert isinstance(error, FrameTooLarge)
    assert (error.size, error.limit, error.code) == (size, 1000, 1009)
    assert str(size) in str(error)
    assert error.account == NUMBER
    assert frames == [b"before"]


def test_the_limit_itself_is_allowed() -> None:
    whole = b"x" * 1000
    fragments = frame(b"y" * 500, fin=False) + frame(b"y" * 500, CONTINUATION)

    received = receive_all(frame(whole) + fragments + frame(whole), max_frame=1000)

    assert received == [whole, b"y" * 1000, whole]


def test_the_servers_pings_are_answered() -> None:
    answers = []

    def script(peer: Peer) -> None:
        peer.accept(frame(b"hello", PING) + frame(b"", PING))
        answers.extend([peer.receive_frame(), peer.receive_frame()])
        peer.send(GOODBYE)
        peer.wait_for_end()

    with scripted(script) as server, running(client(server.address)) as run:
        assert run.wait_end() is None
    assert answers == [(PONG, b"hello"), (PONG, b"")]


def test_a_silent_peer_is_asked_and_then_given_up() -> None:
    asked = []

    def script(peer: Peer) -> None:
        peer.accept()
        asked.append(peer.receive_frame())
        peer.wait_for_end()  # like a stopped process: the kernel takes everything, nobody answers

    with (
        scripted(script) as server,
        running(client(server.address, ping_interval=0.05, ping_timeout=0.05)) as run,
    ):
        error = run.wait_end()
    assert isinstance(error, PeerSilent)
    assert isinstance(error, RequestFailed)
    assert mends_itself(error)
    assert asked == [(PING, b"")]


def test_a_peer_that_answers_pings_is_kept_and_wakes_nobody_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits = []
    wait = Wakeup.wait
    monkeypatch.setattr(Wakeup, "wait", lambda *args: (waits.append(1), wait(*args))[1])
    pings = 5

    def script(peer: Peer) -> None:
        peer.accept()
        for _ in range(pings):
            assert peer.receive_frame() == (PING, b"")
            peer.send(frame(b"", PONG))
        peer.send(frame(b"still here") + GOODBYE)
        peer.wait_for_end()

    with (
        scripted(script) as server,
        running(client(server.address, ping_interval=0.03, ping_timeout=5.0)) as run,
    ):
        assert run.wait_end() is None
    assert run.frames == [b"still here"]
    assert len(waits) <= 2 * pings + 8  # one for the ping, one for the pong; the rest is dialling


def test_traffic_replaces_pings() -> None:
    received = []

    def script(peer: Peer) -> None:
        peer.accept()
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            peer.send(frame(b"x"))
            time.sleep(0.02)  # paces the traffic; nothing is waited for
        peer.send(GOODBYE)
        received.append(peer.receive_frame())

    with (
        scripted(script) as server,
        running(client(server.address, ping_interval=0.25, ping_timeout=0.25)) as run,
    ):
        assert run.wait_end() is None
    assert received == [(CLOSE, struct.pack("!H", 1000))]


@pytest.mark.parametrize(
    "payload", [b"", struct.pack("!H", 1000) + b"bye", struct.pack("!H", 1001)]
)
def test_a_goodbye_in_good_order_is_answered_and_no_error(payload: bytes) -> None:
    answers = []

    def script(peer: Peer) -> None:
        peer.accept(frame(b"last") + frame(payload, CLOSE))
        answers.append(peer.receive_frame()[0])
        peer.wait_for_end()

    with scripted(script) as server, running(client(server.address)) as run:
        assert run.wait_end() is None
        assert run.frames == [b"last"]
    assert answers == [CLOSE]


@pytest.mark.parametrize("code", [1009, 1011, 1012, 4000])
def test_any_other_goodbye_is_an_error_with_its_code(code: int) -> None:
    frames, error = failure_after(frame(b"last") + frame(struct.pack("!H", code) + b"w", CLOSE))

    assert isinstance(error, ConnectionLost)
    assert error.code == code
    assert str(code) in str(error)
    assert frames == [b"last"]


@pytest.mark.parametrize("tail", [b"", frame(b"unfinished")[:5], b"\x81"])
def test_a_connection_that_just_ends_is_an_error(tail: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.accept(frame(b"last") + tail)

    with scripted(script) as server, running(client(server.address)) as run:
        error = run.wait_end()
        assert isinstance(error, ConnectionLost)
        assert error.code == 1006
        assert (error.method, error.path_template) == ("GET", "/v1/receive/{number}")
        assert run.frames == [b"last"]


def test_a_reset_connection_is_an_error() -> None:
    import socket

    def script(peer: Peer) -> None:
        peer.accept(frame(b"last"))
        peer.receive_frame()
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with scripted(script) as server, running(client(server.address, ping_interval=0.05)) as run:
        error = run.wait_end()
    assert isinstance(error, ConnectionLost)
    assert "reset" in str(error)


def test_an_error_of_the_receiver_ends_the_connection_and_comes_out() -> None:
    def refuse(frame: bytes) -> None:
        raise KeyError("no")

    with (
        scripted(sends(frame(b"x"))) as server,
        running(client(server.address), on_frame=refuse) as run,
    ):
        assert isinstance(run.wait_end(), KeyError)


def test_a_client_connects_again_and_again() -> None:
    with scripted(sends(frame(b"x") + GOODBYE)) as server:
        source = client(server.address)
        received: list[bytes] = []
        for _ in range(3):
            source.run(lambda data, at: received.append(data))
        assert received == [b"x"] * 3
        assert server.connections == 3
        assert source.stats.frames == 3


def test_two_threads_may_not_run_the_same_client() -> None:
    with scripted(sends(frame(b"x"))) as server, running(client(server.address)) as run:
        run.wait_for_frames(1)

        with pytest.raises(RuntimeError, match="already active"):
            run.source.run(lambda data, at: None)  # type: ignore[call-arg]
