"""``signalbot run``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from signalbot.cli.options import given_among, note, raw_options

if TYPE_CHECKING:
    from signalbot.bot import SignalBot
    from signalbot.cli.loading import Program


@click.command()
@click.argument("target", metavar="BOT")
@click.option("--reload", "reloads", is_flag=True, help="Take new handlers when a file is saved.")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning ... [SIGNAL_LOG_LEVEL]")
@raw_options("phone_number", "signal_service", "state_dir")
def run(target: str, reloads: bool, **values: Any) -> None:
    """Run a bot in the foreground.

    BOT is a file (bot.py), a module (mypackage.bot), or either with the name of the bot or of a
    function that makes it (bot.py:make_bot). Ctrl-C ends it in order.

    With --reload the connection stays open while the program is changed: every message is
    handled, by the handlers of that moment. A program with a mistake changes nothing.

    The options count where the program leaves the setting open.
    """
    from signalbot.cli.loading import Program

    for name, value in given_among(values, list(values)).items():
        variable = "SIGNAL_SERVICE" if name == "signal_service" else f"SIGNAL_{name.upper()}"
        os.environ[variable] = str(value)
    program = Program(target)
    bot = load(program)
    log_to_terminal(bot.settings.log_level or "INFO")
    note(f"{program.path.name}: {bot.account} on {host_of(bot)}. Ctrl-C ends it.")
    if not reloads:
        bot.run()
        return
    from signalbot.cli.reload import Reloader

    reloader = Reloader(bot, program, say=note)
    reloader.start()
    try:
        bot.run()
    finally:
        reloader.stop()


def load(program: Program) -> SignalBot:
    """The program's bot.

    Raises:
        ClickException: the program fails; its traceback begins in the program itself.
    """
    from signalbot.cli.reload import told
    from signalbot.errors import SignalBotError

    try:
        return program.load()
    except SignalBotError:
        raise
    except Exception as error:
        raise click.ClickException(f"{program.path.name} fails:\n{told(error)}") from error


def host_of(bot: SignalBot) -> str:
    """The server, without credentials."""
    return bot.client.http.endpoint.base_url


def log_to_terminal(level: str) -> None:
    """Show the bot's log, unless the program has set up logging itself."""
    from signalbot.observability.logging import configure, is_shown

    if not is_shown():
        configure(level)
