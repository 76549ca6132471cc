"""An HTTP server that plays bytes from a script, one script per connection."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

DEADLINE = 5.0  # seconds; only a hang takes that long

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(frozen=True)
class Seen:
    """One request as the server read it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class HttpPeer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, seen: list[Seen]) -> None:
        sock.settimeout(DEADLINE)
        self.sock = sock
        self._seen = seen
        self._buffer = b""

    def read_head(self) -> Seen:
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        line, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        headers = {name.lower(): value for name, value in (row.split(": ", 1) for row in lines)}
        return Seen(method, target, headers, b"")

    def read_request(self) -> Seen:
        head = self.read_head()
        length = int(head.headers.get("content-length", "0"))
        while len(self._buffer) < length:
            self._more()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        request = Seen(head.method, head.target, head.headers, body)
        self._seen.append(request)
        return request

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def wait_for_end(self) -> None:
        """Return when the client has closed its side."""
        with contextlib.suppress(OSError):
            while self.sock.recv(65536):
                pass

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data


Script = Callable[[HttpPeer], None]


def answering(*answers: bytes) -> Script:
    """Read a request for each of the answers, then close."""

    def script(peer: HttpPeer) -> None:
        for answer in answers:
            peer.read_request()
            peer.send(answer)

    return script


def always(answer: bytes) -> Script:
    """Answer every request alike, and keep the connection."""

    def script(peer: HttpPeer) -> None:
        while True:
            peer.read_request()
            peer.send(answer)

    return script


class HttpScript:
    """Accepts connections; the n-th plays the n-th script, the last one again and again."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._scripts = list(scripts)
        self._tls = tls
        self._socks: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.seen: list[Seen] = []
        self.connections = 0
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def address(self) -> str:
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            thread = threading.Thread(target=self._play, args=(sock, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _play(self, sock: socket.socket, script: Script) -> None:
        # The client may go away in the middle, handshake included; ValueError is what a TLS
        # socket says that has been shut down meanwhile.
        with contextlib.suppress(OSError, EOFError, ValueError):
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            self._socks.append(sock)
            script(HttpPeer(sock, self.seen))
            if self._tls is not None and isinstance(sock, ssl.SSLSocket):
                sock = sock.unwrap()
        sock.close()

    def close(self) -> None:
        # close() alone does not wake a blocked accept(); shutdown() does.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(DEADLINE)
        for sock in self._socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(DEADLINE)


@contextmanager
def http_script(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[HttpScript]:
    server = HttpScript(*scripts, tls=tls)
    try:
        yield server
    finally:
        server.close()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
