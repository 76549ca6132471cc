"""The app: finds the handlers when Django starts, and starts nothing."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from signalbot.ext.django.reloading import hold_back, is_reloaded_command, remember_files


class SignalBotConfig(AppConfig):
    """Imports ``bot.py`` of every installed app."""

    name = "signalbot.ext.django"
    label = "signalbot"
    verbose_name = "Signal bot"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from signalbot.ext.django import checks  # noqa: F401 - registers them

        if not is_reloaded_command():
            autodiscover_modules("bot")
            return
        remember_files()
        try:
            autodiscover_modules("bot")
        except Exception as error:  # noqa: BLE001 - whatever it is, the reloader shows it
            hold_back(error)
        remember_files()
