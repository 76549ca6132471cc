"""Closing a websocket client, in every phase it can be in."""

from __future__ import annotations

import errno
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trustme

from signalbot.errors import ConnectFailed, RequestTimedOut
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.websocket_client import WebsocketClient
from tests.infrastructure.running import DEADLINE, running
from tests.infrastructure.scripted_server import CLOSE, Peer, frame, scripted

NUMBER = "+4915112345678"
PROMPT = 0.5  # seconds; it takes a few milliseconds on a machine that has nothing else to do
NORMAL = struct.pack("!H", 1000)


def client(address: str, **options: float) -> WebsocketClient:
    return WebsocketClient(Endpoint.parse(address), NUMBER, **options)  # type: ignore[arg-type]


class Reached:
    """A script that says when the client has come this far."""

    def __init__(self, accept: bool) -> None:
        self._accept = accept
        self.event = threading.Event()

    def __call__(self, peer: Peer) -> None:
        if self._accept:
            peer.accept()
        else:
            peer.read_request()
        self.event.set()
        peer.wait_for_end()

    def wait(self) -> None:
        assert self.event.wait(DEADLINE)


@contextmanager
def full_backlog() -> Iterator[str]:
    """An address whose connections are never completed: the queue of its listener is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = []
        for _ in range(64):
            filler = socket.socket()
            filler.setblocking(False)
            fillers.append(filler)
            assert filler.connect_ex(listener.getsockname()) == errno.EINPROGRESS
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for filler in fillers:
                filler.close()


def test_before_run() -> None:
    source = client("127.0.0.1:1")

    source.close()

    source.run(lambda data, at: None)  # neither connects nor raises


def test_while_the_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answer = threading.Event(), threading.Event()

    def slow(*args: object, **options: object) -> list[object]:
        asked.set()
        answer.wait(DEADLINE)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)  # the one call that nothing can interrupt
    with running(client("slow.example:1")) as run:
        assert asked.wait(DEADLINE)

        assert run.close() < PROMPT

        answer.set()


def test_a_look_up_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *args, **options: answer.wait(DEADLINE) and []
    )
    with running(client("slow.example:1", connect_timeout=0.05)) as run:
        assert isinstance(run.wait_end(), RequestTimedOut)
        answer.set()


def test_while_connecting() -> None:
    with full_backlog() as address, running(client(address)) as run:
        assert not run.ended.wait(0.05)  # it hangs there, as it should

        assert run.close() < PROMPT


def test_connecting_has_a_deadline() -> None:
    with full_backlog() as address, running(client(address, connect_timeout=0.05)) as run:
        error = run.wait_end()

    assert isinstance(error, RequestTimedOut)
    assert not error.may_have_been_sent
    assert "0.05 s" in str(error)


def test_while_tls_is_negotiated() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with running(client(address)) as run:
            sock, _ = listener.accept()
            assert sock.recv(1) == b"\x16"  # its hello, which nobody answers

            assert run.close() < PROMPT

            sock.close()


def test_negotiating_tls_has_a_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with running(client(address, connect_timeout=0.05)) as run:
            assert isinstance(run.wait_end(), RequestTimedOut)


def test_while_the_handshake_is_unanswered() -> None:
    reached = Reached(accept=False)
    with scripted(reached) as server, running(client(server.address)) as run:
        reached.wait()

        assert run.close() < PROMPT


def test_a_handshake_answered_byte_by_byte_has_a_deadline() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        try:
            while True:
                peer.send(b"H")
                time.sleep(0.01)  # a drip that would satisfy any timeout between two reads
        except OSError:
            pass  # the client has gone, as it should

    with scripted(script) as server, running(client(server.address, connect_timeout=0.1)) as run:
        error = run.wait_end()
    assert isinstance(error, RequestTimedOut)
    assert "handshake" in str(error)


def test_while_idle_it_says_goodbye_and_waits_for_the_answer() -> None:
    seen = []

    def script(peer: Peer) -> None:
        peer.accept()
        seen.append(peer.receive_frame())
        peer.send(frame(NORMAL, CLOSE))
        peer.wait_for_end()

    with scripted(script) as server, running(client(server.address)) as run:
        run.wait_open()

        assert run.close(grace=5.0) < PROMPT
    assert seen == [(CLOSE, NORMAL)]


def test_what_was_sent_before_the_answer_is_still_handed_over() -> None:
    count = 300

    def script(peer: Peer) -> None:
        peer.accept(frame(b"first"))
        assert peer.receive_frame()[0] == CLOSE
        for _ in range(count):
            peer.send(frame(b"late"))
        peer.send(frame(NORMAL, CLOSE))
        peer.wait_for_end()

    with scripted(script) as server, running(client(server.address)) as run:
        run.wait_for_frames(1)

        run.close(grace=5.0)

        assert run.frames == [b"first"] + [b"late"] * count


def test_a_server_that_does_not_answer_the_goodbye_gets_the_grace_and_no_more() -> None:
    reached = Reached(accept=True)
    with scripted(reached) as server, running(client(server.address)) as run:
        run.wait_open()

        assert 0.2 <= run.close(grace=0.2) < 0.2 + PROMPT


def test_a_second_close_can_shorten_the_grace() -> None:
    with scripted(Reached(accept=True)) as server, running(client(server.address)) as run:
        run.wait_open()
        patient = threading.Thread(target=run.source.close, args=(60.0,))
        patient.start()

        assert run.close(grace=0.0) < PROMPT

        patient.join(DEADLINE)
        assert not patient.is_alive()


def test_a_server_that_drops_the_connection_at_the_goodbye_is_no_error() -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        peer.receive_frame()

    with scripted(script) as server, running(client(server.address)) as run:
        run.wait_open()

        assert run.close(grace=5.0) < PROMPT


@pytest.mark.parametrize("tls", [False, True])
def test_during_a_flood(tls: bool) -> None:
    authority = trustme.CA()
    context = None
    options = {}
    if tls:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        options["verify"] = trusting(authority)

    def script(peer: Peer) -> None:
        peer.accept()
        blob = frame(b"x" * 600) * 100
        try:
            while True:
                peer.send(blob)
        except OSError:
            pass  # the client has gone, as it should

    with scripted(script, tls=context) as server:
        source = WebsocketClient(Endpoint.parse(server.address, **options), NUMBER)
        with running(source) as run:
            run.wait_for_frames(1000)

            assert run.close(grace=0.1) < 0.1 + PROMPT
            assert set(run.frames) == {b"x" * 600}


def trusting(authority: trustme.CA) -> object:
    import ssl

    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_from_inside_the_receiver() -> None:
    def script(peer: Peer) -> None:
        peer.accept(frame(b"one") + frame(b"two"))
        assert peer.receive_frame() == (CLOSE, NORMAL)
        peer.send(frame(b"three") + frame(NORMAL, CLOSE))
        peer.wait_for_end()

    with scripted(script) as server:
        source = client(server.address)
        with running(source, on_frame=lambda data: source.close(5.0)) as run:
            assert run.wait_end() is None
            assert run.frames == [b"one", b"two", b"three"]


def test_a_receiver_that_hangs_cannot_hold_the_connection() -> None:
    entered, leave = threading.Event(), threading.Event()
    hung_up = threading.Event()

    def hang(data: bytes) -> None:
        entered.set()
        leave.wait(DEADLINE)

    def script(peer: Peer) -> None:
        peer.accept(frame(b"x"))
        peer.wait_for_end()
        hung_up.set()

    with scripted(script) as server, running(client(server.address), on_frame=hang) as run:
        assert entered.wait(DEADLINE)
        began = time.monotonic()

        run.source.close(0.05)

        assert time.monotonic() - began < 0.05 + 2 * PROMPT
        assert hung_up.wait(DEADLINE)  # the server is rid of the client, although it still hangs
        leave.set()
        assert run.wait_end() is None


def test_from_many_threads_at_once_and_after_the_end() -> None:
    with scripted(Reached(accept=True)) as server, running(client(server.address)) as run:
        run.wait_open()
        threads = [threading.Thread(target=run.source.close, args=(0.1,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE)

        assert run.wait_end() is None
        run.source.close()
        run.source.run(lambda data, at: None, on_open=lambda: None)  # closed for good


def test_at_any_moment_of_the_dialling() -> None:
    def script(peer: Peer) -> None:
        try:
            peer.accept()
            peer.wait_for_end()
        except (EOFError, ConnectionError):
            pass  # it hung up before its request was complete

    with scripted(script) as server:
        for step in range(40):
            with running(client(server.address)) as run:
                deadline = time.monotonic() + step * 0.0001
                while time.monotonic() < deadline:
                    pass

                assert run.close(grace=0.0) < PROMPT


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with running(client(f"127.0.0.1:{port}")) as run:
        error = run.wait_end()

    assert isinstance(error, ConnectFailed)
    assert not error.may_have_been_sent
    assert f"127.0.0.1:{port}" in str(error)
    assert "Connection refused" in str(error)


def test_no_such_name() -> None:
    with running(client("no-such-host.invalid:1")) as run:
        error = run.wait_end()

    assert isinstance(error, ConnectFailed)
    assert "no-such-host.invalid" in str(error)


def test_the_second_address_is_tried_when_the_first_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reached = Reached(accept=True)
    with full_backlog() as address, scripted(reached) as server:
        silent = int(address.rpartition(":")[2])
        row = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *args, **options: [
                (*row, ("127.0.0.1", silent)),
                (*row, ("127.0.0.1", server.port)),
            ],
        )
        with running(client("two.example:1", connect_timeout=0.4)) as run:
            reached.wait()
            run.close(grace=0.0)
