"""The load: a stand-in for the server that is only fast, in a process of its own.

``python -m benchmarks.load_server '{"phases": [...], "delay": 0}'`` writes JSON lines: ``port``,
then ``connected`` when the bot's websocket is there; after the line ``go`` on its input ``done``
with the last reply and ``result`` when no duplicate can follow. Times are of the monotonic clock,
which all processes share. Ends with its input.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import sys
import time
from collections import deque
from typing import Any

from benchmarks.load_http import (
    CLOSED,
    PONG,
    SENT,
    Connection,
    answer_to,
    handshake,
    message_of,
)
from benchmarks.load_oracle import Oracle, percentile
from benchmarks.load_pusher import Pusher
from benchmarks.load_script import Phase, write_out

_STDIN = 0
_SETTLE = 0.3
"""Seconds after the last reply in which a duplicate would still come."""
_QUIET = 15.0
"""Seconds in which nothing comes and nothing can be pushed, after which the rest is lost."""


class LoadServer:
    """Accepts, pushes, answers: one thread on epoll."""

    def __init__(self, phases: list[Phase], delay: float) -> None:
        self._sheets = write_out(phases)
        self._oracles = [Oracle(sheet) for sheet in self._sheets]
        self._waiting = list(zip(self._sheets, self._oracles, strict=True))
        self._delay = delay
        self._delayed: deque[tuple[float, Connection]] = deque()
        self._pusher: Pusher | None = None
        self._oracle: Oracle | None = None
        self._websocket: Connection | None = None
        self._has_connected = False
        self._connections: dict[int, Connection] = {}
        self._strangers = 0
        self._heard = 0.0
        self._cpu = 0.0
        self._done_at = 0.0
        self._is_over = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.setblocking(False)
        self._poll = select.epoll()
        self._poll.register(self._listener, select.EPOLLIN)
        self._poll.register(_STDIN, select.EPOLLIN)

    def run(self) -> None:
        """Serve until the input ends."""
        say(event="port", port=self._listener.getsockname()[1])
        listening = self._listener.fileno()
        while True:
            for descriptor, events in self._poll.poll(self._patience()):
                if descriptor == listening:
                    self._accept()
                elif descriptor == _STDIN:
                    if not self._obey():
                        return
                elif events & ~select.EPOLLOUT:
                    self._serve(self._connections[descriptor])
            if self._delayed:
                self._answer_delayed()
            if self._pusher is not None:
                self._advance(self._pusher)
            elif self._done_at and not self._is_over:
                self._settle()

    def _patience(self) -> float:
        patience = 0.1
        if self._delayed:
            patience = min(patience, self._delayed[0][0] - time.monotonic())
        if self._pusher is not None:
            patience = min(patience, self._pusher.patience())
        return max(0.0, patience)

    def _obey(self) -> bool:
        line = os.read(_STDIN, 4096)
        if line.startswith(b"go"):
            self._cpu = time.process_time()
            self._next_phase()
        return bool(line)

    def _next_phase(self) -> None:
        sheet, self._oracle = self._waiting.pop(0)
        self._heard = time.monotonic()
        self._pusher = Pusher(sheet, self._oracle)

    def _advance(self, pusher: Pusher) -> None:
        """Push on; begin the next phase, or end, when everything has come or nothing comes."""
        assert self._oracle is not None
        if self._websocket is not None:
            was_blocked = pusher.is_blocked
            if pusher.push(self._websocket.socket):
                self._heard = time.monotonic()
            if pusher.is_blocked != was_blocked:
                wanted = select.EPOLLIN | (select.EPOLLOUT if pusher.is_blocked else 0)
                self._poll.modify(self._websocket.socket, wanted)
        is_complete = pusher.is_done and self._oracle.is_complete
        if is_complete and self._waiting:
            self._next_phase()
        elif is_complete or self._websocket is None or time.monotonic() - self._heard > _QUIET:
            self._pusher = None
            self._done_at = time.monotonic()
            self._cpu = time.process_time() - self._cpu
            say(event="done", at=self._done_at)

    def _settle(self) -> None:
        if time.monotonic() - self._done_at > _SETTLE:
            self._is_over = True
            say(event="result", **self._result())

    def _accept(self) -> None:
        accepted, _ = self._listener.accept()
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections[accepted.fileno()] = Connection(accepted)
        self._poll.register(accepted, select.EPOLLIN)

    def _serve(self, connection: Connection) -> None:
        try:
            self._read(connection)
        except BlockingIOError:
            return
        except ConnectionError:
            self._close(connection)

    def _read(self, connection: Connection) -> None:
        data = connection.socket.recv(65536)
        if not data:
            self._close(connection)
        elif connection.is_websocket:
            self._control(connection, data)
        else:
            for head, body in connection.requests(data):
                self._request(connection, head, body)

    def _request(self, connection: Connection, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST /v2/send "):
            self._take(message_of(body))
            if self._delay:
                self._delayed.append((time.monotonic() + self._delay, connection))
            else:
                connection.socket.send(SENT)
        elif head.startswith(b"GET /v1/receive/"):
            connection.socket.send(handshake(head))
            connection.is_websocket = True
            self._websocket = connection
            if not self._has_connected:
                self._has_connected = True
                say(event="connected", at=time.monotonic())
        else:
            connection.socket.send(answer_to(head))

    def _take(self, text: str) -> None:
        self._heard = time.monotonic()
        if self._oracle is not None and self._oracle.take(text, self._heard):
            return
        # Not of this phase: a late duplicate of an earlier one, or something nobody asked for.
        if not any(oracle.take(text, self._heard) for oracle in self._oracles):
            self._strangers += 1

    def _answer_delayed(self) -> None:
        now = time.monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            with contextlib.suppress(OSError):  # whoever has closed it does not want it any more
                self._delayed.popleft()[1].socket.send(SENT)

    def _control(self, connection: Connection, data: bytes) -> None:
        if data[0] & 0x0F == 8:
            connection.socket.send(CLOSED)
            self._close(connection)
        elif data[0] & 0x0F == 9:
            # Without the ping's content, which no target looks at.
            connection.socket.send(PONG)

    def _close(self, connection: Connection) -> None:
        self._poll.unregister(connection.socket)
        del self._connections[connection.socket.fileno()]
        connection.socket.close()
        if connection is self._websocket:
            self._websocket = None  # which ends the run: the rest counts as lost

    def _result(self) -> dict[str, Any]:
        measured = [
            oracle
            for sheet, oracle in zip(self._sheets, self._oracles, strict=True)
            if sheet.phase.measured
        ]
        latencies = sorted(each for oracle in measured for each in oracle.latencies())
        return {
            "messages": sum(len(sheet.frames) for sheet in self._sheets),
            "measured": sum(len(oracle.pushed) for oracle in measured),
            "lost": sum(oracle.lost for oracle in self._oracles),
            "duplicates": sum(oracle.duplicates for oracle in self._oracles) + self._strangers,
            "out_of_order": sum(oracle.out_of_order for oracle in self._oracles),
            # The last reply is done when it is answered.
            "seconds": sum(oracle.seconds() + self._delay for oracle in measured),
            "p50": percentile(latencies, 0.50),
            "p95": percentile(latencies, 0.95),
            "p99": percentile(latencies, 0.99),
            "max": percentile(latencies, 1.0),
            "server_cpu": self._cpu,
        }


def say(**fields: Any) -> None:
    """One line for the runner."""
    print(json.dumps(fields), flush=True)


def main() -> None:
    specification = json.loads(sys.argv[1])
    phases = [Phase(**each) for each in specification["phases"]]
    LoadServer(phases, specification["delay"]).run()


if __name__ == "__main__":
    main()
