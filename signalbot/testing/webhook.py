"""Posting each frame to ``RECEIVE_WEBHOOK_URL``."""

from __future__ import annotations

import logging

import httpx

log = logging.getLogger("signalbot.testing")

_WRAPPER = b'{"jsonrpc":"2.0","method":"receive","params":'
_HEADERS = {"Content-Type": "application/json", "User-Agent": "Go-http-client/1.1"}


class Webhook:
    """One attempt for each frame, without a timeout, whatever the receiver answers.

    Attributes:
        answers: the status of each post, 0 where no answer came.
    """

    def __init__(self, url: str) -> None:
        self.answers: list[int] = []
        self._url = url
        # Belongs to the server's loop: made at the first post, closed by the end of the loop.
        self._client: httpx.AsyncClient | None = None

    async def post(self, frame: bytes) -> None:
        """Send signal-cli's whole line, wrapper and trailing newline included."""
        if self._client is None:
            # No timeout is what makes the real server hang with its receiver.
            self._client = httpx.AsyncClient(  # nosec B113
                timeout=None, trust_env=False, follow_redirects=True
            )
        body = _WRAPPER + frame + b"}\n"
        try:
            answer = await self._client.post(self._url, content=body, headers=_HEADERS)
        except httpx.HTTPError:
            # The server logs it and goes on; nothing is tried again.
            log.warning("fake_signal.webhook_failed")
            self.answers.append(0)
            return
        self.answers.append(answer.status_code)

    async def close(self) -> None:
        """Close kept connections; on the server's loop."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None
