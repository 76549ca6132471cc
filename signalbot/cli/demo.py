"""``signalbot demo``."""

from __future__ import annotations

import sys
from typing import Any

import click

from signalbot.cli.simulation import simulate, simulation_options


@click.command()
@click.option("--script", is_flag=True, help="Play a fixed conversation, print PASS or FAIL.")
@simulation_options
def demo(script: bool, **options: Any) -> None:
    """Try an example bot without an account or a server.

    The bot runs on the built-in stand-in for the server; you chat with it on a page in the
    browser, or in the terminal.
    """
    from signalbot.simulator.demo_bot import make_bot
    from signalbot.simulator.script import play_script

    sys.exit(play_script(sys.stdout, sys.stderr) if script else simulate(make_bot, **options))
