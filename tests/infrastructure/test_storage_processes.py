"""Several processes on one storage: counting, locking, being killed, forking."""

from __future__ import annotations

import faulthandler
import os
import random
import signal
import sqlite3
import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from signalbot.errors import LockTimeout, SettingsError
from signalbot.infrastructure.storage.base import Storage
from signalbot.infrastructure.storage.memory import MemoryStorage
from signalbot.infrastructure.storage.redis import RedisStorage
from signalbot.infrastructure.storage.sqlite import SqliteStorage
from tests.infrastructure.storages import ROOT, Kind, Redis, Sqlite, worker_command

PROCESSES = 3


@pytest.fixture(params=["sqlite", "redis"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kind]:
    made: Kind
    if request.param == "sqlite":
        made = Sqlite(tmp_path / "account")
    else:
        made = Redis(request.getfixturevalue("redis_url"), uuid.uuid4().hex)
    yield made
    made.close()


def start(kind: Kind, task: str, count: int = 0) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        worker_command(kind, task, str(count)),
        cwd=ROOT,
        bufsize=0,  # or communicate() would miss what readline() has taken in advance
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def go(*processes: subprocess.Popen[bytes]) -> None:
    """Let them begin together."""
    assert [line(process) for process in processes] == ["ready"] * len(processes)
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")


def line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


def kill(process: subprocess.Popen[bytes]) -> bytes:
    """End it as nothing can prepare for; what it had written."""
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=10)
    return rest


@pytest.mark.parametrize("task", ["count", "locked"])
def test_processes_lose_no_increment(kind: Kind, task: str) -> None:
    rounds = 50
    workers = [start(kind, task, rounds) for _ in range(PROCESSES)]

    go(*workers)
    for worker in workers:
        worker.communicate(timeout=40)
        assert worker.returncode == 0

    assert kind.open()["n"] == PROCESSES * rounds


def test_the_lock_of_a_killed_process_is_taken_over_after_its_lease(kind: Kind) -> None:
    storage = kind.open()
    holder = start(kind, "hold")
    go(holder)
    assert line(holder) == "held"
    with pytest.raises(LockTimeout):
        storage.lock("l", timeout=0).acquire()
    kill(holder)

    with pytest.raises(LockTimeout):
        storage.lock("l", timeout=0).acquire()
    kind.advance(1001)

    with storage.lock("l", timeout=0):
        pass


def test_killed_while_writing(tmp_path: Path) -> None:
    kind = Sqlite(tmp_path / "account")
    kills = 6
    last = 0
    for _ in range(kills):
        worker = start(kind, "endless")
        go(worker)
        for _ in range(random.randrange(1, 40)):
            last = int(line(worker))
        told = [int(number) for number in kill(worker).split(b"\n")[:-1]]
        last = told[-1] if told else last

        with kind.make() as storage:
            stored = storage["n"]
            # One more may have been stored than the worker lived to say.
            assert last <= stored <= last + 1
            assert storage.get("blob", "") in ("", "x" * 5000)
        last = stored
    print(f"{kills} kills: {last} committed increments, none lost")

    with sqlite3.connect(tmp_path / "account" / "storage.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize("engine", ["memory", "sqlite", "redis"])
def test_a_child_forked_amid_traffic_has_a_storage_that_works(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    storage: Storage
    if engine == "memory":
        storage = MemoryStorage()
    elif engine == "sqlite":
        storage = SqliteStorage(tmp_path / "account")
    else:
        redis = Redis(request.getfixturevalue("redis_url"), uuid.uuid4().hex)
        request.addfinalizer(redis.close)
        storage = redis.open()
    storage["before"] = 1
    stop = threading.Event()
    counts = [0] * 4

    def write(number: int) -> None:
        while not stop.is_set():
            storage.incr(f"parent{number}")
            counts[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    held = storage.lock("parents").acquire()

    statuses = []
    for _ in range(5):
        storage.delete("child")
        child = os.fork()
        if child == 0:
            # Instead of a hang: the stack on the captured stderr, and exit code 1.
            faulthandler.dump_traceback_later(10, file=2, exit=True)
            status = 5
            try:
                status = 0 if not held.release() and not held.extend() else 4
                for _ in range(20):
                    storage.incr("child")
                status = status or (0 if storage["child"] == 20 and storage["before"] == 1 else 2)
                with storage.lock("childs", timeout=5):
                    pass
                storage.close()
            finally:
                os._exit(status)
        statuses.append(os.waitpid(child, 0)[1])
        if statuses[-1]:
            break
    stop.set()
    for thread in threads:
        thread.join(20)

    assert statuses == [0] * 5
    assert held.release() is True  # no child has given it away
    assert [storage[f"parent{number}"] for number in range(4)] == counts
    storage.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_storage_that_was_never_finished_keeps_no_other_from_new_locks_in_a_child() -> None:
    others = [MemoryStorage() for _ in range(8)]
    with pytest.raises(SettingsError) as failed:  # keeps the unfinished one alive
        RedisStorage("redis://localhost/no-number")

    child = os.fork()
    if child == 0:
        os._exit(sum(storage._guard.locked() for storage in others))

    assert os.waitpid(child, 0)[1] == 0
    assert failed.value is not None
