"""What a dead letter costs: CPU to write it beyond a frame that succeeds, and replays a second."""

from __future__ import annotations

import functools
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from frames import ACCOUNT, FAILURE, frame

from signalbot.infrastructure.inbox import DiskInbox
from signalbot.infrastructure.storage.inbox_base import ALL
from signalbot.model import peek


class Ending:
    """Ends each delivery as it is told, and knows when as many as expected have ended."""

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
            Path(directory) / "account", peek=functools.partial(peek, account=ACCOUNT)
        )
        ending = Ending()
        inbox.open(ending)
        ending.end = inbox.finish
        finished = _handle(inbox, ending, range(count))
        ending.end = lambda delivery: inbox.fail(delivery, FAILURE)
        failed = _handle(inbox, ending, range(count, 2 * count))
        ending.end = inbox.finish
        ending.expect(count)
        begun = time.monotonic()
        replayed = inbox.replay(ALL)
        ending.wait()
        seconds = time.monotonic() - begun
        inbox.close()
    print(
        json.dumps(
            {"write_us": (failed - finished) / count * 1e6, "replay_rate": replayed / seconds}
        )
    )


def _handle(inbox, ending, numbers) -> float:
    """CPU seconds to record these frames and end them all."""
    ending.expect(len(numbers))
    raws = [frame(number) for number in numbers]
    before = time.process_time()
    for at in range(0, len(raws), 50):
        inbox.put_many(raws[at : at + 50], time.time(), "websocket")
    ending.wait()
    inbox.count_dead_letters()  # its turn comes after all writes
    return time.process_time() - before


if __name__ == "__main__":
    main()
