"""A process that is killed again and again while its inbox works; run as a script.

``python -m tests.infrastructure.inbox_victim DIRECTORY LOG KILLS SEED``: the parent forks a child
for each run, lets it work for a random moment, and kills it with SIGKILL; the last run drains the
inbox and ends in order. Every fact goes into the log by one ``write`` to a file opened with
O_APPEND, so what was written is there however the process ended:

    C n        feed() returned: frame n is committed
    B n r a    a handler begins with frame n; redelivered (0 or 1), attempt
    H n        the handler is done with frame n
    D n        the last run found frame n among the dead letters
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from queue import SimpleQueue

from signalbot.infrastructure.inbox import DiskInbox
from signalbot.infrastructure.storage.inbox_base import Failure
from signalbot.model.delivery import Delivery
from tests.infrastructure.inboxes import frame, number_of, peek_own

CHATS = 7
FEEDERS = 4
FAILS_EVERY = 50


def new_inbox(directory: Path) -> DiskInbox:
    # Small bounds: most frames wait on disk, segments are swept and joined all the time.
    return DiskInbox(directory, peek=peek_own, max_queued=32, max_per_chat=8, min_free_bytes=0)


class Workers:
    """A thread per chat handles its deliveries in order."""

    def __init__(self, inbox: DiskInbox, log: int) -> None:
        self._inbox = inbox
        self._log = log
        self._queues: list[SimpleQueue[Delivery]] = [SimpleQueue() for _ in range(CHATS)]
        for queue in self._queues:
            threading.Thread(target=self._work, args=(queue,), daemon=True).start()

    def deliver(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            self._queues[number_of(delivery.raw) % CHATS].put(delivery)

    def _work(self, queue: SimpleQueue[Delivery]) -> None:
        while True:
            delivery = queue.get()
            number = number_of(delivery.raw)
            self._inbox.begin(delivery)
            write(self._log, f"B {number} {delivery.redelivered:d} {delivery.attempt}")
            if number % 11 == 0:
                time.sleep(0.002)
            write(self._log, f"H {number}")
            if number % FAILS_EVERY == 0:
                self._inbox.fail(delivery, Failure("error"))
            else:
                self._inbox.finish(delivery)


def write(log: int, line: str) -> None:
    os.write(log, line.encode() + b"\n")


def work_until_killed(directory: Path, log: int, run: int) -> None:
    inbox = new_inbox(directory)
    workers = Workers(inbox, log)
    inbox.open(workers.deliver)
    # Two doors: feed() tells when a frame is committed, put() brings load.
    for sender in range(FEEDERS):
        threading.Thread(target=feed, args=(inbox, log, start_of(run, sender)), daemon=True).start()
    flood(inbox, start_of(run, FEEDERS))


def start_of(run: int, sender: int) -> int:
    return run * 1_000_000 + sender * 100_000


def sender_of(number: int) -> int:
    return number % 1_000_000 // 100_000


def feed(inbox: DiskInbox, log: int, start: int) -> None:
    for number in itertools.count(start):
        inbox.feed(frame(number, chat=f"chat-{number % CHATS}"))
        write(log, f"C {number}")


def flood(inbox: DiskInbox, start: int) -> None:
    for number in itertools.count(start, 40):
        frames = [frame(n, chat=f"chat-{n % CHATS}") for n in range(number, number + 40)]
        inbox.put_many(frames, time.time(), "websocket")
        time.sleep(0.01)


def drain(directory: Path, log: int) -> None:
    inbox = new_inbox(directory)
    workers = Workers(inbox, log)
    inbox.open(workers.deliver)
    while inbox.stats().pending:
        time.sleep(0.005)
    for letter in inbox.dead_letters(limit=None):
        write(log, f"D {number_of(letter.raw)}")
    assert inbox.close(10.0)


def main(directory: Path, path: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for run in range(1, kills + 1):
        write(log, f"R {run}")
        child = os.fork()
        if child == 0:
            work_until_killed(directory, log, run)
        time.sleep(chance.uniform(0.02, 0.25))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    write(log, f"R {kills + 1}")
    drain(directory, log)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
