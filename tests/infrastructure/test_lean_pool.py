"""Bytes over real sockets: every way in which a server can behave oddly."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import trustme

from signalbot.errors import ConnectFailed, RequestFailed, RequestTimedOut
from signalbot.infrastructure.lean_http1 import AnswerTooLarge, RawAnswer
from signalbot.infrastructure.lean_pool import FRESH, LeanPool

from .http_script import DEADLINE, OK, HttpPeer, Script, always, answering, free_port, http_script

BIG = b"x" * (6 * 1024 * 1024)  # more than kernel buffers hold


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, authority: trustme.CA) -> ssl.SSLContext | None:
    if request.param == "plain":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


class Server:
    """A scripted server, and a pool that speaks to it."""

    def __init__(self, authority: trustme.CA, stack: contextlib.ExitStack) -> None:
        self._authority = authority
        self._stack = stack

    def start(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> LeanPool:
        self.script = self._stack.enter_context(http_script(*scripts, tls=tls))
        context = None
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._authority.configure_trust(context)
        pool = LeanPool("localhost", self.script.port, context)
        self._stack.callback(pool.close)
        return pool


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[Server]:
    with contextlib.ExitStack() as stack:
        yield Server(authority, stack)


def post(
    pool: LeanPool, body: bytes = b"{}", *, timeout: float = DEADLINE, max_body: int = 1 << 24
) -> RawAnswer:
    head = b"POST /v2/send HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    return pool.exchange(head, body, deadline=time.monotonic() + timeout, max_body=max_body)


def idle(pool: LeanPool) -> int:
    return len(pool._idle)


def until_stale(pool: LeanPool) -> None:
    """Return once the server's FIN has arrived, and the connection is old enough to be asked."""
    end = time.monotonic() + DEADLINE
    kept = pool._idle[0]
    while not kept.is_stale() or time.monotonic() - kept.idle_since < FRESH:
        assert time.monotonic() < end
        time.sleep(0.001)


def test_one_connection_serves_many_requests(server: Server, tls: ssl.SSLContext | None) -> None:
    pool = server.start(always(OK), tls=tls)

    for number in range(5):
        assert post(pool, b"%d" % number).body == b"{}"

    assert server.script.connections == 1
    assert [seen.body for seen in server.script.seen] == [b"0", b"1", b"2", b"3", b"4"]


def test_large_bodies_go_both_ways(server: Server, tls: ssl.SSLContext | None) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BIG) + BIG
    pool = server.start(always(answer), tls=tls)

    for _ in range(2):
        assert post(pool, BIG).body == BIG

    assert server.script.connections == 1
    assert [seen.body == BIG for seen in server.script.seen] == [True, True]


def test_progress_is_told_while_uploading(server: Server, tls: ssl.SSLContext | None) -> None:
    pool = server.start(always(OK), tls=tls)
    told: list[tuple[int, int]] = []
    head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(BIG)

    pool.exchange(
        head,
        BIG,
        deadline=time.monotonic() + DEADLINE,
        on_progress=lambda sent, total: told.append((sent, total)),
    )

    assert len(told) > 4
    assert told == sorted(told)
    assert told[-1] == (len(BIG), len(BIG))


def test_connection_close_is_obeyed(server: Server) -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    pool = server.start(answering(closing))

    post(pool)
    assert idle(pool) == 0
    post(pool)

    assert server.script.connections == 2


def test_an_answer_that_ends_with_the_connection(
    server: Server, tls: ssl.SSLContext | None
) -> None:
    pool = server.start(answering(b"HTTP/1.0 200 OK\r\n\r\nall of it"), tls=tls)

    assert post(pool).body == b"all of it"
    assert idle(pool) == 0


def test_tls_that_ends_without_goodbye_may_be_cut_off(
    server: Server, authority: trustme.CA
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    def script(peer: HttpPeer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nhalf of")
        os.close(peer.sock.detach())

    pool = server.start(script, tls=context)

    with pytest.raises(RequestFailed) as caught:
        post(pool)

    assert caught.value.may_have_been_sent


def test_a_connection_that_was_closed_while_idle_is_not_used(
    server: Server, tls: ssl.SSLContext | None
) -> None:
    pool = server.start(answering(OK), tls=tls)
    post(pool)
    until_stale(pool)

    assert post(pool).status == 200

    assert server.script.connections == 2
    assert len(server.script.seen) == 2


def test_bytes_that_nobody_asked_for_spoil_a_connection(server: Server) -> None:
    sent = threading.Event()

    def script(peer: HttpPeer) -> None:
        peer.read_request()
        peer.send(OK)
        peer.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        sent.set()
        peer.wait_for_end()

    pool = server.start(script, always(OK))
    post(pool)
    assert sent.wait(DEADLINE)
    if idle(pool):
        until_stale(pool)

    assert post(pool).status == 200


def test_idle_connections_expire(server: Server) -> None:
    pool = server.start(always(OK))
    post(pool)
    pool._idle[0].idle_since -= 4.1

    post(pool)

    assert server.script.connections == 2
    assert idle(pool) == 1


def test_a_race_with_a_closing_server_is_reported_not_repeated(server: Server) -> None:
    """The request is on the wire when the server closes: nobody can know whether it was read."""

    def script(peer: HttpPeer) -> None:
        peer.read_request()
        peer.send(OK)
        peer.read_request()
        peer.reset()

    pool = server.start(script, always(OK))
    post(pool)

    with pytest.raises(RequestFailed) as caught:
        post(pool)

    assert caught.value.may_have_been_sent
    assert server.script.connections == 1


def test_a_request_of_which_no_byte_went_out_takes_a_new_connection(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = server.start(always(OK))
    post(pool)
    # The server closes between the look at the connection and its use.
    pool._idle[0]._sock.shutdown(socket.SHUT_WR)
    monkeypatch.setattr(type(pool._idle[0]), "is_stale", lambda self: False)

    assert post(pool).status == 200

    assert server.script.connections == 2
    assert len(server.script.seen) == 2


@pytest.mark.parametrize("end", ["fin", "reset"])
@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 20",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
def test_a_broken_off_answer_may_have_been_sent(server: Server, start: bytes, end: str) -> None:
    def script(peer: HttpPeer) -> None:
        peer.read_request()
        peer.send(start)
        if end == "reset":
            peer.reset()

    pool = server.start(script)

    with pytest.raises(RequestFailed) as caught:
        post(pool)

    assert caught.value.may_have_been_sent
    assert type(caught.value) is RequestFailed
    assert len(server.script.seen) == 1
    assert idle(pool) == 0


@pytest.mark.parametrize("then", ["stops reading", "closes"])
def test_an_answer_that_comes_before_the_body_is_sent_is_seen(
    server: Server, tls: ssl.SSLContext | None, then: str
) -> None:
    early = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"
    done = threading.Event()

    def script(peer: HttpPeer) -> None:
        peer.read_head()
        peer.send(early)
        if then == "stops reading":
            done.wait(DEADLINE)

    pool = server.start(script, tls=tls)

    answer = post(pool, BIG)
    done.set()

    assert (answer.status, answer.body) == (413, b"big")
    assert idle(pool) == 0


def test_a_server_that_hangs_up_amid_the_body(server: Server) -> None:
    def script(peer: HttpPeer) -> None:
        peer.read_head()
        peer.reset()

    pool = server.start(script)

    with pytest.raises(RequestFailed) as caught:
        post(pool, BIG)

    assert caught.value.may_have_been_sent


@pytest.mark.parametrize("where", ["before", "head", "body", "chunks"])
def test_the_deadline_holds_however_the_answer_drips(server: Server, where: str) -> None:
    start = {
        "before": b"",
        "head": b"HTTP/1.1 200 OK\r\nX: ",
        "body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n",
    }[where]
    over = threading.Event()

    def script(peer: HttpPeer) -> None:
        peer.read_request()
        peer.send(start)
        while not over.wait(0.01):
            if where != "before":
                peer.send(b"x")

    pool = server.start(script)
    begin = time.monotonic()

    with pytest.raises(RequestTimedOut) as caught:
        post(pool, timeout=0.3)
    over.set()

    assert 0.29 <= time.monotonic() - begin < 1.0
    assert caught.value.may_have_been_sent
    assert idle(pool) == 0


def test_the_deadline_holds_for_sending_too(server: Server, tls: ssl.SSLContext | None) -> None:
    over = threading.Event()

    def script(peer: HttpPeer) -> None:
        peer.read_head()
        over.wait(DEADLINE)

    pool = server.start(script, tls=tls)
    begin = time.monotonic()

    with pytest.raises(RequestTimedOut) as caught:
        post(pool, BIG * 2, timeout=0.3)
    over.set()

    assert time.monotonic() - begin < 1.0
    assert caught.value.may_have_been_sent


def test_a_short_timeout_does_not_stay_with_the_connection(
    server: Server, tls: ssl.SSLContext | None
) -> None:
    def script(peer: HttpPeer) -> None:
        for _ in range(2):
            peer.read_request()
            peer.send(OK)
        peer.read_request()
        time.sleep(0.2)
        peer.send(OK)

    pool = server.start(script, tls=tls)
    post(pool, timeout=0.15)
    post(pool, BIG, timeout=DEADLINE)

    assert post(pool, timeout=DEADLINE).status == 200
    assert server.script.connections == 1


def test_too_large_answers_are_refused(server: Server) -> None:
    pool = server.start(always(OK))

    with pytest.raises(AnswerTooLarge):
        post(pool, max_body=1)

    assert idle(pool) == 0


def test_nobody_listens() -> None:
    port = free_port()
    pool = LeanPool("127.0.0.1", port)

    with pytest.raises(ConnectFailed, match=f"127.0.0.1:{port}: Connection refused") as caught:
        post(pool)

    assert not caught.value.may_have_been_sent
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70 + ".invalid"])
def test_a_host_that_does_not_exist(host: str) -> None:
    with pytest.raises(ConnectFailed, match="cannot find"):
        post(LeanPool(host, 80))


def test_a_server_that_does_not_accept_in_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        with contextlib.ExitStack() as stack:
            for _ in range(4):  # more than the backlog holds
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(address)
            begin = time.monotonic()

            with pytest.raises(ConnectFailed, match="no answer in time") as caught:
                post(LeanPool("127.0.0.1", address[1]), timeout=0.2)

    assert time.monotonic() - begin < 1.0
    assert not caught.value.may_have_been_sent


def test_ipv6_and_no_time_limit() -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with listener, ThreadPoolExecutor(1) as threads:

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                HttpPeer(sock, []).read_request()
                sock.sendall(OK)

        served = threads.submit(serve)
        pool = LeanPool("::1", listener.getsockname()[1])
        assert post(pool, BIG, timeout=float("inf")).status == 200
        served.result(DEADLINE)
        pool.close()


def test_every_address_of_a_host_is_tried(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = server.start(always(OK))
    dead = free_port()
    real = socket.getaddrinfo("127.0.0.1", server.script.port, type=socket.SOCK_STREAM)
    other = socket.getaddrinfo("127.0.0.1", dead, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: other + real)

    assert post(pool).status == 200


def test_an_unknown_certificate_is_refused(server: Server, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    pool = server.start(always(OK), tls=context)

    with pytest.raises(ConnectFailed, match=r"not trusted.*verify=") as caught:
        post(pool)

    assert not caught.value.may_have_been_sent


def test_tls_towards_a_plain_server(server: Server) -> None:
    def script(peer: HttpPeer) -> None:
        peer.sock.recv(1000)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server.start(script)
    pool = LeanPool("localhost", server.script.port, ssl.create_default_context())

    with pytest.raises(ConnectFailed, match="does it speak https there"):
        post(pool)


def test_a_handshake_that_never_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        pool = LeanPool("127.0.0.1", silent.getsockname()[1], ssl.create_default_context())

        with pytest.raises(ConnectFailed, match="no answer in time"):
            post(pool, timeout=0.2)


def test_an_interrupted_exchange_does_not_poison_the_pool(server: Server) -> None:
    pool = server.start(always(OK))
    post(pool)

    def interrupt(sent: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pool.exchange(
            b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n",
            b"{}",
            deadline=time.monotonic() + DEADLINE,
            on_progress=interrupt,
        )

    assert idle(pool) == 0
    assert post(pool).status == 200


def test_close_is_idempotent_and_lets_a_request_end(server: Server) -> None:
    gate, arrived = threading.Event(), threading.Event()

    def script(peer: HttpPeer) -> None:
        peer.read_request()
        arrived.set()
        gate.wait(DEADLINE)
        peer.send(OK)
        peer.wait_for_end()

    pool = server.start(script)
    with ThreadPoolExecutor(1) as threads:
        under_way = threads.submit(post, pool)
        assert arrived.wait(DEADLINE)
        pool.close()
        pool.close()
        gate.set()
        assert under_way.result(DEADLINE).status == 200

    assert idle(pool) == 0
    with pytest.raises(RequestFailed, match="closed") as caught:
        post(pool)
    assert not caught.value.may_have_been_sent


def test_threads_never_get_each_other_s_answers(server: Server) -> None:
    def echo(peer: HttpPeer) -> None:
        while True:
            body = peer.read_request().body
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    pool = server.start(echo)

    def work(thread: int) -> None:
        for number in range(100):
            body = b"%d/%d" % (thread, number)
            assert post(pool, body).body == body

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))

    assert len(server.script.seen) == 800
    assert server.script.connections <= 8 + 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
def test_a_forked_child_opens_connections_of_its_own(server: Server) -> None:
    def echo(peer: HttpPeer) -> None:
        while True:
            body = peer.read_request().body
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    pool = server.start(echo)
    post(pool)

    child = os.fork()
    if child == 0:
        code = 1
        try:
            assert all(post(pool, b"child").body == b"child" for _ in range(20))
            pool.close()
            code = 0
        finally:
            os._exit(code)
    in_parent = [post(pool, b"parent").body for _ in range(20)]
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert in_parent == [b"parent"] * 20
    assert server.script.connections == 2
