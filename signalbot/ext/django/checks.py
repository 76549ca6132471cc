"""System checks: what is wrong with the bot, before anything starts."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register

from signalbot.errors import SettingsError
from signalbot.ext.django.project_bot import configured
from signalbot.settings import load_settings


@register("signalbot")
def check_bot(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """The settings, the handlers, and what is probably a mistake in them."""
    from signalbot.ext.django import get_bot

    try:
        if not load_settings(**configured()).phone_number:
            # No error: a build that only collects static files needs no account.
            return [
                Warning(
                    "SIGNALBOT has no PHONE_NUMBER: nothing can be sent or received.",
                    hint="Set SIGNALBOT['PHONE_NUMBER'], or the variable SIGNAL_PHONE_NUMBER.",
                    id="signalbot.W001",
                )
            ]
        findings = get_bot().check()
    except SettingsError as error:
        return [Error(str(error), hint="Correct settings.SIGNALBOT.", id="signalbot.E001")]
    return [
        Error(finding.text, id="signalbot.E002")
        if finding.level == "error"
        else Warning(finding.text, id="signalbot.W002")
        for finding in findings
    ]
