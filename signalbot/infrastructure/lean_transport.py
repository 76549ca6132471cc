"""The lean pool behind httpx's own interface, for those who want an ``httpx.Client``."""

from __future__ import annotations

import re
from time import monotonic
from typing import TYPE_CHECKING

import httpx

from signalbot.errors import ConnectFailed, RequestFailed, RequestTimedOut
from signalbot.infrastructure.lean_pool import MAX_BODY, LeanPool

if TYPE_CHECKING:
    from signalbot.infrastructure.endpoint import Endpoint
    from signalbot.infrastructure.lean_connection import Progress
    from signalbot.infrastructure.lean_http1 import RawAnswer

_LONGEST = 3600.0  # seconds, for a client whose timeouts are off
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[^\r\n\0]*")
_TARGET = re.compile(rb"[!-~]+")
_METHOD = re.compile(r"[A-Za-z]+")


class LeanTransport(httpx.BaseTransport):
    """A keep-alive HTTP/1.1 transport to one server, at a fraction of the default one's cost.

    No HTTP/2, no proxies, no streaming of answers: they are read to their end at once. The
    request's read timeout bounds the whole exchange, which is stricter than httpx's meaning.

        client = httpx.Client(transport=LeanTransport(endpoint), base_url=endpoint.base_url)
    """

    def __init__(
        self, endpoint: Endpoint, *, pool: LeanPool | None = None, max_body: int = MAX_BODY
    ) -> None:
        self._origin = (
            b"https" if endpoint.is_tls else b"http",
            endpoint.host.lower(),
            endpoint.port,
        )
        self._pool = pool or LeanPool(endpoint.host, endpoint.port, endpoint.ssl_context())
        self._max_body = max_body

    def exchange(
        self,
        head: bytes,
        body: bytes = b"",
        *,
        deadline: float,
        max_body: int = MAX_BODY,
        is_head_request: bool = False,
        on_progress: Progress | None = None,
    ) -> RawAnswer:
        """Send bytes and get the answer, without any httpx object; see ``LeanPool.exchange``."""
        return self._pool.exchange(
            head,
            body,
            deadline=deadline,
            max_body=max_body,
            is_head_request=is_head_request,
            on_progress=on_progress,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send an httpx request.

        Raises:
            httpx.TransportError: of the kind that httpx's own transport raises.
        """
        self._check_origin(request.url)
        body = request.read()
        timeouts = request.extensions.get("timeout", {})
        timeout = timeouts.get("read")
        try:
            answer = self._pool.exchange(
                _head(request, len(body)),
                body,
                deadline=monotonic() + (_LONGEST if timeout is None else timeout),
                max_body=self._max_body,
                is_head_request=request.method == "HEAD",
            )
        except RequestFailed as error:
            raise _as_httpx(error, request) from error
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=httpx.ByteStream(answer.body),
            extensions={"http_version": b"HTTP/1.1"},
        )

    def close(self) -> None:
        """Close the idle connections; those in use close when their answer has been read."""
        self._pool.close()

    def _check_origin(self, url: httpx.URL) -> None:
        port = url.port or (443 if url.scheme == "https" else 80)
        if (url.raw_scheme, url.host.lower(), port) != self._origin:
            # Credentials for our server must not travel to another one, by redirect or mistake.
            raise httpx.UnsupportedProtocol("this transport speaks to one server only")


def _head(request: httpx.Request, length: int) -> bytes:
    target = request.url.raw_path
    if not _METHOD.fullmatch(request.method) or not _TARGET.fullmatch(target):
        raise httpx.LocalProtocolError("the request line holds a character that HTTP forbids")
    lines = [request.method.encode("ascii"), b" ", target, b" HTTP/1.1\r\n"]
    for name, value in request.headers.raw:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise httpx.LocalProtocolError("a header holds a character that HTTP forbids")
        if name.lower() not in (b"transfer-encoding", b"content-length"):
            lines += [name, b": ", value, b"\r\n"]
    if length or request.method not in ("GET", "HEAD"):
        lines.append(b"Content-Length: %d\r\n" % length)
    lines.append(b"\r\n")
    return b"".join(lines)


def _as_httpx(error: RequestFailed, request: httpx.Request) -> httpx.TransportError:
    kind: type[httpx.TransportError]
    if isinstance(error, ConnectFailed):
        kind = httpx.ConnectError
    elif isinstance(error, RequestTimedOut):
        kind = httpx.ReadTimeout if error.may_have_been_sent else httpx.ConnectTimeout
    elif error.may_have_been_sent:
        kind = httpx.RemoteProtocolError
    else:
        kind = httpx.ConnectError
    return kind(str(error), request=request)
