"""Who may talk to the page's server: its own page, on this computer, and nobody else's."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})

HEADERS: dict[str, str] = {
    # No inline script or style, nothing from elsewhere, in nobody's frame.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """Refuses requests that another site may have caused, before anything looks at them.

    A page elsewhere can make a browser ask for anything on this computer. It cannot choose the
    ``Host``: after its own name was rebound to 127.0.0.1 the host is still its own. It cannot
    choose the ``Origin`` of what it posts, either.
    """

    def __init__(self, app: App, *, is_loopback: bool) -> None:
        self._app = app
        self._is_loopback = is_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.refusal(scope["method"], headers_of(scope))
        if refusal is not None:
            await self._refuse(send, refusal)
            return

        async def send_guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message.get("headers", [])}
                message["headers"] = [
                    *message.get("headers", []),
                    *((k.encode(), v.encode()) for k, v in HEADERS.items()
                      if k.encode() not in present),
                ]  # fmt: skip
            await send(message)

        await self._app(scope, receive, send_guarded)

    def refusal(self, method: str, headers: dict[str, str]) -> str | None:
        """Why a request is not answered, or None if it is."""
        host = headers.get("host", "")
        if not self._is_ours(host):
            return "This host name is not the simulator's."
        if method in ("GET", "HEAD"):
            site = headers.get("sec-fetch-site", "none")
            is_link = headers.get("sec-fetch-mode") == "navigate"
            if site not in ("same-origin", "none") and not is_link:
                return "Another site asked for this."
            return None
        if headers.get("origin") != f"http://{host}":
            return "Only the simulator's own page may do that."
        return None

    def _is_ours(self, host: str) -> bool:
        """Loopback; if told to listen elsewhere, any address, but no name: names can be rebound."""
        name, colon, port = host.rpartition(":")
        if not colon or not port.isdigit():
            name = host
        if name in _LOOPBACK:
            return True
        if self._is_loopback:
            return False
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True

    async def _refuse(self, send: Send, why: str) -> None:
        body = why.encode()
        headers = {**HEADERS, "content-type": "text/plain; charset=utf-8", "connection": "close"}
        await send(
            {
                "type": "http.response.start",
                "status": 403,
                "headers": [
                    (b"content-length", str(len(body)).encode()),
                    *((k.encode(), v.encode()) for k, v in headers.items()),
                ],
            }
        )
        await send({"type": "http.response.body", "body": body})


def headers_of(scope: Scope) -> dict[str, str]:
    """Headers by lower-case name; a repeated one counts as what is in none of our lists."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
