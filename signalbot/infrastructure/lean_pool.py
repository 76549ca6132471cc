"""The idle connections to one server, newest first, so that the fewest possible stay open."""

from __future__ import annotations

import os
import socket
import ssl
from collections import deque
from time import monotonic
from typing import IO

from signalbot.errors import ConnectFailed, RequestFailed, RequestTimedOut
from signalbot.infrastructure.lean_connection import LeanConnection, Progress
from signalbot.infrastructure.lean_http1 import RawAnswer

CONNECT_TIMEOUT = 10.0
# Below the idle limits of common servers (uvicorn and Node: 5 s), so that they rarely close first.
KEEPALIVE = 4.0
# A connection that was in use a moment ago need not be asked whether it lives: the question is a
# system call, and gives the GIL away once more (6 µs of 60).
FRESH = 0.005
_SWEEP_EVERY = 0.5
MAX_BODY = 64 * 1024 * 1024


class LeanPool:
    """Exchanges bytes with one server, from any thread, over connections that are kept.

    No lock: the deque's own operations are atomic, and whoever popped a connection owns it.
    It bounds nothing, that is the throttle's office. Connections belong to the process that
    opened them: a forked child starts with none.
    """

    def __init__(
        self,
        host: str,
        port: int,
        ssl_context: ssl.SSLContext | None = None,
        *,
        connect_timeout: float = CONNECT_TIMEOUT,
        keepalive: float = KEEPALIVE,
    ) -> None:
        self._host = host
        self._port = port
        self._ssl_context = ssl_context
        self._connect_timeout = connect_timeout
        self._keepalive = keepalive
        self._idle: deque[LeanConnection] = deque()
        self._next_sweep = 0.0  # when those that nobody took are looked at again
        self._pid = os.getpid()
        self._is_closed = False

    def exchange(
        self,
        head: bytes,
        body: bytes = b"",
        *,
        deadline: float,
        max_body: int = MAX_BODY,
        is_head_request: bool = False,
        on_progress: Progress | None = None,
        sink: IO[bytes] | None = None,
    ) -> RawAnswer:
        """Send the bytes of a request, and return the answer.

        It goes out a second time only if a kept connection took not one byte of it.

        Args:
            head: request line and headers, up to and with the empty line.
            deadline: on the monotonic clock, for connecting, sending and reading together.

        Raises:
            RequestFailed: ``may_have_been_sent`` says whether the server can have seen it.
        """
        while True:
            kept = self._take()
            connection = kept or self._connect(deadline)
            try:
                answer = connection.exchange(
                    head,
                    body,
                    deadline=deadline,
                    max_body=max_body,
                    is_head_request=is_head_request,
                    on_progress=on_progress,
                    sink=sink,
                )
            except BaseException as error:  # KeyboardInterrupt too leaves half an answer behind
                connection.close()
                if kept and _is_unsent(error):
                    continue
                raise
            self._give_back(connection)
            return answer

    def close(self) -> None:
        """Close what is idle, now, and what is in use, when its exchange ends."""
        self._is_closed = True
        if self._pid == os.getpid():
            self._drop_older_than(float("inf"))

    def _take(self) -> LeanConnection | None:
        if self._is_closed:
            raise RequestFailed("this client is closed", may_have_been_sent=False)
        if self._pid != os.getpid():
            self._idle = deque()  # the parent talks on the inherited ones
            self._pid = os.getpid()
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            idle = monotonic() - connection.idle_since
            if idle < FRESH or (idle < self._keepalive and not connection.is_stale()):
                return connection
            connection.close()

    def _give_back(self, connection: LeanConnection) -> None:
        if not connection.is_reusable:
            connection.close()
            return
        connection.idle_since = now = monotonic()
        self._idle.append(connection)
        if self._is_closed:  # asked after appending: close() sees the connection or is seen here
            self._drop_older_than(float("inf"))
        elif now >= self._next_sweep:
            self._next_sweep = now + _SWEEP_EVERY
            self._drop_older_than(now - self._keepalive)

    def _drop_older_than(self, time: float) -> None:
        try:
            while self._idle[0].idle_since < time:
                self._idle.popleft().close()
        except IndexError:  # empty, perhaps because another thread was quicker
            pass

    def _connect(self, deadline: float) -> LeanConnection:
        if monotonic() >= deadline:
            raise RequestTimedOut("no time was left to connect", may_have_been_sent=False)
        deadline = min(deadline, monotonic() + self._connect_timeout)
        where = f"{self._host}:{self._port}"
        try:
            # As bytes: a str is encoded by "idna", whatever it holds, which takes 200 KB.
            addresses = socket.getaddrinfo(
                self._host.encode("ascii"), self._port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:  # UnicodeError: no legal host name
            raise ConnectFailed(f"cannot find {where}: {error}") from error
        problem: OSError = OSError("it has no address")
        for position, (family, kind, protocol, _, address) in enumerate(addresses):
            # The time is shared, so that a dead first address leaves some for the next.
            timeout = (deadline - monotonic()) / (len(addresses) - position)
            if timeout <= 0:
                break
            sock = socket.socket(family, kind, protocol)
            try:
                return LeanConnection(self._open(sock, address, monotonic() + timeout))
            except OSError as error:
                sock.close()
                problem = error
            except BaseException:
                sock.close()
                raise
        raise ConnectFailed(f"cannot connect to {where}: {_reason(problem)}") from problem

    def _open(self, sock: socket.socket, address: object, deadline: float) -> socket.socket:
        sock.settimeout(deadline - monotonic())
        sock.connect(address)  # type: ignore[arg-type]  # whatever getaddrinfo gave
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._ssl_context is None:
            return sock
        sock.settimeout(max(deadline - monotonic(), 0.001))
        # Ragged ends are errors: they could hide that an answer was cut off.
        return self._ssl_context.wrap_socket(
            sock, server_hostname=self._host, suppress_ragged_eofs=False
        )


def _is_unsent(error: BaseException) -> bool:
    return (
        isinstance(error, RequestFailed)
        and not error.may_have_been_sent
        and not isinstance(error, RequestTimedOut)
    )


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); see verify="
    if isinstance(error, ssl.SSLError):
        return f"the TLS handshake failed ({error.reason or error}); does it speak https there?"
    return error.strerror or str(error)
