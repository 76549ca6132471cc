"""The way on which a call reaches the server as an httpx request.

It is taken as soon as the user brings a transport, hooks or an authentication of his own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from time import monotonic
from typing import IO, TYPE_CHECKING

import httpx

from signalbot.errors import ForkedProcessError, RequestTimedOut
from signalbot.infrastructure.errors_table import error_for_exception
from signalbot.infrastructure.lean_http1 import Parts, RawAnswer, begun, too_large
from signalbot.infrastructure.lean_pool import CONNECT_TIMEOUT
from signalbot.infrastructure.transports import checked_target, default_headers

if TYPE_CHECKING:
    from signalbot.infrastructure.calls import Call
    from signalbot.infrastructure.endpoint import Endpoint

_PROGRESS_PIECE = 64 * 1024


class QuietURL(httpx.URL):
    """A URL that shows only its origin."""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc.decode('ascii')}/…"

    __repr__ = __str__


class HttpxWire:
    """Hands httpx requests to a transport, or to a client with hooks.

    A transport is called directly, not through a client: a client logs the URL, and URLs hold
    other people's numbers. Where it has to be a client, ``QuietURL`` keeps them out of the log.
    The total deadline is checked between the pieces of the answer; within one read only the
    transport's own timeouts apply.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        send_request: Callable[[httpx.Request], httpx.Response],
        *,
        hides_url: bool = False,
    ) -> None:
        self._base_url = endpoint.base_url[: len(endpoint.base_url) - len(endpoint.base_path)]
        self._base_path = endpoint.base_path
        self._headers = default_headers(endpoint)
        self._send_request = send_request
        self._hides_url = hides_url
        self._pid: int | None = None

    def send(self, call: Call, deadline: float, max_answer: int) -> RawAnswer:
        """Exchange one request for its answer.

        Raises:
            RequestFailed: without saying yet which call it was.
        """
        self._check_process()
        try:
            response = self._send_request(self._request(call, deadline))
            try:
                sink = begun(call.sink) if response.is_success else None
                body = _read(response, deadline, max_answer, sink)
            finally:
                response.close()
        except Exception as error:  # whatever the user's transport raises; unknown ones go on
            translated = error_for_exception(error)
            if translated is None:
                raise
            raise translated from error
        headers = tuple((name.lower(), value) for name, value in response.headers.raw)
        return RawAnswer(response.status_code, headers, body)

    def _request(self, call: Call, deadline: float) -> httpx.Request:
        left = deadline - monotonic()
        if left <= 0:
            raise RequestTimedOut("no time was left to send", may_have_been_sent=False)
        headers = dict(self._headers)
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            headers["Content-Length"] = str(len(call.body))
        content: bytes | Iterator[bytes] | None = call.body
        if call.body is not None and call.on_progress is not None:
            content = _pieces(call.body, call.on_progress)
        url = self._base_url + checked_target(self._base_path, call.method, call.path, call.query)
        request = httpx.Request(
            call.method,
            url,
            headers=headers,
            content=content,
            extensions={
                "timeout": {
                    "connect": min(CONNECT_TIMEOUT, left),
                    "read": left,
                    "write": left,
                    "pool": left,
                }
            },
        )
        if self._hides_url:
            request.url = QuietURL(url)
        return request

    def _check_process(self) -> None:
        if self._pid is None:
            self._pid = os.getpid()
        elif self._pid != os.getpid():
            # Parent and child would read each other's answers, and we cannot renew it ourselves.
            raise ForkedProcessError(
                "the transport of this client was used before the fork: build a new client"
            )


def _read(
    response: httpx.Response, deadline: float, max_answer: int, sink: IO[bytes] | None
) -> bytes:
    parts = Parts(sink)
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        if size > max_answer:
            raise too_large(max_answer)
        parts.append(part)
        if monotonic() > deadline:
            raise RequestTimedOut("no complete answer in time")
    return parts.joined()


def _pieces(body: bytes, on_progress: Callable[[int, int], None]) -> Iterator[bytes]:
    for start in range(0, len(body), _PROGRESS_PIECE):
        piece = body[start : start + _PROGRESS_PIECE]
        yield piece
        on_progress(start + len(piece), len(body))
