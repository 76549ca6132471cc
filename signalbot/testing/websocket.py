"""One websocket of ``/v1/receive``, as the server treats it: it pushes, never listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

if TYPE_CHECKING:
    from .receive import Hub

# The library writes each frame to its logger, at DEBUG: texts and numbers, in a host's own logs.
_SILENT = logging.Logger(  # noqa: LOG001  outside of the tree, where no host can switch it on
    "signalbot.testing.websocket", level=logging.CRITICAL + 1
)

# Client messages above this size end the connection with 1009.
_MAX_CLIENT_MESSAGE = 512


class ReceiveSocket(asyncio.Protocol):
    """A connection from its handshake on; lives on the server's thread.

    Counters may be read from any thread.

    Attributes:
        account: the number of the path, checked against nothing.
        delivered: frames written to this socket.
        dropped: frames that this socket did not get.
        close_code: the code the client closed with, None while open or if TCP just ended.
    """

    def __init__(
        self,
        hub: Hub,
        on_handshake: Callable[[ReceiveSocket, Request], None],
        on_lost: Callable[[asyncio.BaseTransport], None],
    ) -> None:
        self._hub = hub
        self._on_handshake = on_handshake
        self._on_lost = on_lost
        # The server checks no Origin, speaks no extension and no subprotocol.
        self._protocol = ServerProtocol(max_size=_MAX_CLIENT_MESSAGE, logger=_SILENT)
        self._transport: asyncio.Transport = cast(Any, None)
        self._pinger: asyncio.TimerHandle | None = None
        self.account = ""
        self.is_open = False
        self.is_muted = False
        self.is_paused = False
        self.delivered = 0
        self.dropped = 0
        self.pings = 0
        self.pongs = 0
        self.received = 0
        self.close_code: int | None = None
        # Used by the hub in lossy mode only.
        self.busy_until = 0.0
        self.waiting: bytes | None = None

    # -- asyncio.Protocol ---------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._on_handshake(self, event)
            elif isinstance(event, Frame):
                self._note(event)
        self._flush()

    def eof_received(self) -> bool:
        self._protocol.receive_eof()
        self._flush()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._pinger is not None:
            self._pinger.cancel()
        self.close_code = self._protocol.close_rcvd.code if self._protocol.close_rcvd else None
        self._on_lost(self._transport)
        self._hub.leave(self)

    def pause_writing(self) -> None:
        self.is_paused = True

    def resume_writing(self) -> None:
        self.is_paused = False
        self._hub.unblocked(self)

    # -- for the handshake --------------------------------------------------------------

    def accept(self, request: Request, account: str, ping_interval: float) -> None:
        """Answer 101, or what is wrong with the handshake; from here on frames flow."""
        response = self._protocol.accept(request)
        self._protocol.send_response(response)
        self._flush()
        if self._protocol.state is State.OPEN:
            self.account = account
            self.is_open = True
            self._hub.join(self)
            self._schedule_ping(ping_interval)

    def refuse(self, head: bytes, body: bytes) -> None:
        """Answer the handshake with an ordinary HTTP response."""
        self._transport.write(head + body)
        self._transport.close()

    # -- for the hub, the faults --------------------------------------------------------

    def write(self, payloads: list[bytes]) -> None:
        """Send each payload as one text frame, unchecked: bad UTF-8 goes out as it is."""
        if self.is_muted:
            return
        for payload in payloads:
            self._protocol.send_text(payload)
        self.delivered += len(payloads)
        self._flush()

    def limit_buffer(self, high: int) -> None:
        """Feel a slow reader early, as a server with small write buffers does."""
        self._transport.set_write_buffer_limits(high)

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye properly, which the real server never does by itself."""
        if self.is_open and not self.is_muted:
            self._protocol.send_close(code, reason)
            self._flush()

    def abort(self) -> None:
        """Drop the TCP connection without a word."""
        self._transport.abort()

    def mute(self) -> None:
        """Be as silent as a peer whose network is gone, with TCP seemingly alive."""
        self.is_muted = True
        self._transport.pause_reading()

    def _note(self, frame: Frame) -> None:
        if frame.opcode is Opcode.PING:
            self.pings += 1
        elif frame.opcode is Opcode.PONG:
            self.pongs += 1
        elif frame.opcode is not Opcode.CLOSE:
            self.received += 1

    def _schedule_ping(self, interval: float) -> None:
        loop = asyncio.get_running_loop()
        self._pinger = loop.call_later(interval, self._ping, interval)

    def _ping(self, interval: float) -> None:
        if self.is_open and self._protocol.state is State.OPEN:
            if not self.is_muted:
                self._protocol.send_ping(b"")
                self._flush()
            self._schedule_ping(interval)

    def _flush(self) -> None:
        if self.is_muted:
            return
        chunks = self._protocol.data_to_send()
        if chunks and not self._transport.is_closing():
            data = b"".join(chunks)
            if data:
                self._transport.write(data)
        if self._protocol.state is not State.CONNECTING and self._protocol.close_expected():
            self._transport.close()
