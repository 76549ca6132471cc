"""One TCP or TLS connection that a single thread owns and any thread can interrupt.

Every wait, from the look-up of the name to the last read, is a wait for the socket *and* for a
``Wakeup``. Shutting the socket down from outside would wake a blocked read as well, but it is too
late for a name look-up, leaves a TLS connection in an undefined state, and cannot ask for a polite
farewell.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any, TypeAlias

from signalbot.errors import ConnectFailed, RequestTimedOut
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.intake_errors import RECEIVE_PATH, ConnectionLost, TlsFailed
from signalbot.infrastructure.wakeup import READ, WRITE, TimeIsUp, Wakeup

_AddressInfo: TypeAlias = "tuple[Any, Any, int, str, Any]"
_NO_TLS_THERE = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
_IN_PROGRESS = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, errno.EINTR)


class Line:
    """A connected, non-blocking socket; reads and writes have a deadline each.

    Everything but ``cut`` belongs to the thread that dialled.
    """

    def __init__(self, sock: socket.socket, wakeup: Wakeup) -> None:
        self._sock = sock
        self._wakeup = wakeup
        self._is_drained = False
        # Between `cut` (any thread) and `close` (the owner): without it a file descriptor number
        # that was closed and used again could be shut down.
        self._closing = threading.Lock()

    def receive(self, size: int, deadline: float) -> bytes:
        """Return up to ``size`` bytes as soon as there are any.

        Raises:
            ConnectionLost: at the end of the stream, and when the connection breaks.
            TimeIsUp: if nothing came until the deadline.
            Woken: if another thread wants attention.
        """
        if self._is_drained:  # to be told so would take an exception, for each frame on its own
            self._wakeup.wait(deadline, self._sock, READ)
        while not isinstance(data := self._receive_now(size), bytes):
            self._wakeup.wait(deadline, self._sock, data)
        # TLS may hold more than it gave, of which the socket knows nothing.
        self._is_drained = len(data) < size and not isinstance(self._sock, ssl.SSLSocket)
        return data

    def send(self, data: bytes, deadline: float) -> None:
        """Send everything; the connection is spoilt if this raises.

        Raises:
            ConnectionLost, TimeIsUp, Woken: as ``receive``.
        """
        while data:
            sent, events = self._send_now(data)
            data = data[sent:]
            if events:
                self._wakeup.wait(deadline, self._sock, events)

    def cut(self) -> None:
        """End the connection under the owner's hands, for when it does not come to its senses."""
        # Not SSLSocket.shutdown: that one also turns the socket into a plain one, and the owner
        # would read the cipher text as if it were frames. It fails if nothing is connected any
        # more, which is what was wanted.
        with self._closing, contextlib.suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back."""
        with self._closing:
            self._sock.close()

    def _receive_now(self, size: int) -> bytes | int:
        """What is there, or what to wait for; over TLS reading may have to wait for writing."""
        try:
            data = self._sock.recv(size)
        except (BlockingIOError, ssl.SSLWantReadError):
            return READ
        except ssl.SSLWantWriteError:
            return WRITE
        except OSError as error:
            raise ConnectionLost(f"the connection broke: {_words(error)}") from error
        if not data:
            raise ConnectionLost("the server closed the connection")
        return data

    def _send_now(self, data: bytes) -> tuple[int, int]:
        try:
            return self._sock.send(data), 0
        except (BlockingIOError, ssl.SSLWantWriteError):
            return 0, WRITE
        except ssl.SSLWantReadError:
            return 0, READ
        except OSError as error:
            raise ConnectionLost(f"the connection broke: {_words(error)}") from error


def dial(endpoint: Endpoint, wakeup: Wakeup, *, timeout: float, account: str) -> Line:
    """Connect to the server: name, TCP, TLS. Proxies of the environment are never asked.

    Raises:
        ConnectFailed: if nobody accepts the connection.
        TlsFailed: if the TLS handshake fails.
        RequestTimedOut: if it took longer than ``timeout`` seconds.
        Woken: if another thread wants attention.
    """
    where = {"method": "GET", "path_template": RECEIVE_PATH, "account": account}
    attempt = _Dialling(endpoint, wakeup, time.monotonic() + timeout, where)
    try:
        return Line(attempt.secure(attempt.connect(attempt.look_up())), wakeup)
    except TimeIsUp as error:
        raise RequestTimedOut(
            f"{endpoint.authority} did not answer within {timeout:g} s (connecting)",
            may_have_been_sent=False,
            **where,
        ) from error


@dataclass(frozen=True)
class _Dialling:
    """One attempt, phase by phase; each phase closes its own socket when it fails."""

    endpoint: Endpoint
    wakeup: Wakeup
    deadline: float
    where: dict[str, Any]

    def look_up(self) -> list[_AddressInfo]:
        """Ask for the addresses, in a thread: the system's look-up cannot be interrupted.

        A look-up that outlives its caller ends by itself and is of no further consequence.
        """
        found: list[list[_AddressInfo] | OSError] = []

        def ask() -> None:
            found.append(_addresses(self.endpoint.host, self.endpoint.port))
            self.wakeup.nudge()

        threading.Thread(target=ask, name="signalbot-dns", daemon=True).start()
        while not found:
            self.wakeup.wait(self.deadline)
        result = found[0]
        if isinstance(result, OSError):
            raise ConnectFailed(
                f"the host name of {self.endpoint.authority} was not found: {_words(result)}",
                **self.where,
            ) from result
        return result

    def connect(self, addresses: list[_AddressInfo]) -> socket.socket:
        """Try one address after the other, so that none of them can use up all the time."""
        problem: Exception = OSError("no address")
        for index, (family, kind, proto, _, address) in enumerate(addresses):
            now = time.monotonic()
            share = (self.deadline - now) / (len(addresses) - index)
            try:
                return self._connect(socket.socket(family, kind, proto), address, now + share)
            except (OSError, TimeIsUp) as error:
                problem = error
        if isinstance(problem, TimeIsUp):
            raise problem
        raise ConnectFailed(
            f"no connection to {self.endpoint.authority}: {_words(problem)}. "
            "Is the server running, and is this its address?",
            **self.where,
        ) from problem

    def _connect(self, sock: socket.socket, address: Any, deadline: float) -> socket.socket:
        try:
            sock.setblocking(False)
            _set_options(sock)
            code = sock.connect_ex(address)
            if code in _IN_PROGRESS:
                self.wakeup.wait(deadline, sock, WRITE)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
        except BaseException:
            sock.close()
            raise
        return sock

    def secure(self, sock: socket.socket) -> socket.socket:
        """Put TLS on top, if the address asks for it."""
        context = self.endpoint.ssl_context()
        if context is None:
            return sock
        try:
            # The handshake is ours to do: wrap_socket would do it without a deadline.
            sock = context.wrap_socket(
                sock, server_hostname=self.endpoint.host, do_handshake_on_connect=False
            )
            self._shake_hands(sock)
        except BaseException as error:
            sock.close()
            if not isinstance(error, OSError):
                raise
            cause = error
        else:
            return sock
        kind = ConnectFailed if _is_hangup(cause) else TlsFailed
        raise kind(
            f"no TLS connection to {self.endpoint.authority}: {_words(cause)}", **self.where
        ) from cause

    def _shake_hands(self, sock: ssl.SSLSocket) -> None:
        while events := _handshake_now(sock):
            self.wakeup.wait(self.deadline, sock, events)


def _handshake_now(sock: ssl.SSLSocket) -> int:
    """What to wait for, 0 when done."""
    try:
        sock.do_handshake()
    except ssl.SSLWantReadError:
        return READ
    except ssl.SSLWantWriteError:
        return WRITE
    return 0


def _addresses(host: str, port: int) -> list[_AddressInfo] | OSError:
    try:
        # As bytes: a str is encoded by "idna", whatever it holds, which takes 200 KB.
        return list(socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM))
    except OSError as error:
        return error
    except UnicodeError:  # a label that is too long for DNS
        return OSError("it is no valid host name")


def _set_options(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Our own pings find a dead peer earlier; these are for a process that is stopped meanwhile.
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _is_hangup(error: OSError) -> bool:
    """The peer went away during the handshake, as in a restart; not a matter of TLS."""
    return isinstance(error, ssl.SSLEOFError) or not isinstance(error, ssl.SSLError)


def _words(error: Exception) -> str:
    """What went wrong and, if it can be told, what to change."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"{error.verify_message}. Set verify= to the authority's certificate, "
            "or write signal_service with the name that the certificate has"
        )
    if isinstance(error, ssl.SSLError):
        if error.reason in _NO_TLS_THERE:
            return "it speaks no TLS. Write signal_service with http:// instead of https://"
        return (error.reason or "TLS error").replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
