"""Waiting for a socket in such a way that another thread can end the wait."""

from __future__ import annotations

import math
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeAlias

_Poll: TypeAlias = Callable[[int], "list[tuple[int, int]]"]

READ = 1
WRITE = 2


class Woken(Exception):
    """Another thread asked for attention; deliberately no OSError, so that nobody retries it."""


class TimeIsUp(Exception):
    """The deadline passed first; no OSError for the same reason."""


class Wakeup:
    """A flag that a thread can wait for together with a socket.

    ``set`` may be called by any thread at any time; everything else belongs to the thread that
    waits. The socket pair behind it is closed by that thread, after which ``set`` does nothing.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        # Between `nudge` (any thread) and `close`: otherwise the byte could go into whatever
        # file has got the closed descriptor's number meanwhile.
        self._closing = threading.Lock()
        # Built for what was last waited for, as that is mostly waited for again.
        self._polled: tuple[socket.socket | None, int, _Poll] | None = None

    def set(self) -> None:
        """Raise the flag and end the wait."""
        self._is_set = True
        self.nudge()

    def nudge(self) -> None:
        """Have the waiting thread look around, without raising the flag."""
        with self._closing:
            try:
                self._writer.send(b"\0")
            except BlockingIOError:
                pass  # full of nudges that nobody has read yet: one more changes nothing
            except OSError:
                pass  # closed: nobody waits any more

    def clear(self) -> None:
        """Lower the flag; look at what it stands for afterwards, not before."""
        self._is_set = False

    def wait(self, deadline: float, sock: socket.socket | None = None, events: int = READ) -> None:
        """Return when the socket is ready, or (without a socket) after a nudge.

        Raises:
            Woken: if the flag is up.
            TimeIsUp: at the deadline (of the monotonic clock).
        """
        while True:
            if self._is_set:
                raise Woken
            timeout = max(0.0, deadline - time.monotonic())
            is_ready, is_nudged = self._select(timeout, sock, events)
            if is_nudged:
                self._drain()
                if self._is_set:
                    raise Woken
                if sock is None:
                    return
            if is_ready:
                return
            if not is_nudged and deadline <= time.monotonic():
                raise TimeIsUp

    def close(self) -> None:
        """Give the socket pair back."""
        with self._closing:
            self._reader.close()
            self._writer.close()

    def _drain(self) -> None:
        try:
            while self._reader.recv(4096):
                pass
        except BlockingIOError:
            pass

    def _select(self, timeout: float, sock: socket.socket | None, events: int) -> tuple[bool, bool]:
        if not hasattr(select, "poll"):  # Windows
            return self._select_without_poll(timeout, sock, events)
        polled = self._polled
        if polled is None or polled[0] is not sock or polled[1] != events:
            polled = self._polled = sock, events, self._poll_for(sock, events)
        # Rounded up: rounded down, the last millisecond before a deadline would be spent spinning.
        ready = [fd for fd, _ in polled[2](math.ceil(timeout * 1000))]
        is_nudged = self._reader.fileno() in ready
        return len(ready) > is_nudged, is_nudged

    def _poll_for(self, sock: socket.socket | None, events: int) -> _Poll:
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        if sock is not None:
            poll.register(sock, select.POLLIN if events == READ else select.POLLOUT)
        return poll.poll

    def _select_without_poll(
        self, timeout: float, sock: socket.socket | None, events: int
    ) -> tuple[bool, bool]:
        reading = [self._reader] if sock is None or events == WRITE else [self._reader, sock]
        writing = [sock] if sock is not None and events == WRITE else []
        # A failed connect shows up as an exceptional condition there, not as writable.
        readable, writable, failed = select.select(reading, writing, writing, timeout)
        is_nudged = self._reader in readable
        return len(readable) + len(writable) + len(failed) > is_nudged, is_nudged
