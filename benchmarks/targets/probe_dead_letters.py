"""What a dead letter costs: CPU to write it beyond a frame that succeeds, and replays a second."""

from __future__ import annotations

import functools
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from signalbot.infrastructure.inbox import DiskInbox
from signalbot.infrastructure.storage.inbox_base import Failure
from signalbot.model import peek

_ACCOUNT = "+4915112345678"
_FAILURE = Failure(
    "handler_error", "ValueError", "no such order", "Traceback ...\n" + "  at\n" * 200, "bot.order"
)


class Frames:
    """Takes deliveries, ends each one as it is told, and knows when all have ended."""

    def __init__(self) -> None:
        self.end = lambda delivery: None
        self._left = 0
        self._done = threading.Event()

    def expect(self, count: int) -> None:
        self._left = count
        self._done.clear()

    def __call__(self, deliveries) -> None:
        for delivery in deliveries:
            self.end(delivery)
        self._left -= len(deliveries)
        if self._left <= 0:
            self._done.set()

    def wait(self) -> None:
        if not self._done.wait(120):
            raise SystemExit(f"{self._left} frames are missing")


def main() -> None:
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="signalbot-bench-") as directory:
        inbox = DiskInbox(
            Path(directory) / "account", peek=functools.partial(peek, account=_ACCOUNT)
        )
        frames = Frames()
        inbox.open(frames)
        finished = _handle(inbox, frames, inbox.finish, range(count))
        failed = _handle(
            inbox, frames, lambda delivery: inbox.fail(delivery, _FAILURE), range(count, 2 * count)
        )
        frames.end = inbox.finish
        frames.expect(count)
        begun = time.monotonic()
        replayed = inbox.replay(range(1, 2 * count))
        frames.wait()
        seconds = time.monotonic() - begun
        inbox.close()
    print(
        json.dumps(
            {
                "write_us": (failed - finished) / count * 1e6,
                "replay_rate": replayed / seconds,
            }
        )
    )


def _handle(inbox, frames, end, numbers) -> float:
    """CPU seconds to record these frames and end them all."""
    frames.end = end
    frames.expect(len(numbers))
    raws = [_frame(number) for number in numbers]
    before = time.process_time()
    for at in range(0, len(raws), 50):
        inbox.put_many(raws[at : at + 50], time.time(), "websocket")
    frames.wait()
    inbox.count_dead_letters()  # comes after all writes
    return time.process_time() - before


def _frame(number: int) -> bytes:
    uuid = f"{number % 100:08x}-0000-4000-8000-000000000000"
    stamp = 1769271479000 + number
    envelope = {
        "source": uuid,
        "sourceUuid": uuid,
        "sourceDevice": 1,
        "timestamp": stamp,
        "dataMessage": {"timestamp": stamp, "message": f"/order {number}"},
    }
    return json.dumps({"envelope": envelope, "account": _ACCOUNT}).encode()


if __name__ == "__main__":
    main()
