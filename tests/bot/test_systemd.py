"""What systemd is told of a bot that it runs."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signalbot import SignalBot
from signalbot.runtime.systemd import watchdog_interval
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually

MakeBot = Callable[..., SignalBot]

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no unix sockets")


class Systemd:
    """The receiving end of the notifications."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(10)

    def heard(self) -> list[str]:
        """The lines of the next notification."""
        return self.socket.recv(4096).decode().splitlines()

    def falls_silent(self) -> bool:
        """Whether nothing more comes, after what was sent already."""
        self.socket.settimeout(0.3)
        try:
            for _ in range(20):
                self.heard()
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(10)
        return False

    def wait_for(self, line: str) -> None:
        while line not in self.heard():
            pass


@pytest.fixture(params=["path", "abstract"])
def systemd(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Systemd]:
    name = str(tmp_path / "notify")[-100:]
    if request.param == "abstract":
        if sys.platform != "linux":
            pytest.skip("abstract sockets are Linux' own")
        listening = Systemd("\0" + name)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
    else:
        listening = Systemd(name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
    yield listening
    listening.socket.close()


def run_in_thread(bot: SignalBot) -> threading.Thread:
    thread = threading.Thread(target=bot.run)
    thread.start()
    return thread


def test_ready_alive_stopping(
    server: FakeSignal, make_bot: MakeBot, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    bot = make_bot()

    running = run_in_thread(bot)

    assert "READY=1" in systemd.heard()
    systemd.wait_for("STATUS=running, connected")
    systemd.wait_for("WATCHDOG=1")
    bot.stop()
    systemd.wait_for("STOPPING=1")
    running.join(10)
    assert not running.is_alive()


def test_no_sign_of_life_while_the_loop_hangs(
    server: FakeSignal, make_bot: MakeBot, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    bot = make_bot()
    running = run_in_thread(bot)
    systemd.wait_for("WATCHDOG=1")
    go_on = threading.Event()
    hanging = threading.Event()

    def hang() -> None:
        hanging.set()
        go_on.wait(10)

    assert bot.engine is not None
    bot.engine.parts.loop.call_soon(hang)
    hanging.wait(10)
    assert systemd.falls_silent()
    go_on.set()

    systemd.wait_for("WATCHDOG=1")
    bot.stop()
    running.join(10)


def test_ready_does_not_wait_for_the_server(
    server: FakeSignal, make_bot: MakeBot, systemd: Systemd
) -> None:
    server.stop()
    bot = make_bot()
    running = run_in_thread(bot)

    assert systemd.heard() == ["READY=1", "STATUS=running, not connected"]

    eventually(lambda: bot.stats()["last_error"])
    bot.stop()
    running.join(10)


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_s_interval(environ: dict[str, str], interval: float | None) -> None:
    assert watchdog_interval(environ) == interval
