"""Makes dead letters without handling anything: one as the library writes it, then its copies."""

from __future__ import annotations

import functools
import sys
import threading
import time
from pathlib import Path

from frames import ACCOUNT, FAILURE, frame

from signalbot.infrastructure.dead_letter_store import letter_row
from signalbot.infrastructure.inbox import DiskInbox
from signalbot.infrastructure.safe_disk import open_cache
from signalbot.model import peek

_TOGETHER = 5000


def main() -> None:
    directory, count = Path(sys.argv[1]), int(sys.argv[2])
    inbox = DiskInbox(directory, peek=functools.partial(peek, account=ACCOUNT))
    failed = threading.Event()

    def fail(deliveries) -> None:
        inbox.fail(deliveries[0], FAILURE)
        failed.set()

    inbox.open(fail)
    inbox.put(frame(0), time.time(), "websocket")
    failed.wait(10)
    letter = inbox.dead_letters()[0]
    inbox.close()

    cache = open_cache(directory)
    row = cache[letter_row(letter.id)]
    for first in range(letter.id + 1, count + 1, _TOGETHER):
        with cache.transact():
            for number in range(first, min(first + _TOGETHER, count + 1)):
                cache.set(letter_row(number), row)
    cache.close()


if __name__ == "__main__":
    main()
