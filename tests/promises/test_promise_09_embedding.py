"""One owner among many processes, and forks that harm nobody."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from signalbot import AlreadyRunning
from signalbot.runtime.owner import OwnerLock
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually
from tests.promises.conftest import StartScript, line_of

STANDBYS = """
    import os, sys, time
    from signalbot import SignalBot
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def one():
        bot = SignalBot(on_conflict="standby")
        def tell():
            os.write(1, f"{os.getpid()} {bot.state}\\n".encode())
        @bot.on_message
        def note(ctx):
            os.write(log, f"{ctx.text} {os.getpid()} {int(ctx.redelivered)}\\n".encode())
            time.sleep(0.01)
        bot.start()
        tell()
        if bot.state == "standby":
            while bot.state == "standby":
                time.sleep(0.02)
            tell()
        bot.join()

    SignalBot()  # imports what a bot needs; forked while nothing runs, as a prefork server does
    for _ in range(4):
        if os.fork() == 0:
            one()
    while True:
        os.wait()
"""


def test_four_processes_one_owner_and_a_takeover_after_each_kill(
    server: FakeSignal, make_bot: Any, start_script: StartScript, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.touch()
    parent = start_script(STANDBYS, log)
    alice = server.add_person("Alice")
    first = [line_of(parent).split() for _ in range(4)]
    standbys = {int(pid) for pid, state in first if state == "standby"}
    (owner,) = [int(pid) for pid, state in first if state == "running"]
    takeovers: list[float] = []
    sent = 0
    try:
        for _ in range(3):
            server.wait_for_socket(10)
            assert server.connections == 1
            with pytest.raises(AlreadyRunning) as caught:
                make_bot().start()
            assert caught.value.pid == owner
            for _ in range(20):
                server.say(alice, str(sent))
                sent += 1
            wait_for_lines(log, sent - 15)
            os.kill(owner, signal.SIGKILL)
            began = time.monotonic()
            pid, state = line_of(parent).split()
            server.wait_for(lambda: server.connections_made == len(takeovers) + 2, 10)
            takeovers.append(time.monotonic() - began)
            assert state == "running"
            owner = int(pid)
            standbys.remove(owner)
        eventually(lambda: len({line.split()[0] for line in log.read_text().splitlines()}) == sent)
    finally:
        for pid in {owner, *standbys}:
            os.kill(pid, signal.SIGKILL)

    lines = [line.split() for line in log.read_text().splitlines()]
    times = Counter(text for text, _, _ in lines)
    print(
        f"3 kills of the owner, 4 processes: takeovers after "
        f"{', '.join(f'{t:.2f}' for t in takeovers)} s; {sent} messages handled, "
        f"{sum(times.values()) - sent} repeated"
    )
    assert standbys == set()
    assert max(takeovers) < 5.0
    seen: set[str] = set()
    for text, _, mark in lines:
        assert text not in seen or mark == "1", f"{text} was repeated without a mark"
        seen.add(text)


def wait_for_lines(log: Path, count: int) -> None:
    eventually(lambda: log.read_text().count("\n") >= count)


def test_a_fork_storm_of_a_started_bot(
    server: FakeSignal, start_script: StartScript, tmp_path: Path
) -> None:
    forks = 16
    process = start_script(
        """
        import os, sys, threading
        from signalbot import ForkedProcessError, SignalBot
        bot = SignalBot()
        seen = []
        @bot.on_message
        def note(ctx):
            seen.append(ctx.text)
            return ctx.text
        bot.start()
        print("started", flush=True)
        bad = 0
        for number in range(int(sys.argv[1])):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    bot.send("+4915199999999", "from a child")
                except ForkedProcessError:
                    code = 0 if bot.state == "forked" and not bot.connected else 2
                bot.stop()
                if number % 6 == 0:
                    sys.exit(code)  # the inherited exit handlers run
                os._exit(code)
            bad += os.waitpid(child, 0)[1] != 0
        print("forked", bad, flush=True)
        sys.stdin.readline()
        report = bot.stop()
        print(len(seen), len(set(seen)), report.kept, flush=True)
        """,
        forks,
    )
    alice = server.add_person("Alice", number="+4915188888888")
    assert line_of(process) == "started"
    server.wait_for_socket()
    server.push_many((server.frame(alice, str(n)) for n in range(200)), spacing=0.005)
    assert line_of(process) == "forked 0"
    server.wait_for_sent(200, timeout=20)

    process.terminate()
    print(f"{forks} forks during 200 messages: sends {len(server.sent)}")
    assert sorted(int(str(sent.text)) for sent in server.sent) == list(range(200))
    assert server.connections_made == 1


def test_a_child_of_a_bot_that_is_just_starting_is_free(
    server: FakeSignal, start_script: StartScript
) -> None:
    server.hang("/v1/about")
    process = start_script(
        """
        import os, threading, time
        from signalbot import SignalBot
        bot = SignalBot()
        threading.Thread(target=bot.start, daemon=True).start()
        while bot.state != "starting":
            time.sleep(0.001)
        child = os.fork()
        if child == 0:
            print(bot.state, bot.stop(), flush=True)
            try:
                bot.start(timeout=0.2)
            except Exception as error:
                print(type(error).__name__, bot.state, flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        os._exit(0)
        """
    )

    assert line_of(process) == "forked StopReport(finished=0, kept=0, abandoned=())"
    # The parent has the account; what matters is that nothing hangs.
    assert line_of(process) in ("AlreadyRunning failed", "RequestTimedOut failed")


def test_a_child_may_start_for_itself_after_the_parent_has_stopped(
    server: FakeSignal, start_script: StartScript
) -> None:
    """As gunicorn's post_worker_init does, with a bot that was constructed before the fork."""
    process = start_script(
        """
        import os, sys
        from signalbot import SignalBot
        bot = SignalBot()
        @bot.on_message
        def note(ctx):
            return f"pid {os.getpid()}"
        bot.start()
        bot.stop()
        child = os.fork()
        if child == 0:
            bot.start()
            print(os.getpid(), flush=True)
            bot.join()
            os._exit(0)
        os.waitpid(child, 0)
        """
    )
    child = int(line_of(process))
    server.say(server.add_person("Alice", number="+4915188888888"), "who?")
    server.wait_for_sent(timeout=10)
    os.kill(child, signal.SIGKILL)

    assert server.sent[0].text == f"pid {child}"


def test_the_owner_of_a_full_disk_is_the_owner_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    lock = OwnerLock(tmp_path)
    lock.acquire()

    assert lock.held
    with pytest.raises(AlreadyRunning):
        OwnerLock(tmp_path).acquire()
    lock.release()
    again = OwnerLock(tmp_path)
    again.acquire()
    again.release()
