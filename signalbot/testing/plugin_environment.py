"""What the fixtures are made of, imported when a test uses one."""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from signalbot.bot import SignalBot

from .clock import FakeClock
from .fake_signal import FakeSignal
from .real_server import RealServer
from .stage import Stage


@contextlib.contextmanager
def environment(
    config: pytest.Config, directories: pytest.TempPathFactory, clock: FakeClock | None
) -> Iterator[FakeSignal | None]:
    """Have a server for one test, and the settings of a bot for it in the environment."""
    url = config.getoption("--signal-server")
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("SIGNAL_STATE_DIR", str(directories.mktemp("signalbot")))
        if url is not None:
            patch.setenv("SIGNAL_SERVICE", url)
            if number := config.getoption("--signal-number"):
                patch.setenv("SIGNAL_PHONE_NUMBER", number)
            yield None
            return
        server = stack.enter_context(FakeSignal(now=clock.time if clock else time.time))
        patch.setenv("SIGNAL_SERVICE", server.url)
        patch.setenv("SIGNAL_PHONE_NUMBER", server.number)
        yield server


@contextlib.contextmanager
def stage_for(
    config: pytest.Config, bot: Any, server: FakeSignal | None, clock: FakeClock | None
) -> Iterator[Stage]:
    """The test's bot, started on the test's server."""
    if not isinstance(bot, SignalBot):
        pytest.fail(
            f"The fixture 'bot' is a {type(bot).__name__}; the chat needs a SignalBot that is "
            "not started.",
            pytrace=False,
        )
    with contextlib.ExitStack() as stack:
        if server is None:
            stage = Stage.on_real_server(bot, stack.enter_context(_real(config, bot)), clock)
        else:
            stage = Stage(bot, server, clock=clock)
        stage.start()
        stack.callback(stage.stop)
        yield stage


def _real(config: pytest.Config, bot: SignalBot) -> RealServer:
    person = config.getoption("--signal-person")
    if person is None:
        pytest.skip("a second account has to write: --signal-person=NUMBER (--signal-server)")
    return RealServer(
        config.getoption("--signal-server"),
        bot.account,
        person,
        state_dir=bot.settings.state_dir / "tester",
    )


def load_bot(name: str) -> SignalBot:
    """The bot that the ini option names as ``module:name``."""
    module, _, attribute = name.partition(":")
    found: Any = getattr(importlib.import_module(module), attribute or "bot")
    bot: SignalBot = found if isinstance(found, SignalBot) else found()
    return bot
