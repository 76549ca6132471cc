"""The check of the websocket: does it open, and does anybody answer on it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from signalbot.cli.checks import Check
from signalbot.cli.checks_server import fix_for
from signalbot.errors import ApiError, ConnectFailed, RequestTimedOut
from signalbot.infrastructure.intake_errors import PeerSilent

if TYPE_CHECKING:
    from signalbot.infrastructure.endpoint import Endpoint

_PING_AFTER = 0.1


class _Trial:
    """One connection: opened, pinged, closed."""

    def __init__(self, endpoint: Endpoint, number: str, timeout: float) -> None:
        from signalbot.infrastructure.websocket_client import WebsocketClient

        self._client = WebsocketClient(
            endpoint,
            number,
            ping_interval=_PING_AFTER,
            ping_timeout=timeout,
            connect_timeout=timeout,
        )
        self.opened = threading.Event()
        self.ended = threading.Event()
        self._timeout = timeout
        self.failure: ApiError | None = None
        self._thread = threading.Thread(target=self._run, name="signalbot-doctor", daemon=True)

    def run(self) -> None:
        """Return when a ping was answered, or when something went wrong."""
        self._thread.start()
        if self.opened.wait(2 * self._timeout + 1):
            deadline = time.monotonic() + self._timeout + 1
            while not (self.ended.wait(0.02) or self.has_answered or time.monotonic() > deadline):
                pass
        self._close()

    @property
    def has_answered(self) -> bool:
        """Whether anything came: a pong, or messages."""
        return self._client.stats.last_heard_at > 0.0

    def _close(self) -> None:
        self._client.close(0.5)
        self._thread.join(2.0)

    def _run(self) -> None:
        # What arrives meanwhile is not taken from anybody: the server tells every open socket,
        # and without one it drops the message.
        try:
            self._client.run(lambda raw, at: None, on_open=self.opened.set)
        except ApiError as error:
            self.failure = error
        finally:
            self.opened.set()
            self.ended.set()


def socket_check(endpoint: Endpoint, number: str, timeout: float) -> Check:
    """Open the websocket as the bot does, and ping."""
    trial = _Trial(endpoint, number, timeout)
    trial.run()
    error = trial.failure
    if error is None and trial.has_answered:
        return Check("socket", True, "It opens, and a ping is answered.")
    if error is None or isinstance(error, PeerSilent):
        return Check(
            "socket", False, "It opens, but nobody answers a ping on it: no message would arrive.",
            "Restart the server. If a proxy is in between: let it pass websockets on, without "
            "buffering and with a read timeout of minutes.",
        )  # fmt: skip
    return Check("socket", False, str(error), _fix(error))


def _fix(error: ApiError) -> str:
    if isinstance(error, RequestTimedOut):
        return "The handshake hangs: restart the server; let the proxy pass 'Upgrade' on."
    if isinstance(error, ConnectFailed):
        return "The server drops the connection: look into its log, is it restarting?"
    status = getattr(error, "status", 0)
    if status in (400, 404, 426, 502, 503):
        return (
            "HTTP works, websockets do not: enable them in the proxy (nginx: proxy_http_version "
            "1.1, proxy_set_header Upgrade $http_upgrade, Connection upgrade)."
        )
    return fix_for(error)
