"""``flask signalbot …``: receive, send, look after the dead letters."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from signalbot.errors import SignalBotError
from signalbot.ext.console import (
    dead_letter_lines,
    dead_letter_text,
    refuse_unknown,
)
from signalbot.observability.logging import configure_unless_shown

if TYPE_CHECKING:
    from flask import Flask

    from signalbot.bot import SignalBot


class _Group(AppGroup):
    """Errors of ours are one line, not a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SignalBotError as error:
            raise click.ClickException(str(error)) from error


def make_commands(app: Flask) -> AppGroup:
    """The command group of one app."""
    group = _Group("signalbot", help="The app's Signal bot.")

    def bot() -> SignalBot:
        found: SignalBot = app.extensions["signalbot"]
        return found

    # Without an app context: every handler gets one of its own, and this command runs for weeks.
    @group.command("run", with_appcontext=False)
    def run() -> None:
        """Receive until Ctrl-C or SIGTERM; one process for each account."""
        configure_unless_shown(bot().settings.log_level or "INFO")
        bot().run()

    @group.command("send")
    @click.argument("to", nargs=-1, required=True)
    @click.option("--text", "-m", help="The text; standard input if left out.")
    def send(to: tuple[str, ...], text: str | None) -> None:
        """Send a message to numbers, uuids, usernames or group ids."""
        try:
            sent = bot().send(list(to), sys.stdin.read() if text is None else text)
        except ValueError as error:  # nobody's number, nothing to send
            raise click.ClickException(str(error)) from error
        click.echo(sent.timestamp)
        if not sent.ok:
            raise click.ClickException(f"{len(sent.failed)} of {len(to)} recipients failed")

    group.add_command(_dead_letter_commands(bot))
    return group


def _dead_letter_commands(bot: Callable[[], SignalBot]) -> AppGroup:
    group = AppGroup("dlq", help="Messages that were given up: the dead letters.")

    @group.command("list")
    @click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
    def list_letters(as_json: bool) -> None:
        """List them, newest first."""
        for line in dead_letter_lines(bot().dead_letters, as_json=as_json):
            click.echo(line)

    @group.command("show")
    @click.argument("number", type=int, metavar="ID")
    def show(number: int) -> None:
        """Print one with its traceback and frame."""
        letter = bot().dead_letters.get(number)
        if letter is None:
            raise click.ClickException(f"There is no dead letter {number}.")
        for line in dead_letter_text(letter):
            click.echo(line)

    @group.command("replay")
    @click.argument("numbers", type=int, nargs=-1, metavar="ID...")
    @click.option("--all", "is_all", is_flag=True, help="Replay every one.")
    def replay(numbers: tuple[int, ...], is_all: bool) -> None:
        """Have them handled again by the process that receives."""
        count = bot().dead_letters.replay(_which(numbers, is_all))
        refuse_unknown(numbers, count)
        click.echo(count)

    @group.command("purge")
    @click.argument("numbers", type=int, nargs=-1, metavar="ID...")
    @click.option("--all", "is_all", is_flag=True, help="Delete every one.")
    @click.confirmation_option("--yes", prompt="Delete them for good?")
    def purge(numbers: tuple[int, ...], is_all: bool) -> None:
        """Delete them for good."""
        count = bot().dead_letters.purge(_which(numbers, is_all))
        refuse_unknown(numbers, count)
        click.echo(count)

    return group


def _which(numbers: tuple[int, ...], is_all: bool) -> tuple[int, ...] | None:
    if bool(numbers) == is_all:
        raise click.UsageError("Give ids, or --all.")
    return numbers or None
