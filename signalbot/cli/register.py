"""``signalbot register`` and ``signalbot verify``: the two halves of a registration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from signalbot.cli.options import client_of, note, settings_options

if TYPE_CHECKING:
    from signalbot.settings import Settings

_CAPTCHA_PAGE = "https://signalcaptchas.org/registration/generate.html"


@click.command()
@click.option("--captcha", metavar="TOKEN", help=f"signalcaptcha://... from {_CAPTCHA_PAGE}")
@click.option("--voice", is_flag=True, help="Have the code told by a call, not by SMS.")
@settings_options("phone_number", "signal_service")
def register(settings: Settings, captcha: str | None, voice: bool) -> None:
    """Register the number on Signal.

    Signal then sends a code to the number, which 'signalbot verify' takes. A phone that uses the
    number loses it: to keep the phone, use 'signalbot link'.
    """
    from signalbot.errors import BadRequest

    with client_of(settings) as client:
        try:
            client.registration.register(captcha=captcha, use_voice=voice or None)
        except BadRequest as error:
            if captcha is None and "captcha" in str(error).lower():
                raise click.ClickException(
                    f"Signal wants a captcha. Solve one at {_CAPTCHA_PAGE}, copy the address of "
                    "'Open Signal', and run it again with --captcha 'signalcaptcha://...'."
                ) from error
            raise
    way = "call" if voice else "SMS"
    note(f"The code comes by {way}. Then: signalbot verify CODE")


@click.command()
@click.argument("code")
@click.option("--pin", help="The registration lock, if the number has one.")
@settings_options("phone_number", "signal_service")
def verify(settings: Settings, code: str, pin: str | None) -> None:
    """Finish a registration with the code."""
    with client_of(settings) as client:
        client.registration.verify(code, pin=pin)
    click.echo(f"{settings.phone_number} is registered.")
