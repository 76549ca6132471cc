"""The path of one HTTP request: record it, let it fail if it shall, answer it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from .delivery import limited
from .faults import Fault
from .records import RecordedRequest
from .replies import NOT_FOUND, PANIC, Refused, Reply
from .routes_receive import poll, refuse_plain_get
from .routing import Router
from .world import Handler, World

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Peer = tuple[str, int]

log = logging.getLogger("signalbot.testing")

# Half an answer, for a server that dies while it writes.
_HALF = b'HTTP/1.1 201 Created\r\nContent-Length: 400\r\n\r\n[{"tim'


class Application:
    """An ASGI application; runs on the server's thread only.

    Attributes:
        in_flight: requests that are being answered.
        peak: the most there ever were at once.
    """

    def __init__(
        self,
        world: World,
        router: Router,
        abort: Callable[[Peer, bytes], None],
        *,
        local: frozenset[Handler],
    ) -> None:
        self.in_flight = 0
        self.peak = 0
        self._world = world
        self._router = router
        self._abort = abort
        # What the server answers by itself, however long signal-cli takes for anything else.
        self._local = local
        self._hanging: set[asyncio.Future[None]] = set()
        # Classic modes: signal-cli's lock file lets one call for an account run at a time.
        self._account_locks: dict[str, asyncio.Lock] = {}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        request = RecordedRequest(
            scope["method"],
            scope["path"],
            scope["raw_path"],
            scope["query_string"],
            tuple(scope["headers"]),
            await _read_body(receive),
            time.time(),
        )
        self._world.logs.requests.append(request)
        self._world.logs.ring()
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            reply = await self.respond(request, lambda rest: self._abort(scope["client"], rest))
        except asyncio.CancelledError:
            # The server is being stopped and has aborted the connection already.
            return
        finally:
            self.in_flight -= 1
        if reply is None:
            # Two turns of the loop, after which uvicorn knows that the connection is gone.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return
        await _write(reply, send)
        self._world.logs.ring()

    async def respond(
        self, request: RecordedRequest, abort: Callable[[bytes], None]
    ) -> Reply | None:
        """The answer, or None if the connection was dropped instead."""
        faults = self._world.faults
        fault: Fault | None = None
        delay = self._world.options.latency
        if faults.is_armed:
            delay += faults.delay(request)
            fault = faults.take(request, time.monotonic())
        if delay:
            await asyncio.sleep(delay)
        if fault is None:
            return await self.answer(request)
        reply = None
        if fault.is_handled:
            reply = await self.answer(request)
        if fault.kind == "hang":
            await self._hang()
            return reply or PANIC
        if fault.kind == "crash":
            abort(_HALF if fault.is_handled else b"")
            return None
        if fault.kind == "rate-limit":
            return limited(self._world, request, fault.tokens)
        return fault.reply

    @property
    def hanging(self) -> int:
        """How many requests hang."""
        return len(self._hanging)

    def release(self) -> None:
        """Let every hanging request get its answer."""
        for future in list(self._hanging):
            if not future.done():
                future.set_result(None)

    async def answer(self, request: RecordedRequest) -> Reply:
        """What a server without faults answers."""
        try:
            found = self._router.find(request.method, request.path)
            if found is None:
                redirect = self._router.redirect(request.method, request.path, request.query_string)
                return redirect or NOT_FOUND
            handler, values = found
            if handler in self._local:
                return self._call(request, handler, values)
            if self._world.options.is_classic:
                return await self._answer_classic(request, handler, values)
            if self._world.hub.post is not None:
                await self._world.hub.answer_turn()
            return self._call(request, handler, values)
        except Refused as refused:
            return refused.reply
        except Exception as error:
            # A bug of the stand-in looks like one of the server: an empty 500.
            log.exception("fake_signal.route_failed")
            self._world.logs.errors.append(error)
            return PANIC

    def _call(self, request: RecordedRequest, handler: Handler, values: dict[str, str]) -> Reply:
        with self._world.state.lock:
            return handler(self._world, request, **values)

    async def _answer_classic(
        self, request: RecordedRequest, handler: Handler, values: dict[str, str]
    ) -> Reply:
        number = values.get("number")
        if number is None and request.path.endswith("/send"):
            body = request.json
            number = body.get("number") if isinstance(body, dict) else None
        if not isinstance(number, str):
            return self._call(request, handler, values)
        async with self._account_locks.setdefault(number, asyncio.Lock()):
            if handler is refuse_plain_get:
                return await poll(self._world, request, number)
            return self._call(request, handler, values)

    async def _hang(self) -> None:
        future = asyncio.get_running_loop().create_future()
        self._hanging.add(future)
        self._world.logs.ring()
        try:
            await future
        finally:
            self._hanging.discard(future)


async def _read_body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    chunks = [body]
    while message.get("more_body"):
        message = await receive()
        chunks.append(message.get("body", b""))
    return b"".join(chunks)


async def _write(reply: Reply, send: Send) -> None:
    headers = [*reply.headers]
    if reply.body or reply.status != 204:
        headers.append((b"content-length", str(len(reply.body)).encode()))
    if reply.body:
        headers.append((b"content-type", reply.content_type.encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
