"""Serves the webhook app without a web framework around it (``webhook_listen=``)."""

from __future__ import annotations

import importlib
import importlib.util
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from signalbot.errors import SettingsError
from signalbot.model.address import listening_address
from signalbot.observability.logging import get_logger

log = get_logger("signalbot.webhook")

# The server posts one frame at a time; more threads only serve several servers, or a proxy.
_THREADS = 4
_MAINTENANCE = 30.0  # seconds between wake-ups of an idle listener


class BoundedApp(Protocol):
    """A WSGI app that says how large a body it takes, and whether it knows its callers.

    An app that needs no secret, because it changes nothing, says True.
    """

    @property
    def max_body(self) -> int: ...
    @property
    def has_secret(self) -> bool: ...
    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]: ...


class WebhookListener:
    """A WSGI server (waitress) in threads of its own; it can be started again after a stop.

    Args:
        address: ``host:port``; ``0.0.0.0:9080`` if the server runs in another container.
        setting: what the address is called where it was set, for errors.

    Raises:
        SettingsError: the address makes no sense, or waitress is not installed.
    """

    is_door = True

    def __init__(self, address: str, app: BoundedApp, setting: str = "webhook_listen") -> None:
        if importlib.util.find_spec("waitress") is None:
            raise SettingsError(
                f"{setting} needs a WSGI server: pip install 'signalbot-sync[webhook]', "
                "or mount bot.webhook_app in your own"
            )
        self._setting = f"{setting}={address!r}"
        try:
            self._host, self._port = listening_address(address)
        except ValueError as error:
            raise SettingsError(f"{setting}: {error}") from None
        self._app = app
        self._lock = threading.Lock()  # guards _serving: start and stop may come from anywhere
        self._serving: _Serving | None = None  # None while stopped

    @property
    def port(self) -> int:
        """The port it listens on; what the system chose, if 0 was asked for."""
        serving = self._serving
        return self._port if serving is None else serving.port

    def start(self) -> None:
        """Accept posts from now on; a second call does nothing.

        Raises:
            SettingsError: the address cannot be bound.
        """
        with self._lock:
            if self._serving is None:
                self._serving = _Serving(self._bound(), self._app)
                self._warn_if_open()

    def stop(self, timeout: float = 2.0) -> None:
        """Accept no more, give running posts up to ``timeout`` seconds, and end."""
        with self._lock:
            serving, self._serving = self._serving, None
        if serving is not None:
            serving.stop(timeout)

    def _bound(self) -> socket.socket:
        try:
            family = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((self._host, self._port), family=family)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SettingsError(f"{self._setting}: {reason}") from error

    def _warn_if_open(self) -> None:
        if not self._app.has_secret and not _is_loopback(self._host):
            log.warning(
                "webhook.open_to_all",
                detail="other machines can reach it and put messages into this bot: "
                "set webhook_secret",
            )


class _Serving:
    """One waitress, from start to stop."""

    def __init__(self, sock: socket.socket, app: BoundedApp) -> None:
        # By name: it is an optional package, and it has no types.
        server: Any = importlib.import_module("waitress.server")

        self.port: int = sock.getsockname()[1]
        self._wasyncore: Any = importlib.import_module("waitress.wasyncore")
        self._map: dict[int, Any] = {}
        self._server = server.create_server(
            app,
            map=self._map,
            sockets=[sock],
            threads=_THREADS,
            max_request_body_size=app.max_body,
            inbuf_overflow=app.max_body + 1,  # never a temporary file: these are people's messages
            asyncore_loop_timeout=_MAINTENANCE,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
            log_socket_errors=False,
            ident=None,
        )
        self._thread = threading.Thread(
            target=self._server.run, name="signalbot-webhook", daemon=True
        )
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End it. Waitress has no stop of its own, but its loop ends when nothing is left in it."""
        deadline = time.monotonic() + timeout
        # All that touches its sockets is done in its own thread, where it expects it.
        self._server.trigger.pull_trigger(self._close_door)
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=timeout)
        self._server.trigger.pull_trigger(self._close_all)
        self._thread.join(max(0.1, deadline - time.monotonic()))

    def _close_door(self) -> None:
        self._server.accepting = False
        self._wasyncore.dispatcher.close(
            self._server
        )  # not its own close: that ends the trigger too

    def _close_all(self) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.handle_write()  # an answer that was finished just now
        self._wasyncore.close_all(self._map, ignore_all=True)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
