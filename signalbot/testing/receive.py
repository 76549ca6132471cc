"""The way of a frame from signal-cli's line to the sockets."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .records import Logs

if TYPE_CHECKING:
    from .websocket import ReceiveSocket

# So many lines are read before other work of the server's thread gets its turn.
_BATCH = 500

# Lossy mode, fitted to the table of RECEIVE.md §4: what the server spends on reading one line,
# and what a socket's task spends on writing one frame before it waits for the next.
_SECONDS_PER_LINE = 1.0e-5
_SECONDS_PER_BYTE = 1.3e-8
_USUAL_WRITE = (0.8e-4, 2.2e-4)
_LATE_WRITE = (0.8e-3, 2.0e-3)
_LATE_SHARE = 0.09


@dataclass(slots=True)
class _Line:
    """One line from signal-cli: a frame, or an answer that a route waits for."""

    account: str | None
    payload: bytes
    arrived: float
    answer: asyncio.Future[None] | None = None


class Hub:
    """Hands frames to the sockets; everything but :meth:`submit` runs on the server's thread.

    Ordinarily nothing is lost on the way to an open socket. With ``lossy`` the hand-over is the
    real one: a frame that comes while a socket's task still writes the previous one is dropped
    for that socket, and a socket whose client does not read holds the lock that all need.
    """

    def __init__(
        self, logs: Logs, *, is_classic: bool, lossy: bool, hold: bool, seed: int = 7
    ) -> None:
        self.logs = logs
        self.is_classic = is_classic
        self.lossy = lossy
        self.hold = hold
        self.sockets: list[ReceiveSocket] = []
        self.past: list[ReceiveSocket] = []
        self.duplicates = 0
        self.unheard = 0
        self.pushed = 0
        self.post: Callable[[bytes], Awaitable[None]] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        # Appended to by any thread, emptied by the server's: both ends of a deque are atomic.
        self._lines: deque[_Line] = deque()
        self._held: deque[_Line] = deque()
        # Classic modes: what waits at Signal for the next poll, and the poll that waits for it.
        self._queued: dict[str, deque[bytes]] = {}
        self._poll: asyncio.Event | None = None
        self._is_scheduled = False
        self._reader: asyncio.Task[None] | None = None
        self._line_free = 0.0
        self._lock_holder: ReceiveSocket | None = None
        self._random = random.Random(seed)  # nosec B311 - timing, not a secret

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin: lines are read on this loop."""
        self._loop = loop
        self._is_scheduled = False
        self._poll = None
        self._lock_holder = None
        self._wake()

    def detach(self) -> None:
        """End: lines stay where they are until the next start."""
        self._loop = None
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    def submit(self, account: str | None, payload: bytes) -> None:
        """Give in one line, from any thread; ``account=None`` is for every socket."""
        copies = 1
        if self.duplicates:
            self.duplicates -= 1
            copies = 2
        for _ in range(copies):
            self._lines.append(_Line(account, payload, time.monotonic()))
        self._wake()

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None and not self._is_scheduled:
            self._is_scheduled = True
            try:
                loop.call_soon_threadsafe(self._read_lines)
            except RuntimeError:
                # The loop was closed in between: the server is being stopped.
                self._is_scheduled = False

    # -- reading ------------------------------------------------------------------------

    def _read_lines(self) -> None:
        self._is_scheduled = False
        if self.post is not None:
            if self._reader is None or self._reader.done():
                self._reader = asyncio.ensure_future(self._read_and_post())
            return
        batches: dict[ReceiveSocket, list[bytes]] = {}
        for _ in range(min(_BATCH, len(self._lines))):
            self._hand_over(self._lines.popleft(), batches)
        for socket, payloads in batches.items():
            if socket.is_open:
                socket.write(payloads)
        self.logs.ring()
        if self._lines:
            self._wake()

    async def _read_and_post(self) -> None:
        """Like the real read loop: nothing else is read until the webhook has answered."""
        while self._lines and self.post is not None:
            line = self._lines.popleft()
            if line.answer is not None:
                if not line.answer.done():
                    line.answer.set_result(None)
                continue
            batches: dict[ReceiveSocket, list[bytes]] = {}
            line.arrived = time.monotonic()
            self._hand_over(line, batches)
            for socket, payloads in batches.items():
                if socket.is_open:
                    socket.write(payloads)
            self.logs.ring()
            await self.post(line.payload)
            self.logs.ring()
        self._reader = None

    async def answer_turn(self) -> None:
        """Wait until signal-cli's answer is read: it stands in line behind the frames."""
        if self.post is None or not (self._lines or self._reader):
            return
        future = asyncio.get_running_loop().create_future()
        self._lines.append(_Line(None, b"", 0.0, future))
        self._read_lines()
        await future

    def _hand_over(self, line: _Line, batches: dict[ReceiveSocket, list[bytes]]) -> None:
        if line.answer is not None:
            if not line.answer.done():
                line.answer.set_result(None)
            return
        self.pushed += 1
        if self.is_classic:
            self._queued.setdefault(line.account or "", deque()).append(line.payload)
            if self._poll is not None:
                self._poll.set()
            return
        if self.lossy:
            self._hand_over_unbuffered(line)
            return
        targets = self._targets(line)
        if not targets:
            if self.hold:
                self._held.append(line)
            else:
                self.unheard += 1
        for socket in targets:
            batches.setdefault(socket, []).append(line.payload)

    def _targets(self, line: _Line) -> list[ReceiveSocket]:
        if line.account is None:
            return list(self.sockets)
        return [s for s in self.sockets if s.account == line.account]

    @property
    def queued(self) -> int:
        """How many frames wait for a poll, or for a socket if they are held."""
        return sum(len(queue) for queue in self._queued.values()) + len(self._held)

    async def next_queued(self, account: str, timeout: float) -> bytes | None:
        """The next message that waits for this account, or None if none comes in time."""
        self._poll = self._poll or asyncio.Event()
        deadline = time.monotonic() + timeout
        while True:
            queue = self._queued.get(account)
            if queue:
                return queue.popleft()
            self._poll.clear()
            try:
                await asyncio.wait_for(self._poll.wait(), deadline - time.monotonic())
            except asyncio.TimeoutError:
                return None

    # -- lossy hand-over ----------------------------------------------------------------

    def _hand_over_unbuffered(self, line: _Line) -> None:
        now = max(line.arrived, self._line_free)
        self._line_free = now + _SECONDS_PER_LINE + len(line.payload) * _SECONDS_PER_BYTE
        if not self._targets(line):
            self.unheard += 1
        # Every socket's task is handed every frame and sorts out foreign accounts afterwards.
        for socket in list(self.sockets):
            is_meant = line.account is None or socket.account == line.account
            if socket.waiting is not None or now < socket.busy_until:
                socket.dropped += is_meant
            elif not is_meant:
                socket.busy_until = now + 2e-6
            elif self._is_locked():
                socket.waiting = line.payload
            else:
                self._write_locked(socket, line.payload, now)

    def _write_locked(self, socket: ReceiveSocket, payload: bytes, now: float) -> None:
        late = self._random.random() < _LATE_SHARE
        socket.busy_until = now + self._random.uniform(*(_LATE_WRITE if late else _USUAL_WRITE))
        socket.write([payload])
        if socket.is_paused:
            self._lock_holder = socket
            socket.busy_until = float("inf")

    def unblocked(self, socket: ReceiveSocket) -> None:
        """A client reads again, or is gone: its write ends, the others get the lock."""
        if self._lock_holder is not socket:
            return
        self._lock_holder = None
        socket.busy_until = time.monotonic()
        for other in list(self.sockets):
            payload = other.waiting
            if payload is not None and not self._is_locked():
                other.waiting = None
                self._write_locked(other, payload, time.monotonic())

    def _is_locked(self) -> bool:
        return self._lock_holder is not None

    # -- sockets come, sockets go -------------------------------------------------------

    def join(self, socket: ReceiveSocket) -> None:
        """A socket has subscribed."""
        if self.lossy:
            # One byte, not zero: above zero the transport tells when it has drained.
            socket.limit_buffer(1)
        self.sockets.append(socket)
        if self._held:
            held = [line for line in self._held if line.account in (None, socket.account)]
            self._held = deque(x for x in self._held if x.account not in (None, socket.account))
            socket.write([line.payload for line in held])
        self.logs.ring()

    def leave(self, socket: ReceiveSocket) -> None:
        """A socket is gone, whatever the reason."""
        if socket in self.sockets:
            self.sockets.remove(socket)
            self.past.append(socket)
            self.unblocked(socket)
        self.logs.ring()
