"""The bot that one writes by hand in an hour.

websocket-client with its defaults, a ThreadPoolExecutor, one shared stock httpx.Client. No order,
no storage, no retries.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import websocket
from common import NUMBER, PAUSE, begin, options


def main() -> None:
    given = options()
    begin()
    client = httpx.Client(base_url=given["url"])
    pool = ThreadPoolExecutor(given["workers"])

    def handle(text: str, sender: str) -> None:
        command, _, number = text.partition(" ")
        if command not in ("/echo", "/sleep", "/block"):
            return
        if command != "/echo":
            time.sleep(PAUSE)
        client.post("/v2/send", json={"number": NUMBER, "recipients": [sender], "message": number})

    address = given["url"].replace("http", "ws")
    line = websocket.create_connection(f"{address}/v1/receive/{NUMBER}")
    while data := line.recv():
        envelope = json.loads(data)["envelope"]
        text = (envelope.get("dataMessage") or {}).get("message")
        if text:
            pool.submit(handle, text, envelope["sourceUuid"])


if __name__ == "__main__":
    main()
