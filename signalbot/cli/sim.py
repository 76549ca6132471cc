"""``signalbot sim``."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from signalbot.cli.simulation import simulate, simulation_options


@click.command()
@click.argument("target", metavar="BOT")
@click.option("--log-level", default="INFO", metavar="LEVEL", help="debug, info, warning ...")
@simulation_options
def sim(target: str, log_level: str, **options: Any) -> None:
    """Chat with your own bot, without an account or a server.

    BOT is a file (bot.py), a module (mypackage.bot), or either with the name of the bot or of a
    function that makes it (bot.py:make_bot). The bot runs as it is, but on the built-in stand-in
    for the server, and with an empty state directory that goes away.
    """
    from signalbot.cli.loading import Program
    from signalbot.cli.run import load
    from signalbot.observability.logging import configure_unless_shown
    from signalbot.simulator.stage import NUMBER

    # A program that leaves the number to the environment runs here without any set-up.
    os.environ.setdefault("SIGNAL_PHONE_NUMBER", NUMBER)
    bot = load(Program(target))
    configure_unless_shown(log_level)
    sys.exit(simulate(bot, **options))
