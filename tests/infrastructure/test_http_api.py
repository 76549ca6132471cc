"""The onion of a call: what is repeated, what is paced, what is told, and when it ends."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from signalbot.errors import (
    BadRequest,
    CircuitOpen,
    ConnectFailed,
    ForkedProcessError,
    RateLimited,
    RequestFailed,
    RequestTimedOut,
    ServerFailed,
    SettingsError,
)
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.http import Call, Family, HttpApi

from .http_script import DEADLINE, OK, HttpPeer, HttpScript, Script, always, answering, free_port
from .http_script import http_script as serve

OWN = "+4915112345678"
OTHER = "+12025550143"

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


def refusal(status: int, text: str, extra: str = "") -> bytes:
    body = f'{{"error":"{text}"{extra}}}'.encode()
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body


class Setup:
    """Makes servers and clients that end with the test."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.naps: list[float] = []

    def server(self, *scripts: Script) -> HttpScript:
        return self._stack.enter_context(serve(*scripts))

    def api(self, address: str, **options: Any) -> HttpApi:
        options.setdefault("sleep", self.naps.append)
        api = HttpApi(Endpoint.parse(address, auth=options.pop("auth", None)), **options)
        self._stack.callback(api.close)
        return api


@pytest.fixture
def setup() -> Iterator[Setup]:
    with ExitStack() as stack:
        yield Setup(stack)


def get(path: str = "/v1/about", **options: Any) -> Call:
    defaults: dict[str, Any] = {
        "family": Family.ADMIN,
        "timeout": DEADLINE,
        "repeatable": True,
    }
    return Call("GET", path, path, **(defaults | options))


def send(**options: Any) -> Call:
    defaults: dict[str, Any] = {
        "family": Family.SEND,
        "timeout": DEADLINE,
        "is_send": True,
        "body": b'{"message":"hi"}',
        "account": OWN,
    }
    return Call("POST", "/v2/send", "/v2/send", **(defaults | options))


def hang_up(peer: HttpPeer) -> None:
    peer.read_request()


def transport_of(handler: Callable[[httpx.Request], httpx.Response]) -> httpx.MockTransport:
    return httpx.MockTransport(handler)


@pytest.mark.parametrize(
    "options",
    [
        {"max_concurrency": 0},
        {"rate_limit": 0.0},
        {"rate_limit": -1.0},
        {"request_timeout": 0.0},
        {"send_timeout": -1.0},
    ],
)
def test_numbers_that_make_no_sense_are_refused(setup: Setup, options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(options))):
        setup.api("127.0.0.1:1", **options)


# What goes over the wire


def test_a_request_on_the_wire(setup: Setup) -> None:
    server = setup.server(always(OK))
    api = setup.api(f"127.0.0.1:{server.port}/base/", auth=("user", "pass"))

    answer = api.exchange(
        Call(
            "PUT",
            "/v1/profiles/{number}",
            "/v1/profiles/%2B49",
            query="a=%2B1&b=true",
            body=b'{"name":"x"}',
            family=Family.GROUPS,
            timeout=DEADLINE,
        )
    )

    seen = server.seen[0]
    assert answer.json() == {}
    assert answer.content_type == "application/json"
    assert (seen.method, seen.target) == ("PUT", "/base/v1/profiles/%2B49?a=%2B1&b=true")
    assert seen.body == b'{"name":"x"}'
    assert seen.headers["host"] == f"127.0.0.1:{server.port}"
    assert seen.headers["authorization"] == "Basic dXNlcjpwYXNz"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["content-length"] == "12"
    assert seen.headers["user-agent"].startswith("signalbot")


def test_requests_without_body(setup: Setup) -> None:
    server = setup.server(always(NO_CONTENT))
    api = setup.api(server.address)

    answers = [
        api.exchange(Call(method, "/v1/x", "/v1/x", family=Family.ADMIN, timeout=DEADLINE))
        for method in ("GET", "POST", "DELETE")
    ]

    assert [answer.json() for answer in answers] == [None] * 3
    assert ["content-length" in seen.headers for seen in server.seen] == [False, True, True]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/x\r\nX-Evil: 1",
        "/v1/x y",
        "/v1/\n",
        "/v1/ä",
        "/v1/x#y",
        "v1",
        "/v1/x\0",
        "/v1/x\x7f",
    ],
)
@pytest.mark.parametrize("where", ["lean", "httpx"])
def test_nothing_breaks_out_of_the_request_line(setup: Setup, path: str, where: str) -> None:
    server = setup.server(always(OK))
    transport = httpx.HTTPTransport() if where == "httpx" else None
    api = setup.api(server.address, transport=transport)

    with pytest.raises(ValueError, match="percent-encoded"):
        api.exchange(get(path))
    with pytest.raises(ValueError, match="percent-encoded"):
        api.exchange(get("/v1/about", query=path.replace("v1", "#")))

    assert server.seen == []


def test_no_proxy_of_the_environment_is_used(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    server = setup.server(always(OK))
    api = setup.api(server.address)

    api.exchange(get())
    api.client.get("/v1/about")

    assert len(server.seen) == 2


# What is repeated


def test_a_send_is_tried_again_while_nobody_listens(setup: Setup) -> None:
    api = setup.api(f"127.0.0.1:{free_port()}")

    with pytest.raises(ConnectFailed) as caught:
        api.exchange(send())

    assert len(setup.naps) == 2
    assert setup.naps[0] < setup.naps[1] < 1.0
    assert caught.value.may_have_been_sent is False
    assert str(caught.value).startswith("POST /v2/send: cannot connect to 127.0.0.1:")
    assert (caught.value.method, caught.value.path_template) == ("POST", "/v2/send")
    assert caught.value.account == OWN


def test_a_send_goes_out_once_the_server_is_there(setup: Setup) -> None:
    attempts: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        attempts.append(1)
        if len(attempts) < 3:
            raise httpx.ConnectError("refused")
        return httpx.Response(201, json=[{"timestamp": "1"}])

    answer = setup.api("127.0.0.1:1", transport=transport_of(handler)).exchange(send())

    assert answer.json() == [{"timestamp": "1"}]
    assert len(attempts) == 3


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.ReadError,
        httpx.WriteError,
        httpx.RemoteProtocolError,
        httpx.CloseError,
    ],
)
def test_a_send_that_may_have_arrived_is_never_repeated(
    setup: Setup, error: type[httpx.TransportError]
) -> None:
    attempts: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        attempts.append(1)
        raise error("x")

    with pytest.raises(RequestFailed) as caught:
        setup.api("127.0.0.1:1", transport=transport_of(handler)).exchange(send())

    assert len(attempts) == 1
    assert caught.value.may_have_been_sent
    assert isinstance(caught.value.__cause__, error)


@pytest.mark.parametrize("error", [httpx.PoolTimeout, httpx.ConnectTimeout])
def test_a_send_that_surely_did_not_is(setup: Setup, error: type[httpx.TransportError]) -> None:
    attempts: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        attempts.append(1)
        raise error("x")

    with pytest.raises(RequestFailed) as caught:
        setup.api("127.0.0.1:1", transport=transport_of(handler)).exchange(send())

    assert len(attempts) == 3
    assert not caught.value.may_have_been_sent


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_no_answer_is_ever_asked_for_twice(setup: Setup, status: int) -> None:
    server = setup.server(always(refusal(status, "no")))
    api = setup.api(server.address)

    for call in (send(), get()):
        with pytest.raises(Exception, match="no"):
            api.exchange(call)

    assert len(server.seen) == 2
    assert setup.naps == []


def test_a_send_whose_connection_breaks_is_not_repeated(setup: Setup) -> None:
    server = setup.server(hang_up, always(OK))

    with pytest.raises(RequestFailed) as caught:
        setup.api(server.address).exchange(send())

    assert caught.value.may_have_been_sent
    assert len(server.seen) == 1


def test_a_get_whose_connection_breaks_is(setup: Setup) -> None:
    server = setup.server(hang_up, hang_up, always(OK))

    assert setup.api(server.address).exchange(get()).status == 200

    assert len(server.seen) == 3


def test_a_get_that_consumes_is_not(setup: Setup) -> None:
    """The poll takes messages out of the server: its answer cannot be asked for again."""
    server = setup.server(hang_up, always(OK))

    with pytest.raises(RequestFailed):
        setup.api(server.address).exchange(get("/v1/receive/1", repeatable=False))

    assert len(server.seen) == 1


def test_too_large_answers_are_refused_once_and_blame_nobody(setup: Setup) -> None:
    server = setup.server(always(OK))
    api = setup.api(server.address, fail_max=1)

    with pytest.raises(RequestFailed, match="larger than 1 bytes"):
        api.exchange(get(max_answer=1))

    assert server.connections == 1
    assert api.breakers[Family.ADMIN].current_state == "closed"


def test_what_an_earlier_attempt_may_have_sent_is_not_forgotten(setup: Setup) -> None:
    attempts = iter([httpx.ReadError("x"), httpx.ConnectError("x"), httpx.ConnectError("x")])

    def handler(request: httpx.Request) -> httpx.Response:
        raise next(attempts)

    with pytest.raises(ConnectFailed) as caught:
        setup.api("127.0.0.1:1", transport=transport_of(handler)).exchange(get())

    assert caught.value.may_have_been_sent


# Deadlines


def test_the_deadline_covers_everything(setup: Setup) -> None:
    over = threading.Event()

    def script(peer: HttpPeer) -> None:
        peer.read_request()
        over.wait(DEADLINE)

    server = setup.server(script)
    api = setup.api(server.address)
    begin = time.monotonic()

    with pytest.raises(RequestTimedOut) as caught:
        api.exchange(send(timeout=0.2))
    over.set()

    assert time.monotonic() - begin < 1.0
    assert caught.value.may_have_been_sent
    assert len(server.seen) == 1


def test_waiting_for_a_turn_counts_and_is_surely_unsent(setup: Setup) -> None:
    over, arrived = threading.Event(), threading.Event()

    def script(peer: HttpPeer) -> None:
        peer.read_request()
        arrived.set()
        over.wait(DEADLINE)
        peer.send(OK)

    server = setup.server(script)
    api = setup.api(server.address, max_concurrency=1, fail_max=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(api.exchange, get())
        assert arrived.wait(DEADLINE)

        with pytest.raises(RequestTimedOut) as caught:
            api.exchange(send(timeout=0.1))
        over.set()
        assert first.result(DEADLINE).status == 200

    assert not caught.value.may_have_been_sent
    assert len(server.seen) == 1
    assert api.breakers[Family.SEND].current_state == "closed"


def test_retries_stay_within_the_deadline(setup: Setup) -> None:
    api = setup.api(f"127.0.0.1:{free_port()}")

    with pytest.raises(ConnectFailed):
        api.exchange(send(timeout=0.04))

    assert setup.naps == []


# How calls are paced


def test_the_cap_covers_all_operations(setup: Setup) -> None:
    lock = threading.Lock()
    running = highest = 0

    def handler(request: httpx.Request) -> httpx.Response:
        nonlocal running, highest
        with lock:
            running += 1
            highest = max(highest, running)
        time.sleep(0.005)
        with lock:
            running -= 1
        return httpx.Response(204)

    api = setup.api("127.0.0.1:1", transport=transport_of(handler))
    calls = [send(), get(), get(family=Family.GROUPS), get(family=Family.ATTACHMENTS)] * 10

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(api.exchange, calls))

    assert highest == 4


def test_a_rate_limited_send_pauses_sends_only(setup: Setup) -> None:
    limited = refusal(429, "due to rate limiting", ',"challenge_tokens":["t",""]')
    server = setup.server(answering(limited, OK, OK))
    api = setup.api(server.address)

    with pytest.raises(RateLimited) as caught:
        api.exchange(send())

    assert caught.value.retry_after == 1.0
    assert caught.value.challenge_tokens == ("t",)
    with pytest.raises(RateLimited) as refused:
        api.exchange(send(timeout=0.5))
    assert 0 < refused.value.retry_after <= 1.0
    assert refused.value.account == OWN
    assert api.exchange(get()).status == 200
    assert len(server.seen) == 2
    api.resume_sends()
    assert api.exchange(send()).status == 200
    assert setup.naps == []


def test_a_rate_limited_search_pauses_nothing(setup: Setup) -> None:
    server = setup.server(answering(refusal(400, "Rate limit reached"), OK))
    api = setup.api(server.address)

    with pytest.raises(RateLimited):
        api.exchange(get("/v1/search/1"))

    assert api.exchange(send()).status == 200


def test_server_failures_open_the_breaker_of_that_family_only(setup: Setup) -> None:
    heard: list[tuple[Family, str, str]] = []
    server = setup.server(always(refusal(500, "oops")))
    api = setup.api(server.address, fail_max=3, on_breaker=lambda *change: heard.append(change))
    for _ in range(3):
        with pytest.raises(ServerFailed):
            api.exchange(send())

    with pytest.raises(CircuitOpen) as caught:
        api.exchange(send())

    assert caught.value.retry_after > 9
    assert not caught.value.may_have_been_sent
    assert str(caught.value).startswith("POST /v2/send: not tried")
    assert len(server.seen) == 3
    assert setup.naps == []
    assert heard == [(Family.SEND, "closed", "open")]
    assert api.breakers[Family.SEND].current_state == "open"
    with pytest.raises(ServerFailed):
        api.exchange(get())


def test_refusals_never_open_a_breaker(setup: Setup) -> None:
    server = setup.server(always(refusal(400, "Invalid group id")))
    api = setup.api(server.address, fail_max=1)

    for _ in range(5):
        with pytest.raises(BadRequest):
            api.exchange(send())

    assert api.breakers[Family.SEND].current_state == "closed"


def test_a_send_waits_for_a_breaker_that_is_about_to_close(setup: Setup) -> None:
    server = setup.server(answering(refusal(500, "oops"), OK))
    now = [1000.0]
    api = setup.api(
        server.address,
        fail_max=1,
        clock=lambda: now[0],
        sleep=lambda seconds: now.__setitem__(0, now[0] + seconds),
    )
    with pytest.raises(ServerFailed):
        api.exchange(send())
    now[0] += 8.5

    assert api.exchange(send()).status == 200

    assert now[0] >= 1010.0


# Telling


def test_the_observer_hears_of_every_call(setup: Setup) -> None:
    heard: list[tuple[Family, int | str, float]] = []
    server = setup.server(answering(OK, refusal(404, "x")), hang_up)
    api = setup.api(server.address, observer=lambda *seen: heard.append(seen))

    api.exchange(get())
    with pytest.raises(Exception, match="404"):
        api.exchange(get())
    with pytest.raises(RequestFailed):
        api.exchange(send())

    assert [(family, outcome) for family, outcome, _ in heard] == [
        (Family.ADMIN, 200),
        (Family.ADMIN, 404),
        (Family.SEND, "RequestFailed"),
    ]
    assert all(0 <= seconds < DEADLINE for *_, seconds in heard)


def test_a_broken_observer_breaks_nothing(setup: Setup, caplog: pytest.LogCaptureFixture) -> None:
    def observer(*seen: object) -> None:
        raise RuntimeError("broken")

    server = setup.server(always(OK))

    assert setup.api(server.address, observer=observer).exchange(get()).status == 200
    assert "http.observer_failed" in caplog.text


@pytest.mark.parametrize("way", ["lean", "own transport", "hooks"])
def test_no_log_at_any_level_names_anybody(
    setup: Setup, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    caplog.set_level(logging.DEBUG)
    server = setup.server(always(OK))
    transport = httpx.HTTPTransport() if way == "own transport" else None
    api = setup.api(server.address, transport=transport, auth=("user", "secret"))
    if way == "hooks":
        api.client.event_hooks = {"request": [lambda request: None]}

    api.exchange(get(f"/v1/contacts/1/{OTHER.replace('+', '%2B')}"))

    assert len(server.seen) == 1
    assert "12025550143" not in caplog.text
    assert "secret" not in caplog.text
    assert "dXNlcjpzZWNyZXQ" not in caplog.text


# Transports, hooks and authentication of the user


def test_a_transport_of_the_user_sees_ordinary_httpx_requests(setup: Setup) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=["+1"], headers={"Content-Encoding": "identity"})

    api = setup.api(
        "http://host.test:81/base", transport=transport_of(handler), auth=("user", "pass")
    )

    answer = api.exchange(send(query="a=1"))

    assert answer.json() == ["+1"]
    assert answer.content_type == "application/json"
    assert str(seen[0].url) == "http://host.test:81/base/v2/send?a=1"
    assert seen[0].content == b'{"message":"hi"}'
    assert seen[0].headers["content-type"] == "application/json"
    assert seen[0].headers["host"] == "host.test:81"
    assert seen[0].headers["authorization"] == "Basic dXNlcjpwYXNz"
    assert seen[0].extensions["timeout"]["read"] <= DEADLINE


def test_a_transport_of_the_user_has_the_same_limits(setup: Setup) -> None:
    api = setup.api(
        "127.0.0.1:1", transport=transport_of(lambda request: httpx.Response(200, content=b"12"))
    )

    with pytest.raises(RequestFailed, match="larger"):
        api.exchange(get(max_answer=1))


def test_a_transport_of_the_user_reports_progress(setup: Setup) -> None:
    told: list[tuple[int, int]] = []
    body = b"x" * 200_000
    server = setup.server(always(OK))
    api = setup.api(server.address, transport=httpx.HTTPTransport())

    api.exchange(
        Call(
            "POST",
            "/v2/send",
            "/v2/send",
            body=body,
            family=Family.SEND,
            timeout=DEADLINE,
            on_progress=lambda sent, total: told.append((sent, total)),
        )
    )

    assert told[-1] == (200_000, 200_000)
    assert len(told) > 2
    assert server.seen[0].body == body


def test_mistakes_in_a_transport_come_through(setup: Setup) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        setup.api("127.0.0.1:1", transport=transport_of(handler)).exchange(send())


def test_hooks_on_the_client_apply_to_all_calls(setup: Setup) -> None:
    server = setup.server(always(OK))
    api = setup.api(server.address)
    statuses: list[int] = []
    api.client.event_hooks = {
        "request": [lambda request: request.headers.update({"X-Trace": "7"})],
        "response": [lambda response: statuses.append(response.status_code)],
    }

    api.exchange(send())

    assert server.seen[0].headers["x-trace"] == "7"
    assert statuses == [200]


def test_authentication_on_the_client_applies_to_all_calls(setup: Setup) -> None:
    server = setup.server(always(OK))
    api = setup.api(server.address)

    class Token(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
            request.headers["Authorization"] = "Token t"
            yield request

    api.client.auth = Token()

    api.exchange(send())

    assert server.seen[0].headers["authorization"] == "Token t"


def test_the_client_knows_server_and_credentials(setup: Setup) -> None:
    server = setup.server(always(OK))
    api = setup.api(f"{server.address}/base", auth=("user", "pass"))

    assert api.client is api.client
    assert api.client.get("/v1/about").json() == {}
    assert server.seen[0].target == "/base/v1/about"
    assert server.seen[0].headers["authorization"] == "Basic dXNlcjpwYXNz"


# Life cycle


def test_nothing_is_opened_before_the_first_call(setup: Setup) -> None:
    server = setup.server(always(OK))
    threads = threading.active_count()

    setup.api(server.address)

    assert server.connections == 0
    assert threading.active_count() == threads


def test_close_is_idempotent_and_final(setup: Setup) -> None:
    closed: list[bool] = []

    class Transport(httpx.MockTransport):
        def close(self) -> None:
            closed.append(True)

    api = setup.api("127.0.0.1:1", transport=Transport(lambda request: httpx.Response(204)))
    api.close()
    api.close()

    with pytest.raises(RequestFailed, match="closed") as caught:
        api.exchange(send())

    assert not caught.value.may_have_been_sent
    assert closed


def test_close_wakes_a_send_that_waits(setup: Setup) -> None:
    server = setup.server(answering(refusal(429, "slow")))
    api = setup.api(server.address, sleep=None)
    with pytest.raises(RateLimited):
        api.exchange(send())

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.exchange, send(timeout=60.0))
        api.close()
        error = waiting.exception(DEADLINE)

    assert isinstance(error, RequestFailed)
    assert not error.may_have_been_sent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
def test_a_forked_child_starts_afresh(setup: Setup) -> None:
    over, arrived = threading.Event(), threading.Event()

    def script(peer: HttpPeer) -> None:
        peer.read_request()
        arrived.set()
        over.wait(DEADLINE)
        peer.send(OK)

    server = setup.server(script, always(OK))
    api = setup.api(server.address, max_concurrency=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(api.exchange, get())
        assert arrived.wait(DEADLINE)  # the only slot is taken: in the child, nobody has it

        child = os.fork()
        if child == 0:
            code = 2
            try:
                code = 0 if api.exchange(send()).status == 200 else 1
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        over.set()
        first.result(DEADLINE)

    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
def test_a_transport_that_was_used_before_the_fork_is_refused_in_the_child(setup: Setup) -> None:
    server = setup.server(always(OK))
    api = setup.api(server.address, transport=httpx.HTTPTransport())
    api.exchange(get())

    child = os.fork()
    if child == 0:
        code = 1
        try:
            with pytest.raises(ForkedProcessError):
                api.exchange(get())
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert api.exchange(get()).status == 200


def test_loading_the_module_loads_neither_httpx_nor_pybreaker() -> None:
    import subprocess
    import sys

    code = (
        "import sys, signalbot.infrastructure.http;"
        "print([name for name in ('httpx', 'pybreaker', 'redis') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
