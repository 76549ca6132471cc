"""``manage.py runsignalbot``: receive, in this process, until Ctrl-C or SIGTERM."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from signalbot.errors import SignalBotError
from signalbot.ext.django import get_bot
from signalbot.ext.django.reloading import raise_held_back, run_with_reloader
from signalbot.observability.logging import configure_unless_shown


class Command(BaseCommand):
    """One process for each account; web processes send beside it."""

    help = "Receives Signal messages until Ctrl-C or SIGTERM, then drains and ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reload", action="store_true", help="Start again when code changes.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["reload"]:
            run_with_reloader(self._receive)
        else:
            try:
                self._receive()
            except SignalBotError as error:
                raise CommandError(str(error)) from error

    def _receive(self) -> None:
        raise_held_back()
        bot = get_bot()
        configure_unless_shown(bot.settings.log_level or "INFO")
        self.stdout.write(f"Receiving for {bot.account}. Ctrl-C stops.")
        bot.run()
