"""The upgrade from HTTP to websocket, with errors that say what to change."""

from __future__ import annotations

import http.cookies
import json
from collections.abc import Mapping
from typing import Any

import websocket

from signalbot.errors import (
    ApiError,
    ConnectFailed,
    NotFound,
    RequestTimedOut,
    ServerFailed,
    StatusError,
)
from signalbot.infrastructure.buffered_socket import BufferedSocket
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.frame_stream import FrameSocket
from signalbot.infrastructure.intake_errors import (
    RECEIVE_PATH,
    ConnectionLost,
    Refused,
    UpgradeRefused,
    WrongMode,
)
from signalbot.infrastructure.privacy import masked
from signalbot.infrastructure.wakeup import TimeIsUp

_MAX_DETAIL = 200


class PolledInstead(WrongMode):
    """A classic server took the handshake for a poll: ``body`` holds messages that are gone there.

    Attributes:
        body: the answer; never part of the text.
    """

    def __init__(self, message: str, *, body: bytes, **where: Any) -> None:
        super().__init__(message, status=200, **where)
        self.body = body


def upgrade(
    sock: BufferedSocket, endpoint: Endpoint, number: str, *, max_frame: int
) -> FrameSocket:
    """Shake hands on a connected socket.

    Raises:
        StatusError: one of its subclasses, if the server answered with another status.
        ConnectFailed: if it answered with something else, or hung up.
        RequestTimedOut: if it did not answer in time.
        Woken: if another thread wants attention.
    """
    attempt = _Upgrade(sock, endpoint, number)
    problem: ApiError = attempt.no_websocket()
    peer = FrameSocket(max_frame=max_frame)
    try:
        peer.connect(  # type: ignore[no-untyped-call]  # websocket-client leaves it so
            endpoint.websocket_url(number),
            socket=sock,
            header=endpoint.request_headers(),
            suppress_origin=True,  # a proxy may well refuse an origin that it does not know
            redirect_limit=0,  # it would dial by itself, by way of the environment's proxies
        )
    except TimeIsUp as error:
        raise attempt.timed_out() from error
    except ConnectionLost as error:
        raise attempt.hung_up(error) from error
    except websocket.WebSocketBadStatusException as error:
        problem = attempt.refused(error.status_code, error.resp_headers or {}, error.resp_body)
    except (websocket.WebSocketException, http.cookies.CookieError, ValueError, IndexError):
        # IndexError: a status line of one word, in releases up to 1.8.
        pass
    else:
        if peer.handshake_response is not None and peer.handshake_response.status == 101:
            return peer
    if peer.handshake_response is not None:  # up to 1.8 a redirect passes for a success
        problem = attempt.redirected(peer.handshake_response.status)
    # Raised out here, and from nothing: the text of websocket-client's error quotes the whole
    # answer, messages and all, and a traceback prints whatever an error was raised from.
    raise problem


class _Upgrade:
    """Everything that can go wrong, in the user's terms."""

    def __init__(self, sock: BufferedSocket, endpoint: Endpoint, number: str) -> None:
        self._sock = sock
        self._who = endpoint.authority
        self._number = number
        # What a proxy might quote: "Basic dXNlc..." as a whole, and the part behind the space.
        self._secrets = [
            part
            for value in endpoint.request_headers().values()
            for part in (value, *value.split())
        ]
        self._where: dict[str, Any] = {
            "method": "GET",
            "path_template": RECEIVE_PATH,
            "account": number,
        }

    def timed_out(self) -> RequestTimedOut:
        return RequestTimedOut(
            f"{self._who} did not answer the websocket handshake in time",
            may_have_been_sent=False,
            **self._where,
        )

    def hung_up(self, error: ConnectionLost) -> ConnectFailed:
        return ConnectFailed(
            f"{self._who} ended the websocket handshake: {error}. Is it starting, or does it "
            "expect https?",
            **self._where,
        )

    def no_websocket(self) -> ConnectFailed:
        return ConnectFailed(
            f"{self._who} answered the websocket handshake with something else: "
            "is signal_service the address of signal-cli-rest-api?",
            **self._where,
        )

    def redirected(self, status: int) -> StatusError:
        return StatusError(
            f"{self._who} redirects ({status}): write the address that it redirects to "
            "into signal_service (https:// instead of http://, perhaps)",
            status=status,
            **self._where,
        )

    def refused(
        self, status: int | None, headers: Mapping[str, str], body: bytes | None
    ) -> ApiError:
        if status is None:
            return self.no_websocket()
        if status == 200:
            return self._polled(headers, body)
        detail = self._detail(body or b"")
        make, advice = _STATUSES.get(status, (StatusError, "check the server's log"))
        if status >= 500:
            make, advice = ServerFailed, "the server, or what is behind its proxy, is not ready"
        if status == 400 and b"'upgrade' token not found" in (body or b""):
            advice = "a proxy drops the Upgrade header: enable websockets in it"
        shown = f" {detail!r}" if detail else ""
        return make(
            f"{self._who} refused the websocket ({status}{shown}): {advice}",
            status=status,
            detail=detail,
            **self._where,
        )

    def _polled(self, headers: Mapping[str, str], body: bytes | None) -> StatusError:
        body = (body or b"") + _rest_of_body(self._sock, headers, len(body or b""))
        return PolledInstead(
            f"{self._who} runs in MODE normal or native, where receiving is polling: set MODE to "
            "json-rpc there, or receive_mode to 'polling' or 'auto' here",
            body=body,
            **self._where,
        )

    def _detail(self, body: bytes) -> str:
        """The server's own words; a proxy's HTML page is left out."""
        try:
            text = json.loads(body)["error"]
        except (ValueError, LookupError, TypeError):
            return ""
        shown = masked(str(text), own=self._number)
        for secret in self._secrets:
            shown = shown.replace(secret, "<secret>")
        return shown[:_MAX_DETAIL].strip()


_STATUSES: dict[int, tuple[type[StatusError], str]] = {
    400: (UpgradeRefused, "is the phone number written in full, like +4915112345678?"),
    401: (Refused, "set auth=('user', 'password'), or headers= with what its proxy asks for"),
    403: (Refused, "its proxy does not let this client in: check auth=, headers= and its rules"),
    404: (NotFound, "is the base path in signal_service right, and the server not too old?"),
    407: (Refused, "a proxy asks for credentials: signal_service must be reached directly"),
    426: (UpgradeRefused, "a proxy drops the Upgrade header: enable websockets in it"),
}


def _rest_of_body(sock: BufferedSocket, headers: Mapping[str, str], done: int) -> bytes:
    """What websocket-client has not read: all of a chunked body, some of any in old releases."""
    body = bytearray()
    length = headers.get("content-length", "")
    try:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int(_line(sock).split(b";")[0], 16):
                body += _exactly(sock, size)
                _line(sock)
        elif length.isdigit():
            body += _exactly(sock, int(length) - done)
        else:
            while True:
                body += sock.recv(65536)
    except (ConnectionLost, TimeIsUp, ValueError):
        pass  # whatever has come is worth keeping
    return bytes(body)


def _line(sock: BufferedSocket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        line += sock.recv(1)
    return line


def _exactly(sock: BufferedSocket, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0:
        parts.append(sock.recv(size))
        size -= len(parts[-1])
    return b"".join(parts)
