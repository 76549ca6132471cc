"""Receiving from a server in MODE normal or native."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest

from signalbot.errors import (
    ApiError,
    BadRequest,
    ConnectFailed,
    NotRegistered,
    SettingsError,
    StatusError,
)
from signalbot.infrastructure import polling_client
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.intake_errors import WrongMode, mends_itself
from signalbot.infrastructure.polling_client import PollingClient
from tests.infrastructure.running import DEADLINE, Running, running
from tests.infrastructure.scripted_server import Peer, ScriptedServer, scripted

NUMBER = "+4915112345678"
OTHER = "+4917099999999"
PROMPT = 0.5


def message(n: int) -> bytes:
    text = json.dumps(f"secret {n} ä").encode()
    return b'{"envelope":{"timestamp":%d,"dataMessage":{"message":%s}},"account":"x"}' % (n, text)


def body_of(*numbers: int) -> bytes:
    return b"[" + b",".join(map(message, numbers)) + b"]"


OK = "200 OK"
BAD = "400 Bad Request"


class Answers:
    """Answers polls in turn, the last one again and again; remembers the request lines."""

    def __init__(self, *answers: tuple[str, bytes]) -> None:
        self._answers = list(answers)
        self.requests: list[str] = []
        self.authorizations: list[str | None] = []

    def __call__(self, peer: Peer) -> None:
        while True:
            status, body = self._answers[0]
            try:
                peer.answer(status, body)
            except (EOFError, ConnectionError):
                return  # the client has hung up, as it should
            self.requests.append(peer.request_line)
            self.authorizations.append(peer.headers.get("Authorization"))
            if len(self._answers) > 1:
                self._answers.pop(0)


def client(server: ScriptedServer, **options: float) -> PollingClient:
    endpoint = Endpoint.parse(server.address)
    return PollingClient(endpoint, NUMBER, **{"pause": 0.001, **options})  # type: ignore[arg-type]


def end_of(*answers: tuple[str, bytes]) -> tuple[list[bytes], BaseException | None]:
    """What is handed over, and the error that these answers lead to."""
    with scripted(Answers(*answers)) as server, running(client(server)) as run:
        return run.frames, run.wait_end()


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling_client, "_jitter", lambda low, high: 0.0)


def test_polls_follow_each_other_and_their_messages_are_handed_over() -> None:
    answers = Answers((OK, body_of(1, 2)), (OK, b"[]"), (OK, body_of(3)), (OK, b"[]"))
    before = time.time()
    with scripted(answers) as server, running(client(server)) as run:
        assert run.wait_for_frames(3) == [message(1), message(2), message(3)]

        assert run.opened.is_set()
        assert before <= run.times[0] <= time.time()
        run.close()
    assert run.source.stats.frames == 3  # type: ignore[attr-defined]


def test_the_request() -> None:
    answers = Answers((OK, b"[]"))
    with scripted(answers) as server:
        endpoint = Endpoint.parse(f"http://user:pass@localhost:{server.port}/base")
        source = PollingClient(endpoint, NUMBER, timeout=7, max_messages=50)
        with running(source) as run:
            run.wait_open()
            run.close()

    line = "GET /base/v1/receive/%2B4915112345678?timeout=7&max_messages=50 HTTP/1.1"
    assert answers.requests[0] == line
    assert answers.authorizations[0] == "Basic dXNlcjpwYXNz"


def test_proxies_of_the_environment_are_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with scripted(Answers((OK, b"[]"))) as server, running(client(server)) as run:
        run.wait_open()


def test_a_body_that_is_no_json_keeps_its_messages_and_what_is_torn() -> None:
    body = b"[" + message(1) + b",java.lang.RuntimeException: x,\tat Y," + message(2) + b"]"
    with (
        scripted(Answers((OK, body), (OK, b"[]"))) as server,
        running(client(server)) as run,
    ):
        frames = run.wait_for_frames(3)
        run.close()

    assert frames[:2] == [message(1), message(2)]
    assert b"java.lang.RuntimeException" in frames[2]  # for the dead letters


def test_messages_of_a_failed_poll_are_handed_over(no_pauses: None) -> None:
    text = (message(1) + b"\n" + message(2) + b"\nsomething broke\n").decode()
    body = json.dumps({"error": text}).encode()
    with (
        scripted(Answers((OK, b"[]"), (BAD, body), (OK, body_of(3)), (OK, b"[]"))) as server,
        running(client(server)) as run,
    ):
        assert run.wait_for_frames(3) == [message(1), message(2), message(3)]
        run.close()


def test_an_error_does_not_quote_messages_or_other_peoples_numbers() -> None:
    torn = b'{"envelope":{"dataMessage":{"message":"secret'
    text = message(1) + b"\n" + torn + b"\n" + message(2) + b"\nbroken by " + OTHER.encode()
    frames, error = end_of((BAD, json.dumps({"error": text.decode()}).encode()))

    assert isinstance(error, ApiError)
    assert [frame for frame in frames if frame in (message(1), message(2))] == frames[:2]
    assert any(torn in frame for frame in frames[2:])
    assert "secret" not in f"{error!r} {getattr(error, 'detail', '')}"
    assert OTHER not in repr(error)
    assert "broken by" in str(error)


def test_some_failures_in_a_row_are_waited_out(no_pauses: None) -> None:
    failures = [("502 Bad Gateway", b""), (BAD, b'{"error":"x"}'), ("500 Oops", b"")]
    answers = Answers((OK, b"[]"), *failures, (OK, body_of(1)), *failures, (OK, body_of(2)))
    with scripted(answers) as server, running(client(server)) as run:
        assert run.wait_for_frames(2)[:2] == [message(1), message(2)]
        run.close()


def test_more_failures_in_a_row_are_raised_and_mend_themselves(no_pauses: None) -> None:
    _, error = end_of((OK, b"[]"), (BAD, b'{"error":"org.example.OddException"}'))

    assert isinstance(error, BadRequest)
    assert "OddException" in str(error)
    assert mends_itself(error)


def test_a_failure_at_the_beginning_is_raised_at_once() -> None:
    with scripted(Answers(("502 Bad Gateway", b""))) as server, running(client(server)) as run:
        assert isinstance(run.wait_end(), StatusError)
        assert not run.opened.is_set()


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with running(PollingClient(Endpoint.parse(f"127.0.0.1:{port}"), NUMBER)) as run:
        error = run.wait_end()

    assert isinstance(error, ConnectFailed)
    assert error.path_template == "/v1/receive/{number}"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        ("401 Unauthorized", b"", StatusError),
        ("403 Forbidden", b"", StatusError),
        ("404 Not Found", b"404 page not found", StatusError),
        (BAD, json.dumps({"error": f"User {NUMBER} is not registered.\n"}).encode(), NotRegistered),
    ],
)
def test_what_does_not_mend_itself_is_raised_even_later(
    status: str, body: bytes, kind: type[StatusError]
) -> None:
    _, error = end_of((OK, b"[]"), (status, body))

    assert isinstance(error, kind)
    assert not mends_itself(error)


def test_a_json_rpc_server_is_named() -> None:
    body = (
        b'Bad Request\n{"error":"websocket: the client is not using the websocket protocol: '
        b"'upgrade' token not found in 'Connection' header\"}"
    )
    _, error = end_of((BAD, body))

    assert isinstance(error, WrongMode)
    assert "receive_mode" in str(error)
    assert not mends_itself(error)


class Held:
    """A poll that is answered when the test says so."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.release = threading.Event()

    def __call__(self, peer: Peer) -> None:
        peer.read_request()
        self.asked.set()
        assert self.release.wait(DEADLINE)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body_of(1)) + body_of(1))
        peer.wait_for_end()


def test_close_waits_for_the_running_poll_and_keeps_its_messages() -> None:
    held = Held()
    with scripted(held) as server, running(client(server)) as run:
        assert held.asked.wait(DEADLINE)
        closing = threading.Thread(target=run.source.close, args=(DEADLINE,))
        closing.start()

        held.release.set()
        closing.join(DEADLINE)

        assert not closing.is_alive()
        assert run.wait_end() is None
        assert run.frames == [message(1)]


def test_close_abandons_a_poll_that_takes_longer_but_does_not_cancel_it() -> None:
    held = Held()
    with scripted(held) as server, running(client(server)) as run:
        assert held.asked.wait(DEADLINE)
        began = time.monotonic()

        run.source.close(0.05)

        assert 0.05 <= time.monotonic() - began < PROMPT
        assert not run.ended.is_set()
        held.release.set()
        assert run.wait_end() is None
        assert run.frames == [message(1)]


def test_close_ends_a_pause_at_once() -> None:
    with scripted(Answers((OK, b"[]"))) as server, running(client(server, pause=60)) as run:
        run.wait_open()

        assert run.close() < PROMPT


def test_close_before_run_and_twice() -> None:
    source = PollingClient(Endpoint.parse("127.0.0.1:1"), NUMBER)

    source.close()
    source.close()

    source.run(lambda data, at: None)  # neither connects nor raises


def test_close_from_inside_the_receiver() -> None:
    with scripted(Answers((OK, body_of(1, 2)))) as server:
        source = client(server)
        run = Running(source, on_frame=lambda data: source.close(DEADLINE))

        assert run.wait_end() is None
        assert run.frames == [message(1), message(2)]


@pytest.mark.parametrize(
    "options", [{"timeout": 0}, {"timeout": 31}, {"timeout": 1.5}, {"max_messages": 0}]
)
def test_what_loses_messages_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="poll"):
        PollingClient(Endpoint.parse("host:1"), NUMBER, **options)  # type: ignore[arg-type]


def test_the_server_gets_more_time_than_it_takes_itself() -> None:
    source = PollingClient(Endpoint.parse("host:1"), NUMBER, timeout=30)

    assert source._call.timeout >= 160
