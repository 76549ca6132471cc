"""A bot on the stand-in server, made for each test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signalbot import SignalBot
from signalbot.testing import FakeSignal


@pytest.fixture
def server() -> Iterator[FakeSignal]:
    with FakeSignal() as fake:
        yield fake


@pytest.fixture
def make_bot(server: FakeSignal, tmp_path: Path) -> Iterator[Callable[..., SignalBot]]:
    """Makes bots on the stand-in; all of them are stopped at the end."""
    made: list[SignalBot] = []

    def make(**settings: Any) -> SignalBot:
        keywords: dict[str, Any] = {
            "phone_number": server.number,
            "signal_service": server.url,
            "state_dir": tmp_path / "state",
            **settings,
        }
        bot = SignalBot(**keywords)
        made.append(bot)
        return bot

    yield make
    for bot in made:
        bot.stop(grace=2.0)


def eventually(condition: Callable[[], Any], timeout: float = 10.0) -> Any:
    """Wait until the condition is true, for things that tell nobody when they happen."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "the condition did not become true in time"
        pause.wait(0.01)
