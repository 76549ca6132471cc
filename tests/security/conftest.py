"""A bot on the stand-in server, as in the tests of the bot."""

from tests.bot.conftest import make_bot, server

__all__ = ["make_bot", "server"]
