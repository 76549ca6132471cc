"""The stand-in server, and bots on it."""

from __future__ import annotations

from tests.bot.conftest import make_bot, server

__all__ = ["make_bot", "server"]
