"""Try a bot without an account: in the browser, in the terminal, or played from a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signalbot.simulator.stage import BotOrFactory
    from signalbot.simulator.web import Simulator

__all__ = ["start"]


def start(bot: BotOrFactory, *, host: str = "127.0.0.1", port: int = 0) -> Simulator:
    """Start a bot on the stand-in server with a chat page, and return at once.

    ```python
    from signalbot import simulator

    simulation = simulator.start(bot)   # a bot that is not running
    print(simulation.url)
    simulation.stop()
    ```

    Raises:
        ImportError: the extra ``demo`` is not installed.
        SignalBotError: the bot cannot start, or is running already.
        OSError: the port is taken.
    """
    from signalbot.simulator.web import start as start_web

    return start_web(bot, host=host, port=port)
