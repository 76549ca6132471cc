"""The reference: the bot that one writes by hand in an hour.

websocket-client with its defaults, a ThreadPoolExecutor, one shared stock httpx.Client. No order,
no storage, no retries.
"""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from benchmarks.targets.measured import print_cost, report, wait_for_term


def main() -> None:
    """Run until SIGTERM; print what it cost."""
    import httpx
    import websocket

    url = sys.argv[1]
    number = "+4915112345678"
    client = httpx.Client(base_url=url)
    pool = ThreadPoolExecutor(32)

    def handle(text: str, sender: str) -> None:
        if text.startswith("/echo "):
            client.post(
                "/v2/send",
                json={"number": number, "recipients": [sender], "message": text[6:]},
            )

    def read() -> None:
        socket = websocket.create_connection(f"{url.replace('http', 'ws')}/v1/receive/{number}")
        while True:
            data = socket.recv()
            if not data:
                return
            envelope = json.loads(data)["envelope"]
            text = (envelope.get("dataMessage") or {}).get("message")
            if text:
                pool.submit(handle, text, envelope["sourceUuid"])

    before = report()
    threading.Thread(target=read, daemon=True).start()
    wait_for_term()
    print_cost(before, report())
    sys.stdout.flush()
    import os

    os._exit(0)  # the pool's threads would be waited for


if __name__ == "__main__":
    main()
