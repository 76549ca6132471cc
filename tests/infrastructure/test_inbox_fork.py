"""A fork while the inbox commits harms neither side."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from signalbot.errors import ForkedProcessError
from signalbot.infrastructure.inbox import DiskInbox
from tests.infrastructure.inboxes import Collector, fork, frame, open_inbox, peek_own

FORKS = 20
CHILD_LIMIT = 10.0


def work_in_child(inherited: DiskInbox, directory: Path) -> None:
    """What a web worker does: it lets the parent's inbox go, and may have one of its own."""
    inherited.abandon()
    with pytest.raises(ForkedProcessError):
        inherited.feed(frame(1))
    assert inherited.close() is True
    with open_inbox(directory, got := Collector()) as own:
        assert own.feed(frame(1)) is True
        got.wait(1)


def fork_beside(inbox: DiskInbox, directory: Path) -> int:
    inbox.before_fork()
    child = fork()
    if child == 0:
        code = 1
        try:
            work_in_child(inbox, directory)
            code = 0
        finally:
            os._exit(code)
    inbox.after_fork_in_parent()
    return child


def exit_code(child: int) -> int | None:
    deadline = time.monotonic() + CHILD_LIMIT
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def test_forks_while_committing(tmp_path: Path) -> None:
    stopped = threading.Event()
    fed = 0

    def load(inbox: DiskInbox) -> None:
        nonlocal fed
        while not stopped.is_set():
            assert inbox.feed(frame(fed)) is True
            fed += 1

    got = Collector()
    with open_inbox(tmp_path, got) as inbox:
        got.then = inbox.finish
        thread = threading.Thread(target=load, args=(inbox,))
        thread.start()
        children = []
        for number in range(FORKS):
            children.append(fork_beside(inbox, tmp_path / f"child-{number}"))
            time.sleep(0.003)
        codes = [exit_code(child) for child in children]
        stopped.set()
        thread.join()

    database = sqlite3.connect(tmp_path / "account" / "cache.db")
    integrity = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    assert codes == [0] * FORKS
    assert integrity == ("ok",)
    assert len(got.all) == fed > 0


def test_a_fork_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalbot.infrastructure.inbox.FORK_TIMEOUT", 0.05)
    inbox = DiskInbox(tmp_path, peek=peek_own)
    with inbox.lock:
        inbox.before_fork()
        inbox.after_fork_in_parent()

        assert inbox.lock.locked()
