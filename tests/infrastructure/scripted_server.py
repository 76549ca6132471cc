"""A websocket server that does exactly what a test's script says, down to the byte."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

DEADLINE = 5.0  # seconds; nothing in these tests takes longer unless it hangs

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0


def frame(
    payload: bytes,
    opcode: int = TEXT,
    *,
    fin: bool = True,
    mask: bytes = b"",
    reserved: int = 0,
    announced: int | None = None,
) -> bytes:
    """One frame as bytes; ``announced`` lies about the length."""
    size = len(payload) if announced is None else announced
    first = (0x80 if fin else 0) | reserved | opcode
    mask_bit = 0x80 if mask else 0
    if size < 126:
        head = struct.pack("!BB", first, mask_bit | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, mask_bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, size)
    if mask:
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + mask + payload


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(DEADLINE)
        self.sock = sock
        self.request_line = ""
        self.headers: dict[str, str] = {}

    def read_request(self) -> None:
        """Read the head of the handshake, and nothing behind it."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._exactly(1)
        self.request_line, *lines = head.decode().strip().split("\r\n")
        self.headers = dict(line.split(": ", 1) for line in lines)

    def accept(self, and_then: bytes = b"") -> None:
        """Shake hands; ``and_then`` goes out in the same packet."""
        self.read_request()
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send(
            (
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            ).encode()
            + and_then
        )

    def answer(self, status: str, body: bytes = b"", *headers: str) -> None:
        """Refuse the handshake."""
        self.read_request()
        lines = [f"HTTP/1.1 {status}", *headers]
        if not any(line.lower().startswith("transfer-encoding") for line in headers):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def receive_frame(self) -> tuple[int, bytes]:
        """The client's next frame, unmasked."""
        first, second = self._exactly(2)
        assert second & 0x80, "a client must mask its frames"
        size = second & 0x7F
        assert size < 126, "this client has nothing long to say"
        mask = self._exactly(4)
        payload = self._exactly(size)
        return first & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))

    def wait_for_end(self) -> None:
        """Return once the client's side is closed."""
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionError:
            pass

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise EOFError(f"the client hung up, {data!r} was the last")
            data += more
        return data


Script = Callable[[Peer], None]


class ScriptedServer:
    """Runs one script per connection; the last one again and again."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._scripts = list(scripts)
        self._tls = tls
        self._threads: list[threading.Thread] = []
        self._socks: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        self.address = f"{'https' if tls else 'http'}://localhost:{self.port}"
        self.peers: list[Peer] = []
        self.connections = 0
        self.failures: list[BaseException] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._socks.append(sock)
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, script: Script) -> None:
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._socks.append(sock)
            peer = Peer(sock)
            self.peers.append(peer)
            script(peer)
        except ssl.SSLError:
            pass  # the client did not like the certificate, or hung up: its side is what is tested
        except BaseException as error:  # noqa: BLE001 - raised by stop(), in the test's thread
            self.failures.append(error)
        finally:
            sock.close()

    def stop(self) -> None:
        """Close everything, and raise what went wrong in a script."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(DEADLINE)
        for thread in self._threads:
            thread.join(DEADLINE)
        for sock in self._socks:
            sock.close()
        assert not any(thread.is_alive() for thread in self._threads), "a script hangs"
        if self.failures:
            raise self.failures[0]


@contextmanager
def scripted(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """Serve the scripts for the length of the block."""
    server = ScriptedServer(*scripts, tls=tls)
    try:
        yield server
    finally:
        server.stop()
