"""What ``demo`` and ``sim`` have in common: the page or the terminal, and their options."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from signalbot.simulator.stage import BotOrFactory

Command = TypeVar("Command", bound=Callable[..., Any])


def simulation_options(command: Command) -> Command:
    """Add the options; ``simulate`` takes what comes of them."""
    options = [
        click.option(
            "--web/--terminal", "web", default=None,
            help="Chat in the browser or here. By default the browser, if there seems to be one.",
        ),
        click.option("--open/--no-open", "opens", default=None, help="Open the page at once."),
        click.option(
            "--port", default=0, metavar="PORT", type=click.IntRange(0, 65535),
            help="The page's port; without it any free one.",
        ),
        click.option(
            "--host", default="127.0.0.1", metavar="ADDRESS",
            help="Where the page listens; by default only this computer reaches it.",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def simulate(
    bot: BotOrFactory, *, web: bool | None, opens: bool | None, port: int, host: str
) -> int:
    """Run the bot on the stand-in until the user has had enough; answers the exit code."""
    from signalbot.simulator.web import browser_is_likely, serve

    # Who names a port, or says whether to open the page, means the page.
    if web is None:
        web = bool(port) or opens is not None or browser_is_likely()
    if web:
        return serve(bot, host=host, port=port, open_browser=opens)
    from signalbot.simulator.terminal import chat_in_terminal

    return chat_in_terminal(bot, sys.stdout)
