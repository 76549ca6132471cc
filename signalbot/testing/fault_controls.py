"""Switches for everything that can go wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .faults import Fault, Faults
from .receive import Hub
from .replies import JSON, Reply, go_json
from .state import Person, State
from .world import World

if TYPE_CHECKING:
    from .application import Application
    from .server import ServerThread
    from .websocket import ReceiveSocket

SOCKETS = "/v1/receive/"


class FaultControls:
    """Mixed into :class:`~signalbot.testing.FakeSignal`.

    Faults hit in the order in which they were set. ``path`` compares by its beginning, ``n`` is
    how many requests are hit; ``handled=True`` means that the call takes effect all the same.
    """

    state: State
    world: World
    hub: Hub
    faults: Faults
    _application: Application | None
    _server: ServerThread | None

    # -- answers ------------------------------------------------------------------------

    def fail_next(
        self,
        n: int = 1,
        status: int = 500,
        body: bytes = b"",
        *,
        text: str | None = None,
        content_type: str = JSON,
        path: str | None = None,
        method: str | None = None,
        handled: bool = False,
    ) -> None:
        """Answer the next requests with an error; by default like a Go panic, 500 and empty.

        ``text`` makes the server's usual ``{"error": text}``.
        """
        if text is not None:
            body = go_json({"error": text})
        reply = Reply(status, body, content_type)
        self.faults.add(
            Fault("reply", n, method=method, path=path, reply=reply, is_handled=handled)
        )

    def garbage(
        self, n: int = 1, body: bytes = b'[{"timestamp":"17', *, path: str | None = None
    ) -> None:
        """Answer 201 with something that is no JSON, although the call took effect."""
        self.fail_next(n, 201, body, path=path, handled=True)

    def rate_limit(
        self,
        n: int | None = 1,
        tokens: tuple[str, ...] = ("tok-1",),
        *,
        seconds: float | None = None,
        path: str | None = "/v2/send",
        handled: bool = False,
    ) -> None:
        """Answer as if Signal limited us: 429 with tokens (400 in classic modes, other paths).

        It ends after ``n`` requests, after ``seconds``, or when a token's challenge is solved.
        ``tokens=("",)`` is a limit that only time lifts, ``()`` one without any token;
        ``path=None`` is for all calls that send something.
        """
        until = None if seconds is None else time.monotonic() + seconds
        n = None if seconds is not None and n == 1 else n
        self.faults.add(
            Fault("rate-limit", n, path=path, tokens=tokens, until=until, is_handled=handled)
        )

    def slow(self, seconds: float, path: str | None = None, method: str | None = None) -> None:
        """Answer later, until the faults are cleared."""
        self.faults.add(Fault("slow", None, method=method, path=path, seconds=seconds))

    def hang(
        self,
        path: str | None = None,
        n: int | None = None,
        *,
        method: str | None = None,
        handled: bool = False,
    ) -> None:
        """Never answer, until :meth:`release`, :meth:`clear_faults` or ``stop``.

        ``handled=True`` is the real server's lost answer: the message did go out.
        """
        self.faults.add(Fault("hang", n, method=method, path=path, is_handled=handled))

    def release(self) -> None:
        """Answer the requests that hang now."""
        if self._application is not None and self._server is not None:
            self._server.call(self._application.release)

    def crash_mid_request(
        self,
        n: int = 1,
        *,
        path: str | None = None,
        method: str | None = None,
        handled: bool = False,
    ) -> None:
        """Drop TCP after the request was read; ``handled=True``: in the middle of the answer."""
        self.faults.add(Fault("crash", n, method=method, path=path, is_handled=handled))

    def clear_faults(self) -> None:
        """Let everything work again, recipients included."""
        self.faults.clear()
        self.hub.duplicates = 0
        with self.state.lock:
            for person in self.state.people:
                person.failure = None
        self.release()

    # -- recipients ---------------------------------------------------------------------

    def untrusted(self, recipient: str | Person) -> None:
        """Make sending fail because the safety number changed, until it is trusted."""
        person = self.fail_recipient(recipient, "IDENTITY_FAILURE")
        person.trust = "UNTRUSTED"

    def unregistered(self, recipient: str | Person) -> None:
        """Make somebody unknown to Signal."""
        self.fail_recipient(recipient, "UNREGISTERED_FAILURE").is_registered = False

    def fail_recipient(self, recipient: str | Person, reason: str = "NETWORK_FAILURE") -> Person:
        """Make sending to somebody fail for any of signal-cli's reasons."""
        with self.state.lock:
            person = self.state.named(recipient)
            person.failure = reason
        return person

    # -- websockets ---------------------------------------------------------------------

    def drop_websocket(self) -> None:
        """Cut the TCP connection of every websocket, without a close frame (1006)."""
        self._each_socket(lambda socket: socket.abort())

    def close_websocket(self, code: int = 1000, reason: str = "") -> None:
        """Close every websocket with a close frame, as a proxy may."""
        self._each_socket(lambda socket: socket.close(code, reason))

    def half_open(self) -> None:
        """Fall silent on every open websocket: TCP stays, nothing is sent, read or ponged."""
        self._each_socket(lambda socket: socket.mute())

    def refuse_websocket(self, n: int | None = 1, status: int | None = 503) -> None:
        """Refuse handshakes; ``status=None`` drops the connection instead."""
        if status is None:
            self.faults.add(Fault("crash", n, path=SOCKETS))
        else:
            self.faults.add(Fault("reply", n, path=SOCKETS, reply=Reply(status)))

    def _each_socket(self, action: Callable[[ReceiveSocket], None]) -> None:
        def act() -> None:
            for socket in list(self.hub.sockets):
                action(socket)

        self._running().call(act)

    def duplicate_next(self, n: int = 1) -> None:
        """Deliver the next frames twice."""
        self.hub.duplicates += n

    # -- polls --------------------------------------------------------------------------

    def add_poll_noise(self, line: str = "java.lang.RuntimeException: x") -> None:
        """Put a line that is no JSON into the next poll's array."""
        self.world.poll_noise.append(line)

    def fail_poll(self, text: str = "Failed to receive messages: Connection closed!") -> None:
        """Let the next poll end in a 400 whose text also holds the messages it had received."""
        self.world.poll_failure = text

    # -- the server itself --------------------------------------------------------------

    def stop_listening(self) -> None:
        """Be gone as a server that restarts: all connections drop, new ones are refused."""
        self._running().stop_listening()

    def listen_again(self) -> None:
        """Come back on the same port, with the state of before."""
        self._running().listen_again()

    def _running(self) -> ServerThread:
        if self._server is None:
            raise RuntimeError("the stand-in is not running: call start() first")
        return self._server
