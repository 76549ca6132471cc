"""A stand-in that is only fast: pushes frames, takes sends, keeps the times.

It runs in a process of its own (``python -m benchmarks.load_server``) so that its work is not
counted as the bot's, speaks just enough HTTP and websocket, and prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import hashlib
import json
import sys
import time
from typing import Any

NUMBER = "+4915112345678"
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_ABOUT = json.dumps(
    {"versions": ["v1", "v2"], "build": 2, "mode": "json-rpc", "version": "0.100",
     "capabilities": {}}
).encode()  # fmt: skip


def frame_for(number: int, chats: int, text: str) -> bytes:
    """The websocket frame of message ``number``."""
    chat = number % chats
    uuid = f"{chat:08x}-0000-4000-8000-000000000000"
    stamp = 1769271479000 + number
    payload = json.dumps(
        {
            "envelope": {
                "source": uuid,
                "sourceNumber": None,
                "sourceUuid": uuid,
                "sourceName": f"Person {chat}",
                "sourceDevice": 1,
                "timestamp": stamp,
                "serverReceivedTimestamp": stamp,
                "serverDeliveredTimestamp": stamp,
                "dataMessage": {
                    "timestamp": stamp,
                    "message": text,
                    "expiresInSeconds": 0,
                    "isExpirationUpdate": False,
                    "viewOnce": False,
                },
            },
            "account": NUMBER,
        },
        separators=(",", ":"),
    ).encode()
    if len(payload) < 126:
        return bytes((0x81, len(payload))) + payload
    return bytes((0x81, 126)) + len(payload).to_bytes(2, "big") + payload


class Load:
    """What is pushed, and what came back."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.socket: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
        self.pushed: dict[int, float] = {}
        self.answered: dict[int, float] = {}
        self.duplicates = 0
        self.out_of_order = 0
        self.last_of_chat: dict[int, int] = {}
        self.done = asyncio.Event()
        self.posts = 0

    def answer(self, body: bytes) -> None:
        """Note one send of the bot."""
        now = time.perf_counter()
        self.posts += 1
        number = int(json.loads(body)["message"])
        if number in self.answered:
            self.duplicates += 1
            return
        self.answered[number] = now
        chat = number % self.options.chats
        if self.last_of_chat.get(chat, -1) > number:
            self.out_of_order += 1
        self.last_of_chat[chat] = number
        if len(self.answered) >= self.options.expect:
            self.done.set()

    async def push(self) -> None:
        """Write all frames, as fast as possible or paced."""
        transport = await self.socket
        await asyncio.sleep(0.3)  # the bot is just reporting that it is connected
        options = self.options
        if options.rate:
            start = time.perf_counter()
            for number in range(options.messages):
                due = start + number / options.rate
                while (wait := due - time.perf_counter()) > 0:
                    await asyncio.sleep(wait if wait > 0.002 else 0)
                self.pushed[number] = time.perf_counter()
                transport.write(frame_for(number, options.chats, text_of(number, options)))
            return
        frames = [
            frame_for(number, options.chats, text_of(number, options))
            for number in range(options.messages)
        ]
        now = time.perf_counter()
        self.pushed = dict.fromkeys(range(options.messages), now)
        for begin in range(0, len(frames), 50):
            transport.write(b"".join(frames[begin : begin + 50]))
            while transport.get_write_buffer_size() > 1 << 20:
                await asyncio.sleep(0.001)

    def result(self, wall: float) -> dict[str, Any]:
        """The figures of this run."""
        latencies = sorted(
            (at - self.pushed[number]) * 1000 for number, at in self.answered.items()
        )
        return {
            "messages": self.options.messages,
            "answered": len(self.answered),
            "lost": self.options.expect - len(self.answered),
            "duplicates": self.duplicates,
            "out_of_order": self.out_of_order,
            "wall": wall,
            "latency_ms": {
                name: latencies[min(len(latencies) - 1, int(len(latencies) * part))]
                for name, part in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
            }
            if latencies
            else {},
        }


def text_of(number: int, options: argparse.Namespace) -> str:
    """Every ``every``-th message asks for an answer, the others match nothing."""
    if number % options.every == options.every - 1 or number == options.messages - 1:
        return f"/echo {number}"
    return f"nothing for anybody {number}"


class Connection(asyncio.Protocol):
    """One client's connection: pipelined HTTP, or the websocket."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.buffer = b""
        self.is_websocket = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.is_websocket:
            self._websocket(data)
            return
        self.buffer += data
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.buffer[:end].lower()
            length = 0
            at = head.find(b"content-length:")
            if at >= 0:
                length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self.buffer) < end + 4 + length:
                return
            head, body = self.buffer[:end], self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            self._request(head, body)

    def _request(self, head: bytes, body: bytes) -> None:
        line = head.split(b"\r\n", 1)[0]
        if b"/v2/send" in line:
            self.load.answer(body)
            delay = self.load.options.delay
            if delay:
                loop = asyncio.get_running_loop()
                loop.call_later(
                    delay, self._reply, b'[{"timestamp":"1769271479123"}]', b"201 Created"
                )
            else:
                self._reply(b'[{"timestamp":"1769271479123"}]', b"201 Created")
        elif b"/v1/about" in line:
            self._reply(_ABOUT)
        elif b"/v1/accounts" in line:
            self._reply(json.dumps([NUMBER]).encode())
        elif b"/v1/receive" in line:
            self._upgrade(head)
        else:
            self._reply(b"[]")

    def _reply(self, body: bytes, status: bytes = b"200 OK") -> None:
        self.transport.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (status, len(body), body)
        )

    def _upgrade(self, head: bytes) -> None:
        key = next(
            line.split(b":", 1)[1].strip()
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key")
        )
        accept = base64.b64encode(hashlib.sha1(key + _MAGIC).digest())
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept
        )
        self.is_websocket = True
        if not self.load.socket.done():
            self.load.socket.set_result(self.transport)

    def _websocket(self, data: bytes) -> None:
        if data[0] & 0x0F == 8:  # close: echo and end
            self.transport.write(b"\x88\x02\x03\xe8")
            self.transport.close()
        elif data[0] & 0x0F == 9:
            self.transport.write(b"\x8a\x00")


async def serve(options: argparse.Namespace) -> dict[str, Any]:
    """Run one scenario, from the bot's connection to the last answer."""
    loop = asyncio.get_running_loop()
    load = Load(options)
    server = await loop.create_server(lambda: Connection(load), "127.0.0.1", options.port)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await load.socket
    await asyncio.sleep(0.3)
    begun = time.perf_counter()
    pushing = asyncio.create_task(load.push())
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(load.done.wait(), options.timeout)
    await pushing
    last = max(load.answered.values(), default=time.perf_counter())
    first = min(load.pushed.values(), default=begun)
    server.close()
    return load.result(last - first)


def main() -> None:
    """Read the options, serve, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--chats", type=int, default=100)
    parser.add_argument("--every", type=int, default=1, help="every n-th message wants an answer")
    parser.add_argument("--rate", type=float, default=0.0, help="messages a second; 0: a burst")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds until a send is answered")
    parser.add_argument("--timeout", type=float, default=60.0)
    options = parser.parse_args()
    options.expect = sum(
        text_of(number, options).startswith("/echo") for number in range(options.messages)
    )
    print(json.dumps(asyncio.run(serve(options))), flush=True)
    sys.exit(0)


if __name__ == "__main__":
    main()
