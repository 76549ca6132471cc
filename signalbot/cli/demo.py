"""``signalbot demo``."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--script", is_flag=True, help="Play a fixed conversation, print PASS or FAIL.")
def demo(script: bool) -> None:
    """Try an example bot without an account or a server.

    The bot runs on the built-in stand-in for the server; you chat with it in the terminal.
    """
    from signalbot.simulator.demo_bot import make_bot
    from signalbot.simulator.script import play_script
    from signalbot.simulator.terminal import chat_in_terminal

    sys.exit(play_script(sys.stdout) if script else chat_in_terminal(make_bot, sys.stdout))
