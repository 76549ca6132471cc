"""A bot put before the stand-in server, whatever its own settings say."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from signalbot.bot import SignalBot
from signalbot.testing import FakeSignal

BotOrFactory = SignalBot | Callable[..., SignalBot]
"""A bot at rest, or what makes one of SignalBot's keywords."""

NUMBER = "+4915112345678"


def number_of(bot: BotOrFactory) -> str:
    """The account that the stand-in must have."""
    return bot.account if isinstance(bot, SignalBot) else NUMBER


@contextmanager
def on_stage(bot: BotOrFactory, server: FakeSignal) -> Iterator[SignalBot]:
    """The bot, at rest, with its server and directory replaced for the length of the block.

    Handlers, limits, permissions and retries are its own. What would reach out of the simulation
    is not: no other storage than a file that goes away, no port of its own.

    Raises:
        SignalBotError: the bot is running.
    """
    with tempfile.TemporaryDirectory(
        prefix="signalbot-sim-", ignore_cleanup_errors=True
    ) as directory:
        where: dict[str, Any] = {
            "phone_number": server.number,
            "signal_service": server.url,
            "state_dir": directory,
        }
        if not isinstance(bot, SignalBot):
            bot = bot(**where)
        with bot.reconfigured(
            **where,
            auth=None,
            headers={},
            receive_mode="auto",
            storage="sqlite",
            webhook_listen=None,
            ops_listen=None,
            on_conflict="error",
        ):
            yield bot
