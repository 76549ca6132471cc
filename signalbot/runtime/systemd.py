"""Tells systemd how the bot is: ready, alive, stopping (``Type=notify``, ``WatchdogSec=``)."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from signalbot.observability.logging import get_logger
from signalbot.runtime.engine import Engine
from signalbot.runtime.states import AT_REST, Lifecycle, State

log = get_logger("signalbot.systemd")

_LOOK = 10.0  # seconds between two looks, where systemd asks for no signs of life
_ENDING = AT_REST | {State.DRAINING}


@contextlib.contextmanager
def supervised(bot: Any, lifecycle: Lifecycle) -> Iterator[None]:
    """Keep systemd informed for the length of a block; without systemd it does nothing.

    For ``bot.run()``, which is what the process is there for. A bot inside a web server says
    nothing: whether that one is ready is not ours to tell."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        yield
        return
    notifier = Notifier(
        address,
        watchdog_interval(os.environ),
        lifecycle,
        is_alive=lambda timeout: answers(bot.engine, lifecycle, timeout),
        describe=lambda: f"{bot.state}, {'' if bot.connected else 'not '}connected",
    )
    notifier.start()
    try:
        yield
    finally:
        notifier.stop()


def watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """Half of the time after which systemd loses its patience; None if it has no end."""
    pid = environ.get("WATCHDOG_PID")
    if pid and pid != str(os.getpid()):
        return None  # it waits for another process's signs, from which we inherited this
    try:
        return int(environ["WATCHDOG_USEC"]) / 2_000_000
    except (KeyError, ValueError):
        return None


def answers(engine: Engine | None, lifecycle: Lifecycle, timeout: float) -> bool:
    """Whether the bot's loop does something within so many seconds; standing by it has none."""
    if engine is None or lifecycle.state != State.RUNNING:
        return True
    answer = threading.Event()
    return engine.parts.loop.call_soon(answer.set) and answer.wait(timeout)


class Notifier:
    """Looks at the bot from the thread ``signalbot-systemd``, until the bot is at rest.

    READY is said when the bot has begun, not when it is connected: what arrives can be handled,
    and a server that is started later is waited for, not restarted for.

    Args:
        interval: seconds between signs of life; None if systemd asks for none.
        is_alive: whether the bot answers within so many seconds. While it does not, no sign of
            life is sent, and systemd starts the program anew.
        describe: the line that ``systemctl status`` shows; nobody's data.
    """

    def __init__(
        self,
        address: str,
        interval: float | None,
        lifecycle: Lifecycle,
        is_alive: Callable[[float], bool],
        describe: Callable[[], str],
    ) -> None:
        # A leading @ stands for the NUL of Linux' abstract sockets.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._interval = interval
        self._lifecycle = lifecycle
        self._is_alive = is_alive
        self._describe = describe
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="signalbot-systemd", daemon=True)

    def start(self) -> None:
        self._tell("READY=1", f"STATUS={self._describe()}")
        self._thread.start()

    def stop(self) -> None:
        """Say that the bot ends, if that was not seen yet, and send nothing more."""
        self._ended.set()
        self._thread.join(1.0)
        self._tell("STOPPING=1")

    def _watch(self) -> None:
        every = self._interval or _LOOK
        while not self._lifecycle.wait_for(_ENDING, every) and not self._ended.is_set():
            if self._is_alive(every / 2):
                watchdog = ["WATCHDOG=1"] if self._interval else []
                self._tell(*watchdog, f"STATUS={self._describe()}")
            else:
                log.error("systemd.no_sign_of_life", detail="the bot's loop does not answer")
        self._tell("STOPPING=1", "STATUS=stopping")
        # The drain may take longer than systemd's patience.
        while not self._lifecycle.wait_for(AT_REST, every) and not self._ended.is_set():
            if self._interval:
                self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        """One datagram; systemd that is gone or deaf is no reason to fail."""
        with contextlib.suppress(OSError), _datagram_socket() as sender:
            sender.sendto("\n".join(lines).encode(), self._address)


def _datagram_socket() -> socket.socket:
    # By name: Windows has no such sockets.
    family: Any = getattr(socket, "AF_UNIX", None)
    if family is None:  # pragma: no cover - NOTIFY_SOCKET is set by systemd only
        raise OSError("no unix sockets here")
    sender = socket.socket(family, socket.SOCK_DGRAM | getattr(socket, "SOCK_CLOEXEC", 0))
    sender.settimeout(1.0)
    return sender
