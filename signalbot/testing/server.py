"""The thread on which the stand-in listens; ``python -m`` it to have the stand-in alone."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as HttpProtocol
except ImportError:
    # Half as fast, and good enough for tests.
    from uvicorn.protocols.http.h11_impl import (  # type: ignore[assignment]
        H11Protocol as HttpProtocol,
    )

T = TypeVar("T")
Peer = tuple[str, int]

_FOR_EVER = 10**6


class ServerThread:
    """Owns the thread, its loop, the listening socket, every accepted connection.

    ``stop`` ends all of them at once: nothing waits for requests that hang.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        make_websocket: Callable[[], asyncio.Protocol],
        *,
        host: str,
        port: int,
        on_start: Callable[[asyncio.AbstractEventLoop], None],
        on_stop: Callable[[], None],
        on_end: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.connections: dict[Peer, asyncio.Transport] = {}
        self._on_start = on_start
        self._on_stop = on_stop
        self._on_end = on_end
        # uvicorn's own Server is left out: it installs signal handlers and ends by polling.
        self._config = Config(
            app,
            http=cast(Any, HttpProtocol),
            ws=cast(Any, lambda **_: make_websocket()),
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            timeout_keep_alive=_FOR_EVER,
        )
        self._config.load()
        self._uvicorn = ServerState()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._listener: asyncio.Server | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread runs, listening or not."""
        return self._thread is not None

    def start(self) -> None:
        """Return when connections are accepted.

        Raises:
            OSError: if the port is taken.
        """
        listening = self._bind()
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(listening, ready), name=f"fake-signal-{self.port}", daemon=True
        )
        self._thread.start()
        ready.result()

    def stop(self) -> None:
        """End the thread and every connection; may be called twice."""
        thread, self._thread = self._thread, None
        loop = self._loop
        if thread is None or loop is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

    def call(self, function: Callable[[], T]) -> T:
        """Run something short on the server's thread and return its result.

        Raises:
            RuntimeError: if the server does not run.
        """
        if threading.current_thread() is self._thread:
            return function()
        loop = self._loop
        if loop is None:
            raise RuntimeError("the stand-in is not running: call start() first")
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(function())
            except Exception as error:  # noqa: BLE001 - it goes to the caller, who waits
                result.set_exception(error)

        loop.call_soon_threadsafe(run)
        return result.result(timeout=10)

    def stop_listening(self) -> None:
        """Be gone: refuse new connections, drop the present ones."""
        self.call(self._close_all)

    def listen_again(self) -> None:
        """Be back on the same port."""
        listening = self._bind()
        done = asyncio.run_coroutine_threadsafe(self._listen(listening), self._running_loop())
        done.result(timeout=10)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the stand-in is not running: call start() first")
        return self._loop

    def _bind(self) -> socket.socket:
        # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits
        # 40 ms for the client's delayed ACK.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.host, self.port))
            listening.listen(1024)
        except BaseException:
            listening.close()
            raise
        listening.setblocking(False)
        self.port = listening.getsockname()[1]
        return listening

    # -- on the server's thread ---------------------------------------------------------

    def _run(self, listening: socket.socket, ready: Future[None]) -> None:
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self._listen(listening))
            self._loop = loop
            self._on_start(loop)
            loop.call_soon(ready.set_result, None)
            loop.run_forever()
        except BaseException as error:
            # The starting thread waits for this one, so it is the one to hear of it.
            if ready.done():
                raise
            ready.set_exception(error)
        finally:
            self._loop = None
            self._on_stop()
            self._close_all()
            loop.run_until_complete(self._end())
            loop.close()

    async def _listen(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        make = partial(_TrackedHttpProtocol, self.connections, self._config, self._uvicorn)
        self._listener = await loop.create_server(make, sock=listening)

    async def _end(self) -> None:
        """End every task; aborted transports tell their protocols in the same turns."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._on_end is not None:
            await self._on_end()
        await asyncio.sleep(0)

    def _close_all(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for transport in list(self.connections.values()):
            transport.abort()


class _TrackedHttpProtocol(HttpProtocol):
    """uvicorn's protocol, plus a way to each connection's transport for the faults."""

    def __init__(
        self, connections: dict[Peer, asyncio.Transport], config: Config, state: ServerState
    ) -> None:
        super().__init__(config=config, server_state=state, app_state={})
        self._tracked = connections
        self._plain = cast(asyncio.Transport, None)
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._tracked[transport.get_extra_info("peername")] = transport
        self._plain = transport
        self.transport = _OneWrite(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._tracked.pop(self._plain.get_extra_info("peername"), None)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, *event: Any) -> None:
        # uvicorn's h11 protocol hands the request over, its httptools one does not.
        self.transport = self._plain
        super().handle_websocket_upgrade(*event)


class _OneWrite(asyncio.Transport):
    """Sends head and body of an answer in one piece, as Go does, instead of uvicorn's two."""

    def __init__(self, plain: asyncio.Transport) -> None:
        super().__init__()
        self._plain = plain
        self._pending: list[bytes] = []

    def write(self, data: Any) -> None:
        if not self._pending:
            asyncio.get_running_loop().call_soon(self._flush)
        self._pending.append(data)

    def close(self) -> None:
        self._flush()
        self._plain.close()

    def is_closing(self) -> bool:
        return self._plain.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._plain.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._plain.pause_reading()

    def resume_reading(self) -> None:
        self._plain.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._plain.set_protocol(protocol)

    def _flush(self) -> None:
        if self._pending:
            self._plain.write(b"".join(self._pending))
            self._pending.clear()


if __name__ == "__main__":
    from .standalone import main

    raise SystemExit(main())
