"""Another process that uses the same storage; run as a script.

``python -m tests.infrastructure.storage_worker KIND WHERE PREFIX TASK COUNT``; it prints ``ready``
and begins when a line comes in, so that several begin together.

    count     increments "n" so many times, atomically
    locked    increments "n" by reading and writing it, inside a lock
    hold      takes the lock "l", says "held" and stays until it is killed
    endless   increments "n" until it is killed, and prints each number that was stored
"""

from __future__ import annotations

import os
import sys

from signalbot.infrastructure.storage.base import Storage


def main(kind: str, where: str, prefix: str, task: str, count: str) -> None:
    storage: Storage
    if kind == "redis":
        from signalbot.infrastructure.storage.redis import RedisStorage

        storage = RedisStorage(where, prefix=prefix)
    else:
        from signalbot.infrastructure.storage.sqlite import SqliteStorage

        storage = SqliteStorage(where)
    say("ready")
    sys.stdin.readline()
    if task == "count":
        for _ in range(int(count)):
            storage.update("n", lambda n: n + 1, default=0)
    elif task == "locked":
        for _ in range(int(count)):
            with storage.lock("l", timeout=30):
                storage["n"] = storage.get("n", 0) + 1
    elif task == "hold":
        with storage.lock("l", lease=1000):
            say("held")
            sys.stdin.readline()
    elif task == "endless":
        while True:
            say(str(storage.incr("n")))
            storage["blob"] = "x" * 5000
    storage.close()


def say(line: str) -> None:
    """One write, so that a kill leaves whole lines."""
    os.write(1, line.encode() + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
