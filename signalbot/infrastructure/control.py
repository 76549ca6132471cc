"""A way to look into a running bot from another process: a socket that answers its status.

It only answers; nothing can be changed through it. The socket is in the account's directory,
which is 0700, so nobody but the bot's own user can ask.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from signalbot.errors import StorageError
from signalbot.observability.logging import get_logger

log = get_logger("signalbot.control")

NAME = "control.sock"

# What a socket's address holds, with the final zero: 108 bytes on Linux, 104 elsewhere.
_MAX_PATH = 100
_ANSWER_WITHIN = 2.0


class ControlDoor:
    """Answers everyone who connects with one JSON object, in the thread ``signalbot-control``.

    Args:
        status: makes the object; called for each visitor, in that thread.
    """

    def __init__(self, directory: Path, status: Callable[[], dict[str, Any]]) -> None:
        self._directory = directory
        self._status = status
        self._serving: _Serving | None = None  # None while closed

    def start(self) -> None:
        """Open the door; a bot runs without it where there are no such sockets."""
        try:
            self._serving = _Serving(self._directory, self._status)
        except (OSError, AttributeError) as error:  # no AF_UNIX on Windows
            log.warning("control.unavailable", error_type=type(error).__name__)

    def stop(self, timeout: float = 1.0) -> None:
        """Close it; may be called twice."""
        serving, self._serving = self._serving, None
        if serving is not None:
            serving.stop(timeout)


class _Serving:
    """The door while it is open."""

    def __init__(self, directory: Path, status: Callable[[], dict[str, Any]]) -> None:
        self._path = directory / NAME
        self._status = status
        self._over = threading.Event()  # set before the socket is shut down, seen after accept()
        # The lock makes us the only owner: a socket that is there is of one that was killed.
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _address(self._path) as address:
                self._socket.bind(address)
            os.chmod(self._path, 0o600)
            self._socket.listen(4)
        except OSError:
            self._socket.close()
            raise
        self._thread = threading.Thread(target=self._serve, name="signalbot-control", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # on Linux this wakes accept()
        with contextlib.suppress(OSError, StorageError):
            _connected(self._path, 0.2).close()  # elsewhere a visitor does
        self._path.unlink(missing_ok=True)
        self._thread.join(timeout)
        self._socket.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                self._over.wait(0.1)  # out of descriptors, perhaps: do not spin
                continue
            with visitor:
                if not self._over.is_set():
                    self._answer(visitor)

    def _answer(self, visitor: socket.socket) -> None:
        try:
            visitor.settimeout(_ANSWER_WITHIN)
            visitor.sendall(json.dumps(self._status()).encode())
        except OSError:
            pass  # the visitor has gone
        except Exception:  # the thread's outer edge: a visitor must not end it
            log.exception("control.failed")


def ask_status(directory: Path, timeout: float = 5.0) -> dict[str, Any]:
    """What the bot that owns this directory says about itself.

    Raises:
        StorageError: no bot answers there."""
    parts: list[bytes] = []
    with _connected(directory / NAME, timeout) as line:
        try:
            while part := line.recv(65536):
                parts.append(part)
            answer = json.loads(b"".join(parts))
        except (OSError, ValueError) as error:
            raise StorageError(f"The bot did not answer: {type(error).__name__}.") from error
    if not isinstance(answer, dict):
        raise StorageError("The bot answered with something else than its status.")
    return answer


def _connected(path: Path, timeout: float) -> socket.socket:
    try:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    except AttributeError as error:
        raise StorageError("This system has no sockets in directories.") from error
    line.settimeout(timeout)
    try:
        with _address(path) as address:
            line.connect(address)
    except OSError as error:
        line.close()
        raise StorageError("No running bot answers for this account.") from error
    return line


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """The path, or a shorter way to the same place: a socket's address has little room."""
    if len(os.fsencode(path)) <= _MAX_PATH:
        yield str(path)
        return
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)
