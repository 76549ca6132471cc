"""The page's HTTP server: static files, changes as they come, actions, uploads."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
from collections.abc import Callable
from importlib.resources import files as resources
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from signalbot.simulator.broadcast import Broadcast
from signalbot.simulator.files import MAX_FILE, Files
from signalbot.simulator.guard import App, Guard, Receive, Scope, Send
from signalbot.simulator.requests import BadRequest, Body
from signalbot.testing.server import ServerThread

_MAX_BODY = 512 * 1024
_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}

Action = Callable[[Body], Any]


class PageServer:
    """Owns the thread that serves the page.

    Args:
        actions: what a page may ask for by POST, by the last part of the path.
    """

    def __init__(
        self,
        broadcast: Broadcast,
        files: Files,
        actions: dict[str, Action],
        *,
        host: str,
        port: int,
    ) -> None:
        self._broadcast = broadcast
        self._files = files
        self._actions = actions
        self._host = host
        self._assets = read_assets()
        app = Starlette(
            routes=[
                Route("/", self._index),
                Route("/events", self._events),
                Route("/files/{id}", self._file),
                Route("/assets/{name:path}", self._asset),
                Route("/api/uploads", self._upload, methods=["POST"]),
                Route("/api/{action}", self._act, methods=["POST"]),
            ]
        )
        self._thread = ServerThread(
            _quiet_at_the_end(Guard(app, is_loopback=is_loopback(host))),
            _NoWebsocket,
            host=host,
            port=port,
            on_start=lambda loop: None,
            on_stop=lambda: None,
        )

    def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        self._thread.start()

    def stop(self) -> None:
        """End at once; pages that are open say that the simulator is gone."""
        self._thread.stop()

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self._host in ("", "0.0.0.0") else self._host  # nosec B104
        return f"http://{host}:{self._thread.port}/"

    # -- answers -----------------------------------------------------------------------------

    async def _index(self, request: Request) -> Response:
        return self._static("index.html")

    async def _asset(self, request: Request) -> Response:
        return self._static(request.path_params["name"])

    def _static(self, name: str) -> Response:
        # A dict's key, never a path: there is nothing to climb out of.
        content = self._assets.get(name)
        if content is None:
            return Response("Not found.", 404, media_type="text/plain")
        kind = _TYPES[name.rpartition(".")[2]]
        return Response(content, headers={"content-type": kind, "cache-control": "no-cache"})

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(
            self._broadcast.stream(),
            media_type="text/event-stream",
            headers={"cache-control": "no-store"},
        )

    async def _file(self, request: Request) -> Response:
        stored = self._files.get(request.path_params["id"])
        if stored is None:
            return Response("Not found.", 404, media_type="text/plain")
        headers = {
            # Somebody's file is data, whatever it claims to be.
            "content-security-policy": "default-src 'none'; sandbox",
            "cache-control": "private, max-age=3600",
            "content-type": stored.shown_as or "application/octet-stream",
        }
        if stored.shown_as is None:
            headers["content-disposition"] = f"attachment; filename*=UTF-8''{_quoted(stored.name)}"
        return Response(stored.data, headers=headers)

    async def _act(self, request: Request) -> Response:
        action = self._actions.get(request.path_params["action"])
        if action is None:
            return _error("no such action", 404)
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return _error("send JSON", 415)
        raw = await _read(request, _MAX_BODY)
        if raw is None:
            return _error("that is too much", 413)
        try:
            body = Body(json.loads(raw))
            # Some wait for the bot or the other server for a moment; the pages must not.
            result = await asyncio.to_thread(action, body)
        except BadRequest as error:
            return _error(str(error), 400)
        except (ValueError, RecursionError):
            return _error("send JSON", 400)
        return JSONResponse(result or {})

    async def _upload(self, request: Request) -> Response:
        data = await _read(request, MAX_FILE)
        if data is None:
            return _error(f"the file is larger than {MAX_FILE // 2**20} MiB", 413)
        if not data:
            return _error("the file is empty", 400)
        stored = self._files.add(request.query_params.get("name"), data)
        return JSONResponse(stored.to_json(), 201)


class _NoWebsocket(asyncio.Protocol):
    """There is no websocket here: whoever wants one is hung up on."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _quiet_at_the_end(app: App) -> App:
    """Open streams are cancelled when the server ends, which is no failure to log."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return run


def is_loopback(host: str) -> bool:
    """Whether only this computer can connect."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_assets() -> dict[str, bytes]:
    """The page's files by name, read once; what is not among them is not served."""
    root = resources("signalbot.simulator") / "page"
    found = {}
    for folder, prefix in ((root, ""), (root / "js", "js/")):
        for entry in folder.iterdir():
            if entry.is_file() and entry.name.rpartition(".")[2] in _TYPES:
                found[prefix + entry.name] = entry.read_bytes()
    return found


async def _read(request: Request, most: int) -> bytes | None:
    """The body, or None as soon as it is longer than it may be."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        return None
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > most:
            return None
    return bytes(pieces)


def _error(text: str, status: int) -> Response:
    return JSONResponse({"error": text}, status)


def _quoted(name: str) -> str:
    return quote(name.encode("utf-8", "replace"), safe="")
