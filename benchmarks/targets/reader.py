"""The intake reference: a bare reader that buffers, cuts frames and parses JSON."""

from __future__ import annotations

import json
import socket
import sys
import threading
from urllib.parse import urlsplit

from benchmarks.targets.measured import print_cost, report, wait_for_term


def main() -> None:
    """Read frames until SIGTERM; answer those that ask for it."""
    import http.client

    host = urlsplit(sys.argv[1])
    sends = http.client.HTTPConnection(host.hostname or "", host.port)

    def read() -> None:
        line = socket.create_connection((host.hostname, host.port))
        line.sendall(
            b"GET /v1/receive/%2B4915112345678 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        buffer = b""
        while b"\r\n\r\n" not in buffer:
            buffer += line.recv(65536)
        buffer = buffer.split(b"\r\n\r\n", 1)[1]
        while data := line.recv(65536):
            buffer += data
            at = 0
            while len(buffer) - at >= 4:
                size, head = buffer[at + 1], 2
                if size == 126:
                    size, head = int.from_bytes(buffer[at + 2 : at + 4], "big"), 4
                if len(buffer) - at < head + size:
                    break
                frame = json.loads(buffer[at + head : at + head + size])
                at += head + size
                text = frame["envelope"]["dataMessage"]["message"]
                if text.startswith("/echo "):
                    body = json.dumps({"message": text[6:]})
                    sends.request("POST", "/v2/send", body)
                    sends.getresponse().read()
            buffer = buffer[at:]

    before = report()
    threading.Thread(target=read, daemon=True).start()
    wait_for_term()
    print_cost(before, report())


if __name__ == "__main__":
    main()
