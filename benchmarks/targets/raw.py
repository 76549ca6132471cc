"""No bot: bare sockets that answer what they find, to see how much the load server can take."""

from __future__ import annotations

import re
import select
import socket
from collections import deque
from urllib.parse import urlsplit

from common import NUMBER, begin, options

_WANTED = re.compile(rb'"/echo (\d+)"')
_LONGEST = 64
"""Bytes at the end of a piece that may be the beginning of a match."""


def main() -> None:
    given = options()
    address = urlsplit(given["url"])
    where = (address.hostname, address.port)
    begin()
    poll = select.epoll()
    idle: deque[socket.socket] = deque()
    connections = {}
    for _ in range(given["concurrency"]):
        connection = socket.create_connection(where)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connections[connection.fileno()] = connection
        poll.register(connection, select.EPOLLIN)
        idle.append(connection)
    line = _websocket(where)
    poll.register(line, select.EPOLLIN)
    waiting: deque[bytes] = deque()
    rest = b""
    while True:
        for descriptor, _ in poll.poll():
            if descriptor != line.fileno():
                connections[descriptor].recv(4096)
                idle.append(connections[descriptor])
                continue
            data = rest + line.recv(1 << 18)
            if data == rest:
                return
            end = 0
            for match in _WANTED.finditer(data):
                waiting.append(match[1])
                end = match.end()
            rest = data[max(end, len(data) - _LONGEST) :]
        while waiting and idle:
            idle.popleft().sendall(_send(waiting.popleft()))


def _websocket(where) -> socket.socket:
    line = socket.create_connection(where)
    line.sendall(
        b"GET /v1/receive/%s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        % NUMBER.encode()
    )
    return line


def _send(number: bytes) -> bytes:
    body = b'{"number":"%s","recipients":["x"],"message":"%s"}' % (NUMBER.encode(), number)
    return (
        b"POST /v2/send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )


if __name__ == "__main__":
    main()
