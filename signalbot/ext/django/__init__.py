"""Signal bots inside Django projects.

    INSTALLED_APPS = [..., "signalbot.ext.django"]
    SIGNALBOT = {"PHONE_NUMBER": "+4915112345678", "SIGNAL_SERVICE": "http://127.0.0.1:8080"}

Handlers are in each app's ``bot.py``::

    from signalbot.ext.django import bot

    @bot.command("stock")
    def stock(ctx, item: str):
        return f"{Item.objects.get(name=item).count} left"

``manage.py runsignalbot`` receives, in a process of its own; everywhere else ``bot.send()`` sends.
"""

from __future__ import annotations

from signalbot.ext.django.project_bot import DjangoBot, ProjectBot

bot = ProjectBot()
"""The project's bot, as configured by ``settings.SIGNALBOT``."""

router = bot
"""The same, for those who think of it as the place where handlers are registered."""


def get_bot() -> DjangoBot:
    """The bot itself, made at the first call.

    Raises:
        SettingsError: ``settings.SIGNALBOT`` is wrong."""
    return bot.bot


__all__ = ["DjangoBot", "ProjectBot", "bot", "get_bot", "router"]
