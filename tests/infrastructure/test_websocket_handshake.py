"""How a websocket comes about, and what is said when it does not."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import traceback

import pytest
import trustme
import websockets.sync.server

from signalbot.errors import BadRequest, ConnectFailed, NotFound, ServerFailed, StatusError
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.intake_errors import Refused, TlsFailed, WrongMode, mends_itself
from signalbot.infrastructure.websocket_client import WebsocketClient
from tests.infrastructure.running import DEADLINE, running
from tests.infrastructure.scripted_server import Peer, ScriptedServer, frame, scripted

NUMBER = "+4915112345678"
WRONG_ACCEPT = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: d3Jvbmc=\r\n\r\n"
)


def failure(server: ScriptedServer, path: str = "", **options: object) -> BaseException:
    endpoint = Endpoint.parse(server.address + path, **options)  # type: ignore[arg-type]
    with running(WebsocketClient(endpoint, NUMBER)) as run:
        error = run.wait_end()
        assert error is not None
        assert not run.opened.is_set()
        return error


def everything_shown(error: BaseException | None) -> str:
    """The error as a log would show it, with what it was raised from."""
    assert error is not None
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)) + repr(
        error
    )


def test_request_has_path_number_credentials_and_headers() -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        peer.wait_for_end()

    with scripted(script) as server:
        endpoint = Endpoint.parse(
            f"http://us%40er:pass@localhost:{server.port}/base/path",
            headers={"X-Key": "value"},
        )
        with running(WebsocketClient(endpoint, NUMBER)) as run:
            run.wait_open()
            peer = server.peers[0]
            run.close(grace=0.0)

    assert peer.request_line == "GET /base/path/v1/receive/%2B4915112345678 HTTP/1.1"
    assert peer.headers["Host"] == f"localhost:{server.port}"
    assert peer.headers["Authorization"] == "Basic dXNAZXI6cGFzcw=="
    assert peer.headers["X-Key"] == "value"
    assert "Origin" not in peer.headers
    assert "Sec-WebSocket-Extensions" not in peer.headers


def test_proxies_of_the_environment_are_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:1")

    def script(peer: Peer) -> None:
        peer.accept()
        peer.wait_for_end()

    with (
        scripted(script) as server,
        running(WebsocketClient(Endpoint.parse(server.address), NUMBER)) as run,
    ):
        run.wait_open()


@pytest.mark.parametrize(
    ("status", "kind", "hint", "mends"),
    [
        ("401 Unauthorized", Refused, "auth=", False),
        ("403 Forbidden", Refused, "auth=", False),
        ("407 Proxy Authentication Required", Refused, "directly", False),
        ("404 Not Found", NotFound, "base path", False),
        ("400 Bad Request", BadRequest, "phone number", False),
        ("426 Upgrade Required", BadRequest, "Upgrade header", False),
        ("301 Moved Permanently", StatusError, "redirects", False),
        ("429 Too Many Requests", StatusError, "server's log", True),
        ("500 Internal Server Error", ServerFailed, "not ready", True),
        ("502 Bad Gateway", ServerFailed, "not ready", True),
        ("503 Service Unavailable", ServerFailed, "not ready", True),
    ],
)
def test_a_refusal_says_what_to_change(
    status: str, kind: type[StatusError], hint: str, mends: bool
) -> None:
    with scripted(lambda peer: peer.answer(status, b"", "Location: /x")) as server:
        error = failure(server)

    assert isinstance(error, kind)
    assert error.status == int(status[:3])
    assert hint in str(error)
    assert error.account == NUMBER
    assert mends_itself(error) is mends


def test_the_servers_own_words_are_passed_on_but_nobody_elses_number() -> None:
    words = f"User {NUMBER} knows +4917099999999, says {'x' * 1000}"
    body = json.dumps({"error": words}).encode()
    with scripted(lambda peer: peer.answer("400 Bad Request", body)) as server:
        error = failure(server)

    assert isinstance(error, BadRequest)
    assert NUMBER in error.detail
    assert "+4917099999999" not in everything_shown(error)
    assert len(str(error)) < 500


def test_a_proxys_page_is_left_out() -> None:
    page = b"<html>" + b"secret" * 100
    with scripted(lambda peer: peer.answer("403 Forbidden", page)) as server:
        error = failure(server)

    assert "secret" not in everything_shown(error)


def test_a_proxy_that_drops_the_upgrade_header_is_recognised() -> None:
    body = (
        b'Bad Request\n{"error":"websocket: the client is not using the websocket protocol: '
        b"'upgrade' token not found in 'Connection' header\"}"
    )
    with scripted(lambda peer: peer.answer("400 Bad Request", body)) as server:
        error = failure(server)

    assert "enable websockets" in str(error)


def test_no_error_shows_credentials() -> None:
    scripts = [
        lambda peer: peer.answer("401 Unauthorized", b'{"error": "dXNlcjpnZWhlaW0="}'),
        lambda peer: peer.answer("302 Found", b"", "Location: http://u:geheim@elsewhere/"),
        lambda peer: (peer.read_request(), peer.send(b"garbage\r\n\r\n")),
        lambda peer: None,
    ]
    with scripted(*scripts) as server:
        for _ in scripts:
            error = failure(server, auth=("user", "geheim"), headers={"X-Key": "geheim"})
            shown = everything_shown(error)
            assert "geheim" not in shown
            assert "dXNlcjpnZWhlaW0=" not in shown


@pytest.mark.parametrize("chunked", [False, True])
def test_a_classic_server_is_named_and_its_messages_are_rescued(chunked: bool) -> None:
    messages = [b'{"envelope":{"timestamp":%d},"account":"+4915112345678"}' % i for i in range(3)]
    body = b"[" + b",".join(messages) + b"]"

    def script(peer: Peer) -> None:
        if chunked:
            parts = [body[:40], body[40:41], body[41:]]
            encoded = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
            peer.answer("200 OK", encoded + b"0\r\n\r\n", "Transfer-Encoding: chunked")
            peer.wait_for_end()
        else:
            peer.answer("200 OK", body)

    with (
        scripted(script) as server,
        running(WebsocketClient(Endpoint.parse(server.address), NUMBER)) as run,
    ):
        error = run.wait_end()
        assert run.frames == messages
    assert isinstance(error, WrongMode)
    assert error.status == 200
    assert "MODE" in str(error)
    assert "receive_mode" in str(error)
    assert not mends_itself(error)
    assert "envelope" not in everything_shown(error)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        WRONG_ACCEPT,
        b"HTTP/1.1 101 \xff\r\n\r\n",
        b"HTTP/1.1 101 X\r\nno colon\r\n\r\n",
        b"HTTP/1.1 404 X\r\nContent-Length: abc\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_an_answer_that_is_no_websocket_is_an_error(answer: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer)
        peer.wait_for_end()

    with scripted(script) as server:
        error = failure(server)

    assert isinstance(error, ConnectFailed)
    assert "signal-cli-rest-api" in str(error)


def test_an_endless_answer_is_cut_off() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        try:
            peer.send(b"HTTP/1.1 404 X\r\nContent-Length: 99999999999\r\n\r\n")
            while True:
                peer.send(b"x" * 65536)
        except OSError:
            pass  # the client has gone, as it should

    with (
        scripted(script) as server,
        running(WebsocketClient(Endpoint.parse(server.address), NUMBER, max_frame=1000)) as run,
    ):
        error = run.wait_end()
    assert isinstance(error, (ConnectFailed, NotFound))  # by release of websocket-client


def test_a_server_that_hangs_up_is_an_error() -> None:
    with scripted(lambda peer: peer.read_request()) as server:
        error = failure(server)

    assert isinstance(error, ConnectFailed)
    assert mends_itself(error)


class Tls:
    """An authority, and a server's context with a certificate for ``name``."""

    def __init__(self, name: str = "localhost") -> None:
        self.authority = trustme.CA()
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(name).configure_cert(self.server)
        self.client = ssl.create_default_context()
        self.authority.configure_trust(self.client)


def echo_goodbye(peer: Peer) -> None:
    peer.accept(frame(b"secret message"))
    peer.wait_for_end()


def test_tls_with_a_trusted_certificate() -> None:
    tls = Tls()
    large = b"x" * 300_000

    def script(peer: Peer) -> None:
        peer.accept(frame(b"one") + frame(large))
        peer.wait_for_end()

    with scripted(script, tls=tls.server) as server:
        endpoint = Endpoint.parse(server.address, verify=tls.client)
        with running(WebsocketClient(endpoint, NUMBER)) as run:
            assert run.wait_for_frames(2) == [b"one", large]


def test_tls_with_an_unknown_authority_names_the_setting() -> None:
    tls = Tls()
    with scripted(lambda peer: None, tls=tls.server) as server:
        error = failure(server)

    assert isinstance(error, TlsFailed)
    assert "verify=" in str(error)
    assert not mends_itself(error)


def test_tls_for_another_name_names_the_setting() -> None:
    tls = Tls("other.example")
    with scripted(lambda peer: None, tls=tls.server) as server:
        error = failure(server, verify=tls.client)

    assert isinstance(error, TlsFailed)
    assert "other.example" in str(error) or "localhost" in str(error)


def test_verify_false_takes_any_certificate() -> None:
    with scripted(echo_goodbye, tls=Tls("other.example").server) as server:
        endpoint = Endpoint.parse(server.address, verify=False)
        with running(WebsocketClient(endpoint, NUMBER)) as run:
            run.wait_for_frames(1)


def test_https_to_a_server_without_tls_names_the_fix() -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.wait_for_end()

    with scripted(script) as server:
        endpoint = Endpoint.parse(f"https://localhost:{server.port}")
        with running(WebsocketClient(endpoint, NUMBER)) as run:
            error = run.wait_end()

    assert isinstance(error, TlsFailed)
    assert "http://" in str(error)


def test_a_server_that_hangs_up_during_tls_may_be_starting() -> None:
    with scripted(lambda peer: None) as server:
        endpoint = Endpoint.parse(f"https://localhost:{server.port}")
        with running(WebsocketClient(endpoint, NUMBER)) as run:
            error = run.wait_end()

    assert isinstance(error, ConnectFailed)
    assert mends_itself(error)


def test_an_ordinary_websocket_server() -> None:
    seen: list[str] = []
    messages = [f"message {i} €" for i in range(1000)]

    def handler(connection: websockets.sync.server.ServerConnection) -> None:
        assert connection.request is not None
        seen.append(connection.request.path)
        for message in messages:
            connection.send(message)
        connection.ping().wait(DEADLINE)
        connection.send(iter(["in ", "three ", "parts"]))

    with websockets.sync.server.serve(handler, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.socket.getsockname()[1]
        with running(WebsocketClient(Endpoint.parse(f"127.0.0.1:{port}"), NUMBER)) as run:
            assert run.wait_end() is None
        server.shutdown()
        thread.join(DEADLINE)

    assert seen == ["/v1/receive/%2B4915112345678"]
    assert run.frames == [*(message.encode() for message in messages), b"in three parts"]


def test_websocket_clients_own_utf8_check_is_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    import websocket._abnf

    def slow(data: bytes) -> bool:
        raise AssertionError("71 us for each frame")

    monkeypatch.setattr(websocket._abnf, "validate_utf8", slow)

    def script(peer: Peer) -> None:
        peer.accept(frame(b"x") + frame(b"y", fin=False) + frame(b"z", 0))
        peer.wait_for_end()

    with (
        scripted(script) as server,
        running(WebsocketClient(Endpoint.parse(server.address), NUMBER)) as run,
    ):
        assert run.wait_for_frames(2) == [b"x", b"yz"]


def test_the_socket_is_ready_for_small_packets_and_long_silence() -> None:
    options = {}

    class Looking(WebsocketClient):
        def _read(self, session, sock, stream, on_frame):  # type: ignore[no-untyped-def]
            raw = session.line._sock
            options["nodelay"] = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            options["keepalive"] = raw.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    with scripted(echo_goodbye) as server:
        Looking(Endpoint.parse(server.address), NUMBER).run(lambda data, at: None)

    assert options["nodelay"]
    assert options["keepalive"]
