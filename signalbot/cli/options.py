"""The options that name a server or an account: the settings' own names."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from signalbot.infrastructure.api_service import SignalClient
    from signalbot.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "phone_number": click.option(
        "--phone-number", "-n", metavar="NUMBER", help="The account. [SIGNAL_PHONE_NUMBER]"
    ),
    "signal_service": click.option(
        "--signal-service", "--service", "-s", "signal_service", metavar="URL",
        help="Address of signal-cli-rest-api. [SIGNAL_SERVICE]",
    ),
    "state_dir": click.option(
        "--state-dir", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
        help="Where the bot keeps its inbox and dead letters. [SIGNAL_STATE_DIR]",
    ),
}  # fmt: skip


def settings_options(*names: str, needs_number: bool = True) -> Callable[[Command], Command]:
    """Add these options; the command gets what came of them as ``settings``.

    Raises:
        UsageError: when the command runs, if the number is needed and nowhere to be found.
    """

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def command(**values: Any) -> Any:
            from signalbot.settings import load_settings

            settings = load_settings(**given_among(values, names))
            if needs_number and not settings.phone_number:
                raise click.UsageError(
                    "Which account? Give --phone-number, or set SIGNAL_PHONE_NUMBER."
                )
            return function(settings=settings, **values)

        return raw_options(*names)(cast("Command", command))

    return decorate


def raw_options(*names: str) -> Callable[[Command], Command]:
    """Add these options without reading the rest of the settings."""

    def decorate(function: Command) -> Command:
        for name in reversed(names):
            function = _OPTIONS[name](function)
        return function

    return decorate


def given_among(values: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Take these out of ``values``, and answer those that were given."""
    taken = {name: values.pop(name) for name in names}
    return {name: value for name, value in taken.items() if value is not None}


def client_of(settings: Settings, **options: Any) -> SignalClient:
    """A client for the settings' server; the account may be missing."""
    from signalbot.infrastructure.api_service import SignalClient

    return SignalClient(
        settings.phone_number or None,
        settings.signal_service,
        auth=settings.auth,
        headers=settings.headers,
        verify=settings.verify,
        **{
            "request_timeout": settings.request_timeout,
            "send_timeout": settings.send_timeout,
            "rate_limit": settings.rate_limit,
            **options,
        },
    )


def note(text: str) -> None:
    """Tell the person at the terminal something that is no result."""
    click.echo(text, err=True)


def is_terminal() -> bool:
    """Whether a person watches: only then lines are drawn over, or questions asked."""
    return sys.stdout.isatty()


def styled(text: str, **style: Any) -> str:
    """Coloured for a terminal, unless NO_COLOR is set; else as it is."""
    if os.environ.get("NO_COLOR") or not is_terminal():
        return text
    return click.style(text, **style)
