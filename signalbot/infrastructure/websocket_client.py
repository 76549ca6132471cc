"""Receives the frames of one account over a websocket."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable

import websocket

from signalbot.infrastructure.buffered_socket import BufferedSocket
from signalbot.infrastructure.dial import Line, dial
from signalbot.infrastructure.endpoint import Endpoint
from signalbot.infrastructure.frame_source import OnFrame, SourceStats
from signalbot.infrastructure.frame_stream import Farewell, FrameStream
from signalbot.infrastructure.handshake import PolledInstead, upgrade
from signalbot.infrastructure.intake_errors import (
    RECEIVE_PATH,
    ConnectionLost,
    FrameTooLarge,
    PeerSilent,
    ProtocolBroken,
)
from signalbot.infrastructure.liveness import Liveness, Verdict
from signalbot.infrastructure.wakeup import TimeIsUp, Wakeup, Woken
from signalbot.model.frames import frames

_HANDSHAKE_BUDGET = 64 * 1024  # bytes of an answer, beyond one frame's worth
_ORDERLY = (1000, 1001, 1005)
_SLACK = 0.2  # seconds for a reader that ends at its deadline to get there


class WebsocketClient:
    """One account's frames, pushed by a server in MODE json-rpc.

    One thread calls ``run`` and owns the socket: it dials, reads, pings and says goodbye. The
    server drops what is not read at once, so ``on_frame`` must only hand over.

        client = WebsocketClient(Endpoint.parse("127.0.0.1:8080"), "+4915112345678")
        threading.Thread(target=client.run, args=(queue.put_frame,)).start()
        ...
        client.close()

    Args:
        ping_interval: seconds of silence after which the peer is asked for a sign of life.
        ping_timeout: seconds that it has for the answer.
        max_frame: bytes that a message may have; a larger one ends the connection.
        connect_timeout: seconds for name look-up, TCP and TLS, and again for the handshake.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        number: str,
        *,
        ping_interval: float = 20.0,
        ping_timeout: float = 10.0,
        max_frame: int = 16 * 1024 * 1024,
        connect_timeout: float = 10.0,
    ) -> None:
        self._endpoint = endpoint
        self._number = number
        self._ping_interval = ping_interval
        self._ping_timeout = ping_timeout
        self._max_frame = max_frame
        self._connect_timeout = connect_timeout
        self.stats = SourceStats()
        # Guards the two below, which `run` and `close` share; never held while waiting.
        self._lock = threading.Lock()
        self._session: _Session | None = None  # None while nobody runs
        self._close_at: float | None = None  # None until closed for good

    def run(self, on_frame: OnFrame, *, on_open: Callable[[], None] = lambda: None) -> None:
        """Connect, and read until the connection ends.

        Returns after ``close``, and when the server says goodbye in good order. It can be called
        again then, to connect again, but not after ``close``.

        Args:
            on_frame: gets each message's bytes (not checked for UTF-8) with the time of arrival
                (seconds since the epoch), in this thread.
            on_open: called once, when the server has accepted.

        Raises:
            ConnectFailed, TlsFailed, RequestTimedOut: no connection came about.
            StatusError: the server refused; ``WrongMode``, if it is not in MODE json-rpc.
            ConnectionLost: the connection broke; as ``PeerSilent``, ``ProtocolBroken``,
                ``FrameTooLarge`` if that is why.
        """
        with self._lock:
            if self._session is not None:
                raise RuntimeError("run() is already active in another thread")
            if self._close_at is not None:
                return
            session = self._session = _Session()
        try:
            self._run(session, on_frame, on_open)
        except Woken:
            pass  # closed before there was a connection to say goodbye on
        except ConnectionLost as error:
            error.method, error.path_template, error.account = "GET", RECEIVE_PATH, self._number
            if not self._is_closing:
                raise
        finally:
            with self._lock:
                self._session = None
            session.end()

    def close(self, grace: float = 1.0) -> None:
        """Say goodbye, and return when ``run`` has ended, or after ``grace`` seconds.

        Until the server answers the goodbye, what it has already sent is still handed over. May be
        called by any thread at any time, ``on_frame`` included, and more than once.
        """
        close_at = time.monotonic() + grace
        with self._lock:
            self._close_at = min(close_at, self._close_at or close_at)
            session = self._session
        if session is None:
            return
        session.wakeup.set()
        if session.thread_id != threading.get_ident():
            session.await_end(grace)

    @property
    def _is_closing(self) -> bool:
        return self._close_at is not None

    def _run(self, session: _Session, on_frame: OnFrame, on_open: Callable[[], None]) -> None:
        session.line = dial(
            self._endpoint, session.wakeup, timeout=self._connect_timeout, account=self._number
        )
        sock = BufferedSocket(
            session.line,
            deadline=time.monotonic() + self._connect_timeout,
            budget=self._max_frame + _HANDSHAKE_BUDGET,
        )
        try:
            peer = upgrade(sock, self._endpoint, self._number, max_frame=self._max_frame)
        except PolledInstead as error:
            self._rescue(error.body, on_frame)
            raise
        on_open()
        sock.budget = math.inf
        stream = FrameStream(sock, peer, self._max_frame)
        try:
            self._read(session, sock, stream, on_frame)
        except websocket.WebSocketException as error:
            self._hang_up(stream, websocket.STATUS_PROTOCOL_ERROR)
            raise ProtocolBroken(f"the server broke the protocol: {error}", code=1002) from error
        except FrameTooLarge:
            self._hang_up(stream, websocket.STATUS_MESSAGE_TOO_BIG)
            raise

    def _read(
        self, session: _Session, sock: BufferedSocket, stream: FrameStream, on_frame: OnFrame
    ) -> None:
        """Hand over what comes, until one side says goodbye or the peer falls silent."""
        stats = self.stats
        liveness = Liveness(
            ping_interval=self._ping_interval, ping_timeout=self._ping_timeout, now=sock.heard_at
        )
        while True:
            sock.read_deadline = self._close_at or liveness.deadline
            sock.send_deadline = self._close_at or liveness.deadline + self._ping_timeout
            try:
                messages = stream.next_messages()
            except TimeIsUp:
                if self._close_at is not None:
                    return
                liveness.heard(sock.heard_at)
                self._ask_for_life(liveness, stream)
                continue
            except Woken:
                session.wakeup.clear()
                self._say_goodbye(sock, stream)
                continue
            except Farewell as farewell:
                self._judge(farewell)
                return
            liveness.heard(sock.heard_at)
            stats.last_heard_at = at = sock.received_at
            for message in messages:
                stats.count(len(message), at)
                on_frame(message, at)  # last, as it wakes another thread up
            # While the peer floods us, no read ever has to wait until its deadline.
            if self._close_at is not None and sock.heard_at >= self._close_at:
                return

    def _ask_for_life(self, liveness: Liveness, stream: FrameStream) -> None:
        now = time.monotonic()
        verdict = liveness.verdict(now)
        if verdict is Verdict.PING:
            stream.ping()
            liveness.pinged(now)
        elif verdict is Verdict.DEAD:
            raise PeerSilent(
                f"nothing came from {self._endpoint.authority}, and no answer to a ping "
                f"within {self._ping_timeout:g} s"
            )

    def _say_goodbye(self, sock: BufferedSocket, stream: FrameStream) -> None:
        sock.send_deadline = self._close_at or 0.0
        # If it takes nothing in, reading on until the deadline is all that is left.
        with contextlib.suppress(TimeIsUp, Woken):
            stream.say_goodbye()

    def _hang_up(self, stream: FrameStream, code: int) -> None:
        with contextlib.suppress(ConnectionLost, TimeIsUp, Woken):  # it is a courtesy
            stream.say_goodbye(code)

    def _judge(self, farewell: Farewell) -> None:
        if farewell.code not in _ORDERLY and not self._is_closing:
            raise ConnectionLost(
                f"the server closed the websocket with code {farewell.code}", code=farewell.code
            )

    def _rescue(self, body: bytes, on_frame: OnFrame) -> None:
        """Hand over the messages that a classic server has just given away for good."""
        now = time.time()
        whole, rest = frames(body, self._number)
        for frame in [*whole, *rest]:
            on_frame(frame, now)
            self.stats.count(len(frame), now)


class _Session:
    """One call of ``run``: what ``close`` needs to end it from another thread."""

    def __init__(self) -> None:
        self.thread_id = threading.get_ident()
        self.wakeup = Wakeup()
        self.line: Line | None = None  # None while dialling, which the wakeup alone can end
        self._ended = threading.Event()

    def await_end(self, grace: float) -> None:
        """Wait for the owner to end by itself; else take the connection from under its hands."""
        if not self._ended.wait(grace + _SLACK) and self.line is not None:
            self.line.cut()

    def end(self) -> None:
        """Give back what was used; called by the owner."""
        if self.line is not None:
            self.line.close()
        self.wakeup.close()
        self._ended.set()
