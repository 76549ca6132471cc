"""Why receiving ended: what the frame sources raise beyond the errors of an ordinary call.

RequestFailed
  ConnectFailed
    TlsFailed            the TLS handshake failed
  ConnectionLost         an open connection ended without a farewell
    PeerSilent           nothing came, and pings went unanswered
    ProtocolBroken       the peer sent what the websocket protocol forbids
    FrameTooLarge        a message was larger than ``max_frame``
StatusError
  BadRequest
    UpgradeRefused       the handshake arrived, but not as a websocket handshake
  WrongMode              the server cannot receive this way: its MODE is another one
  Refused                401, 403 or 407: credentials are missing or wrong
"""

from __future__ import annotations

from typing import Any

from signalbot.errors import (
    BadRequest,
    ConnectFailed,
    NotFound,
    NotRegistered,
    RequestFailed,
    StatusError,
)

RECEIVE_PATH = "/v1/receive/{number}"


class TlsFailed(ConnectFailed):
    """No TLS connection came about: wrong certificate, wrong name, or no TLS at all."""


class ConnectionLost(RequestFailed):
    """An open connection ended without a farewell; connect again.

    Attributes:
        code: the websocket close code; 1006 if there was none.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int = 1006,
        may_have_been_sent: bool = False,
        **where: Any,
    ) -> None:
        super().__init__(message, may_have_been_sent=may_have_been_sent, **where)
        self.code = code


class PeerSilent(ConnectionLost):
    """The connection looks open, but nobody answers on it."""


class ProtocolBroken(ConnectionLost):
    """The peer sent what no websocket server may send."""


class FrameTooLarge(ConnectionLost):
    """A message went beyond ``max_frame``; its connection is closed, the payload unread.

    Attributes:
        size: bytes that the peer announced (for a fragmented message: up to here).
        limit: the configured ``max_frame``.
    """

    def __init__(self, size: int, limit: int, **where: Any) -> None:
        super().__init__(
            f"the server announced a message of {size} bytes; max_frame is {limit}",
            code=1009,
            **where,
        )
        self.size = size
        self.limit = limit


class UpgradeRefused(BadRequest):
    """The server will not make a websocket of it; usually a proxy has changed the request."""


class WrongMode(StatusError):
    """The server does not receive this way; the text says which setting to change where."""


class Refused(StatusError):
    """401, 403 or 407: the server, or a proxy before it, wants other credentials."""


def mends_itself(error: BaseException) -> bool:
    """Whether connecting again later can help without anybody changing a setting."""
    if isinstance(error, (TlsFailed, UpgradeRefused, WrongMode, NotFound, NotRegistered)):
        return False
    if not isinstance(error, StatusError):
        return True
    return error.status not in (401, 403, 407) and not 300 <= error.status < 400
