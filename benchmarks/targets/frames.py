"""Frames and a failure for programs that use the inbox without a server."""

from __future__ import annotations

import json

from signalbot.infrastructure.storage.inbox_base import Failure

ACCOUNT = "+4915112345678"
FAILURE = Failure(
    "handler_error", "ValueError", "no such order", "Traceback:\n" + "  line\n" * 40, "bot.order"
)


def frame(number: int) -> bytes:
    """A message like the server's, from one of 100 people."""
    uuid = f"{number % 100:08x}-0000-4000-8000-000000000000"
    stamp = 1769000000000 + number  # no frame of the load is a duplicate of these
    envelope = {
        "source": uuid,
        "sourceUuid": uuid,
        "sourceDevice": 1,
        "timestamp": stamp,
        "dataMessage": {"timestamp": stamp, "message": f"/order {number}"},
    }
    return json.dumps({"envelope": envelope, "account": ACCOUNT}).encode()
