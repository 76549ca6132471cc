"""One HTTP/1.1 connection on a bare socket, with one deadline for everything it does.

Sending never blocks in the kernel, so that an answer which comes while a large body is still on
its way (a proxy's 413) is seen. Receiving blocks with a kernel timeout: Python's own timeouts add
a ``poll()`` to each call and give the GIL away twice more (measured: 4 µs of CPU and 20 µs of
waiting per request). TLS sockets need Python's timeouts all the same: OpenSSL's wrapper would go
on after a kernel timeout.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import struct
from collections.abc import Callable
from time import monotonic
from typing import IO

from signalbot.errors import RequestFailed, RequestTimedOut
from signalbot.infrastructure.lean_http1 import AnswerReader, RawAnswer

Progress = Callable[[int, int], None]  # (bytes of the body sent so far, bytes in all)

_SMALL_BODY = 64 * 1024  # copied behind its head, so that one packet carries both
_PIECE = 256 * 1024
_LONGEST_WAIT = 3600.0
_DONTWAIT = int(getattr(socket, "MSG_DONTWAIT", 0))  # 0: Windows, which gets Python's timeouts
# A host that has set SIGPIPE to its default must not die of a closed connection.
_NOSIGNAL = int(getattr(socket, "MSG_NOSIGNAL", 0))
_AT_ONCE = _DONTWAIT | _NOSIGNAL  # as plain numbers: joining two flags of an enum takes 2 µs
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class LeanConnection:
    """Used by one thread at a time; whoever took it from the pool may exchange and close.

    Attributes:
        has_sent: the kernel took at least one byte of the last request.
        is_reusable: the last exchange ended cleanly, and the server keeps the connection.
        idle_since: for the pool.
    """

    __slots__ = (
        "_deadline",
        "_is_plain",
        "_reader",
        "_sock",
        "_timeout",
        "has_sent",
        "idle_since",
        "is_reusable",
    )

    def __init__(self, sock: socket.socket) -> None:
        """Take over a socket that is connected and has its TLS handshake behind it."""
        sock.settimeout(None)
        self._sock = sock
        self._is_plain = bool(_DONTWAIT) and not isinstance(sock, ssl.SSLSocket)
        self._reader = AnswerReader(self._receive)
        self._timeout = -1.0  # what the socket is set to
        self._deadline = 0.0
        self.has_sent = False
        self.is_reusable = False
        self.idle_since = 0.0

    def exchange(
        self,
        head: bytes,
        body: bytes,
        *,
        deadline: float,
        max_body: int,
        is_head_request: bool = False,
        on_progress: Progress | None = None,
        sink: IO[bytes] | None = None,
    ) -> RawAnswer:
        """Send a request and read its answer, all before ``deadline`` (monotonic clock).

        Raises:
            RequestFailed: this connection is of no more use; ``may_have_been_sent`` is exact.
        """
        self.is_reusable = False
        self.has_sent = False
        self._deadline = deadline
        if len(body) <= _SMALL_BODY:
            is_complete = self._send(head + body, None)
            if on_progress is not None:
                on_progress(len(body), len(body))
        else:
            is_complete = self._send(head, None) and self._send(body, on_progress)
        answer = self._reader.read(is_head_request=is_head_request, max_body=max_body, sink=sink)
        self.is_reusable = is_complete and self._reader.is_reusable
        return answer

    def is_stale(self) -> bool:
        """Tell whether the server has closed this idle connection, or sent what no one asked for.

        It costs 6 µs, so the pool asks only those that were idle for a while, and turns most races
        with a closing server into a new connection instead of a send whose fate is unknown.
        """
        try:
            if self._is_plain:
                self._sock.recv(1, socket.MSG_PEEK | _DONTWAIT)
            else:  # TLS cannot peek; reading only swallows its housekeeping (session tickets)
                self._set_nonblocking()
                self._sock.recv(1)
        except _WOULD_BLOCK:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Give the file descriptor back, without a goodbye: a forked child may call this too."""
        self.is_reusable = False
        self._sock.close()

    def _send(self, data: bytes, on_progress: Progress | None) -> bool:
        """Send all; False if the server answered or hung up before the end."""
        sent = 0
        if self._is_plain and on_progress is None:
            try:
                sent = self._sock.send(data, _AT_ONCE)
                self.has_sent = True
            except BlockingIOError:
                pass
            except OSError as error:
                return self._hung_up(error)
            if sent == len(data):
                return True
        return self._send_rest(memoryview(data), sent, on_progress)

    def _send_rest(self, data: memoryview, sent: int, on_progress: Progress | None) -> bool:
        self._set_nonblocking()
        flags = _NOSIGNAL if self._is_plain else 0
        while sent < len(data):
            events = selectors.EVENT_READ
            try:
                sent += self._sock.send(data[sent : sent + _PIECE], flags)
                self.has_sent = True
                if on_progress is not None:
                    on_progress(sent, len(data))
                continue
            except ssl.SSLWantReadError:
                pass  # the other side has to speak first: waiting for "writable" would spin
            except _WOULD_BLOCK:
                events |= selectors.EVENT_WRITE
            except OSError as error:
                return self._hung_up(error)
            if self._wait_for(events) & selectors.EVENT_READ and self._has_early_answer():
                return False
        return True

    def _hung_up(self, error: OSError) -> bool:
        if not self.has_sent:
            raise RequestFailed(
                "the server had closed the connection", may_have_been_sent=False
            ) from error
        return False  # it may have said why before it left: read on

    def _has_early_answer(self) -> bool:
        try:
            self._reader.buffer += self._sock.recv(_PIECE)
        except _WOULD_BLOCK:
            return False  # TLS housekeeping
        except OSError:
            pass  # reading on will name it
        return True

    def _wait_for(self, events: int) -> int:
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, events)
            left = self._deadline - monotonic()
            if left <= 0:
                raise self._late()
            ready = selector.select(min(left, _LONGEST_WAIT))
        return ready[0][1] if ready else 0

    def _receive(self, size: int) -> bytes:
        while True:
            left = self._deadline - monotonic()
            if left <= 0:
                raise self._late()
            # Whole seconds, so that the setting survives from call to call; a wait that ends
            # early because of that only leads into another, exact one.
            timeout = left if left < 2.0 else float(int(min(left, _LONGEST_WAIT)))
            if timeout != self._timeout:
                self._set_timeout(timeout)
            try:
                return self._sock.recv(size)
            except (BlockingIOError, TimeoutError):
                continue
            except OSError as error:
                raise RequestFailed(
                    "the connection broke before the answer was complete"
                ) from error

    def _set_nonblocking(self) -> None:
        self._sock.settimeout(0)
        self._timeout = 0.0

    def _set_timeout(self, seconds: float) -> None:
        if self._is_plain:
            if self._timeout == 0.0:
                self._sock.settimeout(None)
            micros = max(int(seconds * 1e6), 1000)  # zero would mean "for ever"
            timeval = struct.pack("@ll", *divmod(micros, 1_000_000))
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
        else:
            self._sock.settimeout(seconds)
        self._timeout = seconds

    def _late(self) -> RequestTimedOut:
        return RequestTimedOut("no answer in time", may_have_been_sent=self.has_sent)
