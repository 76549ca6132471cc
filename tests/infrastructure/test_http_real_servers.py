"""The same calls through servers that others wrote: uvicorn, and nginx in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from signalbot.errors import BadRequest, ConnectFailed, ServerFailed, StatusError
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.http import Call, Family, HttpApi
from signalbot.infrastructure.lean_pool import FRESH

from .http_script import DEADLINE, free_port

BIG = b"y" * (3 * 1024 * 1024)


async def echo(request: Request) -> Response:
    body = await request.body()
    return JSONResponse(
        {"path": request.url.path, "body": body.decode(), "auth": request.headers.get("x-user", "")}
    )


async def chunks(request: Request) -> Response:
    async def parts() -> Any:
        for number in range(50):
            yield b"%d," % number
            await asyncio.sleep(0)

    return StreamingResponse(parts())


async def nothing(request: Request) -> Response:
    return Response(status_code=204)


async def large(request: Request) -> Response:
    return Response(BIG)


async def crash(request: Request) -> Response:
    raise RuntimeError("on purpose")


app = Starlette(
    routes=[
        Route("/v1/echo", echo, methods=["POST", "DELETE", "PUT"]),
        Route("/v1/chunks", chunks),
        Route("/v1/nothing", nothing),
        Route("/v1/large", large),
        Route("/v1/crash", crash),
    ]
)


@pytest.fixture(scope="module")
def uvicorn_port() -> Iterator[int]:
    sock = socket.create_server(("127.0.0.1", 0), backlog=128)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_keep_alive=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    yield int(sock.getsockname()[1])
    server.should_exit = True
    thread.join(DEADLINE)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


NGINX = """
{user}worker_processes 1; daemon off; pid {directory}/pid; error_log {directory}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_max_body_size 4m; keepalive_requests 3; gzip on; gzip_types *;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {directory}/cert.pem; ssl_certificate_key {directory}/key.pem;
    location /signal/ {{
      auth_basic "signal"; auth_basic_user_file {directory}/users;
      proxy_set_header X-User $remote_user; proxy_http_version 1.1;
      proxy_pass http://127.0.0.1:{upstream}/;
    }}
    location /gone/ {{ proxy_pass http://127.0.0.1:{dead}/; }}
  }}
}}
"""


@pytest.fixture(scope="module")
def nginx(
    uvicorn_port: int, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a proxy that wants TLS, a path prefix and basic authentication."""
    binary = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if binary is None:
        pytest.skip("nginx is not installed (Debian: apt-get install nginx-light)")
    directory = tmp_path_factory.mktemp("nginx")
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(directory / "key.pem"))
    for pem in certificate.cert_chain_pems:
        pem.write_to_path(str(directory / "cert.pem"), append=True)
    (directory / "users").write_text("bot:{PLAIN}s3cret\n")
    port = free_port()
    config = directory / "nginx.conf"
    config.write_text(
        NGINX.format(
            # Started by root, its workers would be somebody who may not read our directory.
            user="user root; " if os.geteuid() == 0 else "",
            directory=directory,
            port=port,
            upstream=uvicorn_port,
            dead=free_port(),
        )
    )
    log = (directory / "out.log").open("w")
    process = subprocess.Popen(
        [binary, "-p", str(directory), "-c", str(config)], stdout=log, stderr=log
    )
    try:
        wait_until_listening(port, process, directory)
        yield f"https://localhost:{port}"
    finally:
        process.terminate()
        process.wait(DEADLINE)
        log.close()


def wait_until_listening(port: int, process: subprocess.Popen[bytes], directory: Path) -> None:
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        assert process.poll() is None, (directory / "out.log").read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError("nginx does not listen")


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


@pytest.fixture
def through_nginx(nginx: str, authority: trustme.CA) -> Iterator[HttpApi]:
    endpoint = Endpoint.parse(f"{nginx}/signal", auth=("bot", "s3cret"), verify=trusting(authority))
    api = HttpApi(endpoint)
    yield api
    api.close()


@pytest.fixture
def direct(uvicorn_port: int) -> Iterator[HttpApi]:
    api = HttpApi(Endpoint.parse(f"127.0.0.1:{uvicorn_port}"))
    yield api
    api.close()


@pytest.fixture(params=["direct", "through_nginx"])
def api(request: pytest.FixtureRequest) -> HttpApi:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def call(method: str, path: str, body: bytes | None = None) -> Call:
    return Call(method, path, path, body=body, family=Family.SEND, timeout=DEADLINE)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_bodies_arrive(api: HttpApi, method: str) -> None:
    answers = [api.exchange(call(method, "/v1/echo", b"n%d" % n)).json() for n in range(8)]

    assert [answer["body"] for answer in answers] == [f"n{n}" for n in range(8)]
    assert {answer["path"] for answer in answers} == {"/v1/echo"}


def test_chunked_answers(api: HttpApi) -> None:
    for _ in range(3):
        answer = api.exchange(call("GET", "/v1/chunks"))

        assert answer.body == b"".join(b"%d," % number for number in range(50))


def test_large_bodies_both_ways(api: HttpApi) -> None:
    assert len(api.exchange(call("POST", "/v1/echo", BIG)).json()["body"]) == len(BIG)
    assert api.exchange(call("GET", "/v1/large")).body == BIG


def test_empty_answers(api: HttpApi) -> None:
    assert [api.exchange(call("GET", "/v1/nothing")).json() for _ in range(5)] == [None] * 5


def test_crashes(api: HttpApi) -> None:
    with pytest.raises(ServerFailed):
        api.exchange(call("GET", "/v1/crash"))

    # uvicorn hangs up after a crash without having said so, and this call may come before that.
    after = Call(
        "GET", "/v1/x", "/v1/nothing", family=Family.SEND, timeout=DEADLINE, repeatable=True
    )
    assert api.exchange(after).status == 204


def test_many_threads(api: HttpApi) -> None:
    def work(thread: int) -> None:
        for number in range(15):
            body = f"{thread}/{number}".encode()
            assert api.exchange(call("POST", "/v1/echo", body)).json()["body"] == body.decode()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


def test_a_server_that_closes_idle_connections_costs_no_call(direct: HttpApi) -> None:
    """uvicorn closes after a second here, sooner than we would."""
    direct.exchange(call("POST", "/v1/echo", b"1"))
    idle = direct._pool._idle
    end = time.monotonic() + DEADLINE
    while not idle[0].is_stale() or time.monotonic() - idle[0].idle_since < FRESH:
        assert time.monotonic() < end
        time.sleep(0.01)

    assert direct.exchange(call("POST", "/v1/echo", b"2")).json()["body"] == "2"


def test_the_proxy_knows_who_calls(through_nginx: HttpApi) -> None:
    assert through_nginx.exchange(call("POST", "/v1/echo", b"")).json()["auth"] == "bot"
    assert through_nginx.client.post("/v1/echo").json()["auth"] == "bot"


def test_wrong_credentials(nginx: str, authority: trustme.CA) -> None:
    endpoint = Endpoint.parse(f"{nginx}/signal", auth="bot:wrong", verify=trusting(authority))

    with pytest.raises(StatusError, match="auth=") as caught:
        HttpApi(endpoint).exchange(call("POST", "/v1/echo", b"x"))

    assert caught.value.status == 401
    assert "wrong" not in str(caught.value)


def test_a_body_that_is_too_large_for_the_proxy(through_nginx: HttpApi) -> None:
    with pytest.raises(BadRequest, match="limits the size") as caught:
        through_nginx.exchange(call("POST", "/v1/echo", BIG * 10))

    assert caught.value.status == 413


def test_a_proxy_whose_server_is_gone(nginx: str, authority: trustme.CA) -> None:
    endpoint = Endpoint.parse(f"{nginx}/gone", verify=trusting(authority))

    with pytest.raises(ServerFailed, match="cannot reach the server") as caught:
        HttpApi(endpoint).exchange(call("POST", "/v1/echo", b"x"))

    assert caught.value.status == 502


def test_https_spoken_as_http_and_unknown_authorities(nginx: str) -> None:
    with pytest.raises(StatusError) as caught:
        HttpApi(Endpoint.parse(nginx.replace("https", "http"))).exchange(call("GET", "/v1/x"))
    assert caught.value.status == 400

    with pytest.raises(ConnectFailed, match="verify="):
        HttpApi(Endpoint.parse(nginx)).exchange(call("GET", "/v1/x"))
