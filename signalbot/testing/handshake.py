"""What becomes of a websocket handshake."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from urllib.parse import unquote

from websockets.http11 import Request

from .application import Application
from .records import RecordedRequest
from .replies import Refused, Reply
from .routing import decode_number
from .websocket import ReceiveSocket
from .world import World

_PATH = "/v1/receive/"


class Handshakes:
    """Accepts sockets on ``/v1/receive/…``; runs on the server's thread.

    Anything else that asks for an upgrade is answered as the plain request that it also is;
    so is everything on a classic server, where that means a poll which consumes the messages.
    """

    def __init__(self, world: World, application: Application) -> None:
        self._world = world
        self._application = application
        # Keeps the tasks alive that answer a handshake which takes longer.
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, socket: ReceiveSocket, request: Request) -> None:
        recorded = _record(request)
        self._world.logs.requests.append(recorded)
        self._world.logs.ring()
        world = self._world
        is_receive = recorded.path.startswith(_PATH) and _is_one_part(recorded.path[len(_PATH) :])
        if is_receive and not world.options.is_classic and not world.faults.is_armed:
            self._accept(socket, request, recorded)
            return
        task = asyncio.ensure_future(self._answer(socket, request, recorded, is_receive))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(
        self, socket: ReceiveSocket, request: Request, recorded: RecordedRequest, is_receive: bool
    ) -> None:
        faults = self._world.faults
        delay = faults.delay(recorded)
        if delay:
            await asyncio.sleep(delay)
        if not is_receive or self._world.options.is_classic:
            reply = await self._application.answer(recorded)
        else:
            fault = faults.take(recorded, time.monotonic())
            if fault is None:
                self._accept(socket, request, recorded)
                return
            if fault.kind == "hang":
                return
            if fault.reply is None:
                socket.abort()
                return
            reply = fault.reply
        socket.refuse(_head(reply), reply.body)

    def _accept(self, socket: ReceiveSocket, request: Request, recorded: RecordedRequest) -> None:
        try:
            # Nothing is checked: a number that nobody has is accepted, then silent for ever.
            number = decode_number(recorded.path[len(_PATH) :])
        except Refused as refused:
            socket.refuse(_head(refused.reply), refused.reply.body)
            return
        socket.accept(request, number, self._world.options.ping_interval)


def _is_one_part(text: str) -> bool:
    return bool(text) and "/" not in text


def _record(request: Request) -> RecordedRequest:
    raw_path, _, query = request.path.partition("?")
    headers = tuple(
        (name.encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in request.headers.raw_items()
    )
    path, raw = unquote(raw_path), raw_path.encode()
    return RecordedRequest(
        "GET", path, raw, query.encode(), headers, b"", time.time(), is_handshake=True
    )


def _head(reply: Reply) -> bytes:
    lines = [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        f"Content-Type: {reply.content_type}",
        f"Content-Length: {len(reply.body)}",
        "Connection: close",
    ]
    lines += [f"{name.decode()}: {value.decode()}" for name, value in reply.headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
