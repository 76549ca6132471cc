"""The app: finds the handlers when Django starts, and starts nothing."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from signalbot.ext.django.reloading import hold_back


class SignalBotConfig(AppConfig):
    """Imports ``bot.py`` of every installed app."""

    name = "signalbot.ext.django"
    label = "signalbot"
    verbose_name = "Signal bot"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from signalbot.ext.django import checks  # noqa: F401 - registers them

        try:
            autodiscover_modules("bot")
        except Exception as error:
            if not hold_back(error):
                raise
